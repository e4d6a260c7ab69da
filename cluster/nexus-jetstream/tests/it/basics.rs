//! Replicas apply the same inputs in the same order.

use std::collections::BTreeMap;
use std::time::Duration;

use nexus_jetstream::{Options, Replica, snapshot};
use nexus_journal::{Digests, Program, Snapshot, inputs};
use nexus_rt::{Clock, World, WorldBuilder};

use crate::servers::Servers;
use crate::sums::{Add, Adder, Call, Node, Sums, adder, emit, until};

fn options(servers: &Servers, node: &str) -> Options {
    Options { check_every: 10, ..Options::new(&servers.addresses(), "sums", "adder 1", node) }
}

#[test]
fn two_nodes_apply_what_either_publishes_and_a_third_that_comes_later_too() {
    let servers = Servers::start(1);
    let mut nodes: Vec<_> = ["a", "b"].map(|name| Node::open(&options(&servers, name)).expect("it starts")).into();
    for n in 0..100 {
        let number = nodes[n % 2].add((n % 3) as u8, n as u64);
        assert_eq!(number, n as u64 / 2 + 1);
    }
    let all = |nodes: &[Node]| nodes.iter().all(|node| node.replica.status().position.sequence.get() == 100);
    until(&mut nodes, "all is applied", all);
    let expected = [(0, 1683), (1, 1617), (2, 1650)];
    for node in &nodes {
        assert_eq!(node.sums(), Sums(BTreeMap::from(expected)));
        assert_eq!(node.back.len(), 50);
        assert!(node.back.is_sorted());
    }
    until(&mut nodes, "all agree", |nodes| nodes.iter().all(|node| node.replica.status().agreed.get() == 100));
    nodes.push(Node::open(&options(&servers, "c")).expect("it starts"));
    assert_eq!(nodes[2].sums(), nodes[0].sums());
    // Digests are messages of the stream too, and the third may have read one more of them.
    let position = |node: &Node| node.replica.status().position;
    until(&mut nodes, "all are at one position", |nodes| {
        nodes.iter().all(|node| position(node) == position(&nodes[2]))
    });
}

#[test]
fn a_node_begins_with_the_latest_snapshot_and_what_came_after_it() {
    let servers = Servers::start(1);
    let mut nodes = vec![Node::open(&options(&servers, "a")).expect("it starts")];
    for round in 1..=3_u64 {
        for n in 0..1000 {
            nodes[0].add((n % 100) as u8, round);
        }
        until(&mut nodes, "all is applied", |nodes| nodes[0].replica.status().pending == 0);
        let taken = snapshot(&options(&servers, "s"), adder, emit).expect("it is taken");
        assert_eq!(taken.inputs, 100);
        assert_eq!(taken.position, nodes[0].replica.status().position);
        assert_eq!(taken.purged > 0, round > 1);
    }
    let latest = nodes[0].replica.status().position.stream;
    nodes[0].add(7, 1000);
    until(&mut nodes, "all is applied", |nodes| nodes[0].replica.status().pending == 0);
    let mut later = Node::open(&options(&servers, "b")).expect("it starts");
    assert_eq!(later.sums(), nodes[0].sums());
    assert_eq!((later.replica.status().snapshot, nodes[0].replica.status().snapshot), (latest, 0));
    // A node with the same name starts again.
    drop(nodes.remove(0));
    nodes.push(Node::open(&options(&servers, "a")).expect("it starts"));
    nodes[0].add(8, 1);
    later.add(9, 1);
    nodes.push(later);
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "both go on", |nodes| nodes.iter().all(|node| sequence(node) == 3003));
    assert_eq!(nodes[0].sums(), nodes[1].sums());
}

#[test]
fn a_snapshot_that_leads_to_another_state_is_not_stored() {
    let servers = Servers::start(1);
    let mut nodes = vec![Node::open(&options(&servers, "a")).expect("it starts")];
    nodes[0].add(1, 5);
    until(&mut nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
    let lacks_some = |_: &World, _: &Adder, snapshot: &mut Snapshot<'_>| {
        snapshot.input(&Call::Add(Add { register: 1, amount: 4 }));
    };
    let error = snapshot(&options(&servers, "s"), adder, lacks_some).expect_err("it differs");
    let text = "the snapshot does not restore the same it::sums::Sums: nothing was stored or purged";
    assert_eq!(error.to_string(), text);
    let later = Node::open(&options(&servers, "b")).expect("it starts");
    assert_eq!((later.replica.status().snapshot, later.sums()), (0, nodes[0].sums()));
}

inputs! {
    enum Stamp {
        1 = Now,
    }
}

/// The time of the last input.
#[derive(Default, Hash, PartialEq, Debug)]
struct Last(Duration);

struct Stamps;

impl Program for Stamps {
    type Input<'a> = Stamp;

    fn apply(&mut self, world: &mut World, Stamp::Now: Stamp) {
        let now = world.resource::<Clock>().unix();
        world.resource_mut::<Last>().0 = now;
    }
}

fn stamps() -> (World, Stamps, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Last>();
    let (world, mut digests) = (builder.build(), Digests::new());
    digests.watch::<Last>(world.registry());
    (world, Stamps, digests)
}

/// The digests of a node follow the input, in a message of their own.
#[test]
fn a_snapshot_is_of_the_time_of_the_last_input() {
    let servers = Servers::start(1);
    let options = |node: &str| Options { check_every: 1, ..Options::new(&servers.addresses(), "stamps", "s 1", node) };
    let open = |node: &str| {
        let (mut world, mut program, digests) = stamps();
        let replica = Replica::open(&options(node), (&mut world, &mut program), digests, None).expect("it starts");
        (world, program, replica)
    };
    let (mut world, mut program, mut replica) = open("a");
    replica.publish(&Stamp::Now).expect("there is room");
    while replica.status().pending > 0 {
        replica.flush();
        replica.poll::<Stamps>(&mut world, 1, |world, _, input| program.apply(world, input)).expect("it goes on");
    }
    assert!(replica.status().position.at > world.resource::<Last>().0);
    for _ in 0..2 {
        snapshot(&options("s"), stamps, |_, _, snapshot| snapshot.input(&Stamp::Now)).expect("it is the same");
    }
    let (later, _, replica) = open("b");
    assert_eq!(replica.status().snapshot, 2);
    assert_eq!(*later.resource::<Last>(), *world.resource::<Last>());
    assert_eq!(later.resource::<Clock>().unix(), replica.status().position.at);
}
