//! What connections may cost, and what the driver counts.

use std::time::{Duration, Instant};

/// What connections may cost. One that exceeds a limit waits or is ended, and all others are served.
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
    /// The most connections, including those that are being established. Default: 10,000.
    pub connections: usize,
    /// The bytes that a client is sent before it is closed, if there are `connections` already or the process has no
    /// file descriptors left. With `None`, it waits at the listener until a place is free. Default: `None`.
    pub refusal: Option<Box<[u8]>>,
    /// The most bytes of a frame that is incomplete. Default: 1 MiB.
    pub frame: usize,
    /// The most frames of one connection in a poll; the next poll runs the rest. Default: 1,000.
    pub frames: usize,
    /// The unsent bytes of a connection above which its own frames wait until it reads. Default: 1 MiB.
    pub pause: usize,
    /// The most unsent bytes of a connection. One that would have more is ended. Default: 64 MiB.
    pub unsent: usize,
    /// The most memory of all connections' unsent bytes and incomplete frames, in bytes. Half of it is for those that
    /// hold no more than their share; above that, one that holds more is ended when it grows. Default: 1 GiB.
    pub memory: usize,
    /// How long a connection may send nothing. Default: `None`, without limit.
    pub silent: Option<Duration>,
    /// How long a connection may read nothing of what waits for it. Default: 30 s.
    pub stalled: Duration,
    /// How long a connection that was closed from here may go on sending before it is not waited for. What it sends is
    /// read and dropped, since closing a socket with unread bytes resets the connection, and the other side might lose
    /// what it was sent last. Default: 500 ms.
    pub linger: Duration,
}

/// The end of a wait. One of a century is for ever.
pub(super) fn after(start: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
    start + wait.min(CENTURY)
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

/// What has happened to connections so far: see [`Connections::stats`](super::Connections::stats).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// The number of connections that were accepted.
    pub accepted: u64,
    /// The number of connections that were established from here.
    pub connected: u64,
    /// The number of clients that were turned away.
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
    pub displaced: u64,
    pub drained: u64,
    pub cut_off: u64,
}
