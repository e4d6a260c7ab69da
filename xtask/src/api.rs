//! `cargo xtask api`: what the libraries offer, held against the listings that are committed beside them, so that no
//! change of it goes unseen. `cargo xtask api write` renews the listings. cargo-public-api makes them, from what a
//! nightly rustdoc tells. `cargo xtask api since REVISION` tells whether what changed since a revision, such as that of
//! the last release, breaks code that was written against it; cargo-semver-checks finds that out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ci::cargo;

const PACKAGES: &[&str] = &["nexus-rt", "nexus-timer", "nexus-journal", "nexus-gauge"];

/// True if the listings are those of the code. Skipped, and said so, where the tools are missing.
pub(crate) fn run(root: &Path, write: bool) -> bool {
    let there = |args: &[&str]| Command::new("cargo").args(args).output().is_ok_and(|output| output.status.success());
    if !there(&["+nightly", "--version"]) || !there(&["public-api", "--version"]) {
        println!("xtask: no nightly toolchain or no cargo-public-api here, so the listings of the API are SKIPPED");
        return true;
    }
    PACKAGES.iter().all(|package| check(root, package, write))
}

/// True if the versions in the manifests allow for what changed since `revision`.
pub(crate) fn since(root: &Path, revision: &str) -> bool {
    let packages = PACKAGES.join(" -p ");
    let passed =
        cargo(root, &format!("cargo semver-checks --all-features --baseline-rev {revision} -p {packages}"), &[]);
    if !passed {
        println!(
            "xtask: if that is meant, raise the version in Cargo.toml and say so in CHANGELOG.md; if cargo does not know the \
             command, `cargo install --locked cargo-semver-checks`"
        );
    }
    passed
}

fn check(root: &Path, package: &str, write: bool) -> bool {
    let path = format!("crates/{package}/api.txt");
    println!("xtask: cargo public-api -p {package} --all-features -sss");
    let command = ["public-api", "-p", package, "--all-features", "-sss", "--color", "never"];
    let output = Command::new("cargo").args(command).current_dir(root).output().expect("cargo was just run");
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
        return false;
    }
    let now = String::from_utf8_lossy(&output.stdout).into_owned();
    let file = root.join(&path);
    if write {
        fs::write(&file, &now).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        return true;
    }
    let before = fs::read_to_string(&file).unwrap_or_default();
    let changes = changes(&before, &now);
    changes.iter().for_each(|change| println!("{path}: {change}"));
    if !changes.is_empty() {
        println!(
            "xtask: the API of {package} is not as listed; if that is meant, run `cargo xtask api write` and commit it"
        );
    }
    changes.is_empty()
}

/// Lines that are gone, then lines that are new. Their order is the tool's matter.
fn changes(before: &str, now: &str) -> Vec<String> {
    let [before, now] = [before, now].map(|text| text.lines().collect::<BTreeSet<_>>());
    let gone = before.difference(&now).map(|line| format!("- {line}"));
    gone.chain(now.difference(&before).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_what_is_gone_and_what_is_new() {
        assert_eq!(changes("a\nb\nc\n", "c\na\nd\n"), ["- b", "+ d"]);
        assert!(changes("a\nb\n", "b\na\n").is_empty());
    }
}
