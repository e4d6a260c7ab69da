//! What a connection may cost, and what happens beyond.

use std::time::Duration;

use nexus_rt::connections::{Client, Limits};
use nexus_rt::{PipelineStart, ResMut};

use super::{Net, Peer, Rig, State};

#[test]
fn who_finds_no_place_waits_until_there_is_one() {
    let mut rig = Rig::with(|limits| limits.connections = 2);
    let (_, address) = rig.listen();
    let (one, _) = rig.peer(&address, "one");
    let (_two, _) = rig.peer(&address, "two");
    let mut third = Peer::connect(&address);
    third.send("name third\n");
    (0..20).for_each(|_| _ = rig.turn());
    assert_eq!(rig.net().len(), 2);
    drop(one);
    rig.until_logged("third is named");
    assert_eq!(rig.net().stats().refused, 0);
}

#[test]
fn who_finds_no_place_is_told_so_if_the_program_wants_that() {
    let mut rig = Rig::with(|limits| {
        limits.connections = 1;
        limits.refusal = Some(b"full"[..].into());
    });
    let (_, address) = rig.listen();
    let (_one, _) = rig.peer(&address, "one");
    let mut second = Peer::connect(&address);
    rig.until("it is told", |_| second.receive() == "full" && second.over);
    assert_eq!((rig.net().len(), rig.net().stats().refused), (1, 1));
}

#[test]
fn a_frame_without_an_end_is_too_long() {
    let mut rig = Rig::with(|limits| limits.frame = 50);
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"x".repeat(51));
    rig.until_logged("a ended: a frame is too long");
    rig.until("it is told", |_| peer.receive() == "farewell");
}

#[test]
fn the_requests_of_who_does_not_read_wait_until_it_does() {
    let mut rig = Rig::with(|limits| limits.pause = 100_000);
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    let (mut other, _) = rig.peer(&address, "other");
    // Far more than sockets hold and than may wait.
    peer.send(&"big 50000\n".repeat(1_000));
    rig.until("it waits", |rig| rig.net().client(id).unwrap().unsent() > 100_000);
    let before = rig.net().stats().frames;
    other.send("log served\n");
    rig.until_logged("other says served");
    assert_eq!(rig.net().stats().frames, before + 1);
    let most = rig.net().client(id).unwrap().unsent();
    assert!(most < 400_000, "{most}");
    let mut received = 0;
    rig.until("all has come", |_| {
        received += peer.receive().len();
        peer.received.clear();
        received == 50_000_000
    });
    assert_eq!(rig.net().len(), 2);
}

#[test]
fn who_reads_nothing_for_too_long_is_cut_off() {
    let mut rig = Rig::with(|limits| limits.stalled = Duration::from_secs(5));
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send(&"big 900000\n".repeat(100));
    rig.until("it waits", |rig| rig.net().client(id).unwrap().unsent() > 1_000_000);
    while rig.turn() > 0 {}
    // One that reads now and then stays.
    for _ in 0..5 {
        rig.time.advance(Duration::from_secs(4));
        let sent = rig.net().stats().sent;
        rig.until("something is read", |rig| {
            peer.receive();
            rig.net().stats().sent > sent
        });
        assert_eq!(rig.net().len(), 1);
    }
    rig.until("sockets are full again", |rig| rig.turn() == 0);
    // What room there still was counts as read.
    rig.until("it is cut off", |rig| {
        rig.time.advance(Duration::from_secs(1));
        rig.has_logged("a ended: the other side does not read") == 1
    });
    rig.until("it is gone", |rig| rig.net().is_empty());
}

#[test]
fn what_others_send_has_a_limit() {
    let mut rig = Rig::with(|limits| limits.unsent = 1_000_000);
    let (_, address) = rig.listen();
    let (_peer, id) = rig.peer(&address, "a");
    let message = vec![b'x'; 100_000];
    rig.until("it is too much", |rig| !rig.net().send(id, &message));
    rig.until_logged("a ended: it holds too much memory");
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().memory, 0);
}

#[test]
fn one_that_holds_little_in_a_large_buffer_stays() {
    let mut rig = Rig::with(|limits| {
        (limits.memory, limits.connections, limits.pause) = (2_000_000, 100, usize::MAX);
    });
    let (_, address) = rig.listen();
    let (mut small, id) = rig.peer(&address, "small");
    let (mut greedy, _) = rig.peer(&address, "greedy");
    // A buffer of this size is left for the next.
    small.send("big 20000\n");
    rig.until("it is sent", |rig| rig.net().stats().sent >= 20_000);
    greedy.send(&"big 700000\n".repeat(10));
    rig.until("it holds much", |rig| rig.net().stats().memory > 1_000_000 || rig.net().stats().ended.too_much > 0);
    rig.net().hold(1);
    small.send("echo held\n");
    rig.rests();
    assert!(rig.net().contains(id) && rig.has_logged("small ended: it holds too much memory") == 0);
}

