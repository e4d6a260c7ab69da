//! The same commands to this server and to Redis itself: their replies must be the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{Client, Random, Reply, Server, bulk, command, until};
use crate::traffic::{Compare, next};

/// The number of commands that are compared, and their seed. `KV_COMMANDS` and `KV_SEED` set others.
const COMMANDS: usize = 20_000;
const SEED: u64 = 7;

/// Debian's redis-server, which is stopped when its test ends.
pub(crate) struct Redis {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Its output. The pipe is kept open, so that the server can go on printing.
    _log: BufReader<ChildStdout>,
}

impl Redis {
    /// Starts Redis. Reports it and returns `None` if it is not installed, which fails in CI.
    pub(crate) fn start(more: &[&str]) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = env!("CARGO_TARGET_TMPDIR");
        let args = ["--port", &port.port().to_string(), "--save", "", "--appendonly", "no", "--dir", folder];
        let started = Command::new("redis-server").args(args).args(more).stdout(Stdio::piped()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "redis-server must be there in CI: {error}");
                println!("SKIPPED: no redis-server to compare with ({error}); Debian has it as redis-server");
                return None;
            }
        };
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut lines = log.by_ref().lines().map_while(Result::ok);
        let listens = lines.any(|line| line.to_lowercase().contains("ready to accept connections"));
        assert!(listens, "redis-server does not listen");
        Some(Self { child, address: port, _log: log })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn assert_same(words: &[Vec<u8>], compare: Compare, ours: &Reply, theirs: &Reply) {
    let show = || {
        let words: Vec<_> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", words.join(" "))
    };
    let same = match (compare, ours, theirs) {
        (_, Reply::Error(_), _) | (_, _, Reply::Error(_)) | (Compare::Same, _, _) => ours == theirs,
        (Compare::AsSet, Reply::Array(Some(ours)), Reply::Array(Some(theirs))) => {
            let sorted = |replies: &[Reply]| {
                let mut replies = replies.to_vec();
                replies.sort();
                replies
            };
            sorted(ours) == sorted(theirs)
        }
        (Compare::Within(most), Reply::Integer(ours), Reply::Integer(theirs)) => {
            (ours - theirs).abs() <= most && (*ours < 0) == (*theirs < 0)
        }
        (Compare::Shape, ours, theirs) => shape(ours) == shape(theirs),
        _ => false,
    };
    assert!(same, "{}", show());
}

/// Returns the kind of a reply, and for a reply of two elements the kinds of these.
fn shape(reply: &Reply) -> Vec<&'static str> {
    let kind = |reply: &Reply| match reply {
        Reply::Simple(_) => "simple",
        Reply::Error(_) => "error",
        Reply::Integer(_) => "integer",
        Reply::Bulk(_) => "bulk",
        Reply::Array(_) => "array",
        Reply::Null => "null",
        Reply::Typed('=', _) => "text",
        Reply::Typed(..) => "typed",
        Reply::Elements('%', _) => "map",
        Reply::Elements(..) => "elements",
    };
    match reply {
        Reply::Array(Some(replies)) if replies.len() == 2 => replies.iter().map(kind).collect(),
        reply => vec![kind(reply)],
    }
}

/// Sends bytes in pieces that are split anywhere. Sometimes another client is answered before the next piece, so that
/// the server has seen only the bytes before it.
fn send_in_pieces(random: &mut Random, client: &mut Client, other: &mut Client, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let length = match random.below(4) {
            0 => 1 + random.index(8.min(bytes.len())),
            1 => 1 + random.index(bytes.len()),
            _ => bytes.len(),
        };
        client.socket.get_mut().write_all(&bytes[..length]).unwrap();
        bytes = &bytes[length..];
        if random.one_in(50) {
            other.ask(&["PING"]);
        }
    }
}

