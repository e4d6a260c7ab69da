//! What connections may cost, how a connection is dialed, and what the driver counts.

use std::time::Duration;

/// What connections may cost. Whoever goes beyond a limit is told of or ended, and everybody else is served.
///
/// ```
/// use std::time::Duration;
///
/// use nexus_rt::connections::Limits;
///
/// let mut limits = Limits::default();
/// limits.connections = 100;
/// limits.silent = Some(Duration::from_secs(60));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The most connections, those that are dialed included. Default: 10,000.
    pub connections: usize,
    /// What a client is sent that finds no place, because of `connections` or because the process has no files left.
    /// Then it is closed. With `None` it waits outside until a place is free. Default: `None`.
    pub refusal: Option<Box<[u8]>>,
    /// The most bytes of a frame that is incomplete. Default: 1 MiB.
    pub frame: usize,
    /// The most frames of one connection in a poll; the next poll goes on with the rest. Default: 1,000.
    pub frames: usize,
    /// The unsent bytes of a connection above which its own frames wait until it reads. Default: 1 MiB.
    pub pause: usize,
    /// The most unsent bytes of a connection. One that would have more is ended. Default: 64 MiB.
    pub unsent: usize,
    /// The most memory of all connections' unsent bytes and incomplete frames, in bytes. Half of it is for those that
    /// hold no more than their share; above that, one that holds more is ended when it grows. Default: 1 GiB.
    pub memory: usize,
    /// How long a connection may send nothing. Default: `None`, for ever.
    pub silent: Option<Duration>,
    /// How long a connection may read nothing of what waits for it. Default: 30 s.
    pub stalled: Duration,
    /// How long a connection that was closed from here may go on sending before it is not waited for. What it sends is
    /// read and dropped, since closing a socket with unread bytes resets the connection, and the other side might lose
    /// what it was sent last. Default: 500 ms.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            refusal: None,
            frame: 1 << 20,
            frames: 1_000,
            pause: 1 << 20,
            unsent: 64 << 20,
            memory: 1 << 30,
            silent: None,
            stalled: Duration::from_secs(30),
            linger: Duration::from_millis(500),
        }
    }
}

impl Limits {
    /// Whether a connection may not hold so many bytes, where all together hold that many.
    pub(super) fn is_too_much(&self, holds: usize, all: usize) -> bool {
        // One that takes all there is must not be the end of those that hold little.
        let half = self.memory / 2;
        all > half && holds > half / self.connections.max(1)
    }
}

/// How often and how soon a connection is dialed: see [`Connections::connect`](super::Connections::connect).
///
/// The wait before each attempt doubles, from `first` to `most`, and a random part of up to half is taken off, so that
/// many that lost the same peer do not come back at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// The number of attempts after which it is given up, at least 1. Default: 10.
    pub attempts: u32,
    /// The longest that one attempt may take. Default: 10 s.
    pub patience: Duration,
    /// The wait after the first attempt. Default: 100 ms.
    pub first: Duration,
    /// The longest wait. Default: 10 s.
    pub most: Duration,
}

impl Retry {
    /// Dials once.
    #[must_use]
    pub fn once() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after attempt number `attempt`, the first of which is 1. `random` is any number.
    pub(super) fn wait(&self, attempt: u32, random: u64) -> Duration {
        let doubled = 1_u32.checked_shl(attempt - 1).and_then(|times| self.first.checked_mul(times));
        let wait = doubled.unwrap_or(self.most).min(self.most);
        let part = (random >> 11) as f64 / (1_u64 << 53) as f64;
        wait.mul_f64(1.0 - part / 2.0)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 10,
            patience: Duration::from_secs(10),
            first: Duration::from_millis(100),
            most: Duration::from_secs(10),
        }
    }
}

/// What has happened to connections so far: see [`Connections::stats`](super::Connections::stats).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// The number of connections that were accepted.
    pub accepted: u64,
    /// The number of dialed connections that were established.
    pub connected: u64,
    /// The number of clients that found no place and were told so.
    pub refused: u64,
    /// The number of frames that were run.
    pub frames: u64,
    /// The number of bytes received.
    pub received: u64,
    /// The number of bytes sent.
    pub sent: u64,
    /// The memory of all connections' unsent bytes and incomplete frames, in bytes.
    pub memory: usize,
    /// How connections ended.
    pub ended: EndedStats,
}

/// The number of connections by how they [ended](super::Ended).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of `Ended`")]
pub struct EndedStats {
    pub finished: u64,
    pub closed: u64,
    pub malformed: u64,
    pub too_long: u64,
    pub silent: u64,
    pub stalled: u64,
    pub too_much: u64,
    pub lost: u64,
    pub unreachable: u64,
    pub panicked: u64,
    pub drained: u64,
    pub cut_off: u64,
}
