//! How the loop waits, and how time advances with each way of waiting.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Reply, Server, bulk, ok, until};

const WAYS: [&str; 5] = ["spin", "yield", "block", "backoff", "backoff=3"];

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_server_serves_and_ends_however_it_waits() {
    for wait in WAYS {
        let mut server = Server::start(&["--wait", wait]);
        let mut client = server.client();
        assert_eq!(client.ask(&["SET", "k", "v", "PX", "20"]), ok());
        until("the key has ended", || server.info("expired_keys") == 1);
        assert_eq!(client.ask(&["GET", "k"]), Reply::Bulk(None));
        drop(client);
        server.signal("-TERM");
        assert!(server.ends_well(), "{wait}");
    }
}

#[test]
fn a_way_to_wait_that_is_none_is_an_error_that_says_what_there_is() {
    for wait in ["busy", "backoff=x"] {
        let output = Command::new(env!("CARGO_BIN_EXE_kv-server")).args(["--wait", wait]).output().unwrap();
        let expected = format!(
            "error: invalid value '{wait}' for '--wait <HOW>': `{wait}` is not a way to wait: use `spin`, `yield`, `block`, \
             `backoff` or `backoff=N`\n\nFor more information, try '--help'.\n"
        );
        assert_eq!((String::from_utf8(output.stderr).unwrap(), output.status.code()), (expected, Some(2)));
    }
}

#[test]
fn the_help_lists_all_ways_to_wait() {
    let output = Command::new(env!("CARGO_BIN_EXE_kv-server")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let about = help.lines().find(|line| line.trim_start().starts_with("--wait <HOW>")).unwrap();
    for way in ["`spin`", "`yield`", "`block`", "`backoff`", "`backoff=N`", "[default: block]"] {
        assert!(about.contains(way), "{about}");
    }
}

#[test]
fn who_blocks_makes_no_turns_while_nothing_happens_and_who_spins_makes_many() {
    for (wait, few) in [("block", true), ("backoff=3", true), ("spin", false), ("yield", false)] {
        let server = Server::start(&["--wait", wait]);
        let mut client = server.client();
        let before = client.info("eventloop_cycles");
        thread::sleep(100 * MS);
        let turns = client.info("eventloop_cycles") - before;
        // One for the request, the polls before the backoff sleeps, and one for what the system reports in addition.
        assert_eq!(turns < 10, few, "{wait}: {turns}");
    }
}

/// No tolerance: a key exists until its millisecond begins, and no request sent later sees it.
#[test]
fn a_key_ends_at_its_time_for_whoever_asks_however_the_server_waits() {
    for wait in WAYS {
        let server = Server::start(&["--wait", wait]);
        let mut client = server.client();
        for ms in 2..20_u32 {
            let asked = Instant::now();
            assert_eq!(client.ask(&["SET", "k", "v", "PX", &ms.to_string()]), ok());
            let set = Instant::now();
            loop {
                let sent = Instant::now();
                let reply = client.ask(&["GET", "k"]);
                if reply == Reply::Bulk(None) {
                    // Times are whole milliseconds, and the one in which the key was set had already begun.
                    assert!(asked.elapsed() > MS * (ms - 1), "{wait}: {ms} ms, ended after {:?}", asked.elapsed());
                    break;
                }
                assert_eq!(reply, bulk("v"));
                assert!(sent < set + MS * ms, "{wait}: {ms} ms, still there after {:?}", sent - set);
            }
        }
    }
}

/// The key expires at the very moment at which the request continues.
#[test]
fn a_request_that_had_to_wait_does_not_see_a_key_that_ended_meanwhile() {
    for wait in WAYS {
        let server = Server::start(&["--wait", wait]);
        let mut client = server.client();
        for _ in 0..5 {
            client.send(b"SET k 5 PX 20\r\nCLIENT PAUSE 20 WRITE\r\nINCR k\r\n");
            assert_eq!([(); 3].map(|()| client.reply()), [ok(), ok(), Reply::Integer(1)]);
        }
    }
}
