//! `cut`: what is lost is told, kept, and no more than asked for.

use std::fs;

use crate::Session;
use crate::journals::{Entry, Live, damage, file, three};

#[test]
fn it_is_shown_before_it_is_done() {
    let dir = three();
    let (path, before) = (file(&dir, 1), fs::read(file(&dir, 1)).unwrap());
    let mut session = Session::new(&dir);
    assert_eq!(session.run("cut journal --after 7"), 2);
    assert_eq!(fs::read(&path).unwrap(), before);
    for command in ["cut journal --after 7 --yes", "cut journal --after 7 --yes", "verify journal"] {
        assert_eq!(session.run(command), 0);
    }
    assert_eq!(fs::read(path.with_extension("journal.cut")).unwrap(), before);
    session.say("the program starts again, and goes on");
    let mut live = Live::start(&dir);
    live.enter(&[Entry::Line("again")]);
    live.close();
    assert_eq!(session.run("dump journal --from 6"), 0);
    assert_eq!(session.run("cut journal --after 5 --yes"), 0);
    session.is("cut");
}

#[test]
fn after_damage_what_can_be_read_is_kept() {
    let dir = three();
    damage(&dir, 1, 200);
    let mut session = Session::new(&dir);
    assert_eq!(session.run("cut journal --after 8"), 1);
    assert_eq!(session.run("cut journal --after 7"), 2);
    for command in ["cut journal --after 7 --yes", "verify journal"] {
        assert_eq!(session.run(command), 0);
    }
    session.is("cut-damaged");
    Live::start(&dir).close();
}

#[test]
fn a_file_is_missing() {
    let dir = three();
    fs::remove_file(file(&dir, 1)).unwrap();
    let mut session = Session::new(&dir);
    assert_eq!(session.run("verify journal"), 1);
    assert_eq!(session.run("cut journal --after 5 --yes"), 0);
    assert_eq!(session.run("verify journal"), 0);
    session.is("missing");
    Live::start(&dir).close();
}

#[test]
fn a_program_that_writes_is_not_disturbed() {
    let dir = three();
    let live = Live::start(&dir);
    let mut session = Session::new(&dir);
    assert_eq!(session.run("cut journal --after 7 --yes"), 1);
    assert_eq!(session.run("verify journal"), 0);
    session.is("locked");
    live.close();
}

#[test]
fn a_sequence_before_the_snapshot_or_beyond_the_end_is_refused() {
    let dir = three();
    let mut live = Live::start(&dir);
    live.compact();
    live.enter(&[Entry::Line("new")]);
    live.close();
    let mut session = Session::new(&dir);
    assert_eq!(session.run("cut journal --after 9 --yes"), 1);
    assert_eq!(session.run("cut journal --after 99 --yes"), 1);
    session.say("the snapshot is damaged");
    damage(&dir, 0, 150);
    assert_eq!(session.run("verify journal"), 1);
    assert_eq!(session.run("cut journal --after 11 --yes"), 1);
    session.is("refused");
}
