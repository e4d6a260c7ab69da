//! Commands on a virtual clock, without sockets.

use std::time::Duration;

use kv_server::{Keys, Limits, Stats};

use crate::rig::Rig;

#[test]
fn a_key_ends_at_its_millisecond_and_no_sooner() {
    let mut rig = Rig::new(Limits::default());
    assert_eq!(rig.run("SET k v PX 1500\r\nPTTL k\r\nTTL k"), "+OK :1500 :2");
    rig.sleep(Duration::from_micros(1_499_999));
    assert_eq!(rig.run("GET k\r\nTTL k"), "$1 v :0");
    rig.sleep(Duration::from_micros(1));
    assert_eq!(rig.run("GET k\r\nTTL k\r\nDBSIZE"), "$-1 :-2 :0");
}

#[test]
fn the_last_word_on_when_a_key_ends_counts() {
    let mut rig = Rig::new(Limits::default());
    rig.run("SET a 1 EX 10\r\nSET b 1 EX 10\r\nSET c 1 EX 10\r\nSET d 1 EX 10\r\nSET e 1\r\nEXPIRE e 10");
    assert_eq!(
        rig.run("EXPIRE a 20\r\nPERSIST b\r\nSET c 2\r\nSET d 2 KEEPTTL\r\nDEL e\r\nSET e 3"),
        ":1 :1 +OK +OK :1 +OK"
    );
    rig.sleep(Duration::from_secs(10));
    assert_eq!(rig.run("MGET a b c d e"), "*5 $1 1 $1 1 $1 2 $-1 $1 3");
    rig.sleep(Duration::from_secs(10));
    assert_eq!(rig.run("MGET a b c d e\r\nPERSIST a"), "*5 $-1 $1 1 $1 2 $-1 $1 3 :0");
    assert_eq!(rig.expiry.len(&rig.world), 0, "no timer is left behind");
}

#[test]
fn a_time_that_is_past_ends_a_key_at_once() {
    let mut rig = Rig::new(Limits::default());
    rig.run("MSET a 1 b 1 c 1");
    assert_eq!(rig.run("EXPIRE a 0\r\nPEXPIRE b -5\r\nSET c 2 EXAT 1\r\nEXISTS a b c"), ":1 :1 +OK :0");
    assert_eq!(rig.run("EXPIRE a 10"), ":0");
    // Far beyond the range of a timer wheel.
    assert_eq!(rig.run("SET far 1 PX 9000000000000000\r\nTTL far"), "+OK :9000000000000");
    rig.sleep(Duration::from_secs(1_000_000_000));
    assert_eq!(rig.run("TTL far\r\nFLUSHALL\r\nDBSIZE"), ":8999000000000 +OK :0");
    assert_eq!((rig.expiry.len(&rig.world), rig.world.resource::<Keys>().used()), (0, 0));
}

#[test]
fn conditions_on_times_hold() {
    let mut rig = Rig::new(Limits::default());
    rig.run("MSET a 1 b 1\r\nEXPIRE a 100");
    assert_eq!(
        rig.run("EXPIRE a 200 NX\r\nEXPIRE b 200 XX\r\nEXPIRE b 200 GT\r\nEXPIRE a 50 GT\r\nEXPIRE a 200 LT"),
        ":0 :0 :0 :0 :0"
    );
    assert_eq!(
        rig.run("EXPIRE b 300 LT\r\nEXPIRE a 200 GT\r\nEXPIRE a 100 LT XX\r\nTTL a\r\nTTL b"),
        ":1 :1 :1 :100 :300"
    );
    assert_eq!(
        rig.run("EXPIRE a 1 NX GT\r\nEXPIRE a 1 GT LT\r\nEXPIRE a 1 YY"),
        "-ERR NX and XX, GT or LT options at the same time are not compatible -ERR GT and LT options at the same time are not \
         compatible -ERR Unsupported option YY"
    );
}

#[test]
fn limits_refuse_and_change_nothing() {
    let limits = Limits { key: 4, memory: 150, ..Limits::default() };
    let mut rig = Rig::new(limits);
    assert_eq!(rig.run("SET long! 1"), "-ERR the key is longer than 4 bytes (--max-key)");
    assert_eq!(
        rig.run("MSET a 1 long! 1\r\nDEL a long!"),
        "-ERR the key is longer than 4 bytes (--max-key) -ERR the key is longer than 4 bytes (--max-key)"
    );
    assert_eq!(rig.run("SET a 1\r\nSET b 2\r\nDBSIZE"), "+OK +OK :2");
    let refused = "-OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(rig.run("SET c 3\r\nINCR a\r\nAPPEND b x"), [refused; 3].join(" "));
    assert_eq!(rig.run("MGET a b c\r\nDEL a\r\nSET c 3"), "*3 $1 1 $1 2 $-1 :1 +OK");
}

