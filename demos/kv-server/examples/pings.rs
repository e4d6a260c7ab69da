//! Measures the longest ping while very many keys expire or are flushed at once.
//!
//! `cargo run --release -p kv-server --example pings -- 127.0.0.1:6379 1000000`
//!
//! It measures while this many keys expire in the same millisecond, and after FLUSHALL of the same number. It works
//! with any server that speaks the Redis protocol.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The number of keys that are set before replies are read.
const BATCH: usize = 1_000;

/// How long pings continue after the end of the keys.
const AFTER: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:6379".into());
    let keys: usize = arguments.next().map_or(Ok(1_000_000), |keys| keys.parse())?;
    let mut client = TcpStream::connect(&address)?;
    client.set_nodelay(true)?;

    let before = Instant::now();
    set(&mut client, keys, Duration::from_secs(3_600))?;
    let loading = before.elapsed();
    client.write_all(b"FLUSHALL\r\n")?;
    let longest = longest_ping(&mut client, AFTER)?;
    println!("{keys} keys are removed by FLUSHALL: the longest of it and of the pings after it takes {longest:?}");

    let lead = loading * 2 + Duration::from_secs(1);
    let before = Instant::now();
    set(&mut client, keys, lead)?;
    let rest = lead.saturating_sub(before.elapsed());
    let longest = longest_ping(&mut client, rest + AFTER)?;
    println!("{keys} keys end in the same millisecond: the longest ping takes {longest:?}");
    Ok(())
}

/// Sets keys that all expire at once, this far from now.
fn set(client: &mut TcpStream, keys: usize, lead: Duration) -> Result<(), Box<dyn Error>> {
    let end = (SystemTime::now().duration_since(UNIX_EPOCH)? + lead).as_millis();
    for first in (0..keys).step_by(BATCH) {
        let last = (first + BATCH).min(keys);
        let lines: String = (first..last).map(|key| format!("SET key:{key} value PXAT {end}\r\n")).collect();
        client.write_all(lines.as_bytes())?;
        let mut replies = vec![0; (last - first) * b"+OK\r\n".len()];
        client.read_exact(&mut replies)?;
    }
    Ok(())
}

/// Pings for a while. The requests before count as part of the first ping.
fn longest_ping(client: &mut TcpStream, time: Duration) -> io::Result<Duration> {
    let (started, mut longest, mut reply) = (Instant::now(), Duration::ZERO, [0; 64]);
    while started.elapsed() < time {
        let before = Instant::now();
        client.write_all(b"PING\r\n")?;
        let mut received = 0;
        while !reply[..received].ends_with(b"+PONG\r\n") {
            match client.read(&mut reply[received..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => received += length,
            }
        }
        longest = longest.max(before.elapsed());
    }
    Ok(longest)
}
