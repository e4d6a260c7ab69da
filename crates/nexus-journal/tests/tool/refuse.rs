//! What is no journal, or none that can be read.

use std::fs;

use crate::Session;
use crate::journals::{file, three};

/// Runs every command, all of which fail.
fn all_fail(session: &mut Session<'_>) {
    for command in ["info journal", "dump journal", "verify journal", "cut journal --after 3 --yes"] {
        assert_eq!(session.run(command), 1);
    }
}

#[test]
fn there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = Session::new(&dir);
    all_fail(&mut session);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "and nothing is created");
    session.say("an empty directory");
    let journal = dir.path().join("journal");
    fs::create_dir(&journal).unwrap();
    all_fail(&mut session);
    assert_eq!(fs::read_dir(&journal).unwrap().count(), 0, "and nothing is created");
    session.say("a file");
    fs::remove_dir_all(&journal).unwrap();
    fs::write(&journal, "").unwrap();
    all_fail(&mut session);
    session.is("none");
}

#[test]
fn a_file_is_newer_or_foreign() {
    let dir = three();
    let path = file(&dir, 0);
    let bytes = fs::read(&path).unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        fs::write(&path, bytes).unwrap();
    };
    let mut session = Session::new(&dir);
    with(8, &2_u32.to_le_bytes());
    all_fail(&mut session);
    session.say("a file that has such a name by chance");
    with(0, b"#!/bin/s");
    all_fail(&mut session);
    session.is("foreign");
}

#[test]
fn what_is_asked_for_makes_no_sense() {
    let dir = three();
    let mut session = Session::new(&dir);
    assert_eq!(session.run("cut journal"), 2);
    assert!(session.text.contains("--after <SEQ>"), "{}", session.text);
}
