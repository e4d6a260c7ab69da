//! Requests that run again lead to the same keys by the same history.

use std::time::Duration;

use kv_server::{Keys, Limits, RequestLimits, Specs};

use crate::rig::Rig;
use crate::support::Random;
use crate::traffic;

type Words = Vec<Vec<u8>>;

/// What each event has changed, and its time in milliseconds since 1970.
type Journal = Vec<(i64, Vec<u8>)>;

/// Limits that admit nothing new, only requests that were admitted before.
fn strict() -> Limits {
    let request = RequestLimits { argument: 0, request: 0, arguments: 0 };
    Limits { request, key: 0, memory: 0, ..Limits::default() }
}

/// Returns a duration, from less than a millisecond to some years.
fn some_time(random: &mut Random) -> Duration {
    let most = random.pick(&[&1_000_000, &10_000_000, &1_000_000_000, &1_000_000_000_000, &10_000_000_000_000_000]);
    Duration::from_nanos(random.below(*most))
}

/// Returns a command: most are those of the traffic, and some set keys that expire soon.
fn some_words(random: &mut Random) -> Words {
    if !random.one_in(4) {
        return traffic::next(random).0;
    }
    let (key, ms) = (traffic::key(random), random.below(20).to_string().into_bytes());
    match random.below(5) {
        0 => vec![b"PEXPIRE".to_vec(), key, ms],
        1 => vec![b"GETEX".to_vec(), key, b"PX".to_vec(), ms],
        2 => vec![b"PSETEX".to_vec(), key, ms, b"5".to_vec()],
        3 => vec![b"WATCH".to_vec(), key],
        _ => vec![b"SET".to_vec(), key, b"6".to_vec(), b"PX".to_vec(), ms],
    }
}

/// Returns an event: a command or a whole transaction.
fn event(random: &mut Random) -> Vec<Words> {
    if !random.one_in(8) {
        return vec![some_words(random)];
    }
    let queued: Vec<_> = (0..random.below(6)).map(|_| some_words(random)).collect();
    [vec![vec![b"MULTI".to_vec()]], queued, vec![vec![b"EXEC".to_vec()]]].concat()
}

/// Two servers that receive the same requests, but remove expired keys at different times.
struct Pair {
    rigs: [Rig; 2],
    journal: Journal,
}

impl Pair {
    fn new() -> Self {
        Self { rigs: [(); 2].map(|()| Rig::collecting(Limits::default())), journal: Journal::new() }
    }

    fn step(&mut self, random: &mut Random) {
        let passes = if random.one_in(3) { some_time(random) } else { Duration::ZERO };
        for rig in &mut self.rigs {
            rig.pass(passes, random.one_in(2));
        }
        let specs = Specs::default();
        for words in event(random) {
            let [one, other] = self.rigs.each_mut().map(|rig| rig.ask(&words));
            let writes = specs.find(&words[0]).is_some_and(|(_, spec)| spec.writes());
            assert!(!writes || one == other, "{}", words.join(&b' ').escape_ascii());
        }
        let [one, other] = self.rigs.each_mut().map(Rig::collected);
        assert_eq!(one, other);
        if !one.is_empty() {
            self.journal.push((self.rigs[0].now_ms(), one));
        }
        let [one, other] = self.rigs.each_ref().map(Rig::state);
        assert_eq!(one, other);
    }
}

/// Runs again what each event has changed, at its time. Removes expired keys at times of its own.
fn replay(rig: &mut Rig, random: &mut Random, journal: &[(i64, Vec<u8>)]) {
    for (at, requests) in journal {
        advance(rig, *at, random.one_in(3));
        rig.apply(requests);
    }
}

fn advance(rig: &mut Rig, to_ms: i64, removes: bool) {
    let passes = Duration::from_millis(u64::try_from(to_ms - rig.now_ms()).unwrap());
    if !passes.is_zero() {
        rig.pass(passes, removes);
    }
}

/// Creates a server with the keys of another one.
fn restored(from: &Rig, limits: Limits) -> Rig {
    let (trace, changes, digest) = from.state();
    let mut rig = Rig::new(limits);
    advance(&mut rig, from.now_ms(), true);
    let mut pieces = Vec::new();
    let snapshot = from.world.resource::<Keys>().snapshot(from.now_ms(), |requests| {
        pieces.push(requests.to_vec());
        Ok::<(), ()>(())
    });
    assert_eq!(snapshot, Ok(()));
    pieces.iter().for_each(|requests| rig.apply(requests));
    rig.world.resource_mut::<Keys>().keep_trace(true);
    rig.world.resource_mut::<Keys>().restore_trace(trace, changes);
    assert_eq!(rig.state(), (trace, changes, digest));
    rig
}

