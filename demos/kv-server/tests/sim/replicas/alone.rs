//! One server and its log, a step at a time.

use std::time::Duration;

use kv_server::{Change, Keys, Limits, ReplicaOptions};
use nexus_rt::testing::VirtualClock;

use super::START;
use super::log::{Entry, Stream, written};
use super::node::{Node, Seats};

fn start(stream: &Stream, time: &VirtualClock) -> Node {
    Node::start(stream, (time, START, Limits::default()), ReplicaOptions::default(), None)
}

#[test]
fn a_server_turns_again_soon_while_the_log_owes_it_something() {
    let (stream, time, mut seats) = (Stream::default(), VirtualClock::new(), Seats::default());
    let mut node = start(&stream, &time);
    let client = node.connect(&mut seats);
    node.turn(&mut seats);
    assert!(!node.turns_soon());
    node.ask(&mut seats, client, ["SET", "k", "v"].map(Into::into).to_vec());
    node.turn(&mut seats);
    assert!(node.turns_soon(), "its change is under way");
    time.advance(Duration::from_secs(2));
    node.turn(&mut seats);
    assert!(node.turns_soon(), "its tick is under way too");
    {
        let mut state = stream.state();
        state.deliver(node.publisher, usize::MAX, false, START + time.elapsed());
        state.links[node.publisher].visible = state.entries.len();
    }
    assert_eq!(node.turn(&mut seats), 2);
    assert!(!node.turns_soon());
}

/// More keys than have timers.
#[test]
fn a_server_that_starts_does_not_keep_all_keys_that_have_expired_since() {
    const KEYS: usize = 80_000;
    let (stream, time, mut seats) = (Stream::default(), VirtualClock::new(), Seats::default());
    let mut node = start(&stream, &time);
    {
        let mut state = stream.state();
        let entry = |number: usize| {
            let at = START + Duration::from_millis(2 * number as u64);
            let ends = (at.as_millis() + 1).to_string();
            let words = ["SET", &number.to_string(), "v", "PXAT", &ends];
            let request = words.map(|word| [&[word.len() as u8], word.as_bytes()].concat()).concat();
            let change = written(&Change::Requests(&[&[5], &*request].concat()));
            Entry { at, publisher: usize::MAX, number: number as u64, change }
        };
        state.entries = (0..KEYS).map(entry).collect();
        state.links[node.publisher].visible = KEYS;
    }
    assert_eq!(node.turn(&mut seats), KEYS);
    let held = node.world.resource::<Keys>().len();
    assert!(held < KEYS * 3 / 4, "{held} of {KEYS}");
}
