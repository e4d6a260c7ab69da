//! What is held: it leaves when it is released, not before, in order, and whatever else happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nexus_rt::connections::{ConnectionId, Retry};

use super::dials::named;
use super::{Peer, Rig};

impl Rig {
    /// A peer whose frames run from now on while this is held.
    pub(super) fn held(&mut self, name: &str, position: u64) -> (Peer, ConnectionId) {
        let (_, address) = self.listen();
        let (peer, id) = self.peer(&address, name);
        self.net().hold(position);
        (peer, id)
    }

    /// Comes to rest, and sees that a peer has received just this since.
    #[track_caller]
    pub(super) fn rests_with(&mut self, peer: &mut Peer, text: &str) {
        self.rests();
        assert_eq!(peer.receive(), text);
        peer.received.clear();
    }

    /// Has what is held leave, and sees that the loop does not sleep on what is left to do.
    pub(super) fn release_to_work(&mut self, position: u64) {
        self.net().release(position);
        self.io.poll(&mut self.world, None).unwrap();
        self.net.poll(&mut self.world, usize::MAX, &mut self.chain);
    }

    pub(super) fn unsent(&mut self, id: ConnectionId) -> usize {
        self.net().client(id).unwrap().unsent()
    }

    /// Turns until this many bytes have come.
    #[track_caller]
    pub(super) fn expect_bytes(&mut self, peer: &mut Peer, count: usize) {
        let mut received = 0;
        self.until("all has come", |_| {
            received += peer.receive().len();
            peer.received.clear();
            received >= count
        });
        assert_eq!(received, count);
    }
}

#[test]
fn what_is_sent_leaves_when_it_is_released_and_in_order() {
    let mut rig = Rig::new();
    let (mut peer, id) = rig.held("a", 1);
    for n in 0..5 {
        peer.send(&format!("echo {n}\n"));
        rig.rests_with(&mut peer, "");
    }
    assert_eq!((rig.unsent(id), rig.net().stats().sent), (5, 0));
    rig.net().release(1);
    assert_eq!((peer.receive(), rig.net().stats().sent, rig.net().stats().memory), ("01234", 5, 0));
    // These are no later.
    rig.net().hold(1);
    rig.net().release(0);
    peer.send("echo 5\n");
    rig.expect(&mut peer, "012345");
}

#[test]
fn what_is_held_for_a_later_position_stays() {
    let mut rig = Rig::new();
    let (mut peer, id) = rig.held("a", 1);
    for n in 1..=5 {
        rig.net().hold(n);
        peer.send(&format!("echo {n}\n"));
        rig.rests_with(&mut peer, "");
    }
    rig.net().release(1);
    rig.rests_with(&mut peer, "1");
    // All that came later leaves together.
    rig.net().release(4);
    rig.rests_with(&mut peer, "");
    peer.send("echo 6\n");
    rig.rests_with(&mut peer, "");
    assert_eq!(rig.unsent(id), 5);
    rig.net().release(5);
    rig.rests_with(&mut peer, "23456");
    // What is safe already is not held.
    rig.net().release(8);
    rig.net().hold(8);
    peer.send("echo 8\n");
    rig.expect(&mut peer, "8");
}

#[test]
fn what_others_are_sent_waits_too() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut reader, id) = rig.peer(&address, "reader");
    let (mut writer, _) = rig.held("writer", 1);
    writer.send("tell reader news\n");
    reader.send("echo read\n");
    rig.rests_with(&mut reader, "");
    rig.net().send(id, b"!");
    rig.rests_with(&mut reader, "");
    rig.net().release(1);
    let received = reader.receive();
    assert!(["newsread!", "readnews!"].contains(&received), "{received}");
}

