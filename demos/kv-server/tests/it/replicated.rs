//! Servers that share a log, with sockets, as their clients see them.

use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use kv_server::{Failure, Limits, LogOptions, Lost, Member, ReplicaOptions, Server};
use nexus_journal::Durability;
use nexus_rt::wait::Wait;
use nexus_rt::{Clock, MioDriver, ShutdownHandle};

use crate::model_log::Stream;
use crate::support::{Client, LONG, Reply, bulk, command, ok, until};

/// A server that shares a log, in a thread.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    publisher: usize,
    shutdown: ShutdownHandle,
    thread: Option<JoinHandle<Result<(), Failure>>>,
}

impl Running {
    pub(crate) fn start(stream: &Stream, node: &'static str, options: ReplicaOptions) -> Self {
        Self::limited(stream, node, options, Limits::default())
    }

    fn limited(stream: &Stream, node: &'static str, options: ReplicaOptions, limits: Limits) -> Self {
        let (send, receive) = mpsc::channel();
        let stream = stream.clone();
        let thread = thread::spawn(move || {
            let address = (([127, 0, 0, 1], 0).into(), None);
            let (mut server, mut world) = Server::bind(address, None, Wait::Block, limits).unwrap();
            let (log, publisher) = stream.open(node, None);
            let waker = world.resource::<MioDriver>().waker();
            {
                let mut state = stream.state();
                state.wakers.push(Box::new(move || _ = waker.wake()));
                let shard = options.shard.map_or(0, |(shard, _)| shard);
                state.members.push(Member { shard, node: node.into(), address: server.address() });
                state.links[publisher].visible = state.entries.len();
            }
            server.replicate(&mut world, Box::new(log), options).expect("it can go on with the log");
            send.send((server.address(), publisher, world.shutdown_handle())).unwrap();
            server.run(&mut world, LONG).map(|_| ())
        });
        let (address, publisher, shutdown) = receive.recv().unwrap();
        Self { address, publisher, shutdown, thread: Some(thread) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.shutdown.shutdown();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.shutdown();
        _ = self.thread.take().map(JoinHandle::join);
    }
}

pub(crate) fn stream() -> Stream {
    let stream = Stream::default();
    stream.state().real = Some(Clock::realtime());
    stream
}

fn two(options: ReplicaOptions) -> (Stream, [Running; 2]) {
    let stream = stream();
    let servers = ["one", "other"].map(|node| Running::start(&stream, node, options));
    (stream, servers)
}

/// Wakes every server.
fn wake(stream: &Stream) {
    stream.state().wakers.iter().for_each(|wake| wake());
}

#[test]
fn what_one_server_is_told_the_other_tells() {
    let (_stream, servers) = two(ReplicaOptions { linearizable: true, shard: None });
    let [mut one, mut other] = servers.each_ref().map(Running::client);
    for n in 0..100 {
        assert_eq!(one.ask(&["INCR", "n"]), Reply::Integer(2 * n + 1));
        assert_eq!(other.ask(&["GET", "n"]), bulk(&(2 * n + 1).to_string()));
        assert_eq!(other.ask(&["INCR", "n"]), Reply::Integer(2 * n + 2));
    }
    let Reply::Bulk(Some(info)) = one.ask(&["INFO", "replication"]) else { panic!("INFO is text") };
    let info = String::from_utf8(info).unwrap();
    for line in ["role:master", "connected_slaves:0", "log_node:one", "log_connected:1", "log_lag:0"] {
        assert!(info.contains(&format!("{line}\r\n")), "{line}: {info}");
    }
}

#[test]
fn a_message_reaches_the_subscribers_of_every_server() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let [mut one, mut other] = servers.each_ref().map(Running::client);
    other.ask(&["SUBSCRIBE", "news"]);
    assert_eq!(one.ask(&["PUBLISH", "news", "x"]), Reply::Integer(0), "those of this server are counted");
    assert_eq!(other.reply(), Reply::Array(Some(vec![bulk("message"), bulk("news"), bulk("x")])));
}

