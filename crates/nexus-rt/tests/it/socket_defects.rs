//! Attacks on the mio driver, each named after the defect it must not find here.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::event::Source;
use nexus_rt::mio::net::{TcpStream, UdpSocket};
use nexus_rt::mio::{Interest, Registry, Token};
use nexus_rt::{Describe, Handler, IntoCallback, IntoHandler, MioDriver, Res, ResMut, World};

use crate::socket_rig::{LONG, Rig, is_closed};
use crate::support::{Log, notices_replacement, panic_of};

#[test]
fn a_stale_token_does_not_act_on_a_stranger() {
    let mut rig = Rig::new();
    let (old, _old_client) = rig.reader("old");
    assert!(rig.io().close(old));
    let (new, mut client) = rig.reader("new");
    let mut other = Rig::new();
    let (foreign, _foreign_client) = other.reader("foreign");
    for token in [old, foreign] {
        let mut io = rig.io();
        assert!(!io.contains(token) && !io.close(token) && io.remove(token).is_none());
        assert!(io.source::<TcpStream>(token).is_none() && io.get_mut(token).is_none());
        assert_eq!(io.reregister(token, Interest::WRITABLE).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
    client.write_all(b"x").unwrap();
    rig.run(1);
    assert_eq!((rig.logged().as_str(), rig.io().contains(new)), ("new:x", true));
    assert_ne!(Token::from(old), Token::from(new));
}

#[test]
fn a_panic_loses_nobody_elses_event() {
    let mut rig = Rig::new();
    let alive = Arc::new(());
    let held = alive.clone();
    let panics = move |_: MioEvent| panic!("on purpose, {}", Arc::strong_count(&held));
    let (failing, mut failing_client) = rig.serve(Box::new(panics.into_handler(rig.world.registry())));
    let mut readers: Vec<_> = ["a", "b", "c"].map(|name| rig.reader(name)).into();
    failing_client.write_all(b"!").unwrap();
    readers.iter_mut().for_each(|(_, client)| client.write_all(b"x").unwrap());
    rig.until_readable(failing);
    readers.iter().for_each(|(token, _)| rig.until_readable(*token));
    let (poller, world) = (&mut rig.poller, &mut rig.world);
    assert!(catch_unwind(AssertUnwindSafe(|| poller.poll(world, LONG))).is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
    let before = rig.world.resource::<Log>().len();
    rig.run(3 - before);
    assert_eq!(rig.logged(), "a:x b:x c:x");
    assert!(is_closed(&mut failing_client));
    assert_eq!((rig.io().panicked(), rig.io().contains(failing), rig.io().len()), (1, false, 3));
}

#[test]
fn a_panic_of_a_handler_that_fires_once_is_counted_too() {
    let mut rig = Rig::new();
    let panics = (|_: MioEvent| panic!("on purpose")).into_handler(rig.world.registry());
    let once = rig.io().insert_once(Box::new(panics));
    let (mut own, mut client) = Rig::pair();
    rig.io().registry().register(&mut own, once.into(), Interest::READABLE).unwrap();
    client.write_all(b"x").unwrap();
    let (poller, world) = (&mut rig.poller, &mut rig.world);
    assert!(catch_unwind(AssertUnwindSafe(|| poller.poll(world, LONG))).is_err());
    // Somebody else in its room is not taken for it.
    let stranger = rig.io().insert(Box::new(NeverRuns));
    assert!(rig.is_quiet());
    assert_eq!((rig.io().panicked(), rig.io().contains(once), rig.io().contains(stranger)), (1, false, true));
}

/// Closes all others, and opens as many new registrations, which take their room.
fn closes_others(mut io: ResMut<MioDriver>, tokens: Res<Vec<MioToken>>, mut log: ResMut<Log>, event: MioEvent) {
    log.push("ran".into());
    for token in tokens.iter().filter(|token| **token != event.token) {
        assert!(io.close(*token));
        let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let stranger = Box::new(NeverRuns);
        io.register(socket, Interest::READABLE, stranger).unwrap();
    }
}

struct NeverRuns;

impl Describe for NeverRuns {}

impl Handler<MioEvent> for NeverRuns {
    fn run(&mut self, _: &mut World, event: MioEvent) {
        panic!("{event:?} is for somebody else");
    }
}

#[test]
fn what_an_earlier_handler_of_the_same_poll_closed_does_not_run() {
    let mut rig = Rig::new();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let handler = Box::new(closes_others.into_handler(rig.world.registry()));
        let (token, client) = rig.serve(handler);
        rig.world.resource_mut::<Vec<MioToken>>().push(token);
        clients.push(client);
    }
    clients.iter_mut().for_each(|client| client.write_all(b"x").unwrap());
    let tokens = rig.world.resource::<Vec<MioToken>>().clone();
    tokens.into_iter().for_each(|token| rig.until_readable(token));
    assert_eq!((rig.poller.poll(&mut rig.world, LONG).unwrap(), rig.logged().as_str()), (1, "ran"));
    assert!(rig.is_quiet());
    assert_eq!(rig.io().len(), 4);
}

#[test]
fn a_poller_is_for_its_own_world() {
    let (mut here, mut other) = (Rig::new(), Rig::new());
    let (_, mut client) = here.reader("here");
    client.write_all(b"x").unwrap();
    let text = panic_of(|| here.poller.poll(&mut other.world, LONG));
    assert!(text.contains("MioDriver"), "{text}");
    here.run(1);
    assert_eq!((here.logged().as_str(), other.logged().as_str()), ("here:x", ""));
}

#[test]
fn a_handler_that_replaces_the_world_is_noticed() {
    struct Replaces;
    impl Describe for Replaces {}
    impl Handler<MioEvent> for Replaces {
        fn run(&mut self, world: &mut World, _: MioEvent) {
            *world = Rig::new().world;
        }
    }
    let mut rig = Rig::new();
    let (_, mut client) = rig.serve(Box::new(Replaces));
    client.write_all(b"x").unwrap();
    notices_replacement("Replaces", || rig.poller.poll(&mut rig.world, LONG));
    assert!(panic_of(|| rig.poller.poll(&mut rig.world, LONG)).contains("MioDriver"));
}

#[test]
fn a_driver_that_was_exchanged_while_its_handler_ran_has_lost_nobody() {
    let (mut here, mut there) = (Rig::new(), Rig::new());
    let (sender, exchanged) = channel();
    let exchange = |(other, sender): &mut (Option<World>, _), here: &mut World, _: MioEvent| {
        let mut there: World = other.take().expect("it runs once");
        std::mem::swap(&mut *here.resource_mut::<MioDriver>(), &mut *there.resource_mut::<MioDriver>());
        let sender: &std::sync::mpsc::Sender<World> = sender;
        sender.send(there).expect("the test waits for it");
    };
    let other = std::mem::replace(&mut there.world, nexus_rt::WorldBuilder::new().build());
    let (token, mut client) = {
        let handler = exchange.into_callback((Some(other), sender), here.world.registry());
        here.serve(Box::new(handler))
    };
    client.write_all(b"x").unwrap();
    here.run(1);
    there.world = exchanged.recv().expect("it was sent");
    assert!(there.is_quiet() && here.is_quiet());
    assert_eq!((here.io().panicked(), there.io().panicked()), (0, 0));
    // Its socket is where its driver went, and open.
    assert!(there.io().contains(token) && there.io().source::<TcpStream>(token).is_some());
    assert!(there.io().close(token) && is_closed(&mut client));
}

/// A source that panics when it is registered, or when that is to be changed.
struct Faulty(TcpStream, &'static str);

impl Source for Faulty {
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        match self.1 {
            "register" => panic!("on purpose"),
            "refuse" => Err(io::Error::other("no")),
            _ => self.0.register(registry, token, interest),
        }
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        panic!("on purpose")
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.0.deregister(registry)?;
        panic!("on purpose")
    }
}

#[test]
fn a_source_that_panics_or_refuses_leaves_nothing_behind() {
    let mut rig = Rig::new();
    for how in ["register", "refuse"] {
        let (own, mut client) = Rig::pair();
        let mut io = rig.io();
        let register = || io.register(Faulty(own, how), Interest::READABLE, Box::new(NeverRuns));
        assert!(catch_unwind(AssertUnwindSafe(register)).map_or(true, |refused| refused.is_err()));
        assert!(io.is_empty() && is_closed(&mut client), "{how}");
    }
    // Changing it panics: it stays as it was. So does its end: it is gone all the same, and closed.
    let (own, mut client) = Rig::pair();
    let mut io = rig.io();
    let token = io.register(Faulty(own, ""), Interest::READABLE, Box::new(NeverRuns)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| io.reregister(token, Interest::WRITABLE))).is_err());
    assert!(io.contains(token) && io.source::<Faulty>(token).is_some());
    assert!(catch_unwind(AssertUnwindSafe(|| io.close(token))).is_err());
    assert!(io.is_empty() && !io.contains(token) && is_closed(&mut client));
    // Others take the room.
    let (token, mut client) = rig.reader("next");
    client.write_all(b"x").unwrap();
    rig.run(1);
    assert_eq!((rig.logged().as_str(), rig.io().contains(token)), ("next:x", true));
}

