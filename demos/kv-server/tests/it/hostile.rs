//! Hostile or broken clients: each gets an error or a closed connection, and all other clients are served.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use crate::support::{Client, LONG, Random, Reply, Server, bulk, command, ok, until};

/// Checks that another client is served.
fn serves(server: &Server) {
    let mut client = server.client();
    assert_eq!(client.ask(&["SET", "somebody", "else"]), ok());
    assert_eq!(client.ask(&["PING"]), Reply::Simple("PONG".into()));
}

#[test]
fn lengths_that_are_none_end_the_connection_with_an_error() {
    let server = Server::start(&[]);
    let cases: &[(&[u8], &str)] = &[
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*99999999999999999999\r\n", "invalid multibulk length"),
        (b"*x\r\n", "invalid multibulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$67108865\r\n", "invalid bulk length"),
        (b"*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
        (b"*1\r\n:3\r\n", "expected '$', got ':'"),
        (b"get \"\r\n", "unbalanced quotes in request"),
    ];
    for (bytes, reason) in cases {
        let mut client = server.client();
        client.send(bytes);
        assert_eq!(client.reply(), Reply::Error(format!("ERR Protocol error: {reason}")));
        assert!(client.is_closed());
        serves(&server);
    }
    for (start, what) in [(&b"*"[..], "mbulk count string"), (b"*1\r\n$", "bulk count string"), (b"", "inline request")]
    {
        let mut client = server.client();
        client.send(start);
        client.send(&vec![b'1'; 70_000]);
        assert_eq!(client.reply(), Reply::Error(format!("ERR Protocol error: too big {what}")));
        assert!(client.is_closed());
    }
    serves(&server);
}

#[test]
fn what_is_announced_and_never_sent_costs_nothing() {
    let server = Server::start(&[]);
    let before = server.memory_kb("VmRSS");
    let clients: Vec<_> = (0..500)
        .map(|_| {
            let mut client = server.client();
            client.send(b"*1048576\r\n$67108864\r\nabc");
            client
        })
        .collect();
    serves(&server);
    until("all are connected", || server.info("connected_clients") > 500);
    assert!(server.memory_kb("VmRSS") < before + 100_000, "{} KiB before, {} now", before, server.memory_kb("VmRSS"));
    drop(clients);
    until("all are gone", || server.info("connected_clients") == 1);
}

#[test]
fn junk_does_no_harm() {
    let server = Server::start(&[]);
    let mut random = Random::new(11);
    for round in 0..200 {
        let mut socket = TcpStream::connect(server.address).unwrap();
        let length = random.index(5_000);
        let bytes: Vec<u8> = match round % 2 {
            0 => (0..length).map(|_| random.below(256) as u8).collect(),
            // Bytes of the protocol, which reach deeper into the parser.
            _ => (0..length)
                .map(|_| *random.pick(&[&b'*', &b'$', &b'\r', &b'\n', &b'1', &b'3', &b'-', &b'g', &b' ', &b'"']))
                .collect(),
        };
        // The server may close the connection before everything is sent.
        _ = socket.write_all(&bytes);
        _ = socket.shutdown(Shutdown::Write);
        socket.set_read_timeout(Some(LONG)).unwrap();
        _ = socket.read_to_end(&mut Vec::new());
    }
    serves(&server);
}

#[test]
fn slow_writers_are_served_and_hold_nobody_up() {
    let server = Server::start(&[]);
    let mut slow: Vec<_> = (0..20).map(|_| server.client()).collect();
    for byte in command(&["ECHO", "patience"]) {
        slow.iter_mut().for_each(|client| client.send(&[byte]));
        serves(&server);
    }
    for client in &mut slow {
        assert_eq!(client.reply(), bulk("patience"));
    }
}

#[test]
fn who_has_sent_all_still_gets_all_replies() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let value = "v".repeat(1_000);
    assert_eq!(client.ask(&["SET", "k", &value]), ok());
    client.send(&command(&["GET", "k"]).repeat(5_000));
    client.socket.get_mut().shutdown(Shutdown::Write).unwrap();
    // More than sockets hold, so that the server has to wait for room.
    until("all have come", || server.info("keyspace_hits") == 5_000);
    for _ in 0..5_000 {
        assert_eq!(client.reply(), bulk(&value));
    }
    assert!(client.is_closed());
}

#[test]
fn a_request_of_http_ends_the_connection_before_its_body() {
    let server = Server::start(&[]);
    for request in ["POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n", "GET /\r\nhost: localhost\r\nSET k v\r\n"]
    {
        let mut client = server.client();
        client.send(request.as_bytes());
        while let Some(reply) = client.try_reply() {
            assert_eq!(reply, Reply::Bulk(None), "of GET");
        }
        assert_eq!(server.client().ask(&["EXISTS", "k"]), Reply::Integer(0));
    }
}

