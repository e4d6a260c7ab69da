//! Mutants: cargo-mutants changes the code in one place after another, and the tests must notice each change.
//!
//! All mutants take hours, so they are split into shards. A shard whose mutants were all tried, with the present state
//! of all that decides their outcome, does not run again.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use super::command::{Run, is_there, output};
use super::{Outcome, Room};

/// The mutated code: a name, the package, and its files from the root.
const AREAS: &[(&str, &str, &str)] = &[
    ("timer", "nexus-timer", "crates/nexus-timer/src/"),
    ("step", "nexus-rt", "crates/nexus-rt/src/step/"),
    ("chain", "nexus-rt", "crates/nexus-rt/src/chain/"),
    ("call", "nexus-rt", "crates/nexus-rt/src/call/"),
    ("template", "nexus-rt", "crates/nexus-rt/src/template.rs"),
    ("param", "nexus-rt", "crates/nexus-rt/src/param/"),
    ("world", "nexus-rt", "crates/nexus-rt/src/world/"),
    ("poll", "nexus-rt", "crates/nexus-rt/src/poll/"),
    ("driver", "nexus-rt", "crates/nexus-rt/src/driver/"),
    ("gauge", "nexus-gauge", "crates/nexus-gauge/src/"),
    ("journal", "nexus-journal", "crates/nexus-journal/src/"),
];

/// The option for the tests of a binary, which nexus-journal has besides those that `.cargo/mutants.toml` names.
const MORE_TESTS: &str = " -C=--test -C=tool";

/// The approximate number of mutants in a shard, for some minutes of work.
const SHARD: usize = 40;

/// How cargo-mutants ends once it has tried all mutants: all are noticed, some survive, or the tests of some took too
/// long.
const COMPLETE: &[i32] = &[0, 2, 3];

/// What decides the outcome of mutants besides the packages and the tools.
const SETTINGS: &[&str] = &[".cargo", "Cargo.toml", "Cargo.lock"];

/// The percentage of compiling mutants that the tests must notice.
const CAUGHT_PERCENT: usize = 92;

/// The list of surviving mutants, each with a reason.
const LIST: &str = "RELIABILITY.md";

/// The outcomes of mutants.
#[derive(Default, Clone)]
struct Counts {
    caught: usize,
    /// The tests ran for too long, which also counts as noticed.
    timeout: usize,
    unviable: usize,
    missed: Vec<String>,
}

