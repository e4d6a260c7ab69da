//! Snapshots that are interrupted, damaged, or taken twice at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nexus_jetstream::{Error, Options, snapshot};

use crate::servers::Servers;
use crate::sums::{Node, Sums, adder, emit, until};

/// The stream of the object store, and the subjects of the parts of snapshots in it.
const STORE: (&str, &str) = ("OBJ_sums-snapshots", "$O.sums-snapshots.C.>");

fn options(servers: &Servers, node: &str) -> Options {
    Options { check_every: 10, ..Options::new(&servers.addresses(), "sums", "adder 1", node) }
}

/// Starts a node that has published some inputs.
fn node(servers: &Servers, count: u64) -> Vec<Node> {
    let mut nodes = vec![Node::open(&options(servers, "a")).expect("it starts")];
    add(&mut nodes, count);
    nodes
}

fn add(nodes: &mut [Node], count: u64) {
    (0..count).for_each(|n| _ = nodes[0].add(n as u8, n));
    until(nodes, "it is applied", |nodes| nodes[0].replica.status().pending == 0);
}

#[test]
fn of_two_snapshots_at_a_time_only_one_is_stored() {
    let servers = Servers::start(1);
    let mut nodes = node(&servers, 10);
    let mut first = None;
    let second = snapshot(&options(&servers, "s"), adder, |world, adder, inputs| {
        add(&mut nodes, 1);
        first = Some(snapshot(&options(&servers, "t"), crate::sums::adder, emit).expect("it is taken"));
        emit(world, adder, inputs);
    });
    let stored = first.expect("it was taken").position.stream;
    let error = second.expect_err("it is not needed");
    assert!(matches!(error, Error::Newer { stream } if stream == stored), "{error}");
    assert_eq!(servers.count(STORE.0, STORE.1), 1);
}

#[test]
fn a_snapshot_whose_parts_are_gone_does_not_keep_a_start_waiting_for_ever() {
    let servers = Servers::start(1);
    let _nodes = node(&servers, 10);
    snapshot(&options(&servers, "s"), adder, emit).expect("it is taken");
    servers.purge(STORE.0, STORE.1);
    let patience = Duration::from_millis(100);
    let error =
        Node::open(&Options { patience, ..options(&servers, "b") }).err().expect("it has nothing to begin with");
    assert!(error.to_string().starts_with("JetStream cannot read a snapshot: "), "{error}");
}

#[test]
fn what_an_interrupted_snapshot_has_left_is_deleted_by_later_ones() {
    let servers = Servers::start(1);
    let mut nodes = node(&servers, 10);
    for round in 0..3 {
        snapshot(&options(&servers, "s"), adder, emit).expect("it is taken");
        if round == 0 {
            (0..3).for_each(|_| servers.publish("$O.sums-snapshots.C.interrupted"));
        }
        add(&mut nodes, 10);
        let left = if round < 2 { 3 } else { 0 };
        assert_eq!(servers.count(STORE.0, "$O.sums-snapshots.C.interrupted"), left, "{round}");
    }
    assert_eq!(servers.count(STORE.0, STORE.1), 2);
}

#[test]
fn a_snapshot_is_stored_once_the_servers_are_back() {
    let mut servers = Servers::start(1);
    let nodes = node(&servers, 10);
    let options = Options { patience: Duration::from_secs(30), ..options(&servers, "s") };
    let revived = thread::scope(|scope| {
        let (mut revived, servers) = (None, &mut servers);
        let taken = snapshot(&options, adder, |world, adder, inputs| {
            servers.kill(0);
            emit(world, adder, inputs);
            // A server of another machine would be away for some time.
            revived = Some(scope.spawn(|| {
                thread::sleep(Duration::from_secs(3));
                servers.revive(0);
            }));
        });
        taken.expect("it is taken").inputs
    });
    assert_eq!(revived, nodes[0].sums().0.len() as u64);
}

#[test]
fn a_slow_part_is_only_compared_between_the_two_worlds() {
    let servers = Servers::start(1);
    let mut nodes = node(&servers, 0);
    add(&mut nodes, 100);
    let compared = Arc::new(AtomicUsize::new(0));
    let slow = || {
        let (world, adder, mut digests) = adder();
        let compared = compared.clone();
        digests.watch_slow_part(world.registry(), "count", move |sums: &Sums, digest| {
            compared.fetch_add(1, Ordering::Relaxed);
            std::hash::Hasher::write_usize(digest, sums.0.len());
        });
        (world, adder, digests)
    };
    snapshot(&options(&servers, "s"), slow, emit).expect("it is taken");
    assert_eq!(compared.load(Ordering::Relaxed), 2);
    // What it finds counts.
    let error = snapshot(&options(&servers, "s"), slow, |_, _, _| {}).expect_err("it differs");
    let Error::Snapshot { resources } = error else { panic!("{error}") };
    assert_eq!(resources, ["it::sums::Sums", "it::sums::Sums.count"]);
}

#[test]
fn as_many_servers_store_the_snapshots_as_the_stream() {
    let servers = Servers::start(3);
    let mut nodes = vec![Node::open(&Options { replicas: 3, ..options(&servers, "a") }).expect("it starts")];
    add(&mut nodes, 10);
    // One that is taken with the default of one replica.
    snapshot(&options(&servers, "s"), adder, emit).expect("it is taken");
    assert_eq!(servers.replicas(STORE.0), 3);
    servers.delete(STORE.0);
    servers.store("sums-snapshots");
    let error = snapshot(&options(&servers, "s"), adder, emit).expect_err("one server may be lost");
    let text = "1 server(s) store the stream `OBJ_sums-snapshots` instead of 3: give it more replicas, such as with `nats \
                stream edit`, or set `replicas` to 1";
    assert_eq!(error.to_string(), text);
}
