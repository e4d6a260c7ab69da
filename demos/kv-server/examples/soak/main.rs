//! Checks that a running kv-server stays correct for a long time, with constant memory and open files. Shows latency.
//!
//! `demos/kv-server/soak.sh [MINUTES]` builds the server, then starts it, this program and redis-benchmark.
//!
//! ```text
//! soak ADDRESS METRICS PID SECONDS IDLE
//! ```
//!
//! Some clients check every reply, some connect and leave, and some abort their connections. `IDLE` more of them stay,
//! and only ask once a minute whether the server is there. One measures latency, and one reads the metrics.

mod busy;
mod client;
mod idle;
mod watch;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The number of clients that check replies, each with keys of its own.
const CHECKERS: u64 = 4;

/// The counts so far.
#[derive(Default)]
struct Counts {
    replies: AtomicU64,
    messages: AtomicU64,
    connections: AtomicU64,
    broken_off: AtomicU64,
    idle: AtomicU64,
    scrapes: AtomicU64,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [address, metrics, pid, seconds, idle] = &args[..] else {
        _ = writeln!(io::stderr(), "usage: soak ADDRESS METRICS PID SECONDS IDLE");
        return ExitCode::FAILURE;
    };
    match soak((address, metrics), pid, seconds, idle) {
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
fn soak((address, metrics): (&str, &str), pid: &str, seconds: &str, idle: &str) -> Outcome<String> {
    let (time, idle) = (Duration::from_secs(seconds.parse()?), idle.parse()?);
    let end = Instant::now() + time;
    let (counts, latencies) = (Counts::default(), Mutex::default());
    thread::scope(|scope| {
        let (counts, latencies) = (&counts, &latencies);
        let mut threads: Vec<_> =
            (0..CHECKERS).map(|number| scope.spawn(move || busy::check(address, number, end, counts))).collect();
        threads.push(scope.spawn(move || busy::come_and_go(address, end, counts)));
        threads.push(scope.spawn(move || busy::listen(address, end, counts)));
        if idle > 0 {
            threads.push(scope.spawn(move || idle::stay(address, idle, end, counts)));
        }
        threads.push(scope.spawn(move || idle::measure(address, end, counts, latencies)));
        threads.push(scope.spawn(move || idle::scrape(metrics, end, counts)));
        let stopped = || threads.iter().any(|thread| thread.is_finished());
        let watched = watch::watch(pid, time, end, (counts, latencies), &stopped);
        for thread in threads {
            thread.join().map_err(|_| "a client panicked")??;
        }
        watched
    })?;
    // Only the client that asks, and clients of other programs, are still connected.
    let files = watch::open_files(pid)?;
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    if read(&counts.replies) == 0 {
        return Err("no reply was checked".into());
    }
    Ok(format!(
        "soak: {} replies checked, {} messages, {} scrapes, {} connections, {} of them broken off and {} idle; \
         no wrong reply; {files} files open at the end",
        read(&counts.replies),
        read(&counts.messages),
        read(&counts.scrapes),
        read(&counts.connections),
        read(&counts.broken_off),
        read(&counts.idle),
    ))
}
