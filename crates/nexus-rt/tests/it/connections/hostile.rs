//! Peers and limits at their worst: nobody is ended that does no harm, and the loop sleeps if and only if it may.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Address, Client, Ended, LineTooLong, Retry};
use nexus_rt::{Clock, PipelineStart, World};

use super::dials::{named, nowhere};
use super::{Net, Peer, Rig, State};

impl Rig {
    /// Turns until a loop would sleep, and sees that it does.
    #[track_caller]
    pub(super) fn rests(&mut self) {
        const SLEEP: Duration = Duration::from_millis(30);
        for _ in 0..50 {
            let (now, started) = (self.world.resource::<Clock>().now(), Instant::now());
            let due = self.net.next_deadline(&self.world).is_some_and(|deadline| deadline <= now);
            self.io.poll(&mut self.world, Some(if due { Duration::ZERO } else { SLEEP })).unwrap();
            let ran = self.net.poll(&mut self.world, usize::MAX, &mut self.chain);
            if ran == 0 && !due && started.elapsed() >= SLEEP {
                return;
            }
        }
        panic!("the loop does not come to rest: {:?}", self.log());
    }

    /// Replaces what runs when a connection ends.
    pub(super) fn on_ended(&mut self, mut act: impl FnMut(&mut Client<State>, &mut World) + Send + 'static) {
        let ended = move |client: &mut Client<State>, world: &mut World, _: Ended<LineTooLong>| act(client, world);
        let reg = self.world.registry();
        self.net.on_ended(PipelineStart::<Ended<LineTooLong>>::new().with_context().then(ended, reg).build());
    }
}

/// Retries at once, for ever.
fn tireless() -> Retry {
    let mut retry = Retry::once();
    (retry.attempts, retry.first) = (u32::MAX, Duration::from_secs(1));
    retry
}

#[test]
fn limits_may_be_without_end() {
    let mut rig = Rig::with(|limits| {
        (limits.silent, limits.stalled, limits.linger) = (Some(Duration::MAX), Duration::MAX, Duration::MAX);
        (limits.connections, limits.frames, limits.memory, limits.unsent) =
            (usize::MAX, usize::MAX, usize::MAX, usize::MAX);
        (limits.frame, limits.pause) = (usize::MAX, usize::MAX);
    });
    let (_, address) = rig.listen();
    let mut retry = tireless();
    (retry.first, retry.most, retry.patience) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let dialed = rig.net().connect(nowhere(), named("dialed"), retry).unwrap();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"big 900000\n".repeat(20));
    rig.rests();
    rig.time.advance(Duration::from_secs(99 * 365 * 24 * 3_600));
    rig.rests();
    peer.send("close\n");
    rig.rests();
    assert!(rig.net().contains(dialed));
    assert_eq!(rig.net().len(), 2);
}

#[test]
fn a_loop_rests_whatever_connections_wait_for() {
    let mut rig = Rig::with(|limits| {
        limits.connections = 6;
        (limits.silent, limits.pause) = (Some(Duration::from_secs(100)), 1_000);
    });
    let (_, address) = rig.listen();
    let names = ["blocked", "paused", "parting", "finished", "partial", "stuck"];
    let mut peers = names.map(|name| rig.peer(&address, name).0);
    let lines =
        ["big 9000000\nlog never\n", "pause\nlog never\n", "close\n", "finish\n", "log hal", "big 9000000\nclose\n"];
    peers.iter_mut().zip(lines).for_each(|(peer, lines)| peer.send(lines));
    let mut outside = Peer::connect(&address);
    outside.send("name outside\n");
    rig.rests();
    // All of them send more, or are half gone.
    peers.iter_mut().for_each(|peer| peer.send("log never"));
    rig.rests();
    peers.iter().for_each(Peer::finish);
    rig.rests();
    assert_eq!(rig.log().iter().filter(|line| line.ends_with("never")).count(), 0);
    rig.time.advance(Duration::from_secs(20));
    rig.rests();
    let deadline = rig.world.resource::<Clock>().now() + Duration::from_secs(5);
    rig.net().drain(deadline);
    rig.rests();
    rig.time.advance(Duration::from_secs(6));
    rig.until("all are gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net().stats().memory, 0);
    rig.rests();
}

#[test]
fn limits_may_be_zero() {
    let mut rig = Rig::with(|limits| {
        (limits.stalled, limits.linger) = (Duration::ZERO, Duration::ZERO);
        (limits.frames, limits.pause) = (0, 0);
    });
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("echo 1\necho 2\nclose\n");
    rig.expect(&mut peer, "12farewell");
    rig.until("it is gone", |rig| rig.net().is_empty());
    let mut rig = Rig::with(|limits| (limits.connections, limits.memory, limits.unsent) = (0, 0, 0));
    let (_, address) = rig.listen();
    let _peer = Peer::connect(&address);
    rig.rests();
    assert!(rig.net().is_empty() && rig.net().connect(address, named("dialed"), Retry::once()).is_err());
}

#[test]
fn polls_without_a_budget_lose_no_dialed_connection() {
    let mut rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rig.net().connect(listener.local_addr().unwrap(), named("dialed"), Retry::once()).unwrap();
    // It is dialed, and the event that it stands comes when there is no budget.
    rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain);
    (0..5).for_each(|_| assert_eq!(rig.budget(0), 0));
    rig.until_logged("opened, accepted: false");
}

