//! Why connections end, as an event with their context.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::dials::named;
use super::{Peer, Rig};

#[test]
fn who_has_sent_all_gets_all_that_it_is_owed() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    // More than sockets hold.
    peer.send(&"big 900000\n".repeat(20));
    peer.finish();
    let mut received = 0;
    rig.until("the end", |_| {
        received += peer.receive().len();
        peer.received.clear();
        peer.over
    });
    assert_eq!(received, 20 * 900_000 + "farewell".len());
    assert_eq!(rig.has_logged("a ended: the other side has finished"), 1);
    assert!(rig.net().is_empty());
}

#[test]
fn who_has_sent_all_is_waited_for_while_it_is_paused_or_owed_replies() {
    for (words, runs) in [("pause\n", 0), ("pause\nlog on\n", 0), ("owe\n", 0), ("owe\nlog on\n", 1)] {
        let mut rig = Rig::new();
        let (_, address) = rig.listen();
        let (mut peer, id) = rig.peer(&address, "a");
        peer.send(words);
        peer.finish();
        rig.rests();
        assert_eq!((rig.has_logged("a says on"), rig.net().len()), (runs, 1), "{words}");
        assert!(rig.net().send(id, b"reply"));
        rig.rests();
        assert_eq!((peer.receive(), rig.net().len()), ("reply", 1), "{words}");
        let mut net = rig.net();
        let client = net.client_mut(id).unwrap();
        client.resume();
        client.owe(false);
        rig.until_logged("a ended: the other side has finished");
        assert_eq!(peer.receive(), "replyfarewell", "{words}");
        assert_eq!(rig.has_logged("a says on"), usize::from(words.contains("log")), "{words}");
    }
}

#[test]
fn who_is_owed_replies_is_closed_at_once_or_once_lost() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut closed, id) = rig.peer(&address, "closed");
    let (mut lost, other) = rig.peer(&address, "lost");
    closed.send("owe\n");
    lost.send("owe\n");
    rig.rests();
    assert!(rig.net().close(id, "no reply will come"));
    rig.until_logged("closed ended: no reply will come");
    // It closes with unread bytes, which resets the connection.
    assert!(rig.net().send(other, b"unread"));
    rig.rests();
    drop(lost);
    rig.until_logged("lost lost");
}

#[test]
fn who_has_finished_is_not_waited_for_without_end() {
    let mut rig = Rig::with(|limits| limits.stalled = Duration::from_secs(30));
    let (_, address) = rig.listen();
    let (mut gone, _) = rig.peer(&address, "gone");
    let (mut reset, id) = rig.peer(&address, "reset");
    rig.time.advance(Duration::from_secs(20));
    for peer in [&mut gone, &mut reset] {
        peer.send("owe\n");
        peer.finish();
    }
    rig.rests();
    // A peer that resets the connection after its last byte is lost, although no read reports it.
    assert!(rig.net().send(id, b"unread"));
    rig.rests();
    drop(reset);
    rig.until_logged("reset lost");
    rig.time.advance(Duration::from_secs(29));
    rig.rests();
    assert_eq!(rig.has_logged("gone ended: the other side has finished"), 0);
    rig.time.advance(Duration::from_secs(1));
    rig.until_logged("gone ended: the other side has finished");
}

#[test]
fn who_is_paused_after_it_has_finished_stays_until_it_is_resumed() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("owe\n");
    peer.finish();
    rig.rests();
    let mut net = rig.net();
    let client = net.client_mut(id).unwrap();
    client.pause();
    client.owe(false);
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.net().client_mut(id).unwrap().resume();
    rig.until_logged("a ended: the other side has finished");
}

#[test]
fn what_is_written_after_a_side_was_finished_is_dropped() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("echo one\nfinish\necho two\nfinish\nlog on\n");
    rig.until_logged("a says on");
    assert!(!rig.net().send(id, b"three"));
    rig.until("the end", |_| {
        peer.receive();
        peer.over
    });
    assert_eq!(peer.received, "one");
    // Neither does it put off the end of what waits for the peer.
    let (mut slow, _) = rig.peer(&address, "slow");
    slow.send("big 9000000\nfinish\n");
    rig.rests();
    slow.send("big 5\n");
    let mut received = 0;
    rig.until("the end", |_| {
        received += slow.receive().len();
        slow.received.clear();
        slow.over
    });
    assert_eq!(received, 9_000_000);
}

#[test]
fn what_is_written_before_a_side_is_finished_is_sent_although_the_peer_blocks() {
    let mut rig = Rig::with(|limits| limits.pause = 20_000_000);
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("big 9000000\n");
    rig.rests();
    peer.send("echo tail\nfinish\necho never\n");
    rig.rests();
    let mut received = String::new();
    rig.until("the end", |_| {
        received.push_str(peer.receive());
        peer.received.clear();
        peer.over
    });
    assert!(received.len() == 9_000_004 && received.ends_with("xtail"), "{}", received.len());
}

#[test]
fn one_that_was_reset_before_it_could_be_finished_is_lost() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    assert!(rig.net().send(id, b"unread"));
    rig.rests();
    peer.send("finish\n");
    drop(peer);
    rig.until_logged("a lost");
}

#[test]
fn half_a_frame_at_the_end_is_dropped() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("log 1\nlog 2");
    peer.finish();
    rig.until_logged("a ended: the other side has finished");
    assert_eq!((rig.has_logged("a says 1"), rig.has_logged("a says 2")), (1, 0));
}

