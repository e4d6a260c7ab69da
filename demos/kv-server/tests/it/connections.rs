//! Both versions of the protocol, passwords, and commands about connections: as in Redis, byte by byte.

use std::io::Read;
use std::net::{Shutdown, SocketAddr};

use crate::redis::Redis;
use crate::support::{Client, Reply, Server, command, ok};

/// Returns all replies to lines. Each line is sent when the one before is answered or known to get no reply.
fn answers(address: SocketAddr, lines: &[&str]) -> Vec<u8> {
    let mut client = Client::connect(address);
    client.send(format!("{}\r\n", lines.join("\r\n")).as_bytes());
    client.socket.get_mut().shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    client.socket.read_to_end(&mut answers).unwrap();
    answers
}

/// Removes the number of the client, the only one after `id`.
fn without_id(answers: &[u8]) -> String {
    let text = answers.escape_ascii().to_string();
    let mut parts = text.split("$2\\r\\nid\\r\\n:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "ID " + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

pub(crate) fn assert_same(server: &Server, redis: &Redis, cases: &str) {
    for case in cases.lines().filter(|line| !line.is_empty()) {
        let lines: Vec<_> = case.split(" ; ").collect();
        let [ours, theirs] = [server.address, redis.address].map(|address| without_id(&answers(address, &lines)));
        assert_eq!(ours, theirs, "{case}");
    }
}

#[test]
fn clients_are_answered_about_themselves_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    assert_same(&server, &redis, CASES);
    assert_same(&server, &redis, REPLIES);
}

/// Returns the numbers of the lines of CLIENT LIST for two clients in a mixed order; 1 is the one that asks.
fn listed(address: SocketAddr) -> Vec<i64> {
    let mut clients = [Client::connect(address), Client::connect(address)];
    let ids = clients.each_mut().map(|client| match client.ask(&["CLIENT", "ID"]) {
        Reply::Integer(id) => id,
        other => panic!("{other:?}"),
    });
    let [one, two] = ids.map(|id| id.to_string());
    let asked = ["CLIENT", "LIST", "ID", &two, &one, "999999", &two];
    let Reply::Bulk(Some(text)) = clients[0].ask(&asked) else { panic!("it is text") };
    assert_eq!(clients[1].ask(&["CLIENT", "TRACKING", "off", "REDIRECT", &one]), ok());
    let id = |line: &str| line.split_once(' ').and_then(|(id, _)| id.strip_prefix("id=")?.parse::<i64>().ok()).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| 1 + id(line) - ids[0]).collect()
}

#[test]
fn clients_are_listed_as_often_as_they_are_asked_for_as_by_redis() {
    let server = Server::start(&[]);
    let ours = listed(server.address);
    assert_eq!(ours, [2, 1, 2]);
    if let Some(redis) = Redis::start(&[]) {
        assert_eq!(ours, listed(redis.address));
    }
}

/// A client that asks for more than it may be sent is disconnected, as soon as there is too much.
#[test]
fn a_long_list_of_the_same_client_does_not_fill_the_memory() {
    let server = Server::start(&["--max-replies", "10kb"]);
    let mut client = server.client();
    let Reply::Integer(id) = client.ask(&["CLIENT", "ID"]) else { panic!("it is a number") };
    let id = id.to_string();
    let before = server.memory_kb("VmHWM");
    client.send(&command(&[&["CLIENT", "LIST", "ID"][..], &vec![&*id; 500_000]].concat()));
    assert!(client.is_closed());
    assert!(server.memory_kb("VmHWM") < before + 60_000, "{} {before}", server.memory_kb("VmHWM"));
}

#[test]
fn who_has_no_password_is_refused_as_by_redis() {
    let Some(redis) = Redis::start(&["--requirepass", "secret"]) else { return };
    let server = Server::start(&["--requirepass", "secret"]);
    assert_same(&server, &redis, STRANGERS);
}

