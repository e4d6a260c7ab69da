//! Which requests count as changes of keys, and which of them are collected.

use std::collections::BTreeSet;
use std::time::Duration;

use kv_server::{Changes, Limits, Specs};

use crate::rig::{Rig, words};

/// The keys before each request of the lists below: `gone` has expired.
const BEFORE: &str = "SET k 5\r\nSET text x\r\nSET ends 7 EX 100\r\nSET gone 9 PX 5";

fn rig(removes: bool) -> Rig {
    let mut rig = Rig::collecting(Limits::default());
    rig.run(BEFORE);
    rig.pass(Duration::from_millis(5), removes);
    rig.collected();
    rig
}

/// Every command that writes, in cases in which it changes something.
const CHANGING: &[&str] = &[
    "APPEND k 1",
    "COPY k new",
    "DECR k",
    "DECRBY k 2",
    "DEL k new",
    "EXPIRE k 10",
    "EXPIREAT k 33333333333",
    "FLUSHALL",
    "FLUSHDB async",
    "GETDEL k",
    "GETEX k EX 10",
    "GETEX ends PERSIST",
    "GETSET k 6",
    "INCR k",
    "INCRBY k 2",
    "INCRBYFLOAT k 2.5",
    "MSET k 1 new 2",
    "MSETNX new 2 gone 1",
    "PERSIST ends",
    "PEXPIRE k 10",
    "PEXPIREAT k 33333333333000",
    "PSETEX k 10 v",
    "RENAME k new",
    "RENAMENX k gone",
    "SET k 5",
    "SET k 6 XX KEEPTTL",
    "SET gone 6 NX",
    "SETEX k 10 v",
    "SETNX gone 5",
    "SETRANGE k 3 x",
    "UNLINK text",
    // A past expiry time removes the key.
    "EXPIRE k -1",
    "SET new 1 PXAT 1",
    "INCR gone",
    "APPEND gone 1",
];

/// The same commands, in cases with nothing to change or a mistake.
const NOT_CHANGING: &[&str] = &[
    "APPEND k",
    "COPY k text",
    "COPY gone new",
    "DECR text",
    "DECRBY k x",
    "DEL new gone",
    "EXPIRE gone 10",
    "EXPIRE new 10",
    "EXPIRE k 10 XX",
    "EXPIREAT k x",
    "FLUSHALL x",
    "FLUSHDB x",
    "GETDEL gone",
    "GETEX k",
    "GETEX k PERSIST",
    "GETEX gone EX 10",
    "GETEX ends EX x",
    "GETSET k",
    "INCR text",
    "INCRBY k 9223372036854775807",
    "INCRBYFLOAT text 1",
    "MSET k",
    "MSETNX new 1 k 2",
    "MSETNX k",
    "PERSIST k",
    "PERSIST gone",
    "PEXPIRE gone 5",
    "PEXPIREAT new 5",
    "PSETEX k 0 v",
    "RENAME gone new",
    "RENAME k k",
    "RENAMENX k text",
    "SET k 5 NX",
    "SET gone 5 XX",
    "SET new 5 XX GET",
    "SET k 5 EX 0",
    "SETEX k x v",
    "SETNX k 5",
    "SETRANGE k -1 x",
    "UNLINK gone",
];

/// Commands that have the flag for writing, but change nothing in a server with one database.
const NEVER_CHANGING: &[&str] = &["MOVE k 0", "SWAPDB 0 0"];