#[test]
fn twenty_thousand_commands_are_answered_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let seed = std::env::var("KV_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut random = Random::new(seed);
    let both = [server.address, redis.address];
    let mut clients: Vec<_> = (0..3).map(|_| both.map(Client::connect)).collect();
    let (mut others, mut subscribers) = (both.map(Client::connect), both.map(Client::connect));
    // One of the clients speaks the newer version of the protocol until it switches to the older one.
    clients[2].iter_mut().for_each(|client| _ = client.ask(&["HELLO", "3"]));
    assert_eq!(subscribers[0].ask(&["SUBSCRIBE", "news"]), subscribers[1].ask(&["SUBSCRIBE", "news"]));
    let mut published = 0;
    let commands = std::env::var("KV_COMMANDS").ok().and_then(|commands| commands.parse().ok()).unwrap_or(COMMANDS);
    let mut done = 0;
    while done < commands {
        let batch: Vec<_> = (0..1 + random.below(40)).map(|_| next(&mut random)).collect();
        let bytes = batch.iter().flat_map(|(words, _)| command(words)).collect::<Vec<_>>();
        let pair = &mut clients[random.index(3)];
        for (client, other) in pair.iter_mut().zip(&mut others) {
            send_in_pieces(&mut random, client, other, &bytes);
        }
        for (words, compare) in &batch {
            let [ours, theirs] = pair.each_mut().map(Client::reply);
            assert_same(words, *compare, &ours, &theirs);
            let receivers = if words[0].eq_ignore_ascii_case(b"publish") { ours } else { Reply::Integer(0) };
            published += u32::from(receivers == Reply::Integer(1));
        }
        done += batch.len();
    }
    for _ in 0..published {
        let [ours, theirs] = subscribers.each_mut().map(Client::reply);
        assert_eq!(ours, theirs);
    }
    assert!(published > 50, "{published}");
    println!("{done} commands with seed {seed}, {published} messages");
}

#[test]
fn odd_bytes_are_answered_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let cases: &[&[u8]] = &[
        b"\r\n\r\nPING\r\n",
        b"PING\n",
        b"  ping  \"a b\"  \r\n",
        b"set k \"\\x41\\n\\\"\"\r\nget k\r\n",
        b"set k 'it\\'s'\r\nget k\r\n",
        b"get \"unbalanced\r\n",
        b"get \"a\"b\r\n",
        b"get a\"b\r\n",
        b"*0\r\n*-1\r\n*-7\r\nPING\r\n",
        b"*1\r\n$4\r\nPING\r\n*1\r\n$-1\r\n",
        b"*1\r\n$x\r\n",
        b"*x\r\n",
        b"*1\r\nPING\r\n",
        b"*1\r\n:1\r\n",
        b"*2147483648\r\n",
        b"*99999999999999999999\r\n",
        b"*1\r\n$99999999999\r\n",
        b"*2\r\n$3\r\nget\r\n$01\r\nk\r\n",
        b"*+1\r\n",
        b"* 1\r\n",
        b"\0\0\0\r\n",
        b"\xff\xfe\r\n",
        b"echo \t\r\n",
        b"quit\r\nping\r\n",
        b"*1\r\n$4\r\nquitxxPING\r\n",
        b"*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\nvvvvget k\r\n",
        b"GET\r\n",
        b"subscribe a\r\nget a\r\nping\r\nping x\r\nunsubscribe\r\nget a\r\n",
        b"PING\x0b\r\n",
        b"PING\x0c \x0b\x0c x\x0by \x0c\r\n",
        b"PING\0\r\nPING\r\n",
        b"\0PING\r\nPING\r\n",
        b"ECHO \"a\"\x0b\r\n",
        b"ECHO \"a\"\x0bb\r\n",
        b"ECHO 'a'\tb\r\n",
        b"ECHO \"\\x4g\\x41\\q\\a\\b\"\r\n",
        b"ECHO a\rb\r\n",
        b"ECHO \xff\r\n",
        b"*1\0\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\0\r\nPING\r\n",
        b"*1\r\n\xff\r\n",
        b"*1\r\n\n\r\n",
        b"*1\r\n\r\n",
        b"*\r\n",
        b"*-0\r\nPING\r\n",
        b"*-2147483649\r\nPING\r\n",
        b"*2147483647\r\n",
        b"*1048577\r\n$4\r\nPING\r\n",
        b"*1\r\n$-0\r\n",
        b"*1\r\n$+4\r\nPING\r\n",
        b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
        b"*1\r\n$0\r\n\r\n",
        b"multi\r\nset k 1\r\nget k",
        b"multi\r\nset k 1\r\nquit\r\nexec\r\n",
        b"multi\r\n*1\r\n$x\r\nexec\r\n",
        b"subscribe a\r\npsubscribe a* b*\r\npublish a x\r\nunsubscribe\r\npunsubscribe x\r\npunsubscribe a* b*\r\nget k\r\n",
        b"ssubscribe a b\r\nssubscribe a\r\nsubscribe a\r\nsunsubscribe x b\r\nunsubscribe\r\nping\r\nsunsubscribe\r\nsunsubscribe\r\nget k\r\n",
        b"multi\r\nssubscribe a\r\nspublish a x\r\nsunsubscribe a\r\nexec\r\nget k\r\n",
        b"multi\r\nsubscribe a\r\npublish a x\r\nget k\r\npublish a y\r\nexec\r\nget k\r\nping\r\nexec\r\n",
        b"subscribe a\r\nmulti\r\nexec\r\nunsubscribe\r\nexec\r\n",
        b"subscribe a b a\r\nunsubscribe x b\r\nunsubscribe\r\nunsubscribe\r\n",
        b"subscribe a\r\nunsubscribe b a\r\nping\r\n",
    ];
    for case in cases {
        let answers = [server.address, redis.address].map(|address| {
            let mut client = Client::connect(address);
            client.send(case);
            client.socket.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
            std::iter::from_fn(|| client.try_reply()).collect::<Vec<_>>()
        });
        assert_eq!(answers[0], answers[1], "{}", case.escape_ascii());
    }
}

