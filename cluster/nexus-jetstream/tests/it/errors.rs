//! What goes wrong, and how it is reported.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use nexus_jetstream::{Error, Options, Refused, Replica, snapshot};
use nexus_journal::{Digests, Program, inputs};
use nexus_rt::{Clock, WorldBuilder};

use crate::servers::Servers;
use crate::sums::{Add, Call, Node, Sums, adder, emit, until};

fn options(servers: &Servers, node: &str) -> Options {
    let patience = Duration::from_secs(5);
    Options { check_every: 10, patience, ..Options::new(&servers.addresses(), "sums", "adder 1", node) }
}

/// Fails a test that waits for too long.
fn still_in_time(began: Instant, what: &str) {
    assert!(began.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
}

/// Returns whether a node has compared itself with the others at sequence 10, and all that it published is back.
fn has_checked(node: &Node) -> bool {
    let status = node.replica.status();
    status.checked.is_some_and(|(at, _)| at.get() == 10) && status.pending == 0
}

fn failure<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn a_node_that_computes_something_else_stops_and_the_others_name_it() {
    let servers = Servers::start(1);
    let mut nodes: Vec<_> =
        ["a", "b", "wrong"].map(|name| Node::open(&options(&servers, name)).expect("it starts")).into();
    // Each node is known to the others.
    nodes.iter_mut().for_each(|node| _ = node.add(1, 1));
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "all is applied", |nodes| nodes.iter().all(|node| sequence(node) == 3));
    nodes[2].world.resource_mut::<Sums>().0.insert(9, 9);
    (0..10).for_each(|_| _ = nodes[0].add(1, 1));
    // The wrong node learns everything at once: it stops in the turn in which it computes its own digests.
    until(&mut nodes[..2], "the checks of two are back", |nodes| nodes.iter().all(has_checked));
    let (mut stopped, began) = (None, Instant::now());
    while stopped.is_none() {
        still_in_time(began, "a node stops");
        for (number, node) in nodes.iter_mut().enumerate() {
            if let Err(error) = node.turn() {
                stopped = Some((number, error));
            }
        }
    }
    let (number, error) = stopped.expect("it has stopped");
    assert_eq!(number, 2);
    let Error::Diverged { against, alarm } = &error else { panic!("{error}") };
    assert_eq!((*against, alarm.resources.len()), (2, 1));
    assert_eq!((alarm.after.get(), alarm.at.get()), (0, 10));
    let text = error.to_string();
    assert!(text.contains("this node has diverged and no longer serves: 2 other(s) disagree"), "{text}");
    assert!(text.contains("differs at sequence 10; all agreed at 0"), "{text}");
    nodes.truncate(2);
    let mut alarm = None;
    until(&mut nodes, "the others go on", |nodes| nodes.iter().all(|node| sequence(node) == 13));
    while alarm.is_none() {
        still_in_time(began, "an alarm");
        nodes.iter_mut().for_each(|node| _ = node.turn().expect("it goes on"));
        alarm = nodes[0].replica.alarm();
    }
    assert!(alarm.expect("an alarm").to_string().starts_with("it::sums::Sums of `wrong` differs at sequence 10"));
}

#[test]
fn of_two_that_disagree_neither_goes_on() {
    let servers = Servers::start(1);
    let mut nodes: Vec<_> = ["a", "b"].map(|name| Node::open(&options(&servers, name)).expect("it starts")).into();
    nodes.iter_mut().for_each(|node| _ = node.add(1, 1));
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "all is applied", |nodes| nodes.iter().all(|node| sequence(node) == 2));
    nodes[1].world.resource_mut::<Sums>().0.insert(9, 9);
    (0..8).for_each(|_| _ = nodes[0].add(1, 1));
    until(&mut nodes[..1], "the check of one is back", |nodes| nodes.iter().all(has_checked));
    let (mut stopped, began) = ([false; 2], Instant::now());
    while stopped != [true; 2] {
        still_in_time(began, "both stop");
        for (node, stopped) in nodes.iter_mut().zip(&mut stopped) {
            *stopped = *stopped || matches!(node.turn(), Err(Error::Diverged { against: 1, .. }));
        }
    }
    let right = nodes[0].sums();
    drop(nodes);
    // What made them stop is still in the stream.
    let mut nodes: Vec<_> =
        ["a", "b"].map(|name| Node::open(&options(&servers, name)).expect("it starts again")).into();
    (0..10).for_each(|_| _ = nodes[0].add(2, 1));
    until(&mut nodes, "both go on and agree", |nodes| nodes.iter().all(|it| it.replica.status().agreed.get() == 20));
    assert_eq!(nodes[1].sums().0[&1], right.0[&1]);
}

