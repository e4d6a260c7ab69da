//! Worlds and resources in places where they do not belong.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, LengthPrefixed, Lines, Opened};
use nexus_rt::{MioDriver, MioInstaller, PipelineStart, ResMut, World, WorldBuilder};

use super::{Log, Net, Peer, Rig, State};

/// Exchanges the connections of two worlds.
fn swap(world: &mut World, other: &Mutex<World>) {
    mem::swap(&mut *world.resource_mut::<Net>(), &mut *other.lock().unwrap().resource_mut::<Net>());
}

impl Rig {
    /// Runs a frame of a peer that exchanges the connections for those of another world.
    fn exchange(&mut self, peer: &mut Peer, other: &Arc<Mutex<World>>) {
        let there = other.clone();
        let exchange = move |_: &mut Client<State>, world: &mut World, _: &[u8]| swap(world, &there);
        let reg = self.world.registry();
        let exchange = PipelineStart::<&[u8]>::borrowed().with_context().then(exchange, reg).build().boxed();
        let usual = mem::replace(&mut self.chain, exchange);
        peer.send("anything\n");
        self.until("it is gone", |rig| rig.net().is_empty());
        self.chain = usual;
    }
}

#[test]
fn a_poll_on_another_world_is_refused() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let refused = catch_unwind(AssertUnwindSafe(|| one.net.poll(&mut other.world, 1, &mut one.chain)));
    assert!(refused.is_err());
}

#[test]
fn connections_whose_resource_is_away_wait_for_it() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let (_, address) = one.listen();
    let (mut peer, id) = one.peer(&address, "a");
    mem::swap(&mut *one.world.resource_mut::<Net>(), &mut *other.world.resource_mut::<Net>());
    peer.send("log waits\n");
    (0..20).for_each(|_| assert_eq!(one.turn() + other.turn(), 0));
    assert!(!one.net().send(id, b"x") && one.net().client(id).is_none());
    mem::swap(&mut *one.world.resource_mut::<Net>(), &mut *other.world.resource_mut::<Net>());
    one.until_logged("a says waits");
}

#[test]
fn events_of_a_mio_driver_that_is_away_wait_for_it() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let (_, address) = one.listen();
    let (mut peer, _) = one.peer(&address, "a");
    let swap = |one: &mut Rig, other: &mut Rig| {
        mem::swap(&mut *one.world.resource_mut::<MioDriver>(), &mut *other.world.resource_mut::<MioDriver>());
    };
    swap(&mut one, &mut other);
    peer.send("log waits\n");
    (0..20).for_each(|_| assert_eq!(one.turn() + other.turn(), 0));
    swap(&mut one, &mut other);
    one.until_logged("a says waits");
}

/// A handler that exchanges the resource on a frame: the connection ends, its context is kept, and all else goes on.
#[test]
fn a_frame_that_exchanges_the_resource_ends_its_connection() {
    let (mut rig, other) = (Rig::new(), Arc::new(Mutex::new(Rig::new().world)));
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    rig.exchange(&mut one, &other);
    assert_eq!(rig.net().stats().frames, 0, "it has run none");
    two.send("log still here\n");
    (0..5).for_each(|_| assert_eq!(rig.turn(), 0));
    swap(&mut rig.world, &other);
    rig.until_logged("two says still here");
    rig.until_logged("one ended: its resource was exchanged");
    assert_eq!((rig.net().stats().ended.displaced, rig.net().stats().ended.panicked), (1, 0));
}

#[test]
fn a_loop_does_not_sleep_on_what_is_sent_after_an_exchange() {
    let (mut rig, other) = (Rig::new(), Arc::new(Mutex::new(Rig::new().world)));
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, id) = rig.peer(&address, "two");
    rig.exchange(&mut one, &other);
    rig.rests();
    swap(&mut rig.world, &other);
    assert!(rig.net().send(id, b"x"));
    // It would sleep for ever.
    rig.io.poll(&mut rig.world, None).unwrap();
    rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain);
    assert_eq!(rig.has_logged("one ended: its resource was exchanged"), 1);
    rig.expect(&mut two, "x");
}

/// The second of three that are new exchanges the resource.
#[test]
fn a_handler_of_the_new_that_exchanges_the_resource_ends_the_poll() {
    let (mut rig, other) = (Rig::new(), Arc::new(Mutex::new(Rig::new().world)));
    let (_, address) = rig.listen();
    let peers = [(); 3].map(|()| Peer::connect(&address));
    let (there, mut new) = (other.clone(), 0);
    let exchange = move |_: &mut Client<State>, world: &mut World, _: Opened| {
        new += 1;
        if new == 2 {
            swap(world, &there);
        }
    };
    rig.net.on_opened(PipelineStart::<Opened>::new().with_context().then(exchange, rig.world.registry()).build());
    // Both that opened have used the budget.
    assert_eq!(rig.budget(9), 2);
    swap(&mut rig.world, &other);
    assert_eq!(rig.budget(9), 2, "the end of the second, and the third");
    assert_eq!((rig.net().stats().accepted, rig.net().stats().ended.displaced, rig.net().len()), (3, 1, 2));
    drop(peers);
}

#[test]
fn two_drivers_of_one_world_have_a_framing_each() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut lines = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).unwrap());
    struct Binary;
    let binary = ConnectionsInstaller::<(), _>::new(&io, LengthPrefixed::u32(100)).unwrap().tagged::<Binary>();
    let mut binary = builder.install_driver(binary);
    builder.register(Log::new());
    let any: Address = "127.0.0.1:0".parse().unwrap();
    let net = builder.resource_mut::<Connections<()>>();
    let listener = net.listen(any.clone()).unwrap();
    let mut one = Peer::connect(&net.address(listener).unwrap());
    let net = builder.resource_mut::<Connections<(), Binary>>();
    let listener = net.listen(any).unwrap();
    let mut two = Peer::connect(&net.address(listener).unwrap());
    let mut world = builder.build();
    let note = |_: &mut Client<()>, mut log: ResMut<Log>, frame: &[u8]| log.push(str::from_utf8(frame).unwrap().into());
    let mut chain =
        PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>().then(note, world.registry()).build();
    one.send("a line\n");
    two.send("\0\0\0\x08a record");
    while world.resource::<Log>().len() < 2 {
        io.poll(&mut world, None).unwrap();
        lines.poll(&mut world, usize::MAX, &mut chain);
        binary.poll(&mut world, usize::MAX, &mut chain);
    }
    world.resource_mut::<Log>().sort();
    assert_eq!(*world.resource::<Log>(), ["a line", "a record"]);
}

#[test]
fn ids_are_names_and_not_places() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (one, first) = rig.peer(&address, "one");
    drop(one);
    rig.until("it is gone", |rig| rig.net().is_empty());
    let (_two, second) = rig.peer(&address, "two");
    assert_ne!(first, second);
    assert!(!rig.net().contains(first) && rig.net().client_mut(first).is_none());
    assert!(!rig.net().close(first, "gone") && rig.net().contains(second));
    assert!(rig.net().address(first).is_none() && !rig.net().stop_listening(second));
}
