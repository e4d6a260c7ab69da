//! `cargo xtask prove`: checks that take too long for each change, one file per proof. Each can run alone, and one that
//! has passed for a commit does not run again.

mod asan;
mod cluster;
mod command;
mod defects;
mod dependencies;
mod fuzz;
mod ingress;
mod interleavings;
mod kills;
mod memcheck;
mod mutants;
mod package;
mod properties;
mod redis;
mod replays;
mod sbom;
mod simulation;
mod soak;
mod tsan;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder where proofs work and keep their results, from the root.
const FOLDER: &str = "target/prove";

/// The result of a proof: a line with figures, or why it does not hold.
type Outcome = Result<String, String>;

struct Proof {
    name: &'static str,
    what: &'static str,
    run: fn(&Room) -> Outcome,
}

/// From the quick to the slow.
const PROOFS: &[Proof] = &[
    Proof { name: "defects", what: "each known defect has its tests, and they pass", run: defects::prove },
    Proof { name: "package", what: "each crate to be published builds from its package alone", run: package::prove },
    Proof { name: "dependencies", what: "licences, duplicates and sources of all crates", run: dependencies::prove },
    Proof { name: "sbom", what: "what each program is made of, as CycloneDX documents", run: sbom::prove },
    Proof { name: "tsan", what: "an inbox of four threads under the thread sanitizer", run: tsan::prove },
    Proof { name: "asan", what: "all tests and examples under the address sanitizer", run: asan::prove },
    Proof { name: "ingress", what: "ten million events from four threads", run: ingress::prove },
    Proof {
        name: "interleavings",
        what: "every interleaving of the doorbell and the inbox",
        run: interleavings::prove,
    },
    Proof { name: "memcheck", what: "the demos under valgrind: no error, no leak", run: memcheck::prove },
    Proof { name: "replays", what: "a thousand replays of market-data end the same", run: replays::prove },
    Proof { name: "kills", what: "three thousand kills of kv-server lose no change", run: kills::prove },
    Proof { name: "cluster", what: "three machines that fail under load agree", run: cluster::prove },
    Proof { name: "redis", what: "kv-server replies like Redis to three million commands", run: redis::prove },
    Proof { name: "properties", what: "every property, a million cases, or fewer long ones", run: properties::prove },
    Proof { name: "simulation", what: "a million simulations of kv-server on a failing disk", run: simulation::prove },
    Proof { name: "soak", what: "ten minutes of random timers over simulated years", run: soak::prove },
    Proof { name: "fuzz", what: "an hour for each fuzz target", run: fuzz::prove },
    Proof { name: "mutants", what: "tests catch nine of ten mutants of the code", run: mutants::prove },
];

/// Where a proof works.
struct Room {
    /// The checkout.
    root: PathBuf,
    /// Its own folder, which outlives the run.
    folder: PathBuf,
    /// What is checked out.
    commit: String,
}

impl Room {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a part of a proof, unless it is known to hold for this commit. Returns its line.
    ///
    /// # Errors
    /// If the part fails, or another commit is checked out, or something is changed, once it has run.
    fn once(&self, name: &str, run: impl FnOnce() -> Outcome) -> Outcome {
        let note = self.path(&format!("{name}.holds"));
        if let Some(line) = self.known(&note) {
            println!("prove: {name} held before: {line}");
            return Ok(line);
        }
        let line = run()?;
        if commit(&self.root) != self.commit {
            return Err(format!("the files changed while {name} ran, so `{line}` holds for neither state"));
        }
        fs::write(&note, format!("{}\n{line}\n", self.commit))
            .map_err(|error| format!("{}: {error}", note.display()))?;
        Ok(line)
    }

    fn known(&self, note: &Path) -> Option<String> {
        let note = fs::read_to_string(note).ok()?;
        let (commit, line) = note.split_once('\n')?;
        // What is not committed has no name, so nothing is known of it.
        (commit == self.commit && !commit.ends_with('+')).then(|| line.trim_end().to_owned())
    }
}