#[test]
fn what_is_to_be_sent_does_not_end_one_that_is_dialed() {
    let mut rig = Rig::new();
    let address = nowhere();
    let id = rig.net().connect(address.clone(), named("dialed"), tireless()).unwrap();
    rig.net().send(id, b"early");
    rig.net().client_mut(id).unwrap().finish();
    rig.rests();
    let Address::Ip(at) = address else { unreachable!() };
    let listener = TcpListener::bind(at).unwrap();
    rig.time.advance(Duration::from_secs(10));
    rig.until_logged("opened, accepted: false");
    let mut peer = Peer::of(listener.accept().unwrap().0);
    rig.until("the end", |_| {
        peer.receive();
        peer.over
    });
    assert_eq!(peer.received, "early");
}

#[test]
fn one_that_waits_for_a_reply_is_not_silent() {
    for word in ["pause", "owe"] {
        let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
        let (_, address) = rig.listen();
        let (mut peer, id) = rig.peer(&address, "a");
        peer.send(&format!("{word}\n"));
        rig.rests();
        rig.time.advance(Duration::from_secs(60));
        rig.rests();
        let mut net = rig.net();
        let client = net.client_mut(id).unwrap();
        client.send(b"reply");
        client.resume();
        client.owe(false);
        rig.expect(&mut peer, "reply");
        rig.time.advance(Duration::from_secs(9));
        rig.rests();
        assert_eq!(rig.net().stats().ended.silent, 0, "{word}");
        rig.time.advance(Duration::from_secs(2));
        rig.until("it was silent", |rig| rig.net().stats().ended.silent == 1);
    }
}

#[test]
fn one_that_reads_its_reply_in_its_own_time_is_not_silent() {
    for finishes in [false, true] {
        let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
        let (_, address) = rig.listen();
        let (mut peer, id) = rig.peer(&address, "a");
        // More than sockets hold, and less than stops its frames.
        let most = 6_000_000;
        rig.net().limits_mut().pause = most;
        peer.send(&format!("big {most}\n"));
        if finishes {
            peer.finish();
        }
        rig.rests();
        assert!(rig.unsent(id) > 0);
        rig.time.advance(Duration::from_secs(20));
        rig.rests();
        assert_eq!(rig.net().stats().ended.silent, 0);
        let mut received = 0;
        rig.until("all has come", |_| {
            received += peer.receive().len();
            peer.received.clear();
            received >= most
        });
        rig.rests();
        assert_eq!(rig.has_logged("a ended: the other side has finished"), usize::from(finishes));
    }
}

#[test]
fn one_whose_frames_wait_until_it_reads_is_not_silent() {
    let mut rig = Rig::with(|limits| {
        (limits.silent, limits.stalled, limits.pause) =
            (Some(Duration::from_secs(10)), Duration::from_secs(100), 1_000);
    });
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"big 900000\n".repeat(20));
    rig.rests();
    rig.time.advance(Duration::from_secs(60));
    rig.rests();
    assert_eq!(rig.net().len(), 1);
    let mut received = 0;
    rig.until("all has come", |_| {
        received += peer.receive().len();
        peer.received.clear();
        received == 20 * 900_000
    });
}

#[test]
fn one_whose_bytes_the_loop_has_not_asked_for_is_not_silent() {
    let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    rig.rests();
    peer.send("log here\n");
    rig.time.advance(Duration::from_secs(11));
    rig.world.resource_mut::<Clock>().update();
    // The deadline passes before the OS is asked.
    rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain);
    assert_eq!((rig.has_logged("a says here"), rig.net().stats().ended.silent), (1, 0));
}

#[test]
fn one_that_sends_while_the_loop_is_busy_is_not_cut_off_after_its_end() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    rig.net().close(id, "asked");
    rig.until_logged("a ended: asked");
    rig.rests();
    peer.send("log late\n");
    rig.time.advance(Duration::from_millis(501));
    rig.rests();
    assert!(rig.net().contains(id), "it has not been silent");
    rig.time.advance(Duration::from_millis(501));
    rig.until("it is gone", |rig| rig.net().is_empty());
    // As long as a peer may stall, and no longer.
    let (mut peer, id) = rig.peer(&address, "b");
    rig.net().close(id, "asked");
    rig.until_logged("b ended: asked");
    let mut times = 0;
    while rig.net().contains(id) {
        peer.send("x");
        rig.time.advance(Duration::from_millis(400));
        rig.turn();
        times += 1;
    }
    assert!((75..80).contains(&times), "{times}");
}