#[test]
fn replies_come_in_the_order_of_requests() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    let asked = "SET a 1|GET a|INCR a|INCR a|PING|NOSUCH|GET a b|MULTI|GET a|SET b 2|EXEC|GET b|CLIENT REPLY SKIP|SET a 9|\
                 GET a|MULTI|NOSUCH|EXEC|APPEND b x|CLIENT INFO|SETRANGE b 999999999 x|QUIT";
    let bytes: Vec<u8> = asked.split('|').flat_map(|line| command(&line.split(' ').collect::<Vec<_>>())).collect();
    client.send(&bytes);
    let replies: Vec<_> = std::iter::from_fn(|| client.try_reply()).map(|reply| format!("{reply:?}")).collect();
    let address = client.socket.get_ref().local_addr().unwrap();
    assert!(replies[17].contains(&format!("addr={address} ")), "{}", replies[17]);
    let expected = [
        "+OK",
        "\"1\"",
        ":2",
        ":3",
        "+PONG",
        "-ERR unknown command 'NOSUCH', with args beginning with: ",
        "-ERR wrong number of arguments for 'get' command",
        "+OK",
        "+QUEUED",
        "+QUEUED",
        "[\"3\", +OK]",
        "\"2\"",
        "\"9\"",
        "+OK",
        "-ERR unknown command 'NOSUCH', with args beginning with: ",
        "-EXECABORT Transaction discarded because of previous errors.",
        ":2",
    ];
    assert_eq!(replies[..17].iter().map(|reply| &**reply).collect::<Vec<_>>(), expected);
    assert_eq!(replies[18..], ["-ERR string exceeds maximum allowed size (proto-max-bulk-len)", "+OK"]);
}

#[test]
fn a_client_may_ask_more_at_once_than_waits_at_once() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    let mut sender = client.socket.get_ref().try_clone().unwrap();
    let writer = thread::spawn(move || {
        for _ in 0..5_000 {
            sender.write_all(&[command(&["INCR", "n"]), command(&["GET", "n"])].concat()).unwrap();
        }
    });
    for n in 1..=5_000 {
        assert_eq!([client.reply(), client.reply()], [Reply::Integer(n), bulk(&n.to_string())]);
    }
    writer.join().unwrap();
    let pipelined: Vec<u8> = (0..20_000).flat_map(|_| command(&["INCR", "m"])).collect();
    client.send(&pipelined);
    (1..=20_000).for_each(|n| assert_eq!(client.reply(), Reply::Integer(n)));
}

#[test]
fn a_transaction_is_aborted_if_another_server_has_changed_what_it_watches() {
    let (stream, servers) = two(ReplicaOptions::default());
    let [mut one, mut other] = servers.each_ref().map(Running::client);
    for (changed, runs) in [("watched", false), ("another", true)] {
        assert_eq!(one.ask(&["WATCH", "watched"]), ok());
        one.ask(&["MULTI"]);
        one.ask(&["SET", "result", changed]);
        // The other server's change is first in the log, and this server sees it with its own.
        let clock = stream.state().real.take();
        other.send(&command(&["SET", changed, "x"]));
        until("it is under way", || !stream.state().is_still());
        one.send(&command(&["EXEC"]));
        until("both are", || servers.iter().all(|server| stream.state().is_under_way(server.publisher)));
        let now = {
            let mut clock = clock.unwrap();
            clock.update();
            let now = clock.unix();
            stream.state().real = Some(clock);
            now
        };
        {
            let mut state = stream.state();
            [1, 0].into_iter().for_each(|at: usize| state.deliver(servers[at].publisher, usize::MAX, false, now));
            let all = state.entries.len();
            state.links.iter_mut().for_each(|link| link.visible = all);
        }
        wake(&stream);
        let expected = if runs { Reply::Array(Some(vec![ok()])) } else { Reply::Array(None) };
        assert_eq!((one.reply(), other.reply()), (expected, ok()));
    }
}

#[test]
fn keys_end_by_the_time_of_the_log() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let [mut one, mut other] = servers.each_ref().map(Running::client);
    assert_eq!(one.ask(&["SET", "k", "v", "PX", "30"]), ok());
    until("it has ended there", || other.ask(&["GET", "k"]) == Reply::Bulk(None));
    until("it has ended here", || one.ask(&["GET", "k"]) == Reply::Bulk(None));
}