thread_local! {
    /// A rig that handlers swap drivers with.
    static OTHER: std::cell::RefCell<Option<Rig>> = const { std::cell::RefCell::new(None) };
}

/// Swaps the driver of a world with that of the other rig.
fn swap(world: &mut World) {
    OTHER.with_borrow_mut(|other| {
        let other = other.as_mut().expect("it is put there first");
        std::mem::swap(&mut *world.resource_mut::<MioDriver>(), &mut *other.io());
    });
}

#[test]
fn what_panics_while_its_driver_is_swapped_ends_once_that_is_back() {
    OTHER.set(Some(Rig::new()));
    let mut rig = Rig::new();
    let handler = |world: &mut World, _: MioEvent| {
        swap(world);
        panic!("on purpose");
    };
    let handler = Box::new(handler.into_handler(rig.world.registry()));
    let (token, mut client) = rig.serve(handler);
    client.write_all(b"x").unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| rig.poller.poll(&mut rig.world, LONG))).is_err());
    assert!(rig.is_quiet());
    swap(&mut rig.world);
    assert_eq!((rig.io().contains(token), rig.io().panicked()), (true, 0));
    assert!(rig.is_quiet());
    assert_eq!((rig.io().len(), rig.io().panicked()), (0, 1));
    assert!(is_closed(&mut client));
}

#[test]
fn what_is_ready_while_another_driver_is_in_place_is_served_once_its_own_is_back() {
    OTHER.set(Some(Rig::new()));
    let mut rig = Rig::new();
    let moves = (|world: &mut World, _: MioEvent| swap(world)).into_handler(rig.world.registry());
    let (moving, mut moving_client) = rig.serve(Box::new(moves));
    moving_client.write_all(b"x").unwrap();
    rig.run(1);
    // It comes when its driver is not there: the system will not tell of it again.
    swap(&mut rig.world);
    let (_, mut client) = rig.reader("a");
    swap(&mut rig.world);
    client.write_all(b"y").unwrap();
    assert!(rig.is_quiet() && rig.is_quiet());
    swap(&mut rig.world);
    rig.run(1);
    assert_eq!(rig.logged(), "a:y");
    // The handler that moved the driver away had no place to come back to.
    assert!(!rig.io().contains(moving) && is_closed(&mut moving_client));
}