/// The server disconnects a client that is sent this much.
#[test]
fn a_request_that_asks_for_too_much_is_not_answered_to_the_end() {
    let limits = Limits { replies: 1_000, ..Limits::default() };
    for start in [
        &["COMMAND", "DOCS"][..],
        &["COMMAND", "INFO"],
        &["COMMAND", "GETKEYSANDFLAGS", "DEL"],
        &["SUBSCRIBE"],
        &["PSUBSCRIBE"],
        &["UNSUBSCRIBE"],
    ] {
        let replies = Rig::new(limits.clone()).ask(&[start, &["client"; 4_000]].concat());
        // The last one is sent as a whole.
        assert!((8_001..40_000).contains(&replies.len()), "{start:?}: {}", replies.len());
    }
    let limits = Limits { buffers: 100_000, ..Limits::default() };
    let mut rig = Rig::new(limits);
    let names: Vec<_> = (0..4_000).map(|n| n.to_string()).collect();
    let names = names.iter().map(String::as_str);
    rig.ask(&std::iter::once("SUBSCRIBE").chain(names).collect::<Vec<_>>());
    let told = rig.run("PUBSUB CHANNELS");
    assert!(told.len() < 20_000, "{}", told.len());
}

/// The memory that the server counts is the sum over all keys.
#[test]
fn memory_is_counted_exactly() {
    let mut rig = Rig::new(Limits::default());
    for n in 0..50 {
        rig.run(&format!("SET key:{n} {}\r\nAPPEND key:{} {}", "x".repeat(n * 10), n / 2, "y".repeat(n)));
    }
    let used = rig.world.resource::<Keys>().used();
    assert!(used > 50 * 100, "{used}");
    for n in 0..50 {
        rig.run(&format!("GETSET key:{n} 1\r\nGETDEL key:{n}"));
    }
    assert_eq!(rig.world.resource::<Keys>().used(), 0);
}

/// However many keys expire at once, a turn removes only a few of them, and no command sees any.
#[test]
fn keys_that_have_ended_and_are_still_to_be_removed_are_as_if_they_were_not() {
    const KEYS: usize = 100_000;
    let mut rig = Rig::new(Limits::default());
    let lines: Vec<_> = (0..KEYS).map(|n| format!("SET key:{n} 5 PX 1000")).collect();
    rig.run(&lines.join("\r\n"));
    rig.run("SET stays v");
    assert_eq!(rig.run("WATCH key:7\r\nMULTI"), "+OK +OK");
    rig.sleep(Duration::from_secs(1));
    assert!(rig.world.resource::<Keys>().len() > KEYS - 10_000);
    assert_eq!(rig.run("EXEC"), "*-1");
    for n in [50_000, 70_000, KEYS - 1] {
        assert_eq!(
            rig.run(&format!("GET key:{n}\r\nTTL key:{n}\r\nPERSIST key:{n}\r\nEXPIRE key:{n} 5")),
            "$-1 :-2 :0 :0"
        );
        assert_eq!(rig.run(&format!("INCR key:{n}\r\nTTL key:{n}\r\nSETNX key:{n} x\r\nDEL key:{n}")), ":1 :-1 :0 :1");
        assert_eq!(rig.run(&format!("DEL key:{}\r\nRENAME key:{} x", n - 1, n - 2)), ":0 -ERR no such key");
    }
    assert_eq!(rig.run("RANDOMKEY\r\nKEYS *\r\nSCAN 0 COUNT 1000000"), "$5 stays *1 $5 stays *2 $1 0 *1 $5 stays");
    let mut turns = 0;
    while rig.world.resource::<Keys>().len() > 1 {
        assert!(rig.expiry.next_deadline(&rig.world).is_some());
        rig.sleep(Duration::from_millis(1));
        turns += 1;
    }
    assert!(turns > 20, "{turns}");
    assert_eq!((rig.expiry.len(&rig.world), rig.expiry.next_deadline(&rig.world)), (0, None));
    assert_eq!(rig.world.resource::<Stats>().expired, KEYS as u64);
    assert_eq!(rig.run("FLUSHALL\r\nDBSIZE"), "+OK :0");
    assert_eq!(rig.world.resource::<Keys>().used(), 0);
}

#[test]
fn a_watched_key_that_has_ended_has_changed_also_if_all_keys_are_removed_before_it_is() {
    for removes in [true, false] {
        let mut rig = Rig::new(Limits::default());
        rig.run("SET k v PX 5\r\nWATCH k");
        rig.pass(Duration::from_millis(5), removes);
        assert_eq!(rig.run("FLUSHALL\r\nMULTI\r\nPING\r\nEXEC"), "+OK +OK +QUEUED *-1");
        // A key that expired before WATCH does not count.
        rig.run("SET k v PX 5");
        rig.pass(Duration::from_millis(5), removes);
        assert_eq!(rig.run("WATCH k\r\nFLUSHALL\r\nMULTI\r\nPING\r\nEXEC"), "+OK +OK +OK +QUEUED *1 +PONG");
    }
}
