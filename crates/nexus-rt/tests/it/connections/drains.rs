//! How connections end with the program.

use std::time::Duration;

use nexus_rt::Clock;

use super::{Peer, Rig};

impl Rig {
    pub(super) fn drain(&mut self, most: Duration) {
        let deadline = self.world.resource::<Clock>().now() + most;
        self.net().drain(deadline);
    }
}

#[test]
fn what_had_come_is_answered_and_what_comes_later_is_not() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let mut peers: Vec<_> = (0..10).map(|n| rig.peer(&address, &n.to_string()).0).collect();
    while rig.turn() > 0 {}
    peers.iter_mut().for_each(|peer| peer.send(&"echo x\n".repeat(1_000)));
    // One that has come and was not let in yet.
    let mut late = Peer::connect(&address);
    late.send("name late\necho welcome\n");
    rig.drain(Duration::from_secs(60));
    peers.iter_mut().for_each(|peer| peer.send("log never\n"));
    rig.until("all are told", |_| {
        peers.iter_mut().chain([&mut late]).all(|peer| {
            peer.receive();
            peer.over
        })
    });
    for peer in &peers {
        assert_eq!(peer.received, "x".repeat(1_000) + "farewell");
    }
    assert_eq!(late.received, "welcomefarewell");
    assert!(!rig.log().iter().any(|line| line.ends_with("never")), "{:?}", rig.log());
    drop((peers, late));
    rig.until("all are gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().ended.drained, 11);
}

#[test]
fn at_the_deadline_what_is_left_is_cut_off_and_told() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send(&"big 900000\n".repeat(20));
    rig.until("it waits", |rig| rig.net().client(id).unwrap().unsent() > 1_000_000);
    rig.drain(Duration::from_secs(2));
    (0..20).for_each(|_| _ = rig.turn());
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(3));
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.log().iter().filter(|line| line.starts_with("a ended")).count(), 1);
}

/// A drain with a peer that reads and one that does not.
fn drains_with_a_slow_one() -> (Rig, Peer, Peer) {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (good, _) = rig.peer(&address, "good");
    let (mut slow, _) = rig.peer(&address, "slow");
    slow.send(&"big 900000\n".repeat(20));
    rig.rests();
    rig.drain(Duration::from_secs(5));
    rig.rests();
    (rig, good, slow)
}

#[test]
fn one_that_does_not_read_holds_up_no_others() {
    let (mut rig, mut good, mut slow) = drains_with_a_slow_one();
    assert_eq!(good.receive(), "farewell");
    assert!(good.over && rig.has_logged("slow ended: the program ends") == 0);
    drop(good);
    // All that it has asked for is answered once it reads.
    let mut received = 0;
    rig.until("all has come", |_| {
        received += slow.receive().len();
        slow.received.clear();
        slow.over
    });
    assert_eq!(received, 20 * 900_000 + "farewell".len());
    drop(slow);
    rig.until("all are gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().ended.drained, 2);
}

#[test]
fn at_the_deadline_only_one_that_does_not_read_is_cut_off() {
    let (mut rig, mut good, _slow) = drains_with_a_slow_one();
    rig.time.advance(Duration::from_secs(6));
    rig.until("both are gone", |rig| rig.net().is_empty());
    assert_eq!(good.receive(), "farewell");
    assert_eq!((rig.net().stats().ended.drained, rig.net().stats().ended.cut_off), (1, 1));
}

#[test]
fn one_that_is_owed_replies_gets_them_and_holds_up_no_others() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut owed, id) = rig.peer(&address, "owed");
    let (mut other, _) = rig.peer(&address, "other");
    owed.send("owe\n");
    rig.rests();
    rig.drain(Duration::from_secs(5));
    rig.rests();
    assert_eq!((other.receive(), rig.has_logged("owed ended: the program ends")), ("farewell", 0));
    let mut net = rig.net();
    net.client_mut(id).unwrap().owe(false);
    assert!(net.send(id, b"reply"));
    rig.until_logged("owed ended: the program ends");
    assert_eq!(owed.receive(), "replyfarewell");
}

#[test]
fn one_that_is_owed_replies_and_resets_is_lost() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("owe\n");
    assert!(rig.net().send(id, b"unread"));
    rig.rests();
    rig.drain(Duration::from_secs(60));
    rig.rests();
    drop(peer);
    rig.until_logged("a lost");
}

#[test]
fn a_listener_that_the_program_has_too_is_let_go() {
    let mut rig = Rig::new();
    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for _ in 0..3 {
        let id = rig.net().listen_on(own.try_clone().unwrap()).unwrap();
        assert!(rig.net().stop_listening(id));
    }
    // Its clients do not wake this loop.
    let _client = std::net::TcpStream::connect(own.local_addr().unwrap()).unwrap();
    rig.rests();
    assert_eq!(rig.net().stats().accepted, 0);
    own.accept().unwrap();
}

#[test]
fn a_program_without_connections_has_drained_at_once() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    rig.drain(Duration::from_secs(1));
    assert!(rig.net().is_empty());
    let nexus_rt::connections::Address::Ip(address) = address else { unreachable!() };
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_connection_that_was_closed_keeps_its_reason() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    rig.net().send(id, b"bye");
    rig.net().close(id, "its time was over");
    rig.drain(Duration::from_secs(60));
    rig.until_logged("a ended: its time was over");
    rig.expect(&mut peer, "byefarewell");
    assert_eq!((rig.net().stats().ended.closed, rig.net().stats().ended.drained), (1, 0));
}

#[test]
fn another_drain_moves_the_deadline() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("owe\nlog owed\n");
    rig.until_logged("a says owed");
    rig.drain(Duration::from_secs(5));
    rig.rests();
    rig.drain(Duration::from_secs(30));
    rig.time.advance(Duration::from_secs(20));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(10));
    rig.until("it is cut off", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().ended.cut_off, 1);
}
