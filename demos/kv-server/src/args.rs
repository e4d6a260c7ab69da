//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use nexus_journal::Durability;
use nexus_rt::plan::PlanFormat;
use nexus_rt::wait::Wait;

use crate::limits::Limits;
use crate::log::LogOptions;
use crate::request::RequestLimits;

/// What a reply of one value needs beside the value, in bytes.
const HEADER: usize = 64;

/// A key-value server that speaks the protocol of Redis. SIGTERM, SIGINT and the command SHUTDOWN end it.
#[derive(Parser, Debug)]
#[command(name = "kv-server", version)]
pub struct Args {
    /// The port to listen on; 0 takes a free one and prints it
    #[arg(long, default_value_t = 6379)]
    pub port: u16,

    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub bind: IpAddr,

    /// A Unix socket to listen on as well
    #[arg(long, value_name = "PATH")]
    pub unixsocket: Option<PathBuf>,

    /// The password that clients must give by AUTH or HELLO before anything else
    #[arg(long, value_name = "PASSWORD")]
    pub requirepass: Option<String>,

    /// The most clients at a time; who comes then is told so and turned away
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_clients: usize,

    /// Refuse commands that may need more memory once keys and values hold so much, such as `100mb`; 0 is no limit
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub max_memory: usize,

    /// The longest key
    #[arg(long, value_name = "SIZE", default_value = "64kb", value_parser = size)]
    pub max_key: usize,

    /// The longest value, and the longest argument of any other kind; no longer than a reply can be
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size)]
    pub max_value: usize,

    /// The longest request
    #[arg(long, value_name = "SIZE", default_value = "128mb", value_parser = size)]
    pub max_request: usize,

    /// The replies that wait for a client after which its requests wait too, until it reads; it is cut off once eight
    /// times as much waits
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size)]
    pub max_replies: usize,

    /// The most that unfinished requests, unsent replies and subscriptions of all clients may hold; half of it is
    /// divided among them in equal shares, and who holds no more than that is not cut off
    #[arg(long, value_name = "SIZE", default_value = "1gb", value_parser = size)]
    pub max_buffers: usize,

    /// How long a client may read nothing of what waits for it before it is cut off, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub stall_ms: u64,

    /// Show what is measured at this address, over HTTP: a page at `/`, numbers for Prometheus at `/metrics`
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,

    /// Report a loop that has not turned for so long, in milliseconds, and the command that it is in; 0 is never
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub slow_ms: u64,

    /// What to do in a turn without work: `spin` asks the system again at once, for a whole core; `yield` lets other
    /// threads run before; `block` sleeps until something happens; `backoff` asks 100 times, `backoff=N` asks N times,
    /// and then sleeps
    #[arg(long, value_name = "HOW", default_value_t = Wait::Block)]
    pub wait: Wait,

    /// How long the end may take, in milliseconds: it answers what had come, up to 1mb of each client, and closes each
    /// connection once its replies are sent and its client has closed it too
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    pub drain_ms: u64,

    /// Keep a journal of what changes keys in this directory, and go on where it ends. A change that was answered is
    /// there after the next start, also if the process was killed
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    pub journal: Option<PathBuf>,

    /// When a change is safe, so that its reply may leave: `process`, when the system has it, which survives the
    /// process but not the power; `disk`, when the disk has it; `behind`, when the disk has it, for which a thread
    /// waits while others are served
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = Safe::Disk,
        requires = "journal",
        hide_possible_values = true
    )]
    pub durability: Safe,

    /// Compact the journal once it has so many bytes, and twice as many as when it was last compacted; 0 is never
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size, requires = "journal")]
    pub compact: usize,

    /// Print the keys that a journal leads to, as commands that make them, and serve nobody
    #[arg(long, value_name = "DIR", conflicts_with_all = ["journal", "plan"])]
    pub replay: Option<PathBuf>,

    /// Print what was there after this sequence, instead of at the end
    #[arg(long, value_name = "SEQUENCE", requires = "replay")]
    pub until: Option<u64>,

    /// Print how the keys changed from one sequence to another
    #[arg(long, value_names = ["SEQUENCE", "SEQUENCE"], num_args = 2, requires = "replay", conflicts_with = "until")]
    pub diff: Option<Vec<u64>>,

    /// Print what a request runs through and what every command reads and writes, and serve nobody: text, dot, mermaid
    /// or json
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, default_missing_value = "text")]
    pub plan: Option<PlanFormat>,
}

/// When a change is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Safe {
    /// When the system has it.
    Process,
    /// When the disk has it.
    Disk,
    /// When the disk has it, for which a thread waits.
    Behind,
}

impl Args {
    /// Where the journal is, and how it is kept.
    #[must_use]
    pub fn log(&self) -> Option<LogOptions> {
        let durability = match self.durability {
            Safe::Process => Durability::Process,
            Safe::Disk => Durability::Disk,
            Safe::Behind => Durability::Behind,
        };
        let directory = self.journal.clone()?;
        Some(LogOptions { directory, durability, compact: self.compact as u64 })
    }

    /// The limits that are asked for.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            request: RequestLimits {
                argument: self.max_value.min(self.max_replies.saturating_mul(8).saturating_sub(HEADER)),
                request: self.max_request,
                arguments: i32::MAX as usize,
            },
            key: self.max_key,
            memory: if self.max_memory == 0 { usize::MAX } else { self.max_memory },
            replies: self.max_replies,
            buffers: self.max_buffers,
            clients: self.max_clients,
            stalled: Duration::from_millis(self.stall_ms),
        }
    }

    /// How long the end may take.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

/// A number of bytes, with a unit or without.
fn size(text: &str) -> Result<usize, String> {
    let text = text.to_ascii_lowercase();
    let units = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("b", 1), ("", 1)];
    let read = units.into_iter().find_map(|(unit, bytes)| {
        let number: usize = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(bytes)
    });
    read.ok_or_else(|| "write a number of bytes such as `1000`, `64kb`, `100mb` or `2gb`".into())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        let sizes = [("0", 0), ("10", 10), ("10b", 10), ("64kb", 65_536), ("2 MB", 2 << 20), ("1GB", 1 << 30)];
        for (text, bytes) in sizes {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "kb", "-1", "1.5mb", "1tb", "99999999999gb"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