#[test]
fn one_that_comes_after_a_long_sleep_is_not_silent() {
    let mut rig = Rig::with(|limits| limits.silent = Some(Duration::from_secs(10)));
    rig.rests();
    rig.time.advance(Duration::from_secs(60));
    let (peer, own) = std::os::unix::net::UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    rig.net().adopt(nexus_rt::mio::net::UnixStream::from_std(own), named("adopted")).unwrap();
    rig.rests();
    assert_eq!((rig.has_logged("opened, accepted: false"), rig.net().stats().ended.silent), (1, 0));
    drop(peer);
}

/// The bytes that were sent to a peer, and that its side of the system has not acknowledged.
#[cfg(target_os = "linux")]
fn unacknowledged(peer: &Peer) -> u64 {
    // The table has the connections of all programs. One's port can be used for several servers.
    let port = |address: std::net::SocketAddr| format!(":{:04X}", address.port());
    let (from, to) = (port(peer.socket.peer_addr().unwrap()), port(peer.socket.local_addr().unwrap()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let own = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let own = own.into_iter().find(|fields| {
        fields.get(1).is_some_and(|end| end.ends_with(&from)) && fields.get(2).is_some_and(|end| end.ends_with(&to))
    });
    let own = own.unwrap();
    u64::from_str_radix(own[4].split(':').next().unwrap(), 16).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn one_that_reads_slowly_is_not_stalled() {
    let mut rig = Rig::with(|limits| limits.stalled = Duration::from_secs(5));
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"big 900000\n".repeat(40));
    rig.rests();
    let mut some = vec![0; 20_000];
    for _ in 0..5 {
        // Too little for the OS to report that there is room, and more than the packets that it frees only as a whole.
        let before = unacknowledged(&peer);
        while unacknowledged(&peer) + 200_000 > before {
            let read = std::io::Read::read(&mut peer.socket, &mut some);
            assert!(read.is_ok_and(|length| length > 0) || !peer.over);
        }
        rig.rests();
        rig.time.advance(Duration::from_secs(6));
        rig.rests();
        assert_eq!(rig.net().len(), 1);
    }
    rig.until("it is cut off", |rig| {
        rig.time.advance(Duration::from_secs(1));
        rig.has_logged("a ended: the other side does not read") == 1
    });
}

#[test]
fn a_loop_without_deadlines_sleeps_and_one_poll_attends_to_all() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    rig.rests();
    assert_eq!(rig.net.next_deadline(&rig.world), None);
    one.send("log first\n");
    two.send("log second\n");
    assert_eq!(rig.turn(), 2);
}

#[test]
fn whoever_waits_is_let_in_when_a_limit_is_raised() {
    let mut rig = Rig::with(|limits| limits.connections = 1);
    let (_, address) = rig.listen();
    let (_one, _) = rig.peer(&address, "one");
    let mut two = Peer::connect(&address);
    two.send("name two\n");
    rig.rests();
    rig.net().limits_mut().connections = 2;
    rig.io.poll(&mut rig.world, None).unwrap();
    rig.until_logged("two is named");
}

#[test]
fn a_handler_that_connects_again_and_again_leaves_the_rest_their_turns() {
    let mut rig = Rig::new();
    let mut count = 0;
    rig.on_ended(move |_, world| {
        count += 1;
        assert!(count < 100_000, "one poll does nothing else");
        let gone = Address::from(std::path::Path::new("/nowhere/at/all"));
        // It fails at once.
        _ = world.resource_mut::<Net>().connect(gone, named("again"), Retry::once());
    });
    let gone = Address::from(std::path::Path::new("/nowhere/at/all"));
    rig.net().connect(gone, named("first"), Retry::once()).unwrap();
    let (_, address) = rig.listen();
    let (_peer, _) = rig.peer(&address, "a");
    // It ends with the program.
    let deadline = rig.world.resource::<Clock>().now() + Duration::from_secs(60);
    drop(_peer);
    rig.net().drain(deadline);
    rig.until("it has drained", |rig| rig.net().is_empty());
    assert!(rig.net().listen("127.0.0.1:0".parse::<Address>().unwrap()).is_err());
    rig.rests();
}

#[test]
fn a_peer_is_not_read_faster_than_its_frames_run() {
    let mut rig = Rig::with(|limits| limits.frames = 1);
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    let text = "echo x\n".repeat(10_000);
    let (mut sent, mut most) = (0, 0);
    for _ in 0..500 {
        sent += std::io::Write::write(&mut peer.socket, &text.as_bytes()[sent % 7..]).unwrap_or(0);
        rig.turn();
        most = most.max(rig.net().stats().memory);
    }
    assert!(most < 200_000, "{most} of {sent} bytes wait as frames");
}