#[test]
fn a_message_to_many_takes_no_more_memory_than_the_limits_allow() {
    let mut rig = Rig::with(|limits| (limits.memory, limits.connections, limits.unsent) = (1_000_000, 100, 500_000));
    let (_, address) = rig.listen();
    let peers: Vec<_> = (0..50).map(|n| rig.peer(&address, &n.to_string()).0).collect();
    let (mut net, message) = (rig.net(), vec![b'x'; 100_000]);
    let ids: Vec<_> = net.ids().collect();
    let sent = ids.iter().filter(|id| net.send(**id, &message)).count();
    assert_eq!(sent, 5, "those that take half of the memory");
    assert!(!net.send(ids[0], &vec![b'x'; 400_001]), "more than one may have");
    assert!(net.stats().memory <= 600_000, "{}", net.stats().memory);
    rig.until("the others have ended", |rig| rig.net().stats().ended.too_much == 46);
    drop(peers);
}

#[test]
fn one_reply_beyond_the_limit_is_not_sent_in_part() {
    // The second one would fit into the socket.
    for (unsent, reply) in [(1_000_000, 1_000_001), (100_000, 200_000)] {
        let mut rig = Rig::with(|limits| limits.unsent = unsent);
        let (_, address) = rig.listen();
        let (mut peer, _) = rig.peer(&address, "a");
        peer.send(&format!("big {reply}\n"));
        rig.until("the end", |_| {
            peer.receive();
            peer.over
        });
        assert_eq!(peer.received, "");
    }
}

#[test]
fn memory_of_all_is_bounded_and_who_holds_little_stays() {
    let mut rig = Rig::with(|limits| {
        limits.memory = 2_000_000;
        limits.connections = 100;
        limits.pause = usize::MAX;
    });
    let (_, address) = rig.listen();
    let (_small, id) = rig.peer(&address, "small");
    let mut greedy: Vec<_> = (0..9).map(|n| rig.peer(&address, &n.to_string()).0).collect();
    greedy.iter_mut().for_each(|peer| peer.send(&"big 900000\n".repeat(20)));
    rig.until("some are ended", |rig| rig.net().stats().ended.too_much >= 8);
    assert!(rig.net().send(id, b"still here") && rig.net().stats().memory < 2_000_000);
    assert!(rig.turn() < usize::MAX && rig.net().contains(id));
}

#[test]
fn who_is_silent_for_too_long_is_closed() {
    let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
    let (_, address) = rig.listen();
    let (mut speaks, _) = rig.peer(&address, "speaks");
    let (mut silent, _) = rig.peer(&address, "silent");
    for n in 0..5 {
        rig.time.advance(Duration::from_secs(4));
        speaks.send(&format!("log {n}\n"));
        rig.until_logged(&format!("speaks says {n}"));
    }
    rig.until_logged("silent ended: nothing was received for too long");
    rig.until("it is told", |_| silent.receive() == "farewell" && silent.over);
    assert_eq!(rig.has_logged("speaks ended: nothing was received for too long"), 0);
    let deadline = rig.net.next_deadline(&rig.world).expect("the other one's time will come");
    let now = rig.world.resource::<nexus_rt::Clock>().now();
    assert!(deadline <= now + Duration::from_secs(10));
}

#[test]
fn limits_that_are_set_later_hold_for_those_that_rest() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (_peer, _) = rig.peer(&address, "a");
    rig.rests();
    rig.net().limits_mut().silent = Some(Duration::from_secs(10));
    rig.rests();
    rig.time.advance(Duration::from_secs(9));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(2));
    rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
}

#[test]
fn limits_that_a_frame_sets_hold_for_others_that_rest() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (_resting, _) = rig.peer(&address, "rests");
    let (mut peer, _) = rig.peer(&address, "sets");
    rig.rests();
    let set = |_: &mut Client<State>, mut net: ResMut<Net>, _: &[u8]| {
        net.limits_mut().silent = Some(Duration::from_secs(10));
    };
    rig.chain = PipelineStart::<&[u8]>::borrowed().with_context().then(set, rig.world.registry()).build().boxed();
    peer.send("anything\n");
    rig.rests();
    assert!(rig.net.next_deadline(&rig.world).is_some());
    rig.time.advance(Duration::from_secs(11));
    rig.until("both were silent", |rig| rig.net().stats().ended.silent == 2);
}