#[test]
fn who_reads_is_served_whatever_the_size_of_the_replies() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let (small, large) = ("v".repeat(24_000), "v".repeat(1 << 20));
    assert_eq!(client.ask(&["SET", "small", &small]), ok());
    assert_eq!(client.ask(&["SET", "large", &large]), ok());
    // More than the server holds for one client, in requests that are sent at once.
    client.send(&command(&["GET", "large"]).repeat(70));
    client.send(&command(&["GET", "small"]).repeat(3_000));
    (0..70).for_each(|_| assert!(client.reply() == bulk(&large)));
    (0..3_000).for_each(|_| assert!(client.reply() == bulk(&small)));
    client.send(&command(&[vec!["MGET"], vec!["large"; 100]].concat()));
    let Reply::Array(Some(values)) = client.reply() else { panic!("MGET gives an array") };
    assert!(values.len() == 100 && values.iter().all(|value| *value == bulk(&large)));
    assert_eq!(server.info("client_cut_offs"), 0);
}

#[test]
fn what_may_be_stored_can_be_read() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let value = "v".repeat((64 << 20) - 12);
    assert_eq!(client.ask(&["SET", "k", &value]), ok());
    assert!(client.ask(&["GET", "k"]) == bulk(&value));
}

#[test]
fn who_never_reads_is_cut_off() {
    let server = Server::start(&["--max-replies", "1mb", "--stall-ms", "200"]);
    let mut client = server.client();
    assert_eq!(client.ask(&["SET", "k", &"v".repeat(100_000)]), ok());
    let mut greedy = server.client();
    let request = command(&["GET", "k"]);
    let mut sent = 0;
    while greedy.socket.get_mut().write_all(&request).is_ok() {
        sent += 1;
        // More than sockets hold.
        assert!(sent < 1_000_000, "the server takes whatever it is asked");
        if sent % 1_000 == 0 {
            // A client that asks later is answered, so the server has handled everything before.
            serves(&server);
        }
    }
    until("it is counted", || server.info("client_cut_offs") == 1);
    until("it is gone", || server.info("connected_clients") == 2);
    serves(&server);
    assert!(server.memory_kb("VmHWM") < 100_000, "{}", server.memory_kb("VmHWM"));
}

#[test]
fn a_subscriber_that_never_reads_is_cut_off_and_the_publisher_is_not() {
    let server = Server::start(&["--max-replies", "1mb"]);
    let mut subscriber = server.client();
    subscriber.ask(&["SUBSCRIBE", "news"]);
    let mut reads = server.client();
    reads.ask(&["SUBSCRIBE", "news"]);
    let reading = thread::spawn(move || (0..200).all(|_| matches!(reads.reply(), Reply::Array(_))));
    let mut publisher = server.client();
    let message = "m".repeat(100_000);
    let mut receivers = Vec::new();
    for _ in 0..200 {
        receivers.push(publisher.ask(&["PUBLISH", "news", &message]));
    }
    assert_eq!((receivers.first(), receivers.last()), (Some(&Reply::Integer(2)), Some(&Reply::Integer(1))));
    assert!(reading.join().unwrap(), "who reads gets every message");
    until("it is counted", || server.info("client_cut_offs") == 1);
}

#[test]
fn who_leaves_gets_what_it_waits_for_and_nothing_that_is_published_later() {
    const MESSAGES: usize = 200;
    let server = Server::start(&[]);
    let mut subscriber = server.client();
    subscriber.ask(&["SUBSCRIBE", "news"]);
    let mut publisher = server.client();
    // More than sockets hold.
    let message = "m".repeat(100_000);
    for _ in 0..MESSAGES {
        assert_eq!(publisher.ask(&["PUBLISH", "news", &message]), Reply::Integer(1));
    }
    let asked = server.info("total_commands_processed");
    subscriber.send(&command(&["QUIT"]));
    // Each INFO counts as a request too.
    let mut looks = 1;
    until("it has quit", || {
        looks += 1;
        server.info("total_commands_processed") == asked + looks
    });
    publisher.ask(&["PUBLISH", "news", "late"]);
    for _ in 0..MESSAGES {
        assert!(matches!(subscriber.reply(), Reply::Array(_)));
    }
    assert_eq!(subscriber.reply(), ok());
    assert!(subscriber.is_closed());
}

