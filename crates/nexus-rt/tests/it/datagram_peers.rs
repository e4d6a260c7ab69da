//! Sockets that others sent to before they had their peer.

use nexus_rt::ResMut;

use crate::datagrams::{Named, Net, Sockets, chain, note, peer, received};
use crate::support::Log;

/// The OS only holds back what comes after the peer was set.
#[test]
fn what_others_sent_before_a_socket_had_its_peer_is_not_run() {
    let mut net = Net::new(|net| net);
    let (id, address) = net.bind("");
    let mut chain = chain!(net, |socket: &mut Named, mut sockets: ResMut<Sockets>, log: ResMut<Log>, text: &[u8]| {
        sockets.set_peer(socket.id(), socket.from()).unwrap();
        socket.reply(text).unwrap();
        note(socket, log, text);
    });
    let (friend, stranger) = (peer(), peer());
    friend.send_to(b"a", address).unwrap();
    stranger.send_to(b"b", address).unwrap();
    friend.send_to(b"c", address).unwrap();
    net.run(2, &mut chain);
    assert_eq!((net.logged(), received(&friend), received(&friend)), (":a :c".to_owned(), "a".into(), "c".into()));

    // One that was connected elsewhere.
    let socket = peer();
    stranger.send_to(b"d", socket.local_addr().unwrap()).unwrap();
    friend.send_to(b"e", socket.local_addr().unwrap()).unwrap();
    socket.connect(friend.local_addr().unwrap()).unwrap();
    net.sockets().add(socket, "").unwrap();
    net.run(1, &mut chain);
    assert_eq!((net.logged(), received(&friend)), (":e".to_owned(), "e".to_owned()));

    // The peer of before is a stranger too.
    friend.send_to(b"f", address).unwrap();
    net.until_waiting(id);
    net.sockets().set_peer(id, stranger.local_addr().unwrap()).unwrap();
    stranger.send_to(b"g", address).unwrap();
    net.run(1, &mut chain);
    assert_eq!((net.logged(), received(&stranger)), (":g".to_owned(), "g".to_owned()));
    // One that the program connects itself has the peer that it then has.
    net.sockets().udp(id).unwrap().connect(friend.local_addr().unwrap()).unwrap();
    friend.send_to(b"h", address).unwrap();
    net.run(1, &mut chain);
    assert_eq!((net.logged(), received(&friend)), (":h".to_owned(), "h".to_owned()));
    let stats = net.sockets().stats();
    assert_eq!((stats.received, stats.sent, stats.errors), (5, 5, 0));
}
