//! Checks that a running kv-server stays correct for a long time, with constant memory and open files.
//!
//! `demos/kv-server/soak.sh [MINUTES]` builds the server, then starts it, this program and redis-benchmark.
//!
//! ```text
//! soak ADDRESS PID SECONDS
//! ```
//!
//! Some clients check every reply, some connect and leave, and some abort their connections.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The number of clients that check replies, each with keys of its own.
const CHECKERS: u64 = 4;
/// The number of keys of each.
const KEYS: u64 = 500;
/// The part of the total time before memory is first measured. By then, everything has reached its full size.
const WARM_UP: u32 = 4;
/// How much memory may grow after the warm-up, in KiB and as a part of it.
const SLACK_KB: u64 = 4_096;
const SLACK_PART: u64 = 10;

/// The counts so far.
#[derive(Default)]
struct Counts {
    replies: AtomicU64,
    messages: AtomicU64,
    connections: AtomicU64,
    broken_off: AtomicU64,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [address, pid, seconds] = &args[..] else {
        _ = writeln!(io::stderr(), "usage: soak ADDRESS PID SECONDS");
        return ExitCode::FAILURE;
    };
    match soak(address, pid, seconds) {
        Ok(summary) => {
            _ = writeln!(io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            _ = writeln!(io::stderr(), "soak: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all clients until the time is over, and returns a summary.
fn soak(address: &str, pid: &str, seconds: &str) -> Outcome<String> {
    let time = Duration::from_secs(seconds.parse()?);
    let end = Instant::now() + time;
    let counts = Counts::default();
    thread::scope(|scope| {
        let counts = &counts;
        let mut threads: Vec<_> =
            (0..CHECKERS).map(|number| scope.spawn(move || check(address, number, end, counts))).collect();
        threads.push(scope.spawn(move || come_and_go(address, end, counts)));
        threads.push(scope.spawn(move || listen(address, end, counts)));
        let watched = watch(pid, time, end, counts, &|| threads.iter().any(|thread| thread.is_finished()));
        for thread in threads {
            thread.join().map_err(|_| "a client panicked")??;
        }
        watched
    })?;
    // Only the client that asks, and clients of other programs, are still connected.
    let files = open_files(pid)?;
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    Ok(format!(
        "soak: {} replies checked, {} messages, {} connections, {} of them broken off; no wrong reply; {files} files open at the end",
        read(&counts.replies),
        read(&counts.messages),
        read(&counts.connections),
        read(&counts.broken_off),
    ))
}

/// Measures the server's memory and open files, and prints them at intervals.
fn watch(pid: &str, time: Duration, end: Instant, counts: &Counts, stopped: &dyn Fn() -> bool) -> Outcome<()> {
    let start = Instant::now();
    let mut first: Option<(u64, u64)> = None;
    let (mut memory, mut files) = (Vec::new(), Vec::new());
    let every = (time / 40).min(Duration::from_secs(60)).max(Duration::from_millis(250));
    while Instant::now() < end && !stopped() {
        thread::sleep(every.min(end.saturating_duration_since(Instant::now())));
        let now = (memory_kb(pid)?, open_files(pid)?);
        let replies = counts.replies.load(Ordering::Relaxed);
        let at = start.elapsed();
        writeln!(io::stdout(), "{:6.0} s  {:7} KiB  {:4} files  {replies} replies", at.as_secs_f64(), now.0, now.1)?;
        if at >= time / WARM_UP {
            first.get_or_insert(now);
            memory.push(now.0);
            files.push(now.1);
        }
    }
    let Some(first) = first else { return Ok(()) };
    // A single figure varies with the clients connected at the time. A leak also shows in the lowest figures of the
    // last third.
    let lowest =
        |figures: &[u64]| figures[figures.len() - figures.len().div_ceil(3)..].iter().copied().min().unwrap_or(0);
    let earliest = |figures: &[u64]| figures[..figures.len().div_ceil(3)].iter().copied().max().unwrap_or(0);
    let allowed = earliest(&memory) + SLACK_KB + first.0 / SLACK_PART;
    if lowest(&memory) > allowed {
        return Err(format!("memory grew from {} to {} KiB", first.0, lowest(&memory)).into());
    }
    if lowest(&files) > earliest(&files) {
        return Err(format!("open files grew from {} to {}", earliest(&files), lowest(&files)).into());
    }
    writeln!(
        io::stdout(),
        "memory: {} KiB after the warm-up, {} KiB in the last third (lowest); files: {} and {}",
        first.0,
        lowest(&memory),
        earliest(&files),
        lowest(&files)
    )?;
    Ok(())
}

fn memory_kb(pid: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the server is gone")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn open_files(pid: &str) -> Outcome<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}

/// Writes, changes, removes and reads keys that no other client uses, in pipelines that are split anywhere, and
/// compares every reply with the expected one.
fn check(address: &str, number: u64, end: Instant, counts: &Counts) -> Outcome<()> {
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
fn come_and_go(address: &str, end: Instant, counts: &Counts) -> Outcome<()> {
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
fn listen(address: &str, end: Instant, counts: &Counts) -> Outcome<()> {
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

/// Adds a command as clients send it.
fn command(bytes: &mut Vec<u8>, words: &[&[u8]]) {
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
}

struct Client {
    socket: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: &str, counts: &Counts) -> Outcome<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        // A missing reply is a failure, not a reason to wait forever.
        socket.set_read_timeout(Some(Duration::from_secs(120)))?;
        counts.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Self { socket: BufReader::new(socket) })
    }

    /// Sends a command, and checks its reply if one is given.
    fn expect(&mut self, words: &[&[u8]], reply: Option<&[u8]>) -> Outcome<()> {
        let mut bytes = Vec::new();
        command(&mut bytes, words);
        self.socket.get_mut().write_all(&bytes)?;
        let got = self.reply()?;
        match reply {
            Some(reply) if reply != got => {
                Err(format!("got {} and not {}", got.escape_ascii(), reply.escape_ascii()).into())
            }
            _ => Ok(()),
        }
    }

    fn send_in_pieces(&mut self, random: &mut Random, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let most = bytes.len() as u64;
            let length = if random.below(3) == 0 { 1 + random.below(most) } else { most };
            let (piece, rest) = bytes.split_at(usize::try_from(length)?);
            self.socket.get_mut().write_all(piece)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Reads a reply with all of its bytes.
    fn reply(&mut self) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        // The number of parts of the reply that are still to come.
        let mut missing = 1_usize;
        while missing > 0 {
            missing -= 1;
            let start = bytes.len();
            if self.socket.read_until(b'\n', &mut bytes)? == 0 {
                return Err("the server closed a connection that did nothing wrong".into());
            }
            let line = str::from_utf8(&bytes[start..])?.trim_end();
            let number = || line[1..].parse::<i64>().map(|number| usize::try_from(number).ok());
            match line.as_bytes().first() {
                Some(b'*') => missing += number()?.unwrap_or(0),
                Some(b'$') => {
                    if let Some(length) = number()? {
                        let at = bytes.len();
                        bytes.resize(at + length + 2, 0);
                        self.socket.read_exact(&mut bytes[at..])?;
                    }
                }
                _ => {}
            }
        }
        Ok(bytes)
    }
}

/// Marsaglia's 64-bit xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
