//! Unix datagrams, which have come as soon as they are sent, so that a test knows what a poll will find.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::io;
use std::ops::Deref;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use nexus_rt::connections::Address;
use nexus_rt::datagrams::SocketId;
use nexus_rt::{Res, ResMut};

use crate::datagram_rig::path;
use crate::datagrams::{Named, Net, Sockets, chain, note};
use crate::socket_rig::LONG;
use crate::support::{Log, panic_of};

/// A socket of somebody else. Its file goes with it.
struct Peer {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Peer {
    fn new() -> Self {
        let path = path();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(LONG).unwrap();
        Self { socket, path }
    }

    fn address(&self) -> Address {
        self.path.clone().into()
    }
}

impl Deref for Peer {
    type Target = UnixDatagram;

    fn deref(&self) -> &UnixDatagram {
        &self.socket
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.path);
    }
}

/// A socket of the driver, and one that sends to it and can be answered.
fn opened(net: &mut Net, name: &'static str) -> (SocketId, Peer) {
    let (path, peer) = (path(), Peer::new());
    let id = net.sockets().bind(path.as_path(), name).unwrap();
    peer.connect(path).unwrap();
    (id, peer)
}

fn send<const N: usize>(peer: &UnixDatagram, texts: [&str; N]) {
    for text in texts {
        peer.send(text.as_bytes()).unwrap();
    }
}

#[test]
fn datagrams_keep_the_rules_of_drivers() {
    nexus_rt::testing::check_driver::<crate::datagram_rig::DatagramRig>();
}

#[test]
fn a_unix_socket_answers_whoever_has_a_name() {
    let mut net = Net::new(|net| net);
    let mut echo = chain!(net, |socket: &mut Named, mut log: ResMut<Log>, datagram: &[u8]| {
        let replied = socket.reply(datagram).map_err(|error| error.kind());
        log.push(format!("{} {replied:?}", socket.from()));
    });
    let path = path();
    let id = net.sockets().bind(path.as_path(), "echo").unwrap();
    assert_eq!(net.sockets().address(id), Some(path.as_path().into()));
    let peer = Peer::new();
    peer.send_to(b"hello", &path).unwrap();
    UnixDatagram::unbound().unwrap().send_to(b"nobody", &path).unwrap();
    net.run(2, &mut echo);
    let mut room = [0; 10];
    assert_eq!((peer.recv(&mut room).unwrap(), &room[..5]), (5, &b"hello"[..]));
    assert_eq!(net.logged(), format!("{} Ok(()) unix: Err(AddrNotAvailable)", peer.address()));
    assert!(net.sockets().udp(id).is_none() && path.exists());
    assert!(net.sockets().close(id) && !path.exists());
}

#[test]
fn a_socket_whose_datagram_runs_sends_to_others() {
    let mut net = Net::new(|net| net);
    let (one, other) = (Peer::new(), Peer::new());
    let addresses = [one.address(), other.address()];
    let mut forward = chain!(net, move |socket: &mut Named, datagram: &[u8]| {
        addresses.iter().for_each(|address| socket.send_to(address, datagram).unwrap());
    });
    assert!(net.sockets().is_empty());
    let (id, peer) = opened(&mut net, "forwards");
    assert!(!net.sockets().is_empty());
    send(&peer, ["to both"]);
    net.run(1, &mut forward);
    for peer in [one, other] {
        let mut room = [0; 10];
        assert_eq!((peer.recv(&mut room).unwrap(), &room[..7]), (7, &b"to both"[..]));
    }
    assert_eq!(net.sockets().socket(id).unwrap().stats().sent, 2);
}