/// Runs the named proofs, or all of them. True if they hold.
pub(crate) fn run(root: &Path, names: &[&str]) -> bool {
    if names == ["list"] || names.iter().any(|name| PROOFS.iter().all(|proof| proof.name != *name)) {
        let unknown = names.iter().find(|name| **name != "list" && PROOFS.iter().all(|proof| proof.name != **name));
        if let Some(name) = unknown {
            eprintln!("`{name}` is not a proof");
        }
        println!("usage: cargo xtask prove [NAME..]    all proofs, or the named ones:");
        PROOFS.iter().for_each(|proof| println!("  {:<12} {}", proof.name, proof.what));
        return names == ["list"];
    }
    let mut all_hold = true;
    let mut lines = Vec::new();
    for proof in PROOFS.iter().filter(|proof| names.is_empty() || names.contains(&proof.name)) {
        println!("prove: {}: {}", proof.name, proof.what);
        let commit = commit(root);
        let folder = root.join(FOLDER).join(proof.name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let room = Room { root: root.to_owned(), folder, commit: commit.clone() };
        let outcome = room.once("proof", || {
            let date = command::output(root, "date", &["-u", "+%Y-%m-%d"]);
            Ok(format!("{} | {date}", (proof.run)(&room)?))
        });
        all_hold &= outcome.is_ok();
        let text = outcome.unwrap_or_else(|why| format!("FAILED: {why} |"));
        println!("prove: {}: {text}", proof.name);
        lines.push(format!("| `cargo xtask prove {}` | {text} | {} |", proof.name, &commit[..commit.len().min(9)]));
    }
    println!("\n| proof | result | date | commit |\n|---|---|---|---|\n{}", lines.join("\n"));
    all_hold
}

/// The commit that is checked out, with a `+` if there are changes or new files beside it.
fn commit(root: &Path) -> String {
    let head = command::output(root, "git", &["rev-parse", "HEAD"]);
    let changes = command::plain(root, "git", &["status", "--porcelain", "--untracked-files=normal"]).output();
    if changes.is_ok_and(|changes| changes.status.success() && changes.stdout.is_empty()) { head } else { head + "+" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new repository with one commit, which ignores notes.
    fn repository(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for this test");
        let git = |line: &str| _ = command::output(&folder, "git", &line.split(' ').collect::<Vec<_>>());
        git("init");
        fs::write(folder.join(".git/info/exclude"), "*.holds").expect("git made the folder");
        git("-c user.name=a -c user.email=a@b -c commit.gpgsign=false commit --allow-empty -m first");
        folder
    }

    #[test]
    fn a_new_file_is_a_change_beside_the_commit() {
        let folder = repository("commit");
        assert_eq!(commit(&folder).len(), 40);
        fs::write(folder.join("new"), "").expect("the folder can be written to");
        assert!(commit(&folder).ends_with('+'));
        fs::remove_dir_all(&folder).expect("it was made above");
    }

    #[test]
    fn what_holds_for_a_commit_is_not_run_again() {
        let folder = repository("prove");
        let room = |commit: &str| Room { root: folder.clone(), folder: folder.clone(), commit: commit.into() };
        let again = || Err("it was run again".to_owned());
        let first = commit(&folder);
        assert_eq!(room(&first).once("part", || Ok("3 tests".into())).as_deref(), Ok("3 tests"));
        assert_eq!(room(&first).once("part", again).as_deref(), Ok("3 tests"));
        assert!(room(&first).once("other", again).is_err() && room("another").once("part", again).is_err());
        fs::write(folder.join("new"), "").expect("the folder can be written to");
        let changed = first + "+";
        assert!(room(&changed).once("part", || Ok("4 tests".into())).is_ok());
        assert!(room(&changed).once("part", again).is_err());
        fs::remove_dir_all(&folder).expect("it was made above");
    }

    #[test]
    fn what_ran_while_files_changed_holds_for_no_commit() {
        let folder = repository("moved");
        let new = folder.join("new");
        let room = Room { root: folder.clone(), folder: folder.clone(), commit: commit(&folder) };
        let changes = || fs::write(&new, "").map(|()| "3 tests".to_owned()).map_err(|error| error.to_string());
        let outcome = room.once("part", changes);
        assert!(outcome.is_err_and(|why| why.contains("while part ran, so `3 tests`")));
        fs::remove_file(&new).expect("it was written above");
        assert!(room.once("part", || Err("it was run again".to_owned())).is_err());
        fs::remove_dir_all(&folder).expect("it was made above");
    }
}