#[test]
fn a_second_process_with_the_name_of_a_node_takes_its_place() {
    let servers = Servers::start(1);
    let mut first = Node::open(&options(&servers, "a")).expect("it starts");
    first.add(1, 1);
    let mut second = Node::open(&options(&servers, "a")).expect("it starts");
    second.add(1, 1);
    let error = loop {
        _ = second.turn().expect("it goes on");
        if let Err(error) = first.turn() {
            break error;
        }
    };
    assert_eq!(error.to_string(), "another process is running as node `a`: give each process its own name");
}

#[test]
fn a_stream_belongs_to_one_program_in_one_version() {
    let servers = Servers::start(1);
    let node = Node::open(&options(&servers, "a")).expect("it starts");
    let other = Options { program: "adder 2".into(), ..options(&servers, "b") };
    assert_eq!(
        failure(Node::open(&other)),
        "the stream `sums` belongs to \"nexus-jetstream 1: adder 1\", but this is \"nexus-jetstream 1: adder 2\": use \
         another stream, or that program"
    );
    drop(node);
}

#[test]
fn a_stream_that_fewer_servers_store_than_a_node_expects_is_refused() {
    let servers = Servers::start(1);
    drop(Node::open(&options(&servers, "a")).expect("it starts"));
    assert_eq!(
        failure(Node::open(&Options { replicas: 3, ..options(&servers, "a") })),
        "1 server(s) store the stream `sums` instead of 3: give it more replicas, such as with `nats stream edit`, or set \
         `replicas` to 1"
    );
}

inputs! {
    enum Newer {
        7 = Unknown,
    }
}

struct NewerProgram;

impl Program for NewerProgram {
    type Input<'a> = Newer;

    fn apply(&mut self, _: &mut nexus_rt::World, Newer::Unknown: Newer) {}
}

#[test]
fn an_input_of_another_version_stops_a_node_that_does_not_know_it() {
    let servers = Servers::start(1);
    let mut node = Node::open(&options(&servers, "a")).expect("it starts");
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    let mut world = builder.build();
    let opened = Replica::open(&options(&servers, "b"), (&mut world, &mut NewerProgram), Digests::new(), None);
    let mut newer = opened.expect("it starts");
    newer.publish(&Newer::Unknown).expect("there is room");
    newer.flush();
    let error = loop {
        if let Err(error) = node.turn() {
            break error;
        }
    };
    assert_eq!(
        error.to_string(),
        "the input of source 7 in message 1 is unknown: a node of another version published it; update this node"
    );
}

