//! `Limits`: what connections may cost; `Stats`: what the driver counts.

use std::time::{Duration, Instant};

/// What connections may cost.
///
/// A connection that exceeds a limit waits or ends, and all others are served.
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
    /// The maximum number of connections, including those that are being established. Default: 10,000.
    pub connections: usize,
    /// The bytes sent to a client that is refused, because there are `connections` already or the process has no file
    /// descriptors left. With `None`, the client is not refused, but waits at the listener. Default: `None`.
    pub refusal: Option<Box<[u8]>>,
    /// The maximum length of an incomplete frame, in bytes. Default: 1 MiB.
    pub frame: usize,
    /// The maximum number of frames of one connection in a poll. The next poll runs the rest. Default: 1,000.
    pub frames: usize,
    /// The number of unsent bytes above which the frames of a connection wait until the peer reads. Default: 1
    /// MiB.
    pub pause: usize,
    /// The maximum number of unsent bytes of a connection. A connection that would exceed it ends. Default: 64 MiB.
    pub unsent: usize,
    /// The memory for the unsent bytes and incomplete frames of all connections, in bytes. Default: 1 GiB.
    ///
    /// Half of it is shared equally among `connections`. Once all connections together hold more than that half, a
    /// connection that holds more than its share ends when it grows.
    pub memory: usize,
    /// How long the peer may send nothing. Default: `None`, which means no limit.
    ///
    /// The time runs only while the driver waits for input: not while input waits for the program, and not while the OS
    /// has no room for output, since the peer does not read, for which there is [`stalled`](Self::stalled).
    pub silent: Option<Duration>,
    /// How long the peer may read none of its waiting output, and how long a peer that has finished its side is kept
    /// for the replies that it is [owed](super::Client::owe). Default: 30 s.
    pub stalled: Duration,
    /// How long the peer may be silent after a connection has ended gracefully, until its socket is closed. Default:
    /// 500 ms.
    ///
    /// Meanwhile, its input is read and dropped: closing a socket with unread bytes would reset the connection, and the
    /// peer might lose the last output. A peer that never stops sending is waited for as long as
    /// [`stalled`](Self::stalled).
    pub linger: Duration,
}

/// Returns the end of a wait, which is a century at most.
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
    /// Returns whether a connection holds too many bytes, given the number that all connections hold.
    pub(super) fn is_too_much(&self, holds: usize, all: usize) -> bool {
        // A connection that takes all the memory must not end those that hold little.
        let half = self.memory / 2;
        // The sum may have wrapped.
        all.max(holds) > half && holds > half / self.connections.max(1)
    }
}

/// The counts of all connections so far: see [`Connections::stats`](super::Connections::stats).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// The number of accepted connections.
    pub accepted: u64,
    /// The number of connections that the program established: see
    /// [`Connections::connect`](super::Connections::connect).
    pub connected: u64,
    /// The number of clients that were refused.
    pub refused: u64,
    /// The number of frames run.
    pub frames: u64,
    /// The number of bytes received.
    pub received: u64,
    /// The number of bytes sent.
    pub sent: u64,
    /// The memory for the unsent bytes and incomplete frames of all connections now, in bytes.
    pub memory: usize,
    /// The number of ended connections, by reason.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_memory_is_for_any_and_the_other_half_is_shared_equally() {
        let limits = |connections| Limits { memory: 1_000, connections, ..Limits::default() };
        for (holds, all, too_much) in [(50, 1_000, false), (51, 500, false), (51, 501, true), (500, 500, false)] {
            assert_eq!(limits(10).is_too_much(holds, all), too_much, "{holds} of {all}");
        }
        assert!(limits(0).is_too_much(501, 501) && !limits(0).is_too_much(500, 501));
    }

    #[test]
    fn no_wait_is_too_long_for_the_clock() {
        let start = Instant::now();
        assert_eq!(after(start, Duration::from_secs(86_400)), start + Duration::from_secs(86_400));
        let century = after(start, Duration::MAX) - start;
        assert_eq!(century.as_secs() / 86_400, 36_500);
    }
}