#[test]
fn who_has_no_password_sends_small_requests_as_to_redis() {
    let Some(redis) = Redis::start(&["--requirepass", "secret"]) else { return };
    let server = Server::start(&["--requirepass", "secret"]);
    let (auth, reset) = (command(&["AUTH", "secret"]), command(&["RESET"]));
    let hello = command(&["HELLO", "2", "AUTH", "default", "secret"]);
    let many = |keys| command(&[vec!["MGET"], vec!["n"; keys]].concat());
    let large = |length| command(&["SET", "k", &"x".repeat(length)]);
    // Redis closes the connection before it has read more.
    let begins = large(16_385)[..8_000].to_vec();
    let line = format!("MGET{}\r\n", " n".repeat(10)).into_bytes();
    for (requests, replies) in [
        (vec![b"*11\r\n".to_vec()], 1),
        (vec![b"*2147483647\r\n".to_vec()], 1),
        (vec![b"*2147483648\r\n".to_vec()], 1),
        (vec![b"*2\r\n$4\r\nAUTH\r\n$16385\r\n".to_vec()], 1),
        (vec![b"*2\r\n$4\r\nAUTH\r\n$999999999999\r\n".to_vec()], 1),
        (vec![begins.clone()], 1),
        (vec![auth.clone(), reset.clone(), begins], 3),
        (vec![large(16_384)], 1),
        (vec![many(9), line, many(10)], 3),
        (vec![auth.clone(), many(10), reset, many(10)], 4),
        (vec![auth, many(10), large(16_385)], 3),
        (vec![hello, large(100_000), many(10)], 3),
    ] {
        let bytes = requests.concat();
        let [ours, theirs] = [server.address, redis.address].map(|address| {
            let mut client = Client::connect(address);
            client.send(&bytes);
            let replies: Vec<_> = (0..replies).map(|_| client.raw_reply()).collect();
            let fails = replies.last().is_some_and(|last| last.starts_with(b"-ERR Protocol"));
            assert!(!fails || client.is_closed());
            without_id(&replies.concat())
        });
        assert_eq!(ours, theirs, "{}", bytes[..bytes.len().min(60)].escape_ascii());
    }
}

/// Whether they come whole or in part.
#[test]
fn who_has_no_password_is_closed_for_a_large_request_and_the_others_are_served() {
    let server = Server::start(&["--requirepass", "secret"]);
    let long = "x".repeat(16_385);
    let many = [&["MGET"][..], &["k"; 10]].concat();
    for words in [vec!["AUTH", &long], vec!["SET", "k", &long], vec![&long], many] {
        let bytes = command(&words);
        for cut in [bytes.len(), bytes.len() / 2, bytes.len() - 1] {
            let mut client = server.client();
            client.send(&bytes[..cut]);
            let Some(Reply::Error(error)) = client.try_reply() else { panic!("it is refused") };
            assert!(error.starts_with("ERR Protocol error: unauthenticated "), "{error}");
            assert!(client.is_closed());
        }
        let mut client = server.client();
        assert_eq!(client.ask(&["AUTH", "secret"]), ok());
        let before = client.info("total_commands_processed");
        client.send(&bytes[..bytes.len() / 2]);
        // In the meantime, it arrives.
        server.client().ask(&["PING"]);
        client.send(&bytes[bytes.len() / 2..]);
        assert!(!matches!(client.reply(), Reply::Error(error) if error.contains("unauthenticated")));
        // INFO, and the large one if it is a command: PING is refused.
        let commands = 1 + u64::from(words.len() > 1);
        assert_eq!(client.info("total_commands_processed"), before + commands);
    }
    let mut client = server.client();
    assert_eq!(client.ask(&["AUTH", "secret"]), ok());
    assert_eq!(client.info("client_cut_offs"), 12);
}

