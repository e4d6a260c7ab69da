//! How the server stops: which requests are still answered, how connections are closed, and what that costs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, UNIX_EPOCH};

use kv_server::{Change, Limits, PROGRAM, Session, Stats, Store};
use nexus_journal::{Dir, Options, Recorder};
use nexus_rt::connections::Connections;
use nexus_rt::testing::VirtualClock;
use nexus_rt::wait::Wait;
use nexus_rt::{Clock, ShutdownHandle};

use crate::support::{Client, Reply, Server, bulk, command, ok, until};

/// Longer than a test may take. A server that stops sooner has not waited for it.
const FOR_EVER: &str = "600000";

/// A client that pipelines without end.
struct Endless {
    writer: JoinHandle<()>,
    replies: Client,
}

impl Endless {
    /// Sends INCR for a key of its own until the connection is closed.
    fn start(address: SocketAddr, key: &str) -> Self {
        let replies = Client::connect(address);
        let mut socket = replies.socket.get_ref().try_clone().unwrap();
        let requests = command(&["INCR", key]).repeat(500);
        Self { writer: thread::spawn(move || while socket.write_all(&requests).is_ok() {}), replies }
    }

    /// Reads to the end of the stream, which must come after a whole reply to each of the first requests. Returns the
    /// number of replies.
    fn end(mut self, begun: &AtomicUsize) -> usize {
        let (mut bytes, mut counted) = (vec![0; 1 << 16], 0);
        let mut rest = Vec::new();
        loop {
            let length = self.replies.socket.get_mut().read(&mut bytes).expect("the end comes, and no reset");
            if length == 0 {
                break;
            }
            rest.extend_from_slice(&bytes[..length]);
            let mut whole = 0;
            for line in rest.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
                begun.fetch_add(usize::from(counted == 0), Ordering::Relaxed);
                counted += 1;
                assert_eq!(line.escape_ascii().to_string(), format!(":{counted}\\r\\n"));
                whole += line.len();
            }
            rest.drain(..whole);
        }
        assert!(rest.is_empty(), "half a reply: {}", rest.escape_ascii());
        // Close it for the writer too.
        self.replies.socket.get_mut().shutdown(std::net::Shutdown::Both).ok();
        self.writer.join().unwrap();
        counted
    }
}

/// Starts 20 clients that pipeline without end, stops the server once all are served, and returns the number of
/// replies.
fn end_amid_endless(address: SocketAddr, end: impl FnOnce()) -> usize {
    let begun = AtomicUsize::new(0);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..20).map(|n| Endless::start(address, &n.to_string())).collect();
        let reading: Vec<_> = clients.into_iter().map(|client| scope.spawn(|| client.end(&begun))).collect();
        until("all are served", || begun.load(Ordering::Relaxed) == 20);
        end();
        reading.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

/// Writes a journal whose last change is in the future, as if the clock of the machine had been set back.
fn of_the_future(directory: &Path) {
    let (mut world, mut store, digests) = Store::detached();
    let future = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(3_650);
    let (clock, options) = (Clock::test(VirtualClock::new(), future), Options::new(PROGRAM));
    let state = (&mut world, &mut store);
    let (mut recorder, _) = Recorder::open_by(clock, Dir::new(directory), options, state, digests).unwrap();
    recorder.input(&mut world, &mut store, Change::Requests(b"\x03\x03SET\x03old\x011"));
    recorder.close(&world).unwrap();
}

