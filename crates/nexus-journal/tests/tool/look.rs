//! `info`, `dump` and `verify`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::Session;
use crate::journals::{Entry, Live, damage, file, three};

#[test]
fn a_journal_at_a_glance() {
    let dir = three();
    let mut session = Session::new(&dir);
    assert_eq!(session.run("info journal"), 0);
    session.say("the program starts again and makes a snapshot");
    let mut live = Live::start(&dir);
    live.compact();
    assert_eq!(session.run("info journal"), 0);
    session.say("and after an input");
    live.enter(&[Entry::Line("new")]);
    live.close();
    assert_eq!(session.run("info journal"), 0);
    assert_eq!(session.run("verify journal"), 0);
    session.is("info");
}

#[test]
fn inputs_are_lines() {
    let dir = three();
    let mut session = Session::new(&dir);
    assert_eq!(session.run("dump journal"), 0);
    assert_eq!(session.run("dump journal --from 3 --until 4"), 0);
    session.is("dump");
    let mut session = Session::new(&dir);
    assert_eq!(session.run("dump journal --json --from 3 --until 6"), 0);
    session.is("json");
    for line in session.text.lines().filter(|line| line.starts_with('{')) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["sequence"].is_u64() && object["at"].is_string(), "{line}");
    }
}

#[test]
fn whoever_has_seen_enough_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut live = Live::start(&dir);
    // More than a pipe holds.
    (0..200).for_each(|_| live.enter(&[Entry::Message(&[1; 1_000])]));
    live.close();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-journal"));
    command.args(["dump", "journal"]).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("0x0101"));
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_torn_tail_is_said_and_is_no_damage() {
    let dir = three();
    let mut live = Live::start(&dir);
    live.enter(&[Entry::Line("safe"), Entry::Line("torn")]);
    let dir = live.killed(&dir);
    let last = file(&dir, 3);
    let bytes = fs::read(&last).unwrap();
    // The last commit: 32 bytes of an input, of which 20 are there.
    fs::write(&last, &bytes[..64 + (32 + 48) + 20]).unwrap();
    let mut session = Session::new(&dir);
    for command in ["verify journal", "info journal", "dump journal --from 11"] {
        assert_eq!(session.run(command), 0);
    }
    session.say("the program starts again");
    Live::start(&dir).close();
    assert_eq!(session.run("verify journal"), 0);
    session.is("torn");
}

#[test]
fn damage_is_reported_with_file_offset_and_sequence() {
    let dir = three();
    damage(&dir, 1, 200);
    let mut session = Session::new(&dir);
    for command in ["verify journal", "info journal", "dump journal --from 6"] {
        assert_eq!(session.run(command), 1);
    }
    session.say("what is before it is as it was");
    assert_eq!(session.run("dump journal --from 5 --until 6"), 0);
    session.is("damaged");
}