#[test]
fn a_connection_closes_itself_once_all_is_sent() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("echo bye\nclose\nlog never\n");
    rig.until("the end", |_| {
        peer.receive();
        peer.over
    });
    assert_eq!(peer.received, "byefarewell");
    assert_eq!((rig.has_logged("a ended: asked"), rig.has_logged("a says never")), (1, 0));
    // It is waited for until it closes its side too, and what it sends is dropped.
    assert!(rig.net().contains(id) && !rig.net().send(id, b"late"));
    peer.send("log never\n");
    drop(peer);
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.has_logged("a says never"), 0);
}

#[test]
fn one_that_stays_after_it_was_closed_is_not_waited_for() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("close\n");
    rig.until_logged("a ended: asked");
    let deadline = rig.net.next_deadline(&rig.world).expect("it waits for so long");
    assert!(deadline > rig.world.resource::<nexus_rt::Clock>().now());
    rig.time.advance(std::time::Duration::from_millis(501));
    rig.until("it is gone", |rig| rig.net().is_empty());
}

#[test]
fn a_side_that_has_finished_still_hears_the_other() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("echo last\nfinish\n");
    rig.until("the end", |_| {
        peer.receive();
        peer.over
    });
    assert_eq!(peer.received, "last");
    peer.send("log still heard\necho dropped\n");
    rig.until_logged("a says still heard");
    drop(peer);
    rig.until_logged("a ended: the other side has finished");
}

#[test]
fn a_reset_is_a_loss() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("echo unread\n");
    rig.until("it was sent", |rig| rig.net().stats().sent > 0);
    // Closed with bytes unread.
    drop(peer);
    rig.until_logged("a lost");
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().ended.lost, 1);
}

#[test]
fn a_loss_that_shows_at_a_deadline_is_an_end() {
    let mut rig = Rig::with(|limits| limits.stalled = Duration::from_secs(5));
    let (peer, own) = std::os::unix::net::UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    let end = own.try_clone().unwrap();
    let id = rig.net().adopt(nexus_rt::mio::net::UnixStream::from_std(own), named("adopted")).unwrap();
    rig.net().send(id, &[b'x'; 1_000_000]);
    rig.rests();
    // The OS does not report this.
    end.shutdown(std::net::Shutdown::Write).unwrap();
    rig.rests();
    rig.time.advance(Duration::from_secs(5));
    rig.until_logged("adopted lost");
    drop(peer);
}

#[test]
fn bytes_that_are_no_frames_end_the_connection_with_a_farewell() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&format!("log fine\n{}\nlog never\n", "x".repeat(101)));
    rig.until("the end", |_| {
        peer.receive();
        peer.over
    });
    assert_eq!(peer.received, "farewell");
    assert_eq!(rig.has_logged("a ended: malformed input: a line is longer than 100 bytes"), 1);
    assert_eq!((rig.has_logged("a says fine"), rig.has_logged("a says never")), (1, 0));
}

#[test]
fn a_panic_ends_one_connection_with_its_context_and_no_other() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    let (mut part, _) = rig.peer(&address, "part");
    part.send("log in two pie");
    rig.turn();
    one.send("log before\npanic\nlog never\n");
    two.send("log 1\n");
    part.send("ces\n");
    let mut panics = 0;
    rig.until("all have run", |rig| {
        panics += usize::from(catch_unwind(AssertUnwindSafe(|| rig.turn())).is_err());
        rig.has_logged("two says 1") == 1 && rig.has_logged("part says in two pieces") == 1
    });
    rig.until_logged("one ended: a handler panicked");
    assert_eq!((panics, rig.has_logged("one says before"), rig.has_logged("one says never")), (1, 1, 0));
    rig.until("it is told", |_| {
        one.receive();
        one.over
    });
    // The bytes of one that panicked are nobody's frames.
    two.send("log 2\n");
    rig.until_logged("two says 2");
    assert_eq!((rig.net().len(), rig.net().stats().ended.panicked), (2, 1));
    // Three names, and all that was said.
    assert_eq!(rig.net().stats().frames, 3 + 4);
}

#[test]
fn a_loop_does_not_sleep_on_what_a_panic_left() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    while rig.turn() > 0 {}
    one.send("panic\n");
    rig.until("it has panicked", |rig| catch_unwind(AssertUnwindSafe(|| rig.turn())).is_err());
    rig.io.poll(&mut rig.world, None).unwrap();
    rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain);
    assert_eq!(rig.has_logged("one ended: a handler panicked"), 1);
}

#[test]
fn every_connection_that_opened_ends_once() {
    let mut rig = Rig::new();
    let (listener, address) = rig.listen();
    for n in 0..50 {
        let mut peer = Peer::connect(&address);
        match n % 5 {
            0 => drop(peer),
            1 => peer.send("close\n"),
            2 => peer.send(&"x".repeat(200)),
            3 => peer.finish(),
            _ => peer.send("echo half\nlog"),
        }
    }
    rig.until("all have come and gone", |rig| rig.net().stats().accepted == 50 && rig.net().is_empty());
    let ended = rig.log().iter().filter(|line| !line.starts_with("opened")).count();
    assert_eq!((rig.has_logged("opened, accepted: true"), ended), (50, 50), "{:?}", rig.log());
    assert!(rig.net().stop_listening(listener) && !rig.net().stop_listening(listener));
    assert_eq!(rig.net().stats().memory, 0);
}
