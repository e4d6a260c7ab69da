//! What was recorded is what a replay comes to; and each change of a journal is noticed at the next check.

use std::path::Path;
use std::time::Duration;

use nexus_journal::Record;
use tempfile::tempdir;

use crate::rig::{checks, record, replay, rewrite};

const AIM: u32 = 2;
const TURN: u32 = 3;

#[test]
fn a_replay_comes_to_the_same_to_the_bit() {
    let directory = tempdir().unwrap();
    let (digest, speed) = record(directory.path());
    let (replayed, again, speed_again) = replay(directory.path()).unwrap();
    assert_eq!((again, speed_again.to_bits()), (digest, speed.to_bits()));
    assert_eq!((replayed.inputs, replayed.checks, replayed.torn), (1_003, 11, None));
    assert!((speed - 120.0).abs() < 1.0, "{speed}");
    // Another run with the same times, from nothing.
    let other = tempdir().unwrap();
    assert_eq!(record(other.path()).0, digest);
    // A copy without a change.
    let copy = tempdir().unwrap();
    rewrite(directory.path(), copy.path(), |_| true);
    assert_eq!(replay(copy.path()).unwrap().1, digest);
}

/// What the alarm says of a journal in which the `nth` input of a kind was changed, and the input's sequence.
fn alarm(kind: u32, nth: u64, change: impl Fn(&mut Record<'_>) -> bool) -> (String, u64, Vec<u64>) {
    let directories = [tempdir().unwrap(), tempdir().unwrap()];
    let [from, to] = directories.each_ref().map(|directory| directory.path());
    record(from);
    let (mut seen, mut at) = (0, 0);
    rewrite(from, to, |record| {
        seen += u64::from(record.source == kind);
        if record.source != kind || seen != nth || at > 0 {
            return true;
        }
        at = record.sequence;
        change(record)
    });
    assert!(at > 0, "there is such an input");
    (replay(to).unwrap_err().to_string(), at, checks(from))
}

/// The words of the alarm: which resources differ at the first check after the change.
fn words(resources: &str, at: u64, checks: &[u64]) -> String {
    let first = checks.iter().position(|check| *check >= at).unwrap();
    let agreed = match first {
        0 => "no earlier check agreed".into(),
        _ => format!("all agreed at {}", checks[first - 1]),
    };
    let name = |name: &str| format!("`controller::controller::{name}`");
    let resources: Vec<_> = resources.split(' ').map(name).collect();
    let differ = if resources.len() == 1 { "differs" } else { "differ" };
    format!(
        "the replay diverged: {} {differ} at sequence {}; {agreed}; not watched: ",
        resources.join(", "),
        checks[first]
    )
}

#[test]
fn a_turn_that_is_missing_is_noticed() {
    for nth in [1, 250, 999] {
        let (alarm, at, checks) = alarm(TURN, nth, |_| false);
        let words = words("control::Law control::Motor control::Ticks program::Turns", at, &checks);
        assert!(alarm.starts_with(&words), "{alarm}\n{words}");
    }
}

#[test]
fn a_turn_that_is_a_nanosecond_later_is_noticed() {
    let nanosecond = Duration::from_nanos(1);
    for nth in [1, 250, 999] {
        let (alarm, at, checks) = alarm(TURN, nth, |turn| {
            turn.at += nanosecond;
            true
        });
        let words = words("control::Ticks", at, &checks);
        assert!(alarm.starts_with(&words), "{alarm}\n{words}");
    }
}

#[test]
fn an_input_that_is_missing_is_noticed() {
    // The first target, and the one in the middle.
    for nth in [1, 2] {
        let (alarm, at, checks) = alarm(AIM, nth, |_| false);
        let words = words("control::Target control::Law control::Motor program::Turns", at, &checks);
        assert!(alarm.starts_with(&words), "{alarm}\n{words}");
    }
}

#[test]
fn a_debug_build_runs_again_what_a_release_build_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/controller/recorded");
    let (replayed, digest, _) = replay(&directory).unwrap();
    assert_eq!((replayed.inputs, replayed.checks, replayed.torn), (515, 6, None));
    // As the release build printed it, after `--ticks 500 --journal DIR`.
    assert_eq!(format!("{digest:016x}"), "96b58b0b35e541af");
}