#[test]
fn what_does_not_fit_is_dropped_and_told() {
    let mut net = Net::new(|net| net);
    let peer = Peer::new();
    let sender = net.sockets().sender(peer.address(), "").unwrap();
    let mut sent = 0_u64;
    let error = loop {
        match net.sockets().send(sender, &sent.to_be_bytes()) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    let stats = net.sockets().stats();
    assert_eq!((error.kind(), stats.sent, stats.dropped), (io::ErrorKind::WouldBlock, sent, 1));
    let mut room = [0; 8];
    for number in 0..sent {
        peer.recv(&mut room).unwrap();
        assert_eq!(u64::from_be_bytes(room), number);
    }
    net.sockets().send(sender, b"there is room").unwrap();
}

#[test]
fn a_file_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
    let mut net = Net::new(|net| net);
    let path = path();
    let killed = UnixDatagram::bind(&path).unwrap();
    assert_eq!(net.sockets().bind(path.as_path(), "").unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(killed);
    let id = net.sockets().bind(path.as_path(), "").unwrap();
    assert!(net.sockets().close(id) && !path.exists());
}

#[test]
fn kinds_of_addresses_are_not_mixed() {
    let mut net = Net::new(|net| net);
    let (id, address) = net.bind("");
    let peer = Peer::new();
    let path = peer.address();
    let unix = net.sockets().sender(path.clone(), "").unwrap();
    assert_eq!(net.sockets().address(unix), Some(std::path::Path::new("").into()));
    let mut sockets = net.sockets();
    let errors = [
        sockets.send_to(id, &path, b"x"),
        sockets.set_peer(id, path.clone()),
        sockets.send_to(unix, &address.into(), b"x"),
        sockets.set_peer(unix, address),
    ];
    for error in errors {
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn a_unix_socket_with_a_name_and_a_peer_is_answered() {
    let mut net = Net::new(|net| net);
    let mut chain = chain!(net, note);
    let peer = Peer::new();
    let own = path();
    let id = net.sockets().bind(own.as_path(), "a").unwrap();
    net.sockets().set_peer(id, peer.address()).unwrap();
    net.sockets().send(id, b"question").unwrap();
    let (length, from) = peer.recv_from(&mut [0; 10]).unwrap();
    assert_eq!((length, from.as_pathname()), (8, Some(own.as_path())));
    peer.send_to(b"answer", &own).unwrap();
    net.run(1, &mut chain);
    assert_eq!(net.logged(), "a:answer");
}

#[test]
fn what_others_sent_before_a_unix_socket_had_its_peer_is_not_run() {
    let mut net = Net::new(|net| net);
    let own = path();
    let id = net.sockets().bind(own.as_path(), "").unwrap();
    let [friend, stranger] = [(); 2].map(|()| Peer::new());
    let nameless = UnixDatagram::unbound().unwrap();
    let mut chain = chain!(net, |socket: &mut Named, mut sockets: ResMut<Sockets>, log: ResMut<Log>, text: &[u8]| {
        sockets.set_peer(socket.id(), socket.from()).unwrap();
        socket.reply(text).unwrap();
        note(socket, log, text);
    });
    friend.send_to(b"a", &own).unwrap();
    stranger.send_to(b"b", &own).unwrap();
    nameless.send_to(b"c", &own).unwrap();
    friend.send_to(b"d", &own).unwrap();
    assert_eq!((net.turn(100, &mut chain), net.logged()), (2, ":a :d".to_owned()));
    for text in [b"a", b"d"] {
        let mut room = [0];
        assert_eq!((friend.recv(&mut room).unwrap(), &room), (1, text));
    }
    assert_eq!(net.sockets().socket(id).unwrap().stats().received, 2);
}

/// Linux forgets a peer that it finds closed, and lets others through from then on.
#[test]
#[cfg(target_os = "linux")]
fn what_others_send_after_the_peer_is_gone_is_not_run() {
    // It may have sent something or nothing.
    for (sends, all) in [(0, ""), (1, ":a")] {
        let mut net = Net::new(|net| net);
        let own = path();
        let id = net.sockets().bind(own.as_path(), "").unwrap();
        let [friend, stranger] = [(); 2].map(|()| Peer::new());
        net.sockets().set_peer(id, friend.address()).unwrap();
        let mut chain = chain!(net, note);
        (0..sends).for_each(|_| _ = friend.send_to(b"a", &own).unwrap());
        if sends > 0 {
            net.run(sends, &mut chain);
        }
        drop(friend);
        assert_eq!(net.sockets().send(id, b"late").unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        // Nor if the program tries to have it back.
        net.sockets().set_peer(id, path().as_path()).unwrap_err();
        stranger.send_to(b"b", &own).unwrap();
        assert_eq!((net.turn(100, &mut chain), net.logged()), (0, all.to_owned()));
    }
}

/// Linux lets a socket with a peer send to others.
#[test]
#[cfg(target_os = "linux")]
fn a_reply_goes_to_the_sender_even_if_the_chain_has_set_another_peer() {
    let mut net = Net::new(|net| net);
    let (_, sender) = opened(&mut net, "");
    let (named, other) = (Peer::new(), Peer::new());
    let (to, address) = (sender.peer_addr().unwrap(), other.address());
    let mut chain = chain!(net, move |socket: &mut Named, mut sockets: ResMut<Sockets>, text: &[u8]| {
        sockets.set_peer(socket.id(), address.clone()).unwrap();
        socket.reply(text).unwrap();
        socket.send(b"other").unwrap();
    });
    named.send_to(b"named", to.as_pathname().unwrap()).unwrap();
    net.run(1, &mut chain);
    for peer in [named, other] {
        assert_eq!(peer.recv(&mut [0; 10]).unwrap(), 5);
    }
}

#[test]
fn a_budget_leaves_the_rest_for_the_next_poll() {
    let mut net = Net::new(|net| net);
    let (_, peer) = opened(&mut net, "a");
    let mut chain = chain!(net, note);
    send(&peer, ["1", "2", "3"]);
    assert_eq!((net.turn(0, &mut chain), net.is_rung()), (0, true));
    assert_eq!((net.turn(2, &mut chain), net.is_rung(), net.logged()), (2, true, "a:1 a:2".to_owned()));
    net.run(1, &mut chain);
    assert_eq!((net.turn(2, &mut chain), net.is_rung(), net.logged()), (0, false, "a:3".to_owned()));
}

#[test]
fn a_socket_that_has_much_to_read_does_not_hold_up_others() {
    let mut net = Net::new(|net| net.per_turn(2));
    let all = ["a", "b"].map(|name| opened(&mut net, name));
    let mut chain = chain!(net, note);
    for (_, peer) in &all {
        send(peer, ["1", "2", "3"]);
    }
    assert_eq!((net.turn(100, &mut chain), net.is_rung()), (4, true));
    net.run(2, &mut chain);
    assert_eq!(net.logged(), "a:1 a:2 b:1 b:2 a:3 b:3");
}

#[test]
fn small_budgets_do_not_lengthen_the_turn_of_a_socket() {
    for (per_turn, ran) in [(1, "a:1 b:1 a:2 a:3 a:4"), (2, "a:1 a:2 b:1 a:3 a:4"), (9, "a:1 a:2 a:3 a:4 b:1")] {
        let mut net = Net::new(|net| net.per_turn(per_turn));
        let [(_, busy), (_, other)] = ["a", "b"].map(|name| opened(&mut net, name));
        let mut chain = chain!(net, note);
        send(&busy, ["1", "2", "3", "4"]);
        send(&other, ["1"]);
        for _ in 0..5 {
            assert_eq!(net.turn(1, &mut chain), 1);
        }
        assert_eq!(net.logged(), ran);
    }
}

#[test]
fn a_socket_closes_itself_and_others() {
    let mut net = Net::new(|net| net);
    let all = ["closes itself", "is closed by its id", "closes the last", "last"].map(|name| opened(&mut net, name));
    net.world.resource_mut::<Vec<SocketId>>().extend(all.iter().map(|(id, _)| *id));
    let mut chain = chain!(net, |socket: &mut Named,
                                 mut sockets: ResMut<Sockets>,
                                 ids: Res<Vec<SocketId>>,
                                 mut log: ResMut<Log>,
                                 _: &[u8]| {
        log.push(socket.state.to_owned());
        match socket.state {
            "closes itself" => socket.close(),
            "is closed by its id" => {
                assert!(sockets.close(socket.id()) && !sockets.close(socket.id()));
                assert!(!sockets.contains(socket.id()) && socket.reply(b"still open").is_ok());
            }
            _ => assert!(sockets.close(ids[3])),
        }
    });
    for (id, peer) in &all {
        send(peer, ["1", "2"]);
        assert!(net.sockets().contains(*id));
    }
    // The second datagram of the third closes nothing, and that is an error of its chain.
    assert!(panic_of(|| net.turn(100, &mut chain)).contains("sockets.close"));
    assert_eq!(net.logged(), "closes itself, is closed by its id, closes the last, closes the last".replace(", ", " "));
    assert!(net.is_rung());
    assert_eq!((net.turn(100, &mut chain), net.sockets().len()), (0, 0));
    assert_eq!((all[1].1.recv(&mut [0; 10]).unwrap(), net.sockets().stats().panicked), (10, 1));
}

#[test]
fn a_panic_loses_its_own_socket_and_no_other_datagram() {
    let mut net = Net::new(|net| net);
    let all = ["a", "faulty", "b"].map(|name| opened(&mut net, name));
    let mut chain = chain!(net, |socket: &mut Named, log: ResMut<Log>, datagram: &[u8]| {
        note(socket, log, datagram);
        assert_ne!(socket.state, "faulty");
    });
    for (_, peer) in &all {
        send(peer, ["1", "2"]);
    }
    assert!(panic_of(|| net.turn(100, &mut chain)).contains("faulty"));
    assert!(net.is_rung(), "the loop would sleep");
    assert_eq!((net.turn(100, &mut chain), net.logged()), (2, "a:1 a:2 faulty:1 b:1 b:2".to_owned()));
    let sockets = net.sockets();
    assert_eq!((sockets.len(), sockets.contains(all[1].0), sockets.stats().panicked), (2, false, 1));
}
