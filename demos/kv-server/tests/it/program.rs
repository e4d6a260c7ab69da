//! The program: how it starts, what it prints, and how it ends.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use crate::support::{Client, Server, bulk, command, ok, until};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kv-server")).args(args).output().unwrap()
}

#[test]
fn the_banner_says_where_it_listens_and_what_to_try() {
    let server = Server::start(&["--max-clients", "20"]);
    let (address, port) = (server.address, server.address.port());
    let expected = format!(
        "kv-server {}: listening on {address}\n  up to 20 clients; Ctrl-C or SIGTERM stops it\n  try: redis-cli -p \
         {port} SET greeting hello EX 60\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.banner, expected);
}

#[test]
fn fewer_files_are_fewer_clients_and_the_banner_says_so() {
    let program = env!("CARGO_BIN_EXE_kv-server");
    let line = format!("ulimit -n 100; exec {program} --port 0 --max-clients 5000");
    let server = Server::spawn(Command::new("sh").args(["-c", &line]));
    assert!(
        server.banner.contains("up to 68 clients (not 5000: the OS allows no more open files)"),
        "{}",
        server.banner
    );
}

#[test]
fn a_port_that_is_taken_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["--port", &port]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.starts_with(&format!("kv-server: cannot listen on 127.0.0.1:{port}: ")), "{error}");
    assert!(error.ends_with("; choose another port with --port, or 0 for a free one\n"), "{error}");
}

#[test]
fn a_plan_is_printed_in_four_forms() {
    let plan = |args: &[&str]| String::from_utf8(run(args).stdout).unwrap();
    let text = plan(&["--plan"]);
    assert!(text.starts_with("kv-server\n├─ find"), "{text}");
    assert!(text.lines().any(|line| line.contains("get ") && line.contains("reads Keys; writes Stats")), "{text}");
    assert!(plan(&["--plan", "dot"]).starts_with("digraph"));
    assert!(plan(&["--plan", "mermaid"]).starts_with("flowchart"));
    assert!(plan(&["--plan", "json"]).starts_with("{\"name\":\"kv-server\""));
}

#[test]
fn a_signal_ends_it_after_all_replies_are_sent() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let mut client = server.client();
        let value = "v".repeat(1_000);
        assert_eq!(client.ask(&["SET", "k", &value]), ok());
        client.send(&command(&["GET", "k"]).repeat(10_000));
        // Most of the replies wait for a client that does not read yet.
        until("all has come", || server.info("keyspace_hits") == 10_000);
        server.signal(signal);
        until("nobody is let in any more", || TcpStream::connect(server.address).is_err());
        assert!(server.child.try_wait().unwrap().is_none(), "it waits for the client");
        for _ in 0..10_000 {
            assert_eq!(client.reply(), bulk(&value));
        }
        assert!(client.is_closed());
        assert!(server.ends_well());
        let mut rest = String::new();
        server.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("kv-server: stopped; every reply was sent or dropped\n"), "{rest}");
    }
}

#[test]
fn who_does_not_read_does_not_keep_it_from_ending() {
    let mut server = Server::start(&["--drain-ms", "200"]);
    let mut client = server.client();
    assert_eq!(client.ask(&["SET", "k", &"v".repeat(100_000)]), ok());
    client.send(&command(&["GET", "k"]).repeat(200));
    until("all has come", || server.info("keyspace_hits") == 200);
    server.signal("-TERM");
    assert!(server.ends_well());
}

#[test]
fn the_command_shutdown_ends_it() {
    for (request, answered) in [(&b"shutdown nosave\r\n"[..], false), (b"ping\r\nSHUTDOWN\r\nping\r\n", true)] {
        let mut server = Server::start(&[]);
        let mut client = Client::connect(server.address);
        client.send(request);
        assert_eq!(client.try_reply().is_some(), answered);
        assert!(client.is_closed());
        assert!(server.ends_well());
    }
}

/// Commands over a Unix socket, which exists only while the server runs.
#[test]
fn a_unix_socket_is_listened_on_too() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("kv-server-{}.sock", std::process::id()));
    let mut server = Server::start(&["--unixsocket", path.to_str().unwrap()]);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(&command(&["SET", "k", "by path"])).unwrap();
    let mut reply = [0; 5];
    client.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"+OK\r\n");
    assert_eq!(server.client().ask(&["GET", "k"]), bulk("by path"));
    server.signal("-TERM");
    assert_eq!(client.read(&mut reply).unwrap(), 0);
    drop(client);
    assert!(server.ends_well() && !path.exists());
}
