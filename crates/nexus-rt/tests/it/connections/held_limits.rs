//! What is held, and limits: it counts as unsent, and nobody is ended because it waits.

use std::time::Duration;

use super::Rig;

/// More than sockets take at once.
const MUCH: usize = 20_000_000;

#[test]
fn frames_that_wait_for_a_release_run_after_it() {
    let mut rig = Rig::with(|limits| limits.pause = 10);
    let (mut peer, id) = rig.held("a", 1);
    peer.send(&"echo 123456\n".repeat(10));
    rig.rests_with(&mut peer, "");
    assert_eq!(rig.unsent(id), 12);
    for position in 1..=5 {
        rig.net().hold(position + 1);
        rig.release_to_work(position);
        rig.rests_with(&mut peer, "123456123456");
    }
    // What has not been read yet is read then.
    peer.send("echo 123456\necho 123456\n");
    rig.rests();
    peer.send("echo last\n");
    rig.rests_with(&mut peer, "");
    rig.release_to_work(6);
    rig.expect(&mut peer, "123456123456last");
}

#[test]
fn limits_count_what_is_held() {
    let mut rig = Rig::with(|limits| limits.unsent = 100);
    let (mut peer, id) = rig.held("a", 1);
    rig.net().send(id, &[b'x'; 60]);
    rig.rests();
    rig.net().send(id, &[b'x'; 60]);
    rig.until_logged("a ended: it holds too much memory");
    rig.until("it is gone", |rig| rig.net().is_empty());
    rig.net().release(1);
    assert_eq!((peer.receive(), rig.net().stats().memory), ("", 0));
}

#[test]
fn what_fits_into_a_large_buffer_is_limited_too() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut other, _) = rig.peer(&address, "other");
    // This buffer is used again.
    other.send("big 20000\n");
    rig.expect_bytes(&mut other, 20_000);
    rig.net().limits_mut().unsent = 100;
    let (mut peer, _) = rig.held("a", 1);
    peer.send("echo x\n");
    rig.rests();
    peer.send(&format!("echo {}\n", "x".repeat(80)).repeat(10));
    rig.until_logged("a ended: it holds too much memory");
}

#[test]
fn nobody_is_stalled_because_of_what_is_held() {
    let mut rig = Rig::with(|limits| (limits.stalled, limits.pause) = (Duration::from_secs(5), 2 * MUCH));
    let (mut peer, id) = rig.held("a", 1);
    peer.send(&format!("big {MUCH}\n"));
    for _ in 0..5 {
        rig.rests();
        rig.time.advance(Duration::from_secs(4));
    }
    rig.net().hold(2);
    rig.net().release(1);
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    // Now it is blocked, and what it is sent beside is held.
    rig.net().send(id, b"later");
    rig.time.advance(Duration::from_secs(4));
    rig.expect_bytes(&mut peer, MUCH);
    rig.time.advance(Duration::from_secs(20));
    rig.rests_with(&mut peer, "");
    assert_eq!(rig.unsent(id), 5);
    rig.net().release(2);
    rig.rests_with(&mut peer, "later");
    peer.send(&format!("big {MUCH}\n"));
    rig.rests();
    rig.net().hold(3);
    rig.net().send(id, b"never");
    rig.until("it is cut off", |rig| {
        rig.time.advance(Duration::from_secs(1));
        rig.has_logged("a ended: the other side does not read") == 1
    });
}

#[test]
fn one_that_was_sent_its_replies_late_is_neither_silent_nor_stalled() {
    let mut rig = Rig::with(|limits| {
        (limits.silent, limits.stalled, limits.pause) = (Some(Duration::from_secs(10)), Duration::from_secs(10), 2);
    });
    let (mut peer, id) = rig.held("a", 1);
    peer.send("echo reply\n");
    rig.rests();
    rig.time.advance(Duration::from_secs(60));
    rig.net().release(1);
    rig.rests_with(&mut peer, "reply");
    rig.net().hold(2);
    peer.send(&format!("big {MUCH}\n"));
    rig.rests();
    rig.time.advance(Duration::from_secs(60));
    // The time of the release is not that of the latest poll.
    rig.net().release(2);
    rig.rests();
    rig.time.advance(Duration::from_secs(9));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    // It reads some, which no poll has seen when more is released.
    rig.net().hold(3);
    rig.net().send(id, b"x");
    rig.rests();
    rig.time.advance(Duration::from_secs(60));
    let some = peer.receive().len();
    peer.received.clear();
    rig.net().release(3);
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.expect_bytes(&mut peer, MUCH + 1 - some);
    rig.time.advance(Duration::from_secs(9));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(2));
    rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
}

#[test]
fn whoever_could_not_be_read_is_silent_from_the_release_on() {
    let mut rig = Rig::with(|limits| (limits.silent, limits.pause) = (Some(Duration::from_secs(10)), 2));
    let (mut peer, id) = rig.held("a", 1);
    rig.net().send(id, b"reply");
    rig.rests();
    rig.time.advance(Duration::from_secs(5));
    rig.net().release(1);
    rig.rests_with(&mut peer, "reply");
    rig.time.advance(Duration::from_secs(9));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(2));
    rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
}