#[test]
fn one_request_for_the_same_value_many_times_does_not_fill_the_memory() {
    let server = Server::start(&["--max-replies", "1mb"]);
    let mut client = server.client();
    assert_eq!(client.ask(&["SET", "k", &"v".repeat(900_000)]), ok());
    let mut greedy = server.client();
    greedy.send(&command(&[vec!["MGET"], vec!["k"; 2_000]].concat()));
    assert_eq!(greedy.try_reply(), None);
    assert!(server.memory_kb("VmHWM") < 50_000, "{}", server.memory_kb("VmHWM"));
    assert_eq!(server.info("client_cut_offs"), 1);
    serves(&server);
    greedy = server.client();
    greedy.send(&command(&[vec!["COMMAND", "DOCS"], vec!["client"; 40_000]].concat()));
    assert_eq!(greedy.try_reply(), None);
    assert!(server.memory_kb("VmHWM") < 50_000, "{}", server.memory_kb("VmHWM"));
    assert_eq!(server.info("client_cut_offs"), 2);
    serves(&server);
}

#[test]
fn subscriptions_of_all_clients_together_are_bounded() {
    let server = Server::start(&["--max-buffers", "2mb", "--max-clients", "100"]);
    let mut greedy = server.client();
    let mut confirmed = 0;
    for n in 0..100 {
        greedy.send(&command(&["SUBSCRIBE", &format!("{n}:{}", "c".repeat(60_000))]));
        if greedy.try_reply().is_none() {
            break;
        }
        confirmed += 1;
    }
    assert!((10..30).contains(&confirmed), "{confirmed}");
    until("it is forgotten", || server.info("pubsub_channels") == 0);
    assert_eq!(server.info("client_cut_offs"), 1);
}

#[test]
fn who_holds_little_is_not_cut_off_because_others_hold_much() {
    let server = Server::start(&["--max-buffers", "4mb", "--max-clients", "20"]);
    let mut greedy: Vec<_> = (0..5).map(|_| server.client()).collect();
    for client in &mut greedy {
        client.send(b"*2\r\n$3\r\nGET\r\n$900000\r\n");
        _ = client.socket.get_mut().write_all(&vec![b'x'; 800_000]);
    }
    until("some are cut off", || server.info("client_cut_offs") >= 1);
    let mut slow = server.client();
    for byte in command(&["ECHO", "patience"]) {
        slow.send(&[byte]);
        serves(&server);
    }
    assert_eq!(slow.reply(), bulk("patience"));
}

#[test]
fn unfinished_requests_of_all_clients_together_are_bounded() {
    let server = Server::start(&["--max-buffers", "8mb"]);
    let before = server.memory_kb("VmHWM");
    let mut clients: Vec<_> = (0..40).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send(b"*2\r\n$3\r\nGET\r\n$4000000\r\n");
        // The server may have closed the connection.
        _ = client.socket.get_mut().write_all(&vec![b'x'; 1_000_000]);
    }
    until("some are cut off", || server.info("client_cut_offs") >= 20);
    serves(&server);
    let held = server.memory_kb("VmHWM") - before;
    assert!(held < 40_000, "{held} KiB");
    drop(clients);
    until("all are gone", || server.info("connected_clients") == 1);
}

#[test]
fn requests_of_all_clients_that_wait_for_a_pause_are_bounded() {
    let server = Server::start(&["--max-buffers", "2mb"]);
    assert_eq!(server.client().ask(&["CLIENT", "PAUSE", "600000", "WRITE"]), ok());
    let requests = [command(&["PING"]), command(&["SET", "k", &"x".repeat(60_000)])].concat();
    let mut clients: Vec<_> = (0..100).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send(&requests);
        // Until it is answered or closed, so that the next request does not arrive together with this one.
        _ = client.try_reply();
    }
    until("some are cut off", || server.info("client_cut_offs") >= 50);
    assert_eq!(server.client().ask(&["GET", "k"]), Reply::Bulk(None));
}

#[test]
fn a_storm_of_connections_passes() {
    let server = Server::start(&[]);
    let storm: Vec<_> = (0..4)
        .map(|thread| {
            let address = server.address;
            thread::spawn(move || {
                for n in 0..500 {
                    let Ok(mut socket) = TcpStream::connect(address) else { continue };
                    match (n + thread) % 3 {
                        0 => {}
                        1 => _ = socket.write_all(b"*1\r\n$4\r\nPI"),
                        _ => {
                            _ = socket.write_all(&command(&["PING"]));
                            // Closed with the reply unread, and so with a reset.
                        }
                    }
                }
            })
        })
        .collect();
    for _ in 0..20 {
        serves(&server);
    }
    storm.into_iter().for_each(|thread| thread.join().unwrap());
    until("all are gone", || server.info("connected_clients") == 1);
    serves(&server);
}

#[test]
fn a_client_that_leaves_in_the_middle_is_forgotten() {
    let server = Server::start(&[]);
    for bytes in [&b"*2\r\n$3\r\nGET\r\n$100\r\nabc"[..], b"subscribe a b c\r\n", b"get", b"quit\r\n"] {
        let mut client = Client::connect(server.address);
        client.send(bytes);
        drop(client);
    }
    until("all are gone", || server.info("connected_clients") == 1 && server.info("pubsub_channels") == 0);
}
