//! The memory of keys: how much they use, what the server reports, and what it frees.

use crate::support::{Reply, Server, command, ok, until};

const KEYS: usize = 200_000;

#[test]
fn a_key_takes_little_memory_which_is_told_truly_and_given_back() {
    let server = Server::start(&[]);
    let before = server.memory_kb("VmRSS") * 1024;
    let mut client = server.client();
    for first in (0..KEYS).step_by(1_000) {
        let sets = (first..first + 1_000).map(|n| command(&["SET", &format!("{n:010}"), &format!("{n:010}")]));
        client.send(&sets.flatten().collect::<Vec<u8>>());
        (0..1_000).for_each(|_| assert_eq!(client.reply(), ok()));
    }
    let (resident, used) = (server.memory_kb("VmRSS") * 1024, client.info("used_memory"));
    let each = (resident - before) / KEYS as u64;
    println!("{each} bytes for a key of 10 bytes and a value of 10");
    assert!(each < 110, "{each}");
    assert!(used.abs_diff(resident) < resident / 10, "{used} of {resident}");
    assert_eq!(client.ask(&["FLUSHALL"]), ok());
    until("the memory is given back", || server.memory_kb("VmRSS") * 1024 < before + (resident - before) / 10);
    assert_eq!(client.ask(&["DBSIZE"]), Reply::Integer(0));
}
