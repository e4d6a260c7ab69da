//! A server that is killed again and again under load loses nothing that it has acknowledged.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::tempdir;

use crate::support::{Client, Random, Reply, Server, bulk, command, ok, until};

/// The number of requests in flight at once.
const DEPTH: usize = 8;

/// How often a client's counter was raised: as far as it was answered, and as far as it was asked.
#[derive(Default)]
struct Account {
    answered: AtomicU64,
    asked: AtomicU64,
    /// The number of answers. The others also count what was done without one.
    answers: AtomicU64,
}

/// Raises a counter, alone and in a transaction with another, until the server is gone.
fn raise(server: &Server, name: usize, account: &Account) {
    let Ok(socket) = std::net::TcpStream::connect(server.address) else { return };
    let mut client = Client { socket: std::io::BufReader::new(socket) };
    let (counter, twin) = (format!("counter {name}"), format!("twin {name}"));
    let one: Vec<u8> = [
        command(&["MULTI"]),
        command(&["INCR", &counter]),
        command(&["INCR", &twin]),
        command(&["EXEC"]),
        command(&["SET", &format!("ends {name}"), "1", "PX", "20"]),
    ]
    .concat();
    let requests = one.repeat(DEPTH);
    loop {
        account.asked.fetch_add(DEPTH as u64, Ordering::SeqCst);
        if client.socket.get_mut().write_all(&requests).is_err() {
            return;
        }
        for reply in 0..5 * DEPTH {
            let next = account.answered.load(Ordering::SeqCst) + 1;
            let expected = match reply % 5 {
                3 => Reply::Array(Some(vec![Reply::Integer(next.cast_signed()); 2])),
                1 | 2 => Reply::Simple("QUEUED".into()),
                _ => ok(),
            };
            let Some(found) = client.try_whole_reply() else { return };
            assert_eq!(found, expected, "reply {reply}");
            if reply % 5 == 3 {
                account.answered.store(next, Ordering::SeqCst);
                account.answers.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Returns the value of a counter.
fn count(client: &mut Client, name: &str) -> u64 {
    match client.ask(&["GET", name]) {
        Reply::Bulk(Some(text)) => String::from_utf8(text).unwrap().parse().unwrap(),
        _ => 0,
    }
}

/// Checks that a start has found everything that was answered.
fn check(client: &mut Client, accounts: &[Account], what: &str) {
    for (name, account) in accounts.iter().enumerate() {
        let [counter, twin] = ["counter", "twin"].map(|kind| count(client, &format!("{kind} {name}")));
        let known = account.answered.load(Ordering::SeqCst)..=account.asked.load(Ordering::SeqCst);
        assert!(known.contains(&counter), "{what}: {counter} is not in {known:?}");
        assert_eq!(counter, twin, "{what}: nothing is half done");
        // Requests that were in flight are decided now.
        account.answered.store(counter, Ordering::SeqCst);
        account.asked.store(counter, Ordering::SeqCst);
    }
}

/// Returns the number of transactions that were answered, and of snapshots that a start found.
fn rounds(directory: &Path, durability: &str, rounds: u64, seed: u64) -> (u64, usize) {
    let (accounts, mut random) = ([(); 3].map(|()| Account::default()), Random::new(seed));
    let mut snapshots = BTreeSet::new();
    // One more start than kills: each kill is followed by a check.
    for round in 0..=rounds {
        let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        snapshots.extend(names.filter(|name| name.to_str().unwrap().ends_with(".snapshot")));
        let directory = directory.to_str().unwrap();
        let server = Server::start(&["--journal", directory, "--durability", durability, "--compact", "50kb"]);
        let mut client = server.client();
        check(&mut client, &accounts, &format!("{durability}, after {round} kills"));
        if round == rounds {
            break;
        }
        thread::scope(|scope| {
            let server = &server;
            for (name, account) in accounts.iter().enumerate() {
                scope.spawn(move || raise(server, name, account));
            }
            if round % 8 == 7 {
                // Most servers are killed before they are done.
                until("it is compacted", || client.info("journal_compactions") > 0);
            }
            // Any moment will do; the test does not depend on it.
            thread::sleep(Duration::from_micros(500 + random.below(60_000)));
            server.signal("-KILL");
        });
    }
    (accounts.iter().map(|account| account.answers.load(Ordering::SeqCst)).sum(), snapshots.len())
}

#[test]
fn a_server_that_is_killed_under_load_loses_nothing_that_it_has_answered() {
    let all: u64 = std::env::var("KV_KILLS").map_or(51, |text| text.parse().unwrap());
    for (seed, durability) in ["process", "disk", "behind"].into_iter().enumerate() {
        let directory = tempdir().unwrap();
        let (answered, snapshots) = rounds(directory.path(), durability, all / 3, seed as u64 + 1);
        println!("{durability}: {} kills, {answered} answered, {snapshots} snapshots", all / 3);
        assert!(answered > 0 && snapshots > 0, "{durability}: {answered} answered, {snapshots} snapshots");
    }
}

#[test]
fn a_reply_that_is_cut_off_means_that_the_server_is_gone_and_a_garbled_one_is_a_failure() {
    let read = |bytes: &[u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = Client::connect(listener.local_addr().unwrap());
        listener.accept().unwrap().0.write_all(bytes).unwrap();
        catch_unwind(AssertUnwindSafe(|| client.try_whole_reply())).ok()
    };
    let whole = b"*2\r\n:12\r\n$3\r\nabc\r\n";
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length]), Some(None), "{length} bytes");
    }
    assert_eq!(read(whole), Some(Some(Reply::Array(Some(vec![Reply::Integer(12), bulk("abc")])))));
    for garbled in ["\r\n", "?1\r\n", "+OK\n", ":1x\r\n", "*1\r\n$3\r\nabcde", "*2\r\n:1\r\nOK\r\n", "$x\r\n"] {
        assert_eq!(read(garbled.as_bytes()), None, "{garbled:?}");
    }
}
