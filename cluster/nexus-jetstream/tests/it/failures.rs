//! Servers are killed while inputs are published, and nodes restart.

use std::thread;
use std::time::{Duration, Instant};

use nexus_jetstream::Options;

use crate::servers::Servers;
use crate::sums::{Adder, Node, until};

fn options(servers: &Servers, node: &str) -> Options {
    Options { replicas: 3, check_every: 100, ..Options::new(&servers.addresses(), "sums", "adder 1", node) }
}

/// Publishes from every node for a while, and calls `happens` meanwhile.
fn load(nodes: &mut [Node], published: &mut u64, during: Duration, mut happens: impl FnMut()) {
    let (began, mut happened) = (Instant::now(), false);
    while began.elapsed() < during {
        for node in &mut *nodes {
            node.add(1, 1);
            *published += 1;
        }
        until(nodes, "all come back", |nodes| nodes.iter().all(|node| node.replica.status().pending == 0));
        if !happened && began.elapsed() > during / 8 {
            happens();
            happened = true;
        }
    }
}

#[test]
fn servers_that_are_killed_lose_and_double_nothing() {
    let mut servers = Servers::start(3);
    let mut nodes: Vec<_> = ["a", "b", "c"].map(|name| Node::open(&options(&servers, name)).expect("it starts")).into();
    let (mut published, second) = (0, Duration::from_secs(1));
    for number in 0..3 {
        load(&mut nodes, &mut published, second, || servers.kill(number));
        servers.revive(number);
        load(&mut nodes, &mut published, second, || {});
        // One node restarts.
        let name = ["a", "b", "c"][number];
        nodes.remove(0);
        nodes.push(Node::open(&options(&servers, name)).expect("it starts"));
    }
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "all is applied", |nodes| nodes.iter().all(|node| sequence(node) == published));
    for node in &nodes {
        assert_eq!(node.sums().0[&1], published);
    }
}

#[test]
fn all_servers_begin_again_and_nothing_is_lost() {
    let mut servers = Servers::start(3);
    let mut nodes: Vec<_> = ["a", "b"].map(|name| Node::open(&options(&servers, name)).expect("it starts")).into();
    let mut published = 0;
    load(&mut nodes, &mut published, Duration::from_secs(1), || {});
    (0..3).for_each(|number| servers.kill(number));
    nodes.iter_mut().for_each(|node| _ = node.add(1, 1));
    (0..3).for_each(|number| servers.revive(number));
    published += 2;
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "all is applied", |nodes| nodes.iter().all(|node| sequence(node) == published));
    assert_eq!(nodes[0].sums().0[&1], published);
}

/// The others that store the stream have failed, among them its leader, so nothing is known of it at the one left.
#[test]
fn a_node_leaves_a_server_that_answers_nothing_but_pings() {
    leaves(|leader| (leader + 1) % 3);
}

/// It tells of the stream as it was, and its consumers send heartbeats.
#[test]
fn a_node_leaves_a_server_that_led_the_stream() {
    leaves(|leader| leader);
}

/// Leaves one server running, chosen by the leader, and waits until the node that is connected to it is not.
fn leaves(left: impl Fn(usize) -> usize) {
    let mut servers = Servers::start(3);
    drop(Node::open(&options(&servers, "a")).expect("it starts"));
    let left = left(servers.leader("sums"));
    let one = servers.addresses().split(',').nth(left).expect("three").to_owned();
    let mut node = Node::open(&Options { servers: one, ..options(&servers, "a") }).expect("it starts");
    (0..3).filter(|number| *number != left).for_each(|number| servers.kill(number));
    let began = Instant::now();
    while node.replica.status().connected {
        assert!(began.elapsed() < Duration::from_secs(120), "it stays");
        // One event at a time, since it may be back at once.
        let Node { world, replica, .. } = &mut node;
        replica.poll::<Adder>(world, 1, |_, _, _| {}).expect("it goes on");
        thread::sleep(Duration::from_millis(1));
    }
}
