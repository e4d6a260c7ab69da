//! One server and its log, a step at a time.

use std::time::Duration;

use kv_server::{Limits, ReplicaOptions};
use nexus_rt::testing::VirtualClock;

use super::START;
use super::log::Stream;
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