#[test]
fn the_same_requests_at_the_same_times_lead_to_the_same_keys_by_the_same_history() {
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let mut pair = Pair::new();
        (0..300).for_each(|_| pair.step(&mut random));
        let (mut later, written) = (restored(&pair.rigs[1], strict()), pair.journal.len());
        (0..300).for_each(|_| pair.step(&mut random));

        let [one, _] = &pair.rigs;
        let mut again = Rig::new(strict());
        again.world.resource_mut::<Keys>().keep_trace(true);
        replay(&mut again, &mut random, &pair.journal);
        replay(&mut later, &mut random, &pair.journal[written..]);
        for rig in [&mut again, &mut later] {
            advance(rig, one.now_ms(), random.one_in(2));
            assert_eq!((rig.state(), rig.reads()), (one.state(), one.reads()), "seed {seed}");
        }
        assert!(pair.journal.len() > 100 && one.changes() > 200);
    }
}

#[test]
fn a_snapshot_comes_in_pieces_and_in_the_order_in_which_keys_lie() {
    let mut rig = Rig::collecting(Limits::default());
    let lines: Vec<_> = (0..3_000).map(|n| format!("SET key:{n} value:{n} PX {}", 100 * (1 + n % 4))).collect();
    rig.run(&lines.join("\r\n"));
    rig.run(&format!("SET long {}\r\nSET stays 1\r\nDEL key:7", "x".repeat(100_000)));
    rig.pass(Duration::from_millis(100), false);
    let (mut pieces, keys) = (Vec::new(), rig.world.resource::<Keys>());
    let snapshot = keys.snapshot(rig.now_ms(), |requests| {
        pieces.push(requests.len());
        if pieces.len() < 4 { Ok(()) } else { Err("enough") }
    });
    assert_eq!((snapshot, pieces.len()), (Err("enough"), 4));
    assert!(pieces.iter().all(|length| (16 << 10..17 << 10).contains(length)), "{pieces:?}");
    let copy = restored(&rig, Limits::default());
    assert!(copy.world.resource::<Keys>().iter().eq(keys.iter()));
    assert_eq!(copy.reads(), rig.reads());
    let nothing = Rig::new(Limits::default());
    assert_eq!(nothing.world.resource::<Keys>().snapshot(0, |_| Err(())), Ok(()));
}

#[test]
fn what_was_within_the_limits_runs_again_where_it_is_not() {
    let mut rig = Rig::collecting(Limits::default());
    rig.run("SET a-long-key 1\r\nAPPEND a-long-key more\r\nSETRANGE a-long-key 1000 x\r\nMSET a 1 b 2");
    let requests = rig.collected();
    let mut again = Rig::new(strict());
    again.apply(&requests);
    assert_eq!(again.reads(), rig.reads());
}

#[test]
fn what_runs_again_is_not_counted_shown_kept_or_collected() {
    let mut rig = Rig::collecting(Limits::default());
    rig.run(
        "CONFIG SET slowlog-log-slower-than 0\r\nSLOWLOG RESET\r\nCONFIG SET requirepass secret\r\nCONFIG RESETSTAT",
    );
    let before = rig.run("INFO commandstats\r\nINFO errorstats\r\nSLOWLOG LEN");
    rig.apply(b"\x03\x03SET\x01a\x011\x03\x06APPEND\x01a\x0223\x05\x04MSET\x01b\x011\x01c\x012");
    assert!(rig.collected().is_empty());
    let after = rig.run("INFO commandstats\r\nINFO errorstats\r\nSLOWLOG LEN");
    let of_keys = |text: &str| ["cmdstat_set", "cmdstat_append", "cmdstat_mset"].map(|name| text.contains(name));
    assert_eq!((of_keys(&before), of_keys(&after)), ([false; 3], [false; 3]));
    assert!(!rig.run("SLOWLOG GET").contains(" APPEND "));
    assert_eq!(rig.reads().len(), 3);
}

#[test]
fn what_changes_nothing_or_is_no_command_that_writes_says_so_and_does_nothing_else() {
    let mut rig = Rig::collecting(Limits::default());
    rig.run("SET k text");
    let before = (rig.state(), rig.run("INFO errorstats"));
    for line in ["GET k", "DEL nothing", "INCR k", "SHUTDOWN", "MULTI", "EXEC", "NOSUCH", "post", "SET", "SUBSCRIBE c"]
    {
        let words: Vec<_> = line.split(' ').collect();
        assert!(!rig.applies(&words), "{line}");
    }
    assert_eq!((rig.state(), rig.run("INFO errorstats")), before);
    assert_eq!(rig.run("GET k\r\nSET k 2 NX GET\r\nPING"), "$4 text $4 text +PONG");
    assert!(rig.applies(&["INCR", "n"]));
}

#[test]
fn what_runs_again_does_so_by_the_time_of_the_clock_though_there_was_no_turn() {
    let mut rig = Rig::collecting(Limits::default());
    rig.run("SET k 5 PX 5");
    rig.move_clock(Duration::from_millis(4));
    assert!(rig.applies(&["INCR", "k"]));
    rig.move_clock(Duration::from_millis(1));
    assert!(!rig.applies(&["DEL", "k"]) && rig.applies(&["INCR", "k"]));
    assert_eq!(rig.run("GET k"), "$1 1");
}
