//! The options that limit what clients may do.

use std::process::Command;

use kv_server::{ReplicaOptions, Request, RequestLimits};
use nexus_rt::connections::Framing;

use crate::replicated::{Running, stream};
use crate::support::{Client, Reply, Server, command, ok, until};

#[test]
fn arguments_and_requests_have_a_longest() {
    let server = Server::start(&["--max-value", "1kb", "--max-request", "4kb"]);
    let mut client = server.client();
    assert_eq!(client.ask(&["SET", "k", &"v".repeat(1_024)]), ok());
    let too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    assert_eq!(client.ask(&["APPEND", "k", "x"]), Reply::Error(too_long.into()));
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1025\r\n");
    assert_eq!(client.reply(), Reply::Error("ERR Protocol error: invalid bulk length".into()));
    assert!(client.is_closed());
    let mut client = server.client();
    client.send(format!("*100\r\n{}", format!("$1000\r\n{}\r\n", "x".repeat(1_000)).repeat(80)).as_bytes());
    assert_eq!(
        client.reply(),
        Reply::Error("ERR Protocol error: the request is longer than 4096 bytes (--max-request)".into())
    );
    assert_eq!(server.info("client_cut_offs"), 2);
}

#[test]
fn who_comes_when_all_places_are_taken_is_told_so() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut clients = [server.client(), server.client()];
    clients.iter_mut().for_each(|client| _ = client.ask(&["PING"]));
    let mut third = server.client();
    assert_eq!(third.reply(), Reply::Error("ERR max number of clients reached".into()));
    assert!(third.is_closed());
    let [first, mut second] = clients;
    drop(first);
    until("a fourth has the place of the first", || server.client().try_reply_to_ping().is_some());
    assert_eq!(second.ask(&["PING"]), Reply::Simple("PONG".into()));
}

#[test]
fn memory_has_a_limit_that_reading_and_deleting_do_not_meet() {
    let server = Server::start(&["--max-memory", "100kb"]);
    let mut client = server.client();
    let value = "v".repeat(1_000);
    let mut stored = 0;
    while client.ask(&["SET", &stored.to_string(), &value]) == ok() {
        stored += 1;
    }
    assert!((80..110).contains(&stored), "{stored}");
    assert_eq!(client.ask(&["STRLEN", "0"]), Reply::Integer(1_000));
    (0..10).for_each(|n| assert_eq!(client.ask(&["DEL", &n.to_string()]), Reply::Integer(1)));
    assert_eq!(client.ask(&["SET", "0", &value]), ok());
}

/// When the system has no more files, new clients are turned away, and connected clients are served.
#[test]
fn when_files_run_out_who_is_there_is_served() {
    let server = Server::start(&[]);
    let mut there = server.client();
    assert_eq!(there.ask(&["PING"]), Reply::Simple("PONG".into()));
    let pid = server.child.id().to_string();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={0}:{0}", open + 2)]).status();
    assert!(limited.unwrap().success());
    let mut answered = 0;
    for _ in 0..20 {
        let mut client = server.client();
        answered += u32::from(client.try_reply_to_ping().is_some());
        assert_eq!(there.ask(&["PING"]), Reply::Simple("PONG".into()));
    }
    // Each client leaves before the next connects, so most take the place of the one before. Now they stay.
    let mut staying: Vec<_> = (0..20).map(|_| server.client()).collect();
    let served = staying.iter_mut().filter_map(|client| client.try_reply_to_ping()).count();
    assert!((1..=3).contains(&served), "{served}");
    assert!(answered > 0);
    assert_eq!(there.ask(&["PING"]), Reply::Simple("PONG".into()));
    // A connected client asks, since there may be no file for a new one yet.
    assert!(there.info("rejected_connections") >= 17);
}

#[test]
fn a_request_of_many_arguments_leaves_little_behind() {
    let mut requests = Request::new(RequestLimits { argument: 1 << 20, request: 2 << 20, arguments: 1 << 20 });
    let words = vec!["k"; 5_000];
    requests.buffer().extend(&command(&words));
    assert_eq!(requests.decode().unwrap().map(Request::len), Some(5_000));
    assert!(requests.holds() > 5_000 * 16);
    requests.buffer().extend(b"*2\r\n$3\r\nGET\r\n");
    assert!(requests.decode().unwrap().is_none());
    assert!(requests.holds() < 10_000, "{}", requests.holds());
    requests.buffer().extend(b"$1\r\nk\r\n");
    let request = requests.decode().unwrap().expect("it is whole");
    assert_eq!(request.from(0).collect::<Vec<_>>(), [b"GET" as &[u8], b"k"]);
}

#[test]
fn what_comes_back_from_a_log_runs_whatever_its_client_may_send_now() {
    let stream = stream();
    let servers = ["one", "other"].map(|node| Running::start(&stream, node, ReplicaOptions::default()));
    let mut operator = servers[0].client();
    let keys: Vec<_> = (0..41).map(|n| format!("k{n}")).collect();
    let pairs = keys.iter().flat_map(|key| [&**key, "v"]);
    assert_eq!(operator.ask(&["MSET"].into_iter().chain(pairs).collect::<Vec<_>>()), ok());
    operator.ask(&["CONFIG", "SET", "requirepass", "secret"]);
    let mut client = servers[0].client();
    assert!(matches!(client.ask(&["PING"]), Reply::Error(_)));
    operator.ask(&["CONFIG", "SET", "requirepass", ""]);
    let clock = stream.state().real.take();
    let mut asked = vec!["DEL"];
    asked.extend(keys.iter().map(|key| &**key));
    client.send(&command(&asked));
    let list = |operator: &mut Client| format!("{:?}", operator.ask(&["CLIENT", "LIST"]));
    until("it is under way", || list(&mut operator).contains("cmd=del"));
    operator.ask(&["CONFIG", "SET", "requirepass", "secret"]);
    stream.state().real = clock;
    stream.state().wakers.iter().for_each(|wake| wake());
    assert_eq!(client.reply(), Reply::Integer(41));
    assert_eq!(operator.ask(&["DBSIZE"]), Reply::Integer(0));
}
