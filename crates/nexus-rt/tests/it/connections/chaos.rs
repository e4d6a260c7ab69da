//! Handlers that do anything to any connection, at any time, and what holds all the same.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nexus_rt::connections::{Address, Client, ConnectionId, Ended, LineTooLong, Opened, Retry};
use nexus_rt::{Clock, PipelineStart, World};

use super::dials::{named, nowhere};
use super::random::Random;
use super::{LONG, Net, Peer, Rig, State};

/// What handlers share.
struct Shared {
    random: Random,
    /// Where they connect to.
    addresses: Vec<Address>,
    /// How often each connection has opened, run a frame, and ended.
    seen: HashMap<ConnectionId, [u32; 3]>,
}

type All = Arc<Mutex<Shared>>;

/// Does anything, on the event of this number: see [`Shared::seen`].
fn anything(all: &All, client: &mut Client<State>, world: &mut World, event: usize) {
    let mut all = all.lock().unwrap();
    let seen = all.seen.entry(client.id()).or_default();
    seen[event] += 1;
    assert!(event == 2 || seen[2] == 0, "an event after the last");
    let (what, some, length) = (all.random.below(30), all.random.below(1 << 20), all.random.below(300_000));
    let address = all.random.of(&[0, 1, 2]);
    let address = all.addresses[address].clone();
    drop(all);
    let now = world.resource::<Clock>().now();
    let mut net = world.resource_mut::<Net>();
    let ids: Vec<_> = net.ids().collect();
    let id = ids[some % ids.len()];
    match what {
        0 => {
            let mut retry = Retry::once();
            retry.attempts = 1 + (some % 3) as u32;
            _ = net.connect(address, named("again"), retry);
        }
        1 => _ = net.close(id, "by another"),
        2 => _ = net.send(id, &vec![b'y'; length]),
        3 => client.out().extend(std::iter::repeat_n(b'z', length)),
        4 => client.pause(),
        5 if let Some(other) = net.client_mut(id) => {
            other.resume();
            other.charge(length % 100);
        }
        6 => client.close("by itself"),
        7 => client.finish(),
        8 if length % 16 == 0 => net.drain(now + Duration::from_millis(length as u64 % 5_000)),
        9 => (net.limits_mut().connections, net.limits_mut().pause) = (some % 30, length % 1_000),
        10 if let Some(other) = net.client_mut(id) => other.pause(),
        11 if let Some(other) = net.client_mut(id) => other.finish(),
        12 => panic!("as it was told"),
        _ => client.send(b"a reply"),
    }
}

fn rig(random: &mut Random, all: &All) -> Rig {
    let mut rig = Rig::with(|limits| {
        limits.connections = random.below(20);
        (limits.frames, limits.pause) = (random.below(4), random.of(&[0, 1_000, 1 << 20]));
        (limits.unsent, limits.memory) = (random.of(&[1_000, 1 << 20]), random.of(&[10_000, 1 << 20, 1 << 30]));
        limits.silent = random.of(&[None, Some(Duration::from_secs(1))]);
        limits.stalled = random.of(&[Duration::ZERO, Duration::from_secs(2)]);
        limits.refusal = random.of(&[None, Some(&b"full"[..])]).map(Into::into);
    });
    let reg = rig.world.registry();
    let shared = all.clone();
    let act = move |client: &mut Client<State>, world: &mut World, _: &[u8]| anything(&shared, client, world, 1);
    rig.chain = PipelineStart::<&[u8]>::borrowed().with_context().then(act, reg).build().boxed();
    let shared = all.clone();
    let act = move |client: &mut Client<State>, world: &mut World, _: Opened| anything(&shared, client, world, 0);
    rig.net.on_opened(PipelineStart::<Opened>::new().with_context().then(act, reg).build());
    let shared = all.clone();
    let act = move |client: &mut Client<State>, world: &mut World, _: Ended<LineTooLong>| {
        anything(&shared, client, world, 2);
    };
    rig.net.on_ended(PipelineStart::<Ended<LineTooLong>>::new().with_context().then(act, reg).build());
    rig
}

/// A peer, unless a drain has begun.
fn connect(address: &Address) -> Option<Peer> {
    let Address::Ip(address) = address else { return None };
    TcpStream::connect(address).ok().map(Peer::of)
}

fn turn(rig: &mut Rig, budget: usize) {
    let turn = AssertUnwindSafe(|| {
        rig.io.poll(&mut rig.world, Some(Duration::ZERO)).unwrap();
        rig.net.poll(&mut rig.world, budget, &mut rig.chain);
    });
    if let Err(panic) = catch_unwind(turn) {
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as it was told"));
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = vec![nowhere(), elsewhere.local_addr().unwrap().into()];
    let shared = Shared { random: Random(!seed), addresses, seen: HashMap::new() };
    let all = Arc::new(Mutex::new(shared));
    let mut rig = rig(&mut random, &all);
    let (_, address) = rig.listen();
    all.lock().unwrap().addresses.push(address.clone());
    let mut peers = Vec::new();
    for _ in 0..random.below(120) {
        match random.below(8) {
            0 | 1 => peers.extend(connect(&address)),
            2 if !peers.is_empty() => drop(peers.swap_remove(random.below(peers.len()))),
            3..=5 if !peers.is_empty() => {
                let peer = random.below(peers.len());
                let lines = "a line\nanother\nand a part".repeat(random.below(20));
                _ = peers[peer].socket.write(lines.as_bytes());
            }
            6 if !peers.is_empty() => {
                let peer = random.below(peers.len());
                _ = peers[peer].receive();
            }
            _ => _ = rig.time.advance(Duration::from_millis(random.below(1_000) as u64)),
        }
        turn(&mut rig, random.of(&[0, 1, 2, usize::MAX, usize::MAX]));
    }
    let deadline = rig.world.resource::<Clock>().now() + Duration::from_secs(random.below(3) as u64);
    rig.net().drain(deadline);
    let started = Instant::now();
    while !rig.net().is_empty() {
        turn(&mut rig, random.of(&[1, usize::MAX]));
        rig.time.advance(Duration::from_millis(100));
        assert!(started.elapsed() < LONG / 4, "seed {seed} does not end: {:?}", rig.net());
    }
    let stats = *rig.net().stats();
    let seen = &all.lock().unwrap().seen;
    for (id, [opened, frames, ended]) in seen {
        assert!(*ended == 1 && (*opened == 1 || *opened == 0 && *frames == 0), "seed {seed}: {id:?} {opened} {ended}");
    }
    let opened = seen.values().filter(|[opened, ..]| *opened == 1).count() as u64;
    assert_eq!((stats.memory, opened), (0, stats.accepted + stats.connected), "seed {seed}: {stats:?}");
}

#[test]
fn each_connection_ends_once_whatever_handlers_do() {
    (0..60).for_each(run);
}
