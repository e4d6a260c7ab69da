//! Every known defect, of systems of this kind and of this project, has tests that show the right outcome. All of them
//! run and pass.
//!
//! Known are those that `RELIABILITY.md` names as found and fixed, and what was found before, if a test shows it. What
//! was slow is shown by the benches instead.

mod known;

use std::collections::BTreeSet;

use self::known::{AREAS, Area};
use super::command::{Run, is_there};
use super::{Outcome, Room};

pub(super) fn prove(room: &Room) -> Outcome {
    let counts = AREAS.iter().map(|area| area_holds(room, area)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{}: all pass", counts.join("; ")))
}

fn area_holds(room: &Room, area: &Area) -> Outcome {
    let Area { name, defects, folder, needs, build, tests } = area;
    if let Some((program, how)) = needs.filter(|(program, _)| !is_there(program, &["--version"])) {
        return Err(format!("{program} is missing: {how}"));
    }
    let all = all(defects);
    let folder = room.root.join(folder);
    let log = room.path(&format!("{}.log", name.replace(' ', "-")));
    let run = |line: &str| Run { folder: &folder, line, environment: &[], log: &log }.run();
    build.map(run).transpose()?;
    let named = all.iter().copied().collect::<Vec<_>>().join(" ");
    let texts = tests.iter().map(|line| run(&format!("{} --show-output", line.replace("NAMED", &named))));
    let text = texts.collect::<Result<Vec<_>, _>>()?.concat();
    let skipped = skipped(&text);
    let passed: BTreeSet<&str> = text.lines().filter_map(passed_test).collect();
    let ran = |test: &&str| passed.contains(test) && skipped.iter().all(|(name, _)| name != test);
    let missing: Vec<_> = all.iter().copied().filter(|test| !ran(test)).collect();
    if missing.is_empty() {
        let defects: usize = defects.iter().map(|defects| defects.len()).sum();
        return Ok(format!("{defects} defects of {name}, {} tests", all.len()));
    }
    let reasons: BTreeSet<&str> = skipped.iter().map(|(_, reason)| *reason).collect();
    let reasons: String = reasons.iter().map(|reason| format!("; {reason}")).collect();
    Err(format!("of {name}, no such test has run and passed: {}{reasons}", missing.join(", ")))
}

/// The tests of all of them, each once.
fn all(defects: &[&'static [known::Defect]]) -> BTreeSet<&'static str> {
    defects.iter().copied().flatten().flat_map(|(_, tests)| tests.iter().copied()).collect()
}

/// The name of a test that a line says passed: of a function, or of a golden message.
fn passed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... ok")?;
    Some(match name.strip_prefix("tests/") {
        Some(case) => case.split_once(".rs").map_or(case, |(case, _)| case),
        None => name.split(" - should panic").next().expect("split gives at least one part"),
    })
}

/// The names of the tests that passed without what they need, each with the line in which it says so.
fn skipped(log: &str) -> Vec<(&str, &str)> {
    let mut test = "";
    let mut found = Vec::new();
    for line in log.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            test = name;
        } else if ["SKIPPED", "skipped"].iter().any(|start| line.starts_with(start)) || line.contains("not tested") {
            found.push((test, line));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
    fn a_test_that_passed_without_what_it_needs_is_known_by_name() {
        let log = "test a::b ... ok\n\nsuccesses:\n\n---- a::b stdout ----\nhello\n\n---- c::d stdout ----\n\
                   SKIPPED: no e\n\n---- f stdout ----\nstrace is missing: not tested\n";
        assert_eq!(skipped(log), [("c::d", "SKIPPED: no e"), ("f", "strace is missing: not tested")]);
    }

    #[test]
    fn no_defect_is_listed_twice_or_without_a_test() {
        let defects: Vec<_> = AREAS.iter().flat_map(|area| area.defects.iter().copied().flatten()).collect();
        let names: BTreeSet<&str> = defects.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), defects.len());
        assert!(defects.iter().all(|(_, tests)| !tests.is_empty()));
    }

    /// The names of all functions and golden messages below a folder.
    fn names_below(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                names_below(&path, names);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a readable file");
                let functions =
                    text.lines().filter_map(|line| line.trim_start().strip_prefix("fn ")?.split('(').next());
                names.extend(functions.map(str::to_owned));
                names.extend(path.file_stem().map(|name| format!("messages/{}", name.display())));
            }
        }
    }

    #[test]
    fn each_test_of_a_defect_is_in_the_sources() {
        let mut names = BTreeSet::new();
        ["crates", "demos", "cluster"].iter().for_each(|folder| names_below(&crate::root().join(folder), &mut names));
        for test in AREAS.iter().flat_map(|area| all(area.defects)) {
            assert!(names.contains(test.rsplit("::").next().expect("a part")), "{test}");
        }
    }
}