impl Counts {
    fn read(folder: &Path) -> Option<Self> {
        let lines = |name: &str| {
            let text = fs::read_to_string(folder.join("mutants.out").join(name)).ok()?;
            Some(text.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let [caught, timeout, unviable] =
            ["caught.txt", "timeout.txt", "unviable.txt"].map(|name| lines(name).map(|it| it.len()));
        Some(Self { caught: caught?, timeout: timeout?, unviable: unviable?, missed: lines("missed.txt")? })
    }

    fn add(&mut self, other: Self) {
        self.caught += other.caught;
        self.timeout += other.timeout;
        self.unviable += other.unviable;
        self.missed.extend(other.missed);
    }

    fn noticed(&self) -> usize {
        self.caught + self.timeout
    }

    fn viable(&self) -> usize {
        self.noticed() + self.missed.len()
    }
}

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("cargo", &["mutants", "--version"]) {
        return Err("cargo-mutants is missing: `cargo install --locked cargo-mutants`".into());
    }
    let list = one_line(&fs::read_to_string(room.root.join(LIST)).unwrap_or_default());
    let mut all = Counts::default();
    let mut unlisted = Vec::new();
    for (area, package, files) in AREAS {
        let found = run_area(room, area, package, files)?;
        println!(
            "prove: mutants of {area}: {} of {} noticed, {} do not compile",
            found.noticed(),
            found.viable(),
            found.unviable
        );
        found.missed.iter().for_each(|mutant| println!("prove:   survived: {mutant}"));
        unlisted.extend(found.missed.iter().filter(|mutant| !is_listed(&list, mutant)).cloned());
        all.add(found);
    }
    let summary = format!(
        "{} of {} mutants noticed ({} by time), {} do not compile",
        all.noticed(),
        all.viable(),
        all.timeout,
        all.unviable
    );
    if all.noticed() * 100 < all.viable() * CAUGHT_PERCENT {
        return Err(format!("{summary}: fewer than {CAUGHT_PERCENT} in a hundred"));
    }
    match unlisted.len() {
        0 => Ok(summary),
        count => Err(format!("{summary}; {count} surviving mutants have no reason in {LIST}: {}", unlisted.join("; "))),
    }
}

/// Returns a page without its line breaks, which may be inside a long name.
fn one_line(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a page, in one line, names a mutant, which is part of the names of others.
fn is_listed(list: &str, mutant: &str) -> bool {
    list.contains(&format!("`{}`", what(mutant)))
}

/// Returns the description of a mutant without its line number, which changes.
fn what(mutant: &str) -> &str {
    mutant.split_once(": ").map_or(mutant, |(_, what)| what)
}

fn run_area(room: &Room, area: &str, package: &str, files: &str) -> Result<Counts, String> {
    let glob = if files.ends_with('/') { format!("{files}**") } else { files.to_owned() };
    let mutants = listed(&room.root, package, &glob, &[]);
    if mutants == 0 {
        return Err(format!("no code to mutate in {files}"));
    }
    let shards = mutants.div_ceil(SHARD);
    let mut counts = Counts::default();
    for shard in 0..shards {
        let folder = room.path(&format!("{area}-{shard}-of-{shards}"));
        let done = folder.join("done");
        let before = state(&room.root, package)?;
        if !fs::read_to_string(&done).is_ok_and(|of| of == before) {
            println!("prove: mutants of {area}: shard {} of {shards}, of {mutants} in all", shard + 1);
            run_shard(room, &folder, package, &glob, &format!("{shard}/{shards}"))?;
            if state(&room.root, package)? != before {
                return Err(format!("the files changed while mutants of {area} were tried"));
            }
            fs::write(&done, &before).map_err(|error| format!("{}: {error}", done.display()))?;
        }
        counts.add(Counts::read(&folder).ok_or_else(|| format!("{} holds no outcome", folder.display()))?);
    }
    Ok(counts)
}

fn run_shard(room: &Room, folder: &Path, package: &str, glob: &str, shard: &str) -> Result<(), String> {
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(at)?;
    let target = room.path("target");
    let (output, target) = (folder.display().to_string(), target.display().to_string());
    let more = if package == "nexus-journal" { MORE_TESTS } else { "" };
    let line = format!(
        "cargo mutants -p {package} -f {glob} --shard {shard} --output {output} --no-shuffle --colors never{more}"
    );
    let environment = [
        ("CARGO_TARGET_DIR", target.as_str()),
        ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ("CARGO_PROFILE_TEST_DEBUG", "0"),
        ("PROPTEST_CASES", "64"),
    ];
    let log = folder.join("log");
    let run = Run { folder: &room.root, line: &line, environment: &environment, log: &log };
    let (status, _) = run.ended()?;
    let tried = Counts::read(folder).map_or(0, |counts| counts.viable() + counts.unviable);
    let mutants = listed(&room.root, package, glob, &["--shard", shard, "--no-shuffle"]);
    let ended = status.code().ok_or_else(|| status.to_string());
    ended.and_then(|code| complete(code, tried, mutants)).map_err(|how| run.failed(how))
}

/// Whether cargo-mutants tried all mutants of a shard. It also fails if one survives, which only the total decides; and
/// it writes each outcome at once, so a run that was cut short has some.
fn complete(code: i32, tried: usize, mutants: usize) -> Result<(), String> {
    if !COMPLETE.contains(&code) {
        return Err(format!("exit status {code}"));
    }
    if tried == mutants { Ok(()) } else { Err(format!("{tried} of {mutants} mutants have an outcome")) }
}

/// Returns the number of mutants, which needs no build.
fn listed(root: &Path, package: &str, glob: &str, more: &[&str]) -> usize {
    output(root, "cargo", &[&["mutants", "--list", "-p", package, "-f", glob], more].concat()).lines().count()
}

/// Returns a hash of all that decides the outcome of a package's mutants.
fn state(root: &Path, package: &str) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    for file in files(root, package)? {
        (&file, fs::read(root.join(&file)).unwrap_or_default()).hash(&mut hasher);
    }
    output(root, "rustc", &["--version"]).hash(&mut hasher);
    output(root, "cargo", &["mutants", "--version"]).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Returns the files of a package and of all packages beside it that it is built or tested with, and the settings.
fn files(root: &Path, package: &str) -> Result<Vec<String>, String> {
    let tree = ["tree", "-p", package, "--all-features", "-e", "normal,dev,build", "--prefix", "none"];
    let tree = output(root, "cargo", &[&tree[..], &["--format", "{p}"]].concat());
    let inside = format!("{}/", root.display());
    // A line has the name, the version, and the folder, if it is not from a registry, in brackets.
    let folders: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split(['(', ')']).find_map(|part| part.strip_prefix(&inside))).collect();
    if folders.is_empty() {
        return Err(format!("`cargo tree -p {package}` names no package of {inside}"));
    }
    let ask: Vec<&str> = ["ls-files", "--cached", "--others", "--exclude-standard", "--"]
        .into_iter()
        .chain(folders)
        .chain(SETTINGS.iter().copied())
        .collect();
    Ok(output(root, "git", &ask).lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_and_mutants_named_without_their_place() {
        let folder = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
        assert!(Counts::read(&folder).is_none());
        let out = folder.join("mutants.out");
        fs::create_dir_all(&out).expect("a folder for this test");
        for (name, text) in
            [("caught.txt", "a\nb\n"), ("timeout.txt", "c\n"), ("unviable.txt", ""), ("missed.txt", "d\n")]
        {
            fs::write(out.join(name), text).expect("a file in it");
        }
        let mut counts = Counts::read(&folder).expect("all four are there");
        counts.add(counts.clone());
        assert_eq!((counts.noticed(), counts.viable(), counts.unviable), (6, 8, 0));
        assert_eq!(what("crates/a/src/b.rs:9:5: replace f -> bool with true"), "replace f -> bool with true");
        fs::remove_dir_all(&folder).expect("it was made above");
    }

    #[test]
    fn a_mutant_is_listed_by_its_whole_name() {
        let list = &one_line("- **Same value.** `replace << with >>\n  in Slot::of`");
        assert!(is_listed(list, "crates/a/src/b.rs:9:5: replace << with >> in Slot::of"));
        assert!(!is_listed(list, "crates/a/src/c.rs:3:1: replace << with >>"));
    }

    #[test]
    fn all_that_a_package_is_tested_with_decides_its_outcomes() {
        let files = files(&crate::root(), "nexus-rt").expect("it is in this workspace");
        for file in [
            "crates/nexus-rt/src/lib.rs",
            "crates/nexus-rt/tests/it/main.rs",
            "crates/nexus-rt-derive/src/lib.rs",
            "crates/nexus-timer/src/lib.rs",
            "crates/nexus-journal/src/lib.rs",
            ".cargo/mutants.toml",
            "Cargo.toml",
            "Cargo.lock",
        ] {
            assert!(files.iter().any(|it| it == file), "{file}");
        }
        assert!(!files.iter().any(|it| it.starts_with("demos/")));
    }

    #[test]
    fn a_shard_that_was_cut_short_is_not_done() {
        assert!([0, 2, 3].into_iter().all(|code| complete(code, 40, 40).is_ok()));
        assert_eq!(complete(2, 7, 40), Err("7 of 40 mutants have an outcome".into()));
        // Of a wrong command, of tests that fail without a mutant, of an error, and of an interrupt.
        assert!([1, 4, 70, 130].into_iter().all(|code| complete(code, 40, 40).is_err()));
    }
}
