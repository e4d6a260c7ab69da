//! Transactions whose correct results are known without Redis.

use crate::support::{Client, Reply, Server, bulk, command, ok};

fn array(replies: impl Into<Vec<Reply>>) -> Reply {
    Reply::Array(Some(replies.into()))
}

fn queued() -> Reply {
    Reply::Simple("QUEUED".into())
}

fn ask(client: &mut Client, line: &str) -> Reply {
    client.ask(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn requests_of_a_transaction_run_together_and_not_before() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.client(), server.client());
    assert_eq!(ask(&mut one, "MULTI"), ok());
    for line in ["SET k 1", "INCR k", "SET k x", "INCR k", "GET k"] {
        assert_eq!(ask(&mut one, line), queued());
        assert_eq!(ask(&mut other, "GET k"), Reply::Bulk(None));
    }
    let wrong = Reply::Error("ERR value is not an integer or out of range".into());
    assert_eq!(ask(&mut one, "EXEC"), array([ok(), Reply::Integer(2), ok(), wrong, bulk("x")]));
    assert_eq!(ask(&mut other, "GET k"), bulk("x"));
}

#[test]
fn a_refused_request_refuses_the_whole_transaction() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for line in ["NOSUCH", "GET", "SHUTDOWN", "OBJECT NOSUCH k", "PUBSUB NUMPAT x"] {
        ask(&mut client, "MULTI");
        assert_eq!(ask(&mut client, "SET k 1"), queued());
        assert!(matches!(ask(&mut client, line), Reply::Error(_)), "{line}");
        let aborted = "EXECABORT Transaction discarded because of previous errors.";
        assert_eq!(ask(&mut client, "EXEC"), Reply::Error(aborted.into()));
        assert_eq!(ask(&mut client, "EXISTS k"), Reply::Integer(0));
    }
}

#[test]
fn a_change_of_a_watched_key_by_anybody_ends_the_transaction() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.client(), server.client());
    let changes = [
        "SET k 1",
        "APPEND k 1",
        "INCR k",
        "EXPIRE k 100",
        "PERSIST k",
        "GETSET k 2",
        "GETDEL k",
        "SETNX k 1",
        "DEL k",
        "MSET k 1",
        "EXPIRE k -1",
        "SET k 3",
        "FLUSHALL",
    ];
    for change in changes {
        ask(&mut one, "WATCH other k");
        ask(&mut one, "MULTI");
        assert_eq!(ask(&mut one, "SET done 1"), queued());
        ask(&mut other, change);
        assert_eq!(ask(&mut one, "EXEC"), Reply::Array(None), "{change}");
    }
    for none in ["SET other2 1", "DEL k", "EXPIRE k 100", "PERSIST k", "FLUSHALL", "SET k 1 XX", "GET k"] {
        ask(&mut one, "WATCH k");
        ask(&mut one, "MULTI");
        ask(&mut other, none);
        assert_eq!(ask(&mut one, "EXEC"), array([]), "{none}");
    }
}

#[test]
fn a_client_that_leaves_takes_its_transaction_and_its_watches_along() {
    let server = Server::start(&[]);
    let mut client = server.client();
    ask(&mut client, "WATCH k");
    ask(&mut client, "MULTI");
    ask(&mut client, "SET k 1");
    assert_eq!(ask(&mut client, "QUIT"), ok());
    client.ends();
    assert_eq!(ask(&mut server.client(), "EXISTS k"), Reply::Integer(0));
}

#[test]
fn a_queue_counts_as_memory_of_its_client() {
    let server = Server::start(&["--max-buffers", "8388608"]);
    let mut client = server.client();
    ask(&mut client, "MULTI");
    let value = "x".repeat(1 << 20);
    let most = (0..64).take_while(|_| client.try_ask(&["SET", "k", &value]) == Some(queued())).count();
    assert!(most < 10, "{most} MiB were queued");
    assert_eq!(ask(&mut server.client(), "EXISTS k"), Reply::Integer(0));
}

/// A client whose unsent replies exceed the limit is disconnected, but its requests have run to the end.
#[test]
fn a_transaction_with_too_many_replies_runs_and_takes_little_memory() {
    let server = Server::start(&["--max-replies", "1mb"]);
    let mut client = server.client();
    ask(&mut client, "SETRANGE large 1000000 x");
    ask(&mut client, "MULTI");
    (0..500).for_each(|_| _ = ask(&mut client, "GET large"));
    ask(&mut client, "SET done 1");
    client.send(&crate::support::command(&["EXEC"]));
    let mut other = server.client();
    crate::support::until("it has run", || ask(&mut other, "EXISTS done") == Reply::Integer(1));
    let peak = server.memory_kb("VmHWM");
    assert!(peak < 100_000, "{peak} KiB");
}

#[test]
fn a_transaction_that_changes_something_waits_while_changes_are_to_wait() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.client(), server.client());
    assert_eq!((ask(&mut one, "MULTI"), ask(&mut one, "SET k 1")), (ok(), queued()));
    assert_eq!(ask(&mut other, "CLIENT PAUSE 100000 WRITE"), ok());
    one.send(&command(&["EXEC"]));
    (0..100).for_each(|_| assert_eq!(ask(&mut other, "GET k"), Reply::Bulk(None)));
    assert_eq!(ask(&mut other, "CLIENT UNPAUSE"), ok());
    assert_eq!(one.reply(), array([ok()]));
    assert_eq!(ask(&mut other, "GET k"), bulk("1"));
}

#[test]
fn replies_are_switched_off_within_a_transaction_too() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for line in ["MULTI", "PING", "CLIENT REPLY OFF", "PING"] {
        assert_ne!(ask(&mut client, line), Reply::Bulk(None), "{line}");
    }
    client.send(&command(&["EXEC"]));
    client.send(&command(&["CLIENT", "REPLY", "ON"]));
    let mut replies = String::new();
    while !replies.ends_with("+OK\r\n") {
        let mut bytes = [0; 64];
        let length = std::io::Read::read(&mut client.socket, &mut bytes).unwrap();
        replies.push_str(str::from_utf8(&bytes[..length]).unwrap());
    }
    assert!(replies.matches("PONG").count() <= 1, "{replies:?}");
}

#[test]
fn a_monitor_is_not_begun_within_a_transaction() {
    let server = Server::start(&[]);
    let mut client = server.client();
    assert_eq!((ask(&mut client, "MULTI"), ask(&mut client, "MONITOR")), (ok(), queued()));
    let refused = Reply::Error("ERR MONITOR isn't allowed for DENY BLOCKING client".into());
    assert_eq!(ask(&mut client, "EXEC"), array([refused]));
}