#[test]
fn a_client_that_is_killed_is_gone_and_the_others_stay() {
    let server = Server::start(&[]);
    let mut clients = [server.client(), server.client(), server.client()];
    let ids = clients.each_mut().map(|client| match client.ask(&["CLIENT", "ID"]) {
        Reply::Integer(id) => id,
        other => panic!("{other:?}"),
    });
    assert_eq!(ids, [1, 2, 3]);
    clients[2].ask(&["SUBSCRIBE", "a"]);
    let address = clients[1].socket.get_ref().local_addr().unwrap().to_string();
    let [first, second, third] = &mut clients;
    let Reply::Bulk(Some(lines)) = first.ask(&["CLIENT", "LIST"]) else { panic!("it is text") };
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    assert!(lines.len() == 3 && lines[1].contains(&format!(" addr={address} ")), "{lines:?}");
    assert!(lines[0].contains(" cmd=client|list ") && lines[1].contains(" cmd=client|id "), "{lines:?}");
    assert!(lines[2].contains(" flags=P ") && lines[2].contains(" sub=1 "), "{lines:?}");
    let Reply::Bulk(Some(line)) = first.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]) else { panic!("it is text") };
    assert!(line.starts_with(b"id=3 ") && line.iter().filter(|byte| **byte == b'\n').count() == 1);
    assert_eq!(first.ask(&["CLIENT", "KILL", &address]), ok());
    assert!(second.is_closed());
    assert_eq!(first.ask(&["CLIENT", "KILL", "TYPE", "pubsub", "ID", "1"]), Reply::Integer(0));
    assert_eq!(first.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]), Reply::Integer(1));
    assert!(third.is_closed());
    assert_eq!(first.ask(&["CLIENT", "KILL", "ID", "1"]), Reply::Integer(0));
    assert_eq!(first.ask(&["CLIENT", "KILL", "ID", "1", "SKIPME", "no"]), Reply::Integer(1));
    assert!(first.is_closed());
}

/// Clients with different versions of the protocol.
#[test]
fn messages_are_told_apart_from_replies_where_the_protocol_can() {
    let server = Server::start(&[]);
    let [mut two, mut three] = [server.client(), server.client()];
    assert!(matches!(three.ask(&["HELLO", "3"]), Reply::Elements('%', _)));
    assert!(matches!(two.ask(&["SUBSCRIBE", "a"]), Reply::Array(_)));
    assert!(matches!(three.ask(&["SUBSCRIBE", "a"]), Reply::Elements('>', _)));
    assert_eq!(server.client().ask(&["PUBLISH", "a", "x"]), Reply::Integer(2));
    let parts = ["message", "a", "x"].map(crate::support::bulk);
    assert_eq!(two.reply(), Reply::Array(Some(parts.to_vec())));
    assert_eq!(three.reply(), Reply::Elements('>', parts.to_vec()));
    assert_eq!(three.ask(&["GET", "k"]), Reply::Null);
}

#[test]
fn clients_wait_while_they_are_paused() {
    let server = Server::start(&[]);
    let [mut first, mut second] = [server.client(), server.client()];
    assert_eq!(first.ask(&["CLIENT", "PAUSE", "60000", "WRITE"]), ok());
    second.send(b"GET k\r\nSET k 1\r\nGET k\r\n");
    assert_eq!(second.reply(), Reply::Bulk(None));
    let mut third = server.client();
    third.send(b"PING\r\nINCR k\r\n");
    assert_eq!(third.reply(), Reply::Simple("PONG".into()));
    assert_eq!(first.ask(&["EXISTS", "k"]), Reply::Integer(0));
    assert_eq!(first.ask(&["CLIENT", "UNPAUSE"]), ok());
    assert_eq!(second.reply(), ok());
    assert!(matches!(second.reply(), Reply::Bulk(Some(_))));
    assert!(matches!(third.reply(), Reply::Integer(1..=2)));
    // All requests wait, including those of the client that asked for the pause and of clients that connect later.
    let started = std::time::Instant::now();
    first.send(b"CLIENT PAUSE 300\r\nPING\r\n");
    assert_eq!(first.reply(), ok());
    let mut fourth = server.client();
    assert_eq!(fourth.ask(&["PING"]), Reply::Simple("PONG".into()));
    assert!(started.elapsed().as_millis() >= 290);
    assert_eq!(first.reply(), Reply::Simple("PONG".into()));
    assert_eq!(second.ask(&["PING"]), Reply::Simple("PONG".into()));
}

#[test]
fn a_pause_does_not_keep_the_server_from_ending() {
    let mut server = Server::start(&[]);
    let [mut first, mut second] = [server.client(), server.client()];
    assert_eq!(first.ask(&["CLIENT", "PAUSE", "100000", "WRITE"]), ok());
    second.send(b"PING\r\nSET k 1\r\n");
    assert_eq!(second.reply(), Reply::Simple("PONG".into()));
    server.signal("-TERM");
    assert_eq!(second.reply(), ok());
    assert!(second.is_closed() && first.is_closed() && server.ends_well());
}

