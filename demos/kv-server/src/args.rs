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

/// The bytes that a reply with one value needs in addition to the value.
const HEADER: usize = 64;

/// A key-value server that speaks the Redis protocol. SIGTERM, SIGINT or the command SHUTDOWN stops it.
#[derive(Parser, Debug)]
#[command(name = "kv-server", version)]
pub struct Args {
    /// The port to listen on; 0 picks a free one and prints it
    #[arg(long, default_value_t = 6379)]
    pub port: u16,

    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub bind: IpAddr,

    /// A Unix socket to listen on as well
    #[arg(long, value_name = "PATH")]
    pub unixsocket: Option<PathBuf>,

    /// The password that clients must send with AUTH or HELLO before anything else
    #[arg(long, value_name = "PASSWORD")]
    pub requirepass: Option<String>,

    /// The maximum number of clients; further ones get an error and are disconnected
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_clients: usize,

    /// Refuse commands that may need more memory once keys and values use this much, such as `100mb`; 0 is no limit
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub max_memory: usize,

    /// The longest key
    #[arg(long, value_name = "SIZE", default_value = "64kb", value_parser = size)]
    pub max_key: usize,

    /// The longest value or other argument; never more than a reply may have, which is eight times `--max-replies`
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size)]
    pub max_value: usize,

    /// The longest request
    #[arg(long, value_name = "SIZE", default_value = "128mb", value_parser = size)]
    pub max_request: usize,

    /// Stop reading the requests of a client while more replies than this are unsent; at eight times as much, it is
    /// disconnected
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size)]
    pub max_replies: usize,

    /// The total for unfinished requests, unsent replies and subscriptions of all clients. Half of it is divided among
    /// them in equal shares, and a client within its share is not disconnected
    #[arg(long, value_name = "SIZE", default_value = "1gb", value_parser = size)]
    pub max_buffers: usize,

    /// Disconnect a client that leaves its replies unread for this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub stall_ms: u64,

    /// Serve measurements over HTTP at this address: a page at `/`, and metrics for Prometheus at `/metrics`
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,

    /// Report a command that keeps the loop from turning for this many milliseconds; 0 is never
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub slow_ms: u64,

    /// What an idle loop does: `spin` polls again at once and uses a whole core; `yield` lets other threads run first;
    /// `block` sleeps until something happens; `backoff` polls 100 times, `backoff=N` N times, then sleeps
    #[arg(long, value_name = "HOW", default_value_t = Wait::Block)]
    pub wait: Wait,

    /// The longest that stopping may take, in milliseconds. Requests that have arrived are answered, up to 1mb per
    /// client, and each connection is closed once its replies are sent and its client has closed it too
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    pub drain_ms: u64,

    /// Record changes of keys in a journal in this directory, and continue where it ends. Acknowledged changes are
    /// there after the next start, even if the process was killed
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    pub journal: Option<PathBuf>,

    /// When a change is safe and its reply may leave: `process`, once the OS has it (it survives a crash of the
    /// process, but not a loss of power); `disk`, once it is on disk; `behind`, once it is on disk, while a thread
    /// waits for the disk and other clients are served
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = Safe::Disk,
        requires = "journal",
        hide_possible_values = true
    )]
    pub durability: Safe,

    /// Compact the journal at this size, but not before it has doubled since the last compaction; 0 is never
    #[arg(long, value_name = "SIZE", default_value = "64mb", value_parser = size, requires = "journal")]
    pub compact: usize,

    /// Print the keys in a journal as commands that create them, then exit
    #[arg(long, value_name = "DIR", conflicts_with_all = ["journal", "plan"])]
    pub replay: Option<PathBuf>,

    /// With `--replay`: print the keys as of this sequence, not those at the end
    #[arg(long, value_name = "SEQUENCE", requires = "replay")]
    pub until: Option<u64>,

    /// With `--replay`: print how the keys changed from one sequence to another
    #[arg(long, value_names = ["SEQUENCE", "SEQUENCE"], num_args = 2, requires = "replay", conflicts_with = "until")]
    pub diff: Option<Vec<u64>>,

    /// Print the functions that a request runs through and what every command reads and writes, then exit: text, dot,
    /// mermaid or json
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
    /// Returns where the journal is and how it is kept, if there is one.
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

    /// Returns the requested limits.
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

    /// Returns how long stopping may take.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

/// Parses a number of bytes, with or without a unit.
fn size(text: &str) -> Result<usize, String> {
    let text = text.to_ascii_lowercase();
    let units = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("b", 1), ("", 1)];
    let read = units.into_iter().find_map(|(unit, bytes)| {
        let number: usize = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(bytes)
    });
    read.ok_or_else(|| "expected a number of bytes such as `1000`, `64kb`, `100mb` or `2gb`".into())
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