fn names(requests: &[&[&'static str]]) -> BTreeSet<String> {
    let names = requests.iter().copied().flatten().filter_map(|line| line.split(' ').next());
    names.map(str::to_ascii_lowercase).collect()
}

#[test]
fn every_command_that_writes_is_listed_here() {
    let list = Rig::new(Limits::default()).run("COMMAND LIST");
    let specs = Specs::default();
    let writes = |name: &&str| specs.find(name.as_bytes()).is_some_and(|(_, spec)| spec.writes());
    let writing: BTreeSet<_> = list.split(' ').filter(writes).map(str::to_owned).collect();
    assert!(writing.len() > 25);
    assert_eq!(names(&[CHANGING, NEVER_CHANGING]), writing);
    assert_eq!(names(&[NOT_CHANGING, NEVER_CHANGING]), writing);
}

#[test]
fn requests_that_change_something_are_counted_and_collected_whether_or_not_what_has_ended_was_removed() {
    for line in CHANGING {
        let [removed, hidden] = [true, false].map(|removes| {
            let mut rig = rig(removes);
            let (trace, changes, _) = rig.state();
            rig.run(line);
            assert!(rig.state().0 != trace && rig.changes() > changes, "{line}");
            assert_eq!(words(&rig.collected()), [*line]);
            rig.state()
        });
        assert_eq!(removed, hidden, "{line}");
    }
}

#[test]
fn requests_that_change_nothing_leave_no_trace() {
    for line in NOT_CHANGING.iter().chain(NEVER_CHANGING) {
        for removes in [true, false] {
            let mut rig = rig(removes);
            let before = rig.state();
            rig.run(line);
            assert_eq!(rig.state(), before, "{line}");
            assert_eq!(words(&rig.collected()), [""; 0], "{line}");
        }
    }
}

#[test]
fn what_ends_by_itself_leaves_no_trace() {
    let mut rig = rig(false);
    let before = rig.state();
    // An expired key is removed by a client that watches it, and by its timer.
    rig.run("WATCH gone\r\nUNWATCH");
    assert_eq!(rig.state(), before);
    rig.sleep(Duration::from_secs(100));
    let after = rig.state();
    assert_eq!((after.0, after.1, rig.run("EXISTS ends")), (before.0, before.1, ":0".to_owned()));
    assert_ne!(after.2, before.2);
    // The sweep removes expired keys without a timer, and keys that were removed all at once are dropped later.
    let lines: Vec<_> = (0..40_000).map(|n| format!("SET key:{n} 5 PX 1000")).collect();
    rig.run(&lines.join("\r\n"));
    let before = rig.state();
    while rig.expiry.next_deadline(&rig.world).is_some() {
        rig.sleep(Duration::from_secs(1));
    }
    assert_eq!((rig.state().0, rig.changes()), (before.0, before.1));
    rig.run("FLUSHALL");
    let before = rig.state();
    rig.sleep(Duration::from_secs(1));
    assert_eq!(rig.state(), before);
}

/// As in Redis, since the server does not check whether any key is live.
#[test]
fn to_remove_all_keys_is_a_change_also_where_none_lives() {
    let states = [true, false].map(|removes| {
        let mut rig = Rig::collecting(Limits::default());
        rig.run("SET gone 9 PX 5");
        rig.pass(Duration::from_millis(5), removes);
        let before = rig.changes();
        rig.run("FLUSHALL\r\nFLUSHDB");
        assert_eq!(rig.changes(), before + 2);
        rig.state()
    });
    assert_eq!(states[0], states[1]);
}

/// Setting the expiry time of a value counts as a change of its own.
#[test]
fn every_change_of_a_key_is_counted() {
    let mut rig = rig(true);
    for (line, count) in
        [("SET k 5", 1), ("SET k 5 EX 10", 2), ("SET k 6", 2), ("MSET a 1 b 2", 2), ("DEL a b c", 2), ("RENAME k l", 2)]
    {
        let before = rig.changes();
        rig.run(line);
        assert_eq!(rig.changes() - before, count, "{line}");
    }
}

#[test]
fn a_transaction_is_collected_as_those_of_its_requests_that_changed_something() {
    let mut rig = rig(true);
    rig.run("MULTI\r\nSET a 1\r\nINCR text\r\nGET a\r\nDEL new\r\nEXPIRE a 10\r\nMSET b 1 c 2");
    assert_eq!(words(&rig.collected()), [""; 0]);
    rig.run("EXEC");
    assert_eq!(words(&rig.collected()), ["SET a 1", "EXPIRE a 10", "MSET b 1 c 2"]);
    rig.run("WATCH a\r\nSET a 2\r\nMULTI\r\nSET a 3\r\nEXEC\r\nMULTI\r\nSET a 4\r\nDISCARD");
    assert_eq!(words(&rig.collected()), ["SET a 2"]);
}

#[test]
fn what_is_refused_is_not_collected() {
    let mut rig = Rig::collecting(Limits { key: 4, memory: 0, ..Limits::default() });
    rig.run("SET a 1\r\nSET b 1\r\nMSET longer 1\r\nDEL longer\r\nSET a 1 NO\r\nNOSUCH a");
    assert_eq!(words(&rig.collected()), ["SET a 1"]);
}

#[test]
fn requests_are_collected_and_counted_while_all_are_timed_too() {
    let mut rig = rig(true);
    rig.run("CONFIG SET slowlog-log-slower-than 0\r\nSET a 1\r\nGET a\r\nCONFIG SET slowlog-log-slower-than -1");
    rig.run("SET b 1\r\nGET b\r\nCONFIG RESETSTAT\r\nSET c 1\r\nGET c");
    assert_eq!(words(&rig.collected()), ["SET a 1", "SET b 1", "SET c 1"]);
    let counted = rig.run("INFO commandstats");
    assert!(counted.contains("cmdstat_set:calls=1,") && counted.contains("cmdstat_get:calls=1,"), "{counted}");
}

#[test]
fn nothing_is_collected_unless_it_is_asked_for() {
    let mut rig = Rig::new(Limits::default());
    rig.run("SET a 1\r\nDEL a\r\nMULTI\r\nSET b 1\r\nEXEC");
    assert!(rig.collected().is_empty());
    Changes::collect(&mut rig.world, true);
    rig.run("SET a 1");
    assert!(rig.world.resource::<Changes>().are_collected() && !rig.world.resource::<Changes>().is_empty());
    rig.world.resource_mut::<Changes>().clear();
    rig.run("CONFIG SET slowlog-log-slower-than 0");
    Changes::collect(&mut rig.world, false);
    rig.run("SET a 2\r\nCONFIG SET slowlog-log-slower-than -1\r\nSET a 3\r\nMSET a 3");
    assert!(rig.world.resource::<Changes>().requests().is_empty());
}
