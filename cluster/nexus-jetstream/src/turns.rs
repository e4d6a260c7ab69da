//! Replicas without servers: each test stands for their threads and for the stream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nexus_journal::{Digests, Program, inputs};
use nexus_rt::inbox::{Full, Sender, channel};
use nexus_rt::{Clock, World, WorldBuilder};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::Error;
use crate::link::{Command, Event};
use crate::options::Options;
use crate::order::Order;
use crate::replica::Replica;

inputs! {
    enum Call {
        1 = Add(u64),
    }
}

struct Sum;

impl Program for Sum {
    type Input<'a> = Call;

    fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
        *world.resource_mut::<u64>() += number;
    }
}

struct Node {
    world: World,
    replica: Replica,
    events: Sender<Event>,
    commands: UnboundedReceiver<Command>,
}

impl Node {
    fn new(name: &str, check_every: u64) -> Self {
        let mut builder = WorldBuilder::new();
        builder.register(Clock::historical(Duration::ZERO));
        builder.register(0_u64);
        let (world, mut digests) = (builder.build(), Digests::new());
        digests.watch::<u64>(world.registry());
        let options = Options { check_every, ..Options::new("", "sums", "sums 1", name) };
        let ((sender, commands), (events, receiver)) = (unbounded_channel(), channel(64, Full::Wait));
        let order = Order::new(name, options.most);
        let mut replica = Replica::new(&options, (order, digests, world.key()), (sender, receiver, None));
        replica.begin(Duration::ZERO, 0);
        Self { world, replica, events, commands }
    }

    fn add(&mut self, count: u64) {
        (0..count).for_each(|_| _ = self.replica.publish(&Call::Add(1)).expect("there is room"));
    }

    fn poll(&mut self, budget: usize) -> Result<usize, Error> {
        self.replica.poll::<Sum>(&mut self.world, budget, |world, _, input| Sum.apply(world, input))
    }
}

/// The number of messages of a stream, and the time in seconds.
struct Stream(u64, u64);

impl Stream {
    /// Puts what one of the nodes has published at the end of the stream, and lets all nodes read it.
    fn publish(&mut self, nodes: &mut [Node], who: usize) -> Vec<Result<usize, Error>> {
        nodes[who].replica.flush();
        let of = |node: &mut Node| match node.commands.try_recv() {
            Ok(Command::Publish(_, bytes)) => Some(bytes),
            _ => None,
        };
        let published: Vec<Arc<[u8]>> = std::iter::from_fn(|| of(&mut nodes[who])).collect();
        for bytes in published {
            self.0 += 1;
            for node in &*nodes {
                let event = Event::Message(self.0, Duration::from_secs(self.1), 0, Bytes::from_owner(bytes.clone()));
                node.events.send(event).expect("it listens");
            }
        }
        nodes.iter_mut().map(|node| node.poll(usize::MAX)).collect()
    }
}

#[test]
fn what_the_thread_told_before_it_ended_is_told_first() {
    let mut node = Node::new("a", 10);
    node.events.send(Event::Connected(true)).expect("it listens");
    node.events.send(Event::Gone("it was deleted".into())).expect("it listens");
    node.commands.close();
    assert_eq!(node.poll(1).expect("there is more"), 1);
    assert!(matches!(node.poll(1), Err(Error::Gone(_))));
    assert!(matches!(node.poll(1), Err(Error::Ended(_))));
}

/// Clients write only at `b`.
#[test]
fn nodes_that_publish_only_their_digests_are_waited_for_before_one_that_differs_is_believed() {
    let mut nodes = ["a", "b", "c"].map(|name| Node::new(name, 4));
    let mut stream = Stream(0, 100);
    nodes[1].add(4);
    (0..2).for_each(|_| [1, 0, 2].map(|who| stream.publish(&mut nodes, who)).into_iter().flatten().for_each(went_on));
    assert!(nodes.iter().all(|node| node.replica.status().agreed.get() == 4));
    stream.1 += 20;
    *nodes[1].world.resource_mut::<u64>() += 1;
    nodes[1].add(4);
    // Its digests come before those of the others.
    (0..2).for_each(|_| stream.publish(&mut nodes, 1).into_iter().for_each(went_on));
    assert_eq!(nodes.iter().map(|node| node.replica.nodes().count()).collect::<Vec<_>>(), [3, 3, 3]);
    stream.publish(&mut nodes, 0).into_iter().for_each(went_on);
    let [a, b, c] = <[_; 3]>::try_from(stream.publish(&mut nodes, 2)).expect("three nodes");
    assert!(matches!(b, Err(Error::Diverged { against: 2, .. })));
    [a, c].into_iter().for_each(went_on);
    assert_eq!(
        nodes.map(|mut node| node.replica.alarm().map(|alarm| alarm.node)),
        [Some("b".into()), None, Some("b".into())]
    );
}

/// Fails a test if a node stops.
fn went_on(polled: Result<usize, Error>) {
    polled.expect("it goes on");
}

/// A node that has not published between two checks is gone.
#[test]
fn a_node_that_was_silent_for_a_whole_check_is_not_waited_for() {
    let mut nodes = ["a", "b", "c"].map(|name| Node::new(name, 4));
    let mut stream = Stream(0, 100);
    for round in 0..3 {
        nodes[1].add(4);
        let publish = if round == 0 { &[1, 0, 2][..] } else { &[1, 0] };
        for who in publish.repeat(2) {
            stream.publish(&mut nodes, who).into_iter().for_each(went_on);
        }
        stream.1 += 20;
    }
    assert_eq!(nodes[0].replica.nodes().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(nodes[0].replica.status().agreed.get(), 12);
}