#[test]
fn a_node_that_is_behind_what_was_purged_is_told_so() {
    let servers = Servers::start(1);
    let mut nodes = vec![Node::open(&options(&servers, "a")).expect("it starts")];
    // This node does not poll, and the events that its thread holds for it are limited.
    let mut behind = Node::open(&options(&servers, "behind")).expect("it starts");
    for round in 0..3 {
        // One message per turn: more than may wait for a node that does not poll.
        for turn in 0..1_500 {
            nodes[0].add(1, turn);
            until(&mut nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
        }
        snapshot(&options(&servers, &format!("s{round}")), adder, emit).expect("it is taken");
    }
    let error = loop {
        if let Err(error) = behind.turn() {
            break error;
        }
    };
    assert!(matches!(error, Error::Gap { .. }), "{error}");
    assert!(error.to_string().contains("start the node again, and it begins with the latest snapshot"), "{error}");
    let again = Node::open(&options(&servers, "behind")).expect("it starts");
    assert_eq!(again.sums(), nodes[0].sums());
}

#[test]
fn a_stream_that_is_created_again_is_another_one_whatever_its_numbers() {
    let servers = Servers::start(1);
    let mut nodes = vec![Node::open(&options(&servers, "a")).expect("it starts")];
    nodes[0].add(1, 1);
    until(&mut nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
    servers.delete("sums");
    // A node that starts creates it, and soon it is as long as before, and longer.
    let mut later = vec![Node::open(&options(&servers, "b")).expect("it starts")];
    for turn in 0..3 {
        later[0].add(1, turn);
        until(&mut later, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
    }
    let began = Instant::now();
    let error = loop {
        still_in_time(began, "the first node notices");
        if let Err(error) = nodes[0].turn() {
            break error;
        }
    };
    assert_eq!(
        error.to_string(),
        "the stream was deleted or has lost messages: it was created again after this node had begun; restore it from a \
         backup, or begin with another stream"
    );
}

#[test]
fn without_a_server_a_start_fails_in_time_and_inputs_wait_or_are_refused() {
    let mut servers = Servers::start(1);
    let mut waits = Node::open(&Options { most: 100, ..options(&servers, "a") }).expect("it starts");
    let mut refuses = Node::open(&Options { queue: false, ..options(&servers, "b") }).expect("it starts");
    servers.kill(0);
    let began = Instant::now();
    while waits.replica.status().connected || refuses.replica.status().connected {
        still_in_time(began, "both notice that the server is gone");
        _ = (waits.turn().expect("it waits"), refuses.turn().expect("it waits"));
    }
    let add = Call::Add(Add { register: 1, amount: 1 });
    assert_eq!(refuses.replica.publish(&add), Err(Refused::Away));
    let accepted = std::iter::from_fn(|| waits.replica.publish(&add).ok()).count();
    assert_eq!(waits.replica.publish(&add), Err(Refused::Full));
    assert!((2..100).contains(&accepted));
    let began = Instant::now();
    let patience = Duration::from_millis(300);
    let text = failure(Node::open(&Options { patience, ..options(&servers, "c") }));
    assert!(text.starts_with(&format!("no NATS server answers at {} within 300ms: ", servers.addresses())), "{text}");
    assert!(began.elapsed() < Duration::from_secs(3));
    servers.revive(0);
    let mut nodes = vec![waits, refuses];
    let sequence = |node: &Node| node.replica.status().position.sequence.get();
    until(&mut nodes, "what waited is applied", |nodes| nodes.iter().all(|node| sequence(node) == accepted as u64));
    assert!(nodes[1].replica.publish(&add).is_ok());
}

#[test]
fn names_and_inputs_that_cannot_be_are_refused() {
    let servers = Servers::start(1);
    let node = |name: &str| failure(Node::open(&options(&servers, name)));
    assert_eq!(node("a.b"), "the node is \"a.b\", but must have 1 to 32 letters, digits, `-` or `_`");
    assert_eq!(node(""), "the node is \"\", but must have 1 to 32 letters, digits, `-` or `_`");
    let mut node = Node::open(&options(&servers, "a")).expect("it starts");
    assert_eq!(node.replica.publish(&Text::Say(&[0; 1_000_001])), Err(Refused::TooLong));
    assert_eq!(node.replica.publish(&Text::Say(&[0; 1_000_000])), Ok(1));
}

inputs! {
    enum Text<'a> {
        1 = Say(&'a [u8]),
    }
}

/// Greets a client as a server of a version that accepts messages up to a length, and answers its first ping.
fn server(version: &'static str, max_payload: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let info = r#"{"server_id":"s","server_name":"s","go":"go1.19","host":"127.0.0.1","port":4222,"headers":true,"#;
        let more = format!(r#""version":"{version}","max_payload":{max_payload},"proto":1,"jetstream":true}}"#);
        stream.write_all(format!("INFO {info}{more}\r\n").as_bytes()).expect("it listens");
        for line in BufReader::new(stream.try_clone().expect("a socket")).lines().map_while(Result::ok) {
            if line == "PING" {
                _ = stream.write_all(b"PONG\r\n");
            }
        }
    });
    address
}

#[test]
fn a_server_that_is_too_old_for_several_replicas_is_refused() {
    let servers = format!("nats://{}", server("2.9.10", 1 << 20));
    let options = Options { replicas: 3, ..Options::new(&servers, "sums", "adder 1", "a") };
    let (mut world, mut sums, digests) = adder();
    let opened = Replica::open(&options, (&mut world, &mut sums), digests, None);
    assert_eq!(
        failure(opened),
        format!(
            "the NATS server at {servers} is version 2.9.10: versions before 2.10.0 may keep different messages under \
             one number of a stream after a machine was cut off; install a newer one, or use a stream with `replicas` 1"
        )
    );
}

#[test]
fn a_server_that_accepts_only_short_messages_is_refused() {
    let servers = format!("nats://{}", server("2.10.0", 65_536));
    let (mut world, mut sums, digests) = adder();
    let opened = Replica::open(&Options::new(&servers, "sums", "adder 1", "a"), (&mut world, &mut sums), digests, None);
    assert_eq!(
        failure(opened),
        format!(
            "the NATS server at {servers} accepts messages of up to 65536 bytes, and those of a stream may have 1001024: \
             set its `max_payload` to 1MB, which is the default, or more"
        )
    );
}

#[test]
fn a_node_says_why_what_it_publishes_is_not_taken() {
    let servers = Servers::start(1);
    let mut nodes = vec![Node::open(&options(&servers, "a")).expect("it starts")];
    nodes[0].add(1, 1);
    until(&mut nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
    servers.limit("sums", 1);
    nodes[0].add(1, 1);
    let is_full = |node: &Node| node.replica.unanswered().is_some_and(|why| why.contains("maximum bytes exceeded"));
    until(&mut nodes, "the stream is full", |nodes| is_full(&nodes[0]));
    servers.limit("sums", -1);
    until(&mut nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
    assert_eq!(nodes[0].replica.unanswered(), None);
}
