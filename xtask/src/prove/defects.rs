//! Every defect that was found in systems of this kind, or in this project, has tests that show the right outcome. All
//! of them pass.

mod known;

use std::collections::BTreeSet;

use self::known::Defect;
use super::command::{Run, is_there};
use super::{Outcome, Room};

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("redis-server", &["--version"]) {
        return Err("redis-server is missing: `apt-get install redis-server`".into());
    }
    let run = |line: &str, log: &str| Run { folder: &room.root, line, environment: &[], log: &room.path(log) }.run();
    let mut counts = Vec::new();
    for (area, defects) in [("libraries", known::LIBRARY), ("market-data", known::FEED), ("kv-server", known::SERVER)] {
        let text = match area {
            "libraries" => {
                // The tests of signals and of the golden messages use what is built beside them.
                run("cargo build -p nexus-rt --all-features --examples", "examples.log")?;
                let tests = "--test it --test signals --test files --test controller";
                run(&format!("cargo test -p nexus-rt --all-features {tests}"), "library.log")?
                    + &run("cargo test -p nexus-timer --lib --test it", "wheel.log")?
            }
            "market-data" => run("cargo test -p market-data --test feed", "market-data.log")?,
            _ => run(&format!("cargo test -p kv-server --test it -- {}", all(defects).join(" ")), "kv-server.log")?,
        };
        let passed: BTreeSet<&str> = text.lines().filter_map(passed_test).collect();
        let missing: Vec<_> = all(defects).into_iter().filter(|test| !passed.contains(test)).collect();
        if !missing.is_empty() {
            return Err(format!("no such test of {area} passed: {}", missing.join(", ")));
        }
        counts.push(format!("{} defects of {area}, {} tests", defects.len(), all(defects).len()));
    }
    Ok(format!("{}: all pass", counts.join("; ")))
}

/// The tests of all of them, each once.
fn all(defects: &[Defect]) -> Vec<&'static str> {
    let tests: BTreeSet<&str> = defects.iter().flat_map(|(_, tests)| tests.iter().copied()).collect();
    tests.into_iter().collect()
}

/// The name of a test that a line says passed: of a function, or of a golden message.
fn passed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... ok")?;
    Some(match name.strip_prefix("tests/") {
        Some(case) => case.split_once(".rs").map_or(case, |(case, _)| case),
        None => name.split(" - should panic").next().expect("split gives at least one part"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_known_by_name() {
        assert_eq!(passed_test("test soundness::a_b ... ok"), Some("soundness::a_b"));
        assert_eq!(passed_test("test keys::a_b - should panic ... ok"), Some("keys::a_b"));
        assert_eq!(passed_test("test tests/messages/a_b.rs [should fail to compile] ... ok"), Some("messages/a_b"));
        assert_eq!(passed_test("test tests/messages/a_b.rs ... ok"), Some("messages/a_b"));
        assert_eq!(passed_test("test soundness::a_b ... FAILED"), None);
        assert_eq!(passed_test("running 3 tests"), None);
    }

    #[test]
    fn no_defect_is_listed_twice_or_without_a_test() {
        let defects = [known::LIBRARY, known::FEED, known::SERVER].concat();
        let names: BTreeSet<&str> = defects.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), defects.len());
        assert!(defects.iter().all(|(_, tests)| !tests.is_empty()));
    }
}