#[test]
fn a_server_whose_clock_was_set_back_says_so_and_ends_as_any_other() {
    let directory = tempfile::tempdir().unwrap();
    of_the_future(directory.path());
    let path = directory.path().to_str().unwrap();
    let mut server = Server::start(&["--journal", path, "--durability", "behind", "--drain-ms", FOR_EVER]);
    assert!(server.banner.contains("; the machine's clock is 36"), "{}", server.banner);
    let replies = end_amid_endless(server.address, || server.signal("-TERM"));
    assert!(replies >= 20, "{replies}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn who_pipelines_for_ever_gets_a_reply_to_each_of_its_first_requests_and_then_the_end() {
    for wait in ["block", "spin"] {
        let mut server = Server::start(&["--wait", wait, "--drain-ms", FOR_EVER]);
        let replies = end_amid_endless(server.address, || server.signal("-TERM"));
        assert!(replies >= 20, "{replies}");
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
}

/// The counters of a server.
struct Counted {
    commands: u64,
    turns: u64,
}

/// Starts a server within the test, so that its counters can be read after its end.
fn start(drain: Duration) -> (SocketAddr, ShutdownHandle, JoinHandle<Counted>) {
    let limits = Limits::default();
    let (server, mut world) =
        kv_server::Server::bind((([127, 0, 0, 1], 0).into(), None), None, Wait::Block, limits).unwrap();
    let (address, shutdown) = (server.address(), world.shutdown_handle());
    let running = thread::spawn(move || {
        server.run(&mut world, drain).unwrap();
        let commands = world.resource::<Connections<Session>>().stats().frames;
        Counted { commands, turns: world.resource::<Stats>().turns }
    });
    (address, shutdown, running)
}

#[test]
fn every_request_that_is_run_is_answered() {
    let (address, shutdown, running) = start(Duration::from_mins(10));
    let replies = end_amid_endless(address, || shutdown.shutdown());
    assert_eq!(running.join().unwrap().commands, replies as u64);
}

#[test]
fn what_had_come_is_answered_and_what_comes_later_is_not() {
    let mut server = Server::start(&["--drain-ms", FOR_EVER]);
    let mut idle = server.client();
    assert_eq!(idle.ask(&["PING"]), Reply::Simple("PONG".into()));
    let mut clients: Vec<_> = (0..20).map(|_| server.client()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.ask(&["PING"]), Reply::Simple("PONG".into())));
    // The server cannot read any of this before it is asked to stop. The last request is incomplete.
    server.signal("-STOP");
    let requests = [command(&["ECHO", "before"]).repeat(2_000), b"*2\r\n$4\r\nECHO\r\n$5\r\naf".to_vec()].concat();
    clients.iter_mut().for_each(|client| client.send(&requests));
    server.signal("-TERM");
    server.signal("-CONT");
    // The idle client is disconnected when every request that had arrived is answered.
    idle.ends();
    assert!(TcpStream::connect(server.address).is_err(), "nobody is let in any more");
    for client in &mut clients {
        // The connection may have been closed already.
        _ = client.socket.get_mut().write_all(b"ter\r\n");
        for _ in 0..2_000 {
            assert_eq!(client.reply(), bulk("before"));
        }
        client.ends();
    }
    drop(clients);
    assert!(server.ends_well());
}

#[test]
fn who_asks_nothing_is_not_waited_for() {
    let mut server = Server::start(&["--drain-ms", FOR_EVER]);
    let (mut idle, mut slow) = (server.client(), server.client());
    assert_eq!(idle.ask(&["SET", "k", &"v".repeat(1_000)]), ok());
    slow.send(&command(&["GET", "k"]).repeat(10_000));
    until("all has come", || server.info("keyspace_hits") == 10_000);
    server.signal("-TERM");
    // The idle client is disconnected while the server waits for the slow one, which then reads.
    idle.ends();
    (0..10_000).for_each(|_| assert_eq!(slow.reply(), bulk(&"v".repeat(1_000))));
    slow.ends();
    assert!(server.ends_well(), "with both sides of both connections open here");
}

#[test]
fn who_writes_all_before_it_reads_is_not_stuck() {
    let mut server = Server::start(&["--drain-ms", FOR_EVER]);
    let mut client = server.client();
    let requests = command(&["ECHO", &"v".repeat(1_000)]).repeat(5_000);
    client.send(&requests);
    server.signal("-TERM");
    // More than sockets hold, so the server must read it.
    (0..5).for_each(|_| client.send(&requests));
    let mut replies = 0;
    while let Some(reply) = client.try_reply() {
        assert_eq!(reply, bulk(&"v".repeat(1_000)));
        replies += 1;
    }
    assert!((1..30_000).contains(&replies), "{replies}");
    drop(client);
    assert!(server.ends_well());
}

#[test]
fn a_drain_with_nothing_to_do_sleeps() {
    let (address, shutdown, running) = start(Duration::from_secs(1));
    let mut client = Client::connect(address);
    assert_eq!(client.ask(&["SET", "k", &"v".repeat(100_000)]), ok());
    // More than sockets hold, for a client that does not read.
    client.send(&command(&["GET", "k"]).repeat(200));
    let mut other = Client::connect(address);
    until("all has come", || other.info("keyspace_hits") == 200);
    let before = other.info("eventloop_cycles");
    let asked = Instant::now();
    shutdown.shutdown();
    let turns = running.join().unwrap().turns - before;
    assert!(asked.elapsed() >= Duration::from_secs(1));
    assert!(turns < 10, "{turns}");
}
