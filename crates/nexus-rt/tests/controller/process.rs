//! The program as a user runs it, for a second: it records, and another process runs that again.

use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::tempdir;

/// Runs the example, which lies beside the test binaries of the same build.
fn controller(args: &[&str]) -> Output {
    let tests = std::env::current_exe().unwrap();
    let example: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples/controller");
    let output = Command::new(&example).args(args).output();
    output.unwrap_or_else(|error| panic!("{}: {error}: run `cargo build --examples`", example.display()))
}

fn printed(args: &[&str]) -> String {
    let output = controller(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(args: &[&str]) -> String {
    let output = controller(args);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn another_process_prints_the_same_report() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("new").to_str().unwrap().to_owned();
    let live = printed(&["--ticks", "1000", "--journal", &path]);
    let again = printed(&["--replay", &path]);
    // But for the first row and the last.
    let report = |text: &str| text.lines().skip(1).take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(report(&live), report(&again));
    assert_eq!(report(&live).len(), 12, "{live}");
    let last = |text: &str| text.lines().last().unwrap().to_owned();
    let state = |text: &str| last(text).rsplit_once("the state is ").unwrap().1.to_owned();
    assert_eq!(state(&live), state(&again));
    let inputs = |text: &str| last(text).split(' ').nth(1).unwrap().parse::<u64>().unwrap();
    assert_eq!(inputs(&live), inputs(&again));
    assert!(inputs(&live) >= 1_002 && last(&again).contains("checks agreed"), "{again}");
    assert!(refused(&["--journal", &path]).contains("already contains a journal: choose another directory"));
}

#[test]
fn what_cannot_be_run_again_is_said_in_one_sentence() {
    let directory = tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    assert_eq!(
        refused(&["--replay", path]),
        format!("controller: there is no journal in {path}: record one with `--journal {path}`\n")
    );
    std::fs::write(directory.path().join("00000000000000000001.journal"), b"something else").unwrap();
    let foreign = refused(&["--replay", path]);
    assert!(foreign.ends_with("is not a journal file, despite its name: move it elsewhere\n"), "{foreign}");
}
