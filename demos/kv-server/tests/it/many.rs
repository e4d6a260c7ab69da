//! Ten thousand clients at once.

use crate::support::{Client, Reply, Server, command, until};

const CLIENTS: usize = 10_000;

/// The open files of the test that are not clients.
const OTHERS: u64 = 500;

#[test]
fn ten_thousand_clients_are_served() {
    let wanted = CLIENTS as u64 + OTHERS;
    let allowed = rlimit::increase_nofile_limit(wanted).unwrap();
    let count = CLIENTS.min(usize::try_from(allowed.saturating_sub(OTHERS)).unwrap());
    assert!(count >= 100, "the system allows {allowed} open files");
    let server = Server::start(&[]);
    let before = server.memory_kb("VmRSS");
    let mut clients: Vec<Client> = (0..count).map(|_| server.client()).collect();
    // All clients send before any of them reads a reply.
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&command(&["SET", &format!("client:{n}"), "here", "EX", "1000"]));
    }
    for client in &mut clients {
        assert_eq!(client.reply(), Reply::Simple("OK".into()));
    }
    assert_eq!(clients[count / 2].ask(&["DBSIZE"]), Reply::Integer(i64::try_from(count).unwrap()));
    let each = (server.memory_kb("VmRSS") - before) * 1024 / count as u64;
    println!("{count} clients, {each} bytes for each with its key");
    assert!(each < 4_096, "{each} bytes for each client");
    drop(clients);
    until("all are gone", || server.info("connected_clients") == 1);
}
