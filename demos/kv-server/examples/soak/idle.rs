//! Clients that do little: many that are mostly idle, one that measures latency, and one that reads the metrics.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, connect};
use crate::{Counts, Outcome};

/// How often each idle client sends a PING.
const PING: Duration = Duration::from_secs(60);

/// Connects `number` clients, each of which sends a PING once a minute. None of them may be disconnected.
pub(crate) fn stay(address: &str, number: usize, end: Instant, counts: &Counts) -> Outcome<()> {
    let mut sockets = Vec::new();
    for _ in 0..number {
        sockets.push(connect(address)?);
        counts.connections.fetch_add(1, Ordering::Relaxed);
        counts.idle.fetch_add(1, Ordering::Relaxed);
    }
    let mut next = Instant::now();
    for mut socket in sockets.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        socket.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        socket.read_exact(&mut reply)?;
        if reply != *b"+PONG\r\n" {
            return Err(format!("an idle client got {}", reply.escape_ascii()).into());
        }
        counts.replies.fetch_add(1, Ordering::Relaxed);
        next += PING / u32::try_from(number)?;
        thread::sleep(next.min(end).saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Sets a key every few milliseconds, and notes how long each reply takes, in microseconds.
pub(crate) fn measure(address: &str, end: Instant, counts: &Counts, latencies: &Mutex<Vec<u64>>) -> Outcome<()> {
    let mut client = Client::connect(address, counts)?;
    while Instant::now() < end {
        let sent = Instant::now();
        client.expect(&[b"SET", b"soak:measured", b"1"], Some(b"+OK\r\n"))?;
        let micros = u64::try_from(sent.elapsed().as_micros())?;
        latencies.lock().map_err(|_| "a client panicked")?.push(micros);
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Reads the metrics every few seconds. No counter may fall.
pub(crate) fn scrape(address: &str, end: Instant, counts: &Counts) -> Outcome<()> {
    let mut known: HashMap<String, f64> = HashMap::new();
    while Instant::now() < end {
        let mut socket = connect(address)?;
        write!(socket, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        socket.read_to_string(&mut reply)?;
        let Some((head, body)) = reply.split_once("\r\n\r\n").filter(|_| reply.starts_with("HTTP/1.1 200")) else {
            return Err(format!("the metrics came as {reply:.200}").into());
        };
        let mut counters = 0;
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').ok_or_else(|| format!("not a metric: {line} after {head}"))?;
            let value: f64 = value.parse()?;
            if name.split('{').next().is_some_and(|name| name.ends_with("_total")) {
                counters += 1;
                let before = known.insert(name.to_owned(), value).unwrap_or(0.0);
                if value < before {
                    return Err(format!("the counter {name} fell from {before} to {value}").into());
                }
            }
        }
        if counters == 0 {
            return Err(format!("no counters in the metrics: {body:.200}").into());
        }
        counts.scrapes.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_secs(5).min(end.saturating_duration_since(Instant::now())));
    }
    Ok(())
}