#[test]
fn changes_are_refused_while_the_log_cannot_be_reached() {
    let (stream, servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    assert_eq!(client.ask(&["SET", "k", "v"]), ok());
    stream.state().links[servers[0].publisher].cut = true;
    let refused = "CLUSTERDOWN the shared log is unreachable and nothing was changed: try again later, or at another \
                   server";
    assert_eq!(client.ask(&["SET", "k", "w"]), Reply::Error(refused.into()));
    client.ask(&["MULTI"]);
    client.ask(&["DEL", "k"]);
    assert_eq!(client.ask(&["EXEC"]), Reply::Error(refused.into()));
    assert_eq!(client.ask(&["EXEC"]), Reply::Error("ERR EXEC without MULTI".into()));
    assert_eq!(client.ask(&["GET", "k"]), bulk("v"));
    stream.state().links[servers[0].publisher].cut = false;
    assert_eq!(client.ask(&["GETSET", "k", "w"]), bulk("v"));
}

#[test]
fn a_server_ends_that_cannot_go_on_with_the_log() {
    let (stream, mut servers) = two(ReplicaOptions::default());
    let [mut waits, mut idle] = [(); 2].map(|()| servers[0].client());
    assert_eq!(idle.ask(&["PING"]), Reply::Simple("PONG".into()));
    stream.state().real = None;
    waits.send(&[command(&["SET", "k", "v"]), command(&["GET", "k"])].concat());
    until("it is under way", || stream.state().is_under_way(servers[0].publisher));
    let why = "this server has other keys at sequence 7: start it again from a snapshot";
    stream.state().links[servers[0].publisher].lost = Some(Lost(why.into()));
    wake(&stream);
    for _ in 0..2 {
        let Reply::Error(text) = waits.reply() else { panic!("it is refused") };
        assert!(text.starts_with(&format!("CLUSTERDOWN {why}; ")), "{text}");
    }
    waits.ends();
    idle.ends();
    drop((waits, idle));
    let failure = servers[0].thread.take().unwrap().join().unwrap().unwrap_err();
    assert_eq!(failure.to_string(), why);
}

#[test]
fn who_waits_for_the_log_is_answered_before_the_server_ends() {
    let (stream, mut servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    let clock = stream.state().real.take();
    client.send(&command(&["SET", "k", "v"]));
    until("it is under way", || stream.state().is_under_way(servers[0].publisher));
    servers[0].shutdown.shutdown();
    stream.state().real = clock;
    // The next change of another server makes everything arrive.
    let publisher = servers[0].publisher;
    let now = Clock::realtime().unix();
    {
        let mut state = stream.state();
        state.deliver(publisher, usize::MAX, false, now);
        let all = state.entries.len();
        state.links.iter_mut().for_each(|link| link.visible = all);
    }
    wake(&stream);
    assert_eq!(client.reply(), ok());
    client.ends();
    drop(client);
    servers[0].end().unwrap();
}

#[test]
fn what_waits_for_a_pause_runs_after_it() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let [mut one, mut other] = [(); 2].map(|()| servers[0].client());
    assert_eq!(one.ask(&["CLIENT", "PAUSE", "60000", "WRITE"]), ok());
    other.send(&[command(&["GET", "k"]), command(&["SET", "k", "v"]), command(&["GET", "k"])].concat());
    assert_eq!(other.reply(), Reply::Bulk(None));
    assert_eq!(one.ask(&["GET", "k"]), Reply::Bulk(None));
    assert_eq!(one.ask(&["CLIENT", "UNPAUSE"]), ok());
    assert_eq!((other.reply(), other.reply()), (ok(), bulk("v")));
}

#[test]
fn a_pause_does_not_keep_a_server_from_ending() {
    let (_stream, mut servers) = two(ReplicaOptions::default());
    let [mut one, mut other] = [(); 2].map(|()| servers[0].client());
    assert_eq!(one.ask(&["CLIENT", "PAUSE", "100000", "WRITE"]), ok());
    other.send(&[command(&["PING"]), command(&["SET", "k", "v"])].concat());
    assert_eq!(other.reply(), Reply::Simple("PONG".into()));
    servers[0].shutdown.shutdown();
    assert_eq!(other.reply(), ok());
    drop((one, other));
    servers[0].end().unwrap();
}

#[test]
fn a_reply_that_is_not_wanted_is_not_sent_either_if_the_request_has_waited() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let plain = crate::support::Server::start(&[]);
    for address in [servers[0].address, plain.address] {
        let [mut one, mut other] = [(); 2].map(|()| Client::connect(address));
        assert_eq!(one.ask(&["CLIENT", "PAUSE", "60000", "WRITE"]), ok());
        let skip = command(&["CLIENT", "REPLY", "SKIP"]);
        other.send(&[skip, command(&["SET", "k", "v"]), command(&["GET", "k"])].concat());
        assert_eq!(one.ask(&["CLIENT", "UNPAUSE"]), ok());
        assert_eq!(other.reply(), bulk("v"));
    }
}