#[test]
fn a_million_pairs_are_set_at_once_as_in_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let mut words = vec!["MSET".to_owned()];
    words.extend((0..1_000_000).flat_map(|n| [format!("k{}", n % 1_000), "v".to_owned()]));
    for address in [server.address, redis.address] {
        let mut client = Client::connect(address);
        assert_eq!(client.ask(&words), Reply::Simple("OK".into()));
        assert_eq!(client.ask(&["DBSIZE"]), Reply::Integer(1_000));
    }
}

#[test]
fn keys_end_when_they_do_in_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let mut clients = [server.address, redis.address].map(Client::connect);
    let setup: &[&[&str]] = &[
        &["SET", "kept", "1", "PX", "200"],
        &["PERSIST", "kept"],
        &["SET", "longer", "1", "PX", "200"],
        &["EXPIRE", "longer", "100"],
        &["SET", "again", "1", "PX", "200"],
        &["SET", "again", "2"],
        &["MSET", "incremented", "1", "appended", "a"],
        &["PEXPIRE", "incremented", "200"],
        &["INCR", "incremented"],
        &["PEXPIRE", "appended", "200"],
        &["APPEND", "appended", "b"],
        &["SET", "keepttl", "1", "PX", "200"],
        &["SET", "keepttl", "2", "KEEPTTL"],
        &["EXPIRE", "keepttl", "-1"],
        &["SET", "moved", "1", "PX", "200"],
        &["GETDEL", "moved"],
        &["SET", "moved", "2"],
        // Set last: once it has expired, every other time given above has passed too.
        &["SET", "short", "1", "PX", "200"],
    ];
    let ask = |clients: &mut [Client; 2], words: &[&str]| {
        let [ours, theirs] = clients.each_mut().map(|client| client.ask(words));
        assert_eq!(ours, theirs, "{words:?}");
        ours
    };
    setup.iter().for_each(|words| _ = ask(&mut clients, words));
    for client in &mut clients {
        until("the last one has ended", || client.ask(&["EXISTS", "short"]) == Reply::Integer(0));
    }
    let mut there = Vec::new();
    for key in ["short", "kept", "longer", "again", "incremented", "appended", "keepttl", "moved"] {
        if ask(&mut clients, &["EXISTS", key]) == Reply::Integer(1) {
            there.push(key);
        }
    }
    assert_eq!(there, ["kept", "longer", "again", "moved"]);
    assert_eq!(ask(&mut clients, &["GET", "again"]), bulk("2"));
    ask(&mut clients, &["TTL", "longer"]);
    ask(&mut clients, &["DBSIZE"]);
    assert_eq!(server.info("expired_keys"), 3);
}