#[test]
fn existing_connections_have_their_turns_among_new_ones() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("log 1\n");
    let mut others = Vec::new();
    while rig.has_logged("a says 1") == 0 {
        others.push(Peer::connect(&address));
        rig.budget(1);
        assert!(others.len() < 50, "only new ones are served");
    }
}

#[test]
fn one_that_is_read_late_is_not_silent() {
    let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    rig.rests();
    rig.time.advance(Duration::from_secs(6));
    peer.send("log 1\n");
    rig.time.advance(Duration::from_secs(5));
    rig.until_logged("a says 1");
    rig.time.advance(Duration::from_secs(9));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    rig.time.advance(Duration::from_secs(2));
    rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
}

#[test]
fn one_whose_frames_run_is_not_silent() {
    let mut rig = Rig::with(|limits| (limits.silent, limits.frames) = (Some(Duration::from_secs(10)), 1));
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"log 1\n".repeat(20));
    for _ in 0..25 {
        rig.turn();
        rig.time.advance(Duration::from_secs(1));
    }
    rig.rests();
    assert_eq!((rig.has_logged("a says 1"), rig.net().len()), (20, 1));
    rig.time.advance(Duration::from_secs(10));
    rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
}

#[test]
fn idle_connections_hold_no_buffers() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let mut peers: Vec<_> = (0..100).map(|n| rig.peer(&address, &n.to_string()).0).collect();
    peers.iter_mut().for_each(|peer| peer.send("echo x\n"));
    rig.until("all are served", |rig| rig.net().stats().sent == 100);
    assert_eq!(rig.net().stats().memory, 0);
    peers[0].send("half a line");
    rig.until("it has come", |rig| rig.net().stats().memory > 0);
    assert!(rig.net().stats().memory < 1_000, "{}", rig.net().stats().memory);
    peers[0].send("\n");
}

#[test]
fn what_a_frame_sends_to_its_own_connection_is_limited_too() {
    let mut rig = Rig::with(|limits| limits.unsent = 10_000);
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("flood 10\n");
    rig.expect(&mut peer, &"x".repeat(10_000));
    peer.send("flood 1000\n");
    rig.until_logged("a ended: it holds too much memory");
    assert_eq!((rig.has_logged("sent itself 10"), rig.net().stats().ended.too_much), (2, 1));
}

#[test]
fn what_its_end_writes_is_limited_too() {
    let mut rig = Rig::with(|limits| limits.unsent = 10_000);
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    // What the end writes is held, so that the connection parts for as long as it likes.
    rig.net().hold(1);
    peer.send("close\n");
    rig.until_logged("a ended: asked");
    rig.rests();
    rig.net().client_mut(id).unwrap().out().resize(10_001, b'x');
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(peer.receive(), "");
    assert_eq!(rig.net().stats().memory, 0);
}

#[test]
fn a_connection_that_lingers_ends_in_time_whatever_is_written_to_it() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("close\n");
    rig.expect(&mut peer, "farewell");
    rig.until("it is told", |_| {
        peer.receive();
        peer.over
    });
    rig.net().hold(1);
    rig.net().client_mut(id).unwrap().send(b"late");
    rig.rests();
    let linger = rig.net().limits().linger;
    rig.time.advance(linger);
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net.next_deadline(&rig.world), None);
}

#[test]
fn only_limits_that_may_have_changed_wake_the_loop() {
    let mut rig = Rig::new();
    rig.rests();
    assert_eq!(rig.net().limits().connections, Limits::default().connections);
    assert_eq!(rig.net.next_deadline(&rig.world), None);
    rig.rests();
    rig.net().limits_mut().connections = 3;
    // It does not sleep.
    rig.io.poll(&mut rig.world, None).unwrap();
}

#[test]
fn any_number_of_bytes_may_be_charged() {
    let mut rig = Rig::with(|limits| limits.memory = usize::MAX);
    let (_, address) = rig.listen();
    let mut peers = ["a", "b", "c", "d"].map(|name| rig.peer(&address, name));
    let [.., (last, _)] = &mut peers;
    last.send("half a line");
    rig.until("it is read", |rig| rig.net().stats().memory > 0);
    for (_, id) in &peers[..3] {
        rig.net().client_mut(*id).unwrap().charge(usize::MAX);
        rig.net().send(*id, b"more");
    }
    rig.until("all these are gone", |rig| rig.net().len() == 1);
    assert_eq!(rig.net().stats().ended.too_much, 3);
    drop(peers);
    rig.until("all are gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().memory, 0);
}