#[test]
fn a_client_that_has_left_has_changed_what_it_asked_to() {
    let (stream, servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    let clock = stream.state().real.take();
    client.send(&[command(&["PING"]), command(&["SET", "k", "v"])].concat());
    until("it is under way", || stream.state().is_under_way(servers[0].publisher));
    // It closes with a reply unread, which resets the connection.
    client.socket.get_ref().peek(&mut [0]).unwrap();
    drop(client);
    let mut other = servers[0].client();
    until("it has left", || other.info("connected_clients") == 1);
    stream.state().real = clock;
    assert_eq!(other.ask(&["SET", "l", "v"]), ok());
    assert_eq!(other.ask(&["MGET", "k", "l"]), Reply::Array(Some(vec![bulk("v"), bulk("v")])));
}

#[test]
fn a_client_that_has_finished_its_side_gets_every_reply() {
    let (stream, servers) = two(ReplicaOptions { linearizable: true, shard: None });
    let mut client = servers[0].client();
    let clock = stream.state().real.take();
    let asked: [&[&str]; 6] = [&["INCR", "n"], &["GET", "n"], &["MULTI"], &["INCR", "n"], &["EXEC"], &["GET", "n"]];
    client.send(&asked.map(command).concat());
    client.socket.get_ref().shutdown(Shutdown::Write).unwrap();
    until("it is under way", || stream.state().is_under_way(servers[0].publisher));
    // The server has read the end as well once it serves those who come later.
    assert_eq!(servers[0].client().ask(&["PING"]), Reply::Simple("PONG".into()));
    stream.state().real = clock;
    wake(&stream);
    let queued = Reply::Simple("QUEUED".into());
    let run = Reply::Array(Some(vec![Reply::Integer(2)]));
    for reply in [Reply::Integer(1), bulk("1"), ok(), queued, run, bulk("2")] {
        assert_eq!(client.reply(), reply);
    }
    assert_eq!(client.try_reply(), None);
}

#[test]
fn a_client_that_asks_for_much_behind_a_change_is_sent_all_of_it() {
    let (_stream, servers) = two(ReplicaOptions::default());
    let mut client = servers[0].client();
    let value = "v".repeat(1 << 20);
    assert_eq!(client.ask(&["SET", "k", &value]), ok());
    let gets: Vec<u8> = (0..100).flat_map(|_| command(&["GET", "k"])).collect();
    client.send(&[command(&["INCR", "n"]), gets, command(&["INCR", "n"])].concat());
    assert_eq!(client.reply(), Reply::Integer(1));
    (0..100).for_each(|_| assert!(client.reply() == bulk(&value)));
    assert_eq!(client.reply(), Reply::Integer(2));
}

/// The log does not answer meanwhile.
#[test]
fn requests_of_all_clients_that_wait_behind_changes_are_bounded() {
    let stream = stream();
    let limits = Limits { buffers: 2 << 20, ..Limits::default() };
    let server = Running::limited(&stream, "one", ReplicaOptions::default(), limits);
    let mut looks = server.client();
    let clock = stream.state().real.take();
    let requests = [command(&["PING"]), command(&["INCR", "n"]), command(&["ECHO", &"x".repeat(60_000)])].concat();
    let mut clients: Vec<_> = (0..100).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send(&requests);
        // Until it is answered or closed, so that the next request does not arrive together with this one.
        _ = client.try_reply();
    }
    until("some are cut off", || looks.info("client_cut_offs") >= 50);
    stream.state().real = clock;
    wake(&stream);
    assert_eq!(looks.ask(&["PING"]), Reply::Simple("PONG".into()));
}

#[test]
#[should_panic(expected = "a server with a journal shares no log")]
fn a_server_with_a_journal_shares_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let address = (([127, 0, 0, 1], 0).into(), None);
    let (mut server, mut world) = Server::bind(address, None, Wait::Block, Limits::default()).unwrap();
    let options = LogOptions { directory: directory.path().into(), durability: Durability::Process, compact: 0 };
    server.journal(&mut world, &options).unwrap();
    let (log, _) = stream().open("one", None);
    _ = server.replicate(&mut world, Box::new(log), ReplicaOptions::default());
}
