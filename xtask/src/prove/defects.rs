//! Every defect that was found in systems of this kind has tests here that show the right outcome; all of them pass.

use std::collections::BTreeSet;

use super::command::Run;
use super::{Outcome, Room};

/// A defect, what it did, and how the names of its tests begin: `module::name`, or `messages/name` for what must not
/// compile.
const DEFECTS: &[(&str, &str, &[&str])] = &[
    ("S1", "a handler outlives its world", &["soundness::s1_"]),
    ("S2", "a handler replaces its world", &["soundness::s2_a_handler_replaces", "soundness::s2_a_handler_that_swaps"]),
    ("S3", "a builder is dropped without build", &["soundness::s3_"]),
    ("S4", "a borrow of one world, a run through another", &["soundness::s4_"]),
    ("S5", "a world inside a resource", &["soundness::s5_"]),
    ("S6", "two exclusive params in one tuple", &["soundness::s6_"]),
    ("S7", "a derived bundle beside what it contains", &["soundness::s7_"]),
    ("S8", "a step keeps the view that it is lent", &["messages/s8_", "messages/params_cannot_escape"]),
    (
        "S9",
        "a template forges a token",
        &["templates::s9_", "messages/templates_not_send", "messages/templates_not_static"],
    ),
    ("S10", "a timer poller on a foreign world", &["timers::s10_"]),
    ("S11", "a socket poller on a foreign world", &["socket_defects::s11_"]),
    ("S12", "a scheduler on a foreign world", &["systems::s12_"]),
    ("S13", "a DAG on a foreign world", &["dag::s13_"]),
    ("S14", "a handler replaces the world inside a loop", &["timers::s14_", "socket_defects::s14_", "systems::s14_"]),
    ("S15", "a handler on another thread, with its world", &["soundness::s15_"]),
    ("S16", "an exclusive step replaces the world in mid chain", &["soundness::s16_"]),
    ("L1", "two resources without size", &["soundness::l1_"]),
    ("L2", "a stale timer key", &["timers::l2_", "keys::l2_"]),
    ("L3", "a stale socket token", &["socket_defects::l3_"]),
    ("L4", "a stale key of a subscriber", &["fan_out::l4_"]),
    ("L5", "a panic among due handlers", &["timers::l5_", "socket_defects::l5_", "polls::l5_"]),
    ("L6", "a connection closed in the same batch", &["socket_defects::l6_"]),
    ("L7", "a signal during a poll", &["l7_"]),
    ("T1", "a timer is early", &["timers::t1_", "fires::t1_an", "fires::t1_not"]),
    ("T2", "one poll is out of order", &["timers::t2_", "fires::t2_"]),
    (
        "T3",
        "a timer key on another wheel, or of none",
        &["timers::t3_", "keys::t3_a_key_means_nothing_on", "keys::t3_a_key_means_nothing_after"],
    ),
    ("T4", "a timer key cannot be kept", &["timers::t4_", "keys::t4_"]),
    ("T5", "a periodic timer drifts", &["periodic::t5_"]),
];

pub(super) fn prove(room: &Room) -> Outcome {
    let run = |line, log: &str| Run { folder: &room.root, line, environment: &[], log: &room.path(log) }.run();
    // The tests of signals and of the golden messages use what is built beside them.
    run("cargo build -p nexus-rt --all-features --examples", "examples.log")?;
    let library = run("cargo test -p nexus-rt --all-features --test it --test signals", "library.log")?;
    let wheel = run("cargo test -p nexus-timer --test it", "wheel.log")?;
    let passed: BTreeSet<&str> = library.lines().chain(wheel.lines()).filter_map(passed_test).collect();
    let mut tests = BTreeSet::new();
    let mut missing = Vec::new();
    for (id, what, names) in DEFECTS {
        for name in *names {
            match passed.iter().find(|test| test.starts_with(name)) {
                Some(test) => _ = tests.insert(*test),
                None => missing.push(format!("{id} ({what}): no test `{name}` passed")),
            }
        }
    }
    match missing.len() {
        0 => Ok(format!("{} defects, {} tests that pass", DEFECTS.len(), tests.len())),
        _ => Err(missing.join("; ")),
    }
}

/// The name of a test that a line says passed: of a function, or of a golden message.
fn passed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... ok")?;
    Some(match name.strip_prefix("tests/") {
        Some(case) => case.split_once(".rs ").map_or(case, |(case, _)| case),
        None => name.split(" - should panic").next().expect("split gives at least one part"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_known_by_name() {
        assert_eq!(passed_test("test soundness::s1_a ... ok"), Some("soundness::s1_a"));
        assert_eq!(passed_test("test keys::t3_a - should panic ... ok"), Some("keys::t3_a"));
        assert_eq!(passed_test("test tests/messages/s8_a.rs [should fail to compile] ... ok"), Some("messages/s8_a"));
        assert_eq!(passed_test("test soundness::s1_a ... FAILED"), None);
        assert_eq!(passed_test("running 3 tests"), None);
    }
}
