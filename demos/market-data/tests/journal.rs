//! A journal replays in another process and in any build, whichever number of threads recorded it.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{CAPTURE, capture, market_data, stderr};

/// The digest of the state at the end of the capture, as printed once by a release build.
const DIGEST: &str = "29c9b0afd4f5fa33";

/// Runs the program. Returns its exit code, standard output and standard error.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = market_data(args);
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

/// Returns the JSON object of a run without timings, and its part about the journal.
fn result(args: &[&str]) -> (Value, Value) {
    let (code, stdout, stderr) = run(&[args, &["--json"]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    let mut result: Value = serde_json::from_str(&stdout).unwrap();
    let keys = result.as_object_mut().unwrap();
    ["events_per_sec", "latency_ns", "threads"].iter().for_each(|key| _ = keys.remove(*key));
    let journal = keys.remove("journal").unwrap_or_default();
    (result, journal)
}

fn directory() -> (TempDir, String) {
    let directory = tempdir().unwrap();
    let path = directory.path().join("journal").to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn the_state_is_the_same_live_and_again_on_one_thread_and_on_two_in_debug_and_release() {
    for threads in ["1", "2"] {
        let (_directory, path) = directory();
        let (live, recorded) = result(&["--threads", threads, "--journal", &path]);
        let (again, replayed) = result(&["--replay", &path]);
        assert_eq!(live, again);
        assert_eq!(live, result(&["--threads", threads]).0, "recording changes nothing");
        for journal in [&recorded, &replayed] {
            assert_eq!((&journal["inputs"], &journal["digest"]), (&json!(41_250), &json!(DIGEST)), "{threads}");
        }
        assert_eq!(recorded["bytes"], replayed["bytes"]);
        assert!(replayed["checks"].as_u64().unwrap() >= 10, "{replayed}");
        assert_eq!(run(&["--replay", &path, "--bars-json"]).1, run(&["--bars-json"]).1);
        let (_, text, _) = run(&["--replay", &path]);
        assert!(text.contains("  journal            41,250 inputs, 5,1") && text.contains(DIGEST), "{text}");
    }
}

#[test]
fn problems_and_files_are_part_of_what_is_recorded() {
    let files = tempdir().unwrap();
    let capture = capture();
    let lines: Vec<&str> = capture.lines().take(3_000).collect();
    let inputs: Vec<String> = [&lines[..1_500], &["junk"], &lines[1_500..], &lines[..50]]
        .iter()
        .enumerate()
        .map(|(number, part)| {
            let path = files.path().join(format!("part_{number}"));
            std::fs::write(&path, part.join("\n")).unwrap();
            path.to_str().unwrap().to_owned()
        })
        .collect();
    let inputs: Vec<&str> = inputs.iter().flat_map(|path| ["--input", path]).collect();
    let mut digests = Vec::new();
    for (threads, pace, strict) in
        [("1", "max", false), ("2", "max", false), ("1", "100000x", false), ("1", "max", true), ("2", "max", true)]
    {
        let (_directory, path) = directory();
        let strict = if strict { &["--strict"][..] } else { &[] };
        let live = run(&[&inputs[..], &["--journal", &path, "--threads", threads, "--pace", pace], strict].concat());
        let again = run(&[&["--replay", &path], strict].concat());
        assert_eq!((live.0, &live.2), (again.0, &again.2), "{threads} {pace}");
        assert_eq!(live.0, Some(i32::from(!strict.is_empty())));
        assert!(live.2.contains("part_1 line 1: no time at the start of the line\n"), "{}", live.2);
        digests.push(result(&["--replay", &path]).1["digest"].clone());
    }
    assert!(digests[0] == digests[1] && digests[0] == digests[2] && digests[0] != digests[3], "{digests:?}");
    assert_eq!(digests[3], digests[4], "the second thread had read further when the first one stopped");
}

#[test]
fn a_strict_replay_stops_at_the_first_problem_of_a_journal() {
    let (_directory, path) = directory();
    let input = Path::new(&path).with_extension("input");
    let capture = capture();
    let lines: Vec<&str> = capture.lines().take(3_000).collect();
    std::fs::write(&input, [&lines[..1_000], &["junk"], &lines[1_000..], &["more junk"]].concat().join("\n")).unwrap();
    let input = input.to_str().unwrap();
    assert_eq!(run(&["--input", input, "--journal", &path]).0, Some(0));
    let strict = run(&["--replay", &path, "--strict"]);
    assert_eq!(strict, run(&["--input", input, "--strict"]));
    assert!(strict.0 == Some(1) && strict.2.ends_with("\n1 problem in the input\n"), "{strict:?}");
    let all = run(&["--replay", &path]);
    assert!(all.0 == Some(0) && all.2.ends_with("\n2 problems in the input\n"), "{all:?}");
}

#[test]
fn what_cannot_be_recorded_or_run_again_is_said_in_one_sentence() {
    let (_directory, path) = directory();
    let refused = |args: &[&str]| {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, &*stdout, stderr.lines().count()), (Some(2), "", 1), "{stderr}");
        stderr.trim_end().strip_prefix("market-data: ").unwrap().replace(&path, "DIR")
    };
    assert_eq!(refused(&["--replay", &path]), "there is no journal in DIR: record one with `--journal DIR`");
    let start = tempdir().unwrap();
    let lines: Vec<String> = capture().lines().take(500).map(str::to_owned).collect();
    let input = start.path().join("start");
    std::fs::write(&input, lines.join("\n")).unwrap();
    let record = ["--input", input.to_str().unwrap(), "--journal", &path];
    assert_eq!(run(&record).0, Some(0));
    for threads in ["1", "2"] {
        assert_eq!(
            refused(&[&record[..], &["--threads", threads]].concat()),
            "DIR already contains a journal: choose another directory, or replay it with `--replay`"
        );
    }
    let file = Path::new(&path).join("00000000000000000001.journal");
    let bytes = std::fs::read(&file).unwrap();
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let damage = refused(&["--replay", &path]);
    assert!(damage.starts_with("DIR/00000000000000000001.journal is damaged at byte "), "{damage}");
    assert!(damage.contains(", where inputs had been safe: restore the file, or drop what follows with "), "{damage}");

    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/nexus-rt/tests/controller/recorded");
    for option in ["--replay", "--journal"] {
        let foreign = refused(&[option, other]);
        let end = "is a journal of `controller`, not of `market-data`: choose another directory";
        assert!(foreign.ends_with(end), "{foreign}");
        assert!(refused(&[option, input.to_str().unwrap()]).contains(": Not a directory"));
    }
}

#[test]
fn options_that_say_nothing_together_are_refused() {
    let (_directory, path) = directory();
    for args in [
        &["--replay", &path, "--journal", &path][..],
        &["--replay", &path, "--input", CAPTURE],
        &["--replay", &path, "--threads", "2"],
        &["--journal", &path, "--repeat", "2"],
    ] {
        let (code, _, stderr) = run(args);
        assert!(code == Some(2) && stderr.contains("cannot be used with"), "{stderr}");
    }
}