const CASES: &str = "
hello
hello 3 ; get x ; config get port1 ; ping ; subscribe a ; ping ; get x ; ping hi ; unsubscribe
hello 4
hello x
hello 3 setname
hello 3 setname a b
hello 3 auth default x
hello 3 auth a
hello 3 auth a b
hello 3 setname a ; client getname ; reset ; client getname ; hello
hello 2 foo
hello 3 setname 'a b'
hello 3 setname zz foo ; client getname
auth x
auth default x
auth a b
auth a b c
auth
client help
client id a ; client list foo ; client list type foo ; client list type pubsub ; client list id ; client list id x ; client list id 0 ; client info a
client kill
client kill a
client kill id 99999
client kill id x
client kill id 0
client kill type foo
client kill user x
client kill addr a:1
client kill skipme x
client kill foo bar
client kill id 1 type
client kill id 9999 maxage 3
client setinfo a b
client reply
client reply on
client reply off ; ping ; client reply on ; ping
client reply skip ; ping ; ping
client reply skip ; client reply foo ; ping
client reply skip ; client reply skip ; ping ; ping
client reply skip ; client reply on ; ping
client reply off ; client reply skip ; ping ; client reply on ; ping
client reply off ; subscribe a ; unsubscribe ; client reply on
client reply off ; foo ; get ; client reply on
client reply foo
client reply off ; reset ; ping
client no-evict foo
client no-evict on
client no-touch on
client pause ; client pause x ; client pause 1 foo ; client pause -1 ; client unpause a ; client unpause
client pause 1 write ; client unpause
client pause 1 write z ; client unpause
client list id -1 ; client list id 999999 -7 ; client list id 1 x ; client list id 99999999999999999999
client tracking off
client tracking off foo ; client tracking on foo ; client tracking foo bar ; client tracking foo noloop
client tracking off bcast ; client tracking off prefix ; client tracking off prefix a optin NOLOOP optout ; client getredir
client tracking off redirect ; client tracking off redirect x ; client tracking off redirect 99999 ; client tracking off redirect 0
client tracking foo
client caching yes
client getredir
client trackinginfo
hello 3 ; client trackinginfo
client unblock 1
client unblock x
client unblock 99 foo
client unblock 99 error
client foo
client getname a
client setname 'a b'
client setname ''
client
client no-evict
hello 3 ; subscribe a ; publish a hi ; ping ; quit
hello 3 ; subscribe a ; publish a hi ; publish a ho ; unsubscribe a ; publish a x
reset
subscribe a ; reset ; get a
hello 3 ; unsubscribe
subscribe a ; hello 3
subscribe a ; client id
command foo
config foo
config get
config help a
config help
select 99999999999 ; select 1x ; select 16 ; select -1
hello 3 ; get nokey ; mget a b ; set k v nx get ; getdel nosuch ; getset nosuch2 1 ; del nosuch2 ; scan 0 match zzz ; keys zzz
hello 3 ; set a 1 ; set a 2 get ; set a 3 nx ; del a
hello 3 ; config get maxmemory-policy
config get TIMEOUT
hello 3 ; command info nosuch
command info nosuch
echo a ; ECHO 'x y'
auth 'a' 'b' ; client getname
";

const REPLIES: &str = "
hello 3 ; set k v get ; get k ; get none ; mget k none ; getdel k ; getset k v ; del k
hello 3 ; ttl none ; pttl none ; exists none ; type none ; strlen none ; persist none ; expire none 10
hello 3 ; keys none ; scan 0 match none ; dbsize ; select 0 ; echo x ; ping ; ping x ; config get maxmemory-policy
hello 3 ; incr n ; incrby n x ; append n 1 ; decr n ; del n ; foo ; get ; subscribe ; unsubscribe a ; unsubscribe
hello 3 ; subscribe a b ; get none ; publish a 1 ; publish b 2 ; reset ; get none
";

const STRANGERS: &str = "
get a ; foo ; get ; client foo ; config get x ; auth x ; auth secret ; get a
hello
hello 3
hello 3 setname a
hello 3 auth default no
hello 3 auth default secret ; get a
hello 3 auth other secret
quit
reset
hello 4 ; hello 3 auth default secret setname 'a b' ; get a
subscribe x ; ping ; command
auth default secret ; get a ; reset ; get a
auth secret ; auth wrong ; get a
auth secretsecret ; auth secre ; auth '' ; auth Secret ; get a
";