#[test]
fn one_that_is_dialed_or_adopted_waits_too() {
    let mut rig = Rig::new();
    rig.net().hold(1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dialed = rig.net().connect(listener.local_addr().unwrap(), named("dialed"), Retry::once()).unwrap();
    rig.net().send(dialed, b"early");
    rig.until_logged("opened, accepted: false");
    let mut peer = Peer::of(listener.accept().unwrap().0);
    rig.rests_with(&mut peer, "");
    rig.net().release(1);
    rig.rests_with(&mut peer, "early");
}

#[test]
fn a_large_reply_waits_though_it_would_leave_early() {
    let mut rig = Rig::with(|limits| limits.pause = 20_000_000);
    let (mut peer, id) = rig.held("a", 1);
    peer.send(&"big 300000\n".repeat(5));
    rig.rests_with(&mut peer, "");
    assert_eq!(rig.unsent(id), 1_500_000);
    rig.net().release(1);
    rig.expect_bytes(&mut peer, 1_500_000);
    rig.rests();
    assert_eq!(rig.net().stats().memory, 0);
}

#[test]
fn whoever_is_closed_is_sent_what_was_held_first() {
    for ending in ["close\n", "end a\n", "x"] {
        let mut rig = Rig::new();
        let (mut peer, id) = rig.held("a", 1);
        peer.send(&format!("echo reply\n{ending}"));
        if ending == "x" {
            peer.finish();
        }
        rig.rests_with(&mut peer, "");
        assert!(!peer.over && rig.net().contains(id));
        rig.net().hold(2);
        rig.release_to_work(1);
        // It has ended, and what it is sent last waits.
        rig.rests_with(&mut peer, "reply");
        assert_eq!((peer.over, rig.unsent(id)), (false, 8));
        // Longer than a linger: it is still heard out.
        rig.time.advance(Duration::from_secs(50));
        rig.rests();
        rig.release_to_work(2);
        rig.rests();
        assert!(rig.net().contains(id) || ending == "x", "it lingers");
        rig.until("the end", |_| {
            peer.receive();
            peer.over
        });
        assert_eq!(peer.received, "farewell");
        drop(peer);
        rig.until("it is gone", |rig| rig.net().is_empty());
        assert_eq!(rig.net().stats().memory, 0);
    }
}

#[test]
fn one_that_finishes_is_not_shut_before() {
    let mut rig = Rig::new();
    let (mut peer, _) = rig.held("a", 1);
    peer.send("echo reply\nfinish\n");
    rig.rests_with(&mut peer, "");
    assert!(!peer.over);
    rig.net().release(1);
    rig.rests_with(&mut peer, "reply");
    assert!(peer.over);
    peer.send("log still heard\n");
    rig.until_logged("a says still heard");
}

#[test]
fn a_drain_waits_and_goes_on() {
    let mut rig = Rig::with(|limits| limits.pause = 3);
    let (mut peer, _) = rig.held("a", 1);
    peer.send(&"echo 12\n".repeat(10));
    rig.rests();
    rig.drain(Duration::from_secs(60));
    rig.rests_with(&mut peer, "");
    for position in 1..20 {
        rig.net().hold(position + 1);
        rig.net().release(position);
        rig.rests();
    }
    peer.receive();
    assert_eq!((&*peer.received, peer.over), (&*("12".repeat(10) + "farewell"), true));
    drop(peer);
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().ended.drained, 1);
}

#[test]
fn a_drain_ends_at_its_deadline_though_nothing_is_released() {
    let mut rig = Rig::new();
    let (mut peer, _) = rig.held("a", 1);
    peer.send("echo never\nclose\n");
    rig.drain(Duration::from_secs(1));
    rig.rests_with(&mut peer, "");
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(2));
    rig.until("it is gone", |rig| rig.net().is_empty());
    rig.net().release(1);
    assert_eq!((peer.receive(), rig.net().stats().memory), ("", 0));
}

#[test]
fn a_panic_drops_what_is_held_and_nothing_else() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut other, _) = rig.peer(&address, "other");
    let (mut peer, _) = rig.held("a", 1);
    peer.send("echo held\n");
    other.send("echo other\n");
    rig.rests();
    peer.send("echo never\npanic\n");
    while catch_unwind(AssertUnwindSafe(|| rig.turn())).is_ok() {}
    // It is at the poller now.
    rig.net().release(1);
    assert_eq!(other.receive(), "other");
    rig.until_logged("a ended: a handler panicked");
    rig.until("it is gone", |rig| rig.net().len() == 1);
    assert_eq!((peer.receive(), rig.net().stats().memory), ("", 0));
}

#[test]
fn a_handler_releases_its_own_connection_and_others() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut other, id) = rig.peer(&address, "other");
    let (mut peer, own) = rig.held("a", 1);
    other.send("echo other\n");
    peer.send("echo own\n");
    rig.rests();
    // In one turn: it is held, released, held again, and the same while it is out.
    peer.send("echo +1\nrelease 1\necho +2\nhold 2\necho +3\ntell a +4\ntell other +5\n");
    rig.rests_with(&mut peer, "own");
    other.receive();
    assert_eq!((&*other.received, rig.unsent(id), rig.unsent(own)), ("other", 2, 8));
    rig.net().release(2);
    rig.rests_with(&mut peer, "+1+2+3+4");
    rig.expect(&mut other, "other+5");
    peer.send("hold 3\nbig 300000\nbig 1\nrelease 3\nbig 1\n");
    rig.expect_bytes(&mut peer, 300_002);
    rig.rests();
    assert_eq!(rig.net().stats().memory, 0);
}

#[test]
fn one_that_never_stops_is_answered() {
    let mut rig = Rig::new();
    let (mut peer, id) = rig.held("a", 1);
    let mut received = 0;
    for position in 1..2_000 {
        peer.send(&"echo 0123456789\n".repeat(100));
        rig.until("it is answered", |rig| rig.net().stats().frames > position * 100);
        // What is safe is always some turns behind.
        rig.net().hold(position + 1);
        rig.net().release(position.saturating_sub(3));
        received += peer.receive().len();
        peer.received.clear();
        assert!(rig.unsent(id) <= 8_000 && rig.net().stats().memory < 64_000, "{}", rig.net().stats().memory);
    }
    rig.net().release(2_000);
    received += peer.receive().len();
    assert_eq!(received, 1_999_000);
}

#[test]
fn connections_that_are_exchanged_keep_what_they_hold() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (mut peer, _) = rig.held("a", 1);
    peer.send("echo held\n");
    rig.rests();
    std::mem::swap(&mut *rig.net(), &mut *other.net());
    rig.net().release(1);
    rig.turn();
    assert_eq!(peer.receive(), "");
    other.net().release(1);
    assert_eq!(peer.receive(), "held");
    std::mem::swap(&mut *rig.net(), &mut *other.net());
    peer.send("echo again\n");
    rig.expect(&mut peer, "heldagain");
}
