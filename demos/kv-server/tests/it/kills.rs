//! A server that is killed again and again under load loses nothing that it has acknowledged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::tempdir;

use crate::support::{Client, Random, Reply, Server, command, until};

/// The number of requests in flight at once.
const DEPTH: usize = 8;

/// How often a client's counter was raised: as far as it was answered, and as far as it was asked.
#[derive(Default)]
struct Account {
    answered: AtomicU64,
    asked: AtomicU64,
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
        if std::io::Write::write_all(client.socket.get_mut(), &requests).is_err() {
            return;
        }
        for reply in 0..5 * DEPTH {
            match client.try_whole_reply() {
                Some(Reply::Array(Some(both))) => {
                    assert_eq!(both[0], both[1], "the two counters are raised together");
                    account.answered.fetch_add(1, Ordering::SeqCst);
                }
                Some(Reply::Error(error)) => panic!("reply {reply}: {error}"),
                Some(_) => {}
                None => return,
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

/// Returns the number of requests that were answered, and of snapshots that a start found.
fn rounds(directory: &Path, durability: &str, rounds: u64, seed: u64) -> (u64, usize) {
    let (accounts, mut random) = ([(); 3].map(|()| Account::default()), Random::new(seed));
    let (mut answered, mut snapshots) = (0, BTreeSet::new());
    for round in 0..rounds {
        let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        snapshots.extend(names.filter(|name| name.to_str().unwrap().ends_with(".snapshot")));
        let directory = directory.to_str().unwrap();
        let server = Server::start(&["--journal", directory, "--durability", durability, "--compact", "50kb"]);
        let mut client = server.client();
        for (name, account) in accounts.iter().enumerate() {
            let (counter, twin) =
                (count(&mut client, &format!("counter {name}")), count(&mut client, &format!("twin {name}")));
            let known = account.answered.load(Ordering::SeqCst)..=account.asked.load(Ordering::SeqCst);
            assert!(known.contains(&counter), "{durability}, round {round}: {counter} is not in {known:?}");
            assert_eq!(counter, twin, "{durability}, round {round}: nothing is half done");
            // Requests that were in flight are decided now.
            account.answered.store(counter, Ordering::SeqCst);
            account.asked.store(counter, Ordering::SeqCst);
            answered += counter;
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
    (answered, snapshots.len())
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
