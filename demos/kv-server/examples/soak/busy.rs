//! Clients that keep the server busy.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, Random, command};
use crate::{Counts, Outcome};

/// The number of keys of a client that checks replies.
const KEYS: u64 = 500;

/// Writes, changes, removes and reads keys that no other client uses, in pipelines that are split anywhere, and
/// compares every reply with the expected one.
pub(crate) fn check(address: &str, number: u64, end: Instant, counts: &Counts) -> Outcome<()> {
    let mut random = Random(number * 7919 + 1);
    let mut known: HashMap<u64, Vec<u8>> = HashMap::new();
    let mut client = Client::connect(address, counts)?;
    // An earlier run may have left keys.
    for key in 0..KEYS {
        client.expect(&[b"DEL", &name(number, key)], None)?;
    }
    while Instant::now() < end {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..1 + random.below(30) {
            step(&mut random, number, &mut known, &mut bytes, &mut expected);
        }
        client.send_in_pieces(&mut random, &bytes)?;
        for expected in &expected {
            let reply = client.reply()?;
            if reply != *expected {
                return Err(format!(
                    "client {number} got {} and not {}",
                    reply[..reply.len().min(200)].escape_ascii(),
                    expected[..expected.len().min(200)].escape_ascii()
                )
                .into());
            }
        }
        counts.replies.fetch_add(expected.len() as u64, Ordering::Relaxed);
        // From time to time, continue in a new connection with the same keys.
        if random.below(200) == 0 {
            client = Client::connect(address, counts)?;
        }
    }
    Ok(())
}

fn name(number: u64, key: u64) -> Vec<u8> {
    format!("soak:{number}:{key}").into_bytes()
}

/// Adds one command, and the reply that it must have.
fn step(
    random: &mut Random,
    number: u64,
    known: &mut HashMap<u64, Vec<u8>>,
    bytes: &mut Vec<u8>,
    expected: &mut Vec<Vec<u8>>,
) {
    let key = random.below(KEYS);
    let name = name(number, key);
    let bulk = |value: Option<&Vec<u8>>| match value {
        Some(value) => [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(),
        None => b"$-1\r\n".to_vec(),
    };
    let integer = |number: usize| format!(":{number}\r\n").into_bytes();
    match random.below(10) {
        0..=2 => {
            // Mostly short values, and a few that sockets take in several pieces.
            let most = if random.below(50) == 0 { 300_000 } else { 200 };
            let length = random.below(most);
            let value: Vec<u8> = (0..length).map(|at| (at ^ key ^ length) as u8).collect();
            // The key outlives the soak. Its expiry time keeps the timers busy.
            if random.below(3) == 0 {
                command(bytes, &[b"SET", &name, &value, b"EX", b"100000"]);
            } else {
                command(bytes, &[b"SET", &name, &value]);
            }
            known.insert(key, value);
            expected.push(b"+OK\r\n".to_vec());
        }
        3..=5 => {
            command(bytes, &[b"GET", &name]);
            expected.push(bulk(known.get(&key)));
        }
        6 => {
            command(bytes, &[b"APPEND", &name, b"more"]);
            let value = known.entry(key).or_default();
            value.extend_from_slice(b"more");
            expected.push(integer(value.len()));
        }
        7 => {
            command(bytes, &[b"DEL", &name]);
            expected.push(integer(usize::from(known.remove(&key).is_some())));
        }
        8 => {
            command(bytes, &[b"GETDEL", &name]);
            expected.push(bulk(known.remove(&key).as_ref()));
        }
        _ => {
            // Counters end with this command, so that INCR never meets a value that is not a number.
            command(bytes, &[b"SET", &name, b"41", b"PX", b"100000000"]);
            command(bytes, &[b"INCR", &name]);
            command(bytes, &[b"STRLEN", &name]);
            known.insert(key, b"42".to_vec());
            expected.extend([b"+OK\r\n".to_vec(), b":42\r\n".to_vec(), b":2\r\n".to_vec()]);
        }
    }
}

/// Connects, and disconnects in every possible way.
pub(crate) fn come_and_go(address: &str, end: Instant, counts: &Counts) -> Outcome<()> {
    let mut random = Random(17);
    let mut held: Vec<TcpStream> = Vec::new();
    while Instant::now() < end {
        let mut socket = TcpStream::connect(address)?;
        counts.connections.fetch_add(1, Ordering::Relaxed);
        counts.broken_off.fetch_add(1, Ordering::Relaxed);
        // A write to a server that has hung up may fail, which is fine.
        _ = match random.below(8) {
            0 => Ok(()),
            1 => socket.write_all(b"*2\r\n$3\r\nGET\r\n$100000\r\nhalf of it"),
            // Closed with replies unread, and so with a reset.
            2 => socket.write_all(&b"INFO\r\n".repeat(200)),
            3 => socket.write_all(b"SUBSCRIBE news gossip\r\n"),
            4 => socket.write_all(b"*1\r\n$-7\r\n"),
            5 => socket.write_all(b"SET gone 1 PX 5\r\nQUIT\r\nPING\r\n"),
            6 => socket.write_all(b"PING\r\n").and_then(|()| socket.shutdown(std::net::Shutdown::Write)),
            _ => {
                let mut junk = vec![0; 1_000];
                junk.iter_mut().for_each(|byte| *byte = random.below(256) as u8);
                socket.write_all(&junk)
            }
        };
        // Some connections stay for a while.
        if random.below(4) == 0 {
            held.push(socket);
        }
        if held.len() > 100 {
            held.swap_remove(usize::try_from(random.below(100))?);
        }
        thread::sleep(Duration::from_micros(random.below(4_000)));
    }
    Ok(())
}

/// Publishes numbers to itself, which must arrive once and in order.
pub(crate) fn listen(address: &str, end: Instant, counts: &Counts) -> Outcome<()> {
    let mut subscriber = Client::connect(address, counts)?;
    let mut publisher = Client::connect(address, counts)?;
    subscriber.expect(&[b"SUBSCRIBE", b"numbers"], None)?;
    let mut number = 0_u64;
    while Instant::now() < end {
        for n in number..number + 10 {
            publisher.expect(&[b"PUBLISH", b"numbers", n.to_string().as_bytes()], Some(b":1\r\n"))?;
        }
        for n in number..number + 10 {
            let text = n.to_string();
            let wanted = format!("*3\r\n$7\r\nmessage\r\n$7\r\nnumbers\r\n${}\r\n{text}\r\n", text.len()).into_bytes();
            let message = subscriber.reply()?;
            if message != wanted {
                return Err(format!("message {n} came as {}", message.escape_ascii()).into());
            }
        }
        number += 10;
        counts.messages.fetch_add(10, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
