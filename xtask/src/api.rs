//! `cargo xtask api`: compares the public API of the libraries with the committed listings, so that no change goes
//! unnoticed. `cargo xtask api write` updates the listings, which cargo-public-api generates with a nightly rustdoc.
//! `cargo xtask api since REVISION` uses cargo-semver-checks to report whether the changes since a revision, such as
//! the last release, break code that was written against it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ci::{cargo, skip};

const PACKAGES: &[&str] = &["nexus-rt", "nexus-timer", "nexus-journal", "nexus-gauge"];

/// Returns whether the listings match the code. If a tool is missing, prints that the check is skipped.
pub(crate) fn run(root: &Path, write: bool) -> bool {
    let there = |args: &[&str]| Command::new("cargo").args(args).output().is_ok_and(|output| output.status.success());
    if !there(&["+nightly", "--version"]) || !there(&["public-api", "--version"]) {
        return skip("no nightly toolchain or no cargo-public-api, so the listings of the API are not compared");
    }
    PACKAGES.iter().all(|package| check(root, package, write))
}

/// Returns whether the versions in the manifests allow for the changes since `revision`.
pub(crate) fn since(root: &Path, revision: &str) -> bool {
    let packages = PACKAGES.join(" -p ");
    let passed =
        cargo(root, &format!("cargo semver-checks --all-features --baseline-rev {revision} -p {packages}"), &[]);
    if !passed {
        println!(
            "xtask: if the break is intended, raise the version in Cargo.toml and describe it in CHANGELOG.md; if \
             cargo does not know the command, run `cargo install --locked cargo-semver-checks`"
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
            "xtask: the API of {package} differs from its listing; if that is intended, run `cargo xtask api write` \
             and commit it"
        );
    }
    changes.is_empty()
}

/// Returns the removed lines, then the added ones, each in the order of the tool.
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
