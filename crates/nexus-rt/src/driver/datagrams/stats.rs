//! `Stats`: the counts of one socket, and of all sockets.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of one socket, or of all sockets of a driver, including closed ones.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams received and run.
    pub received: u64,
    /// The total length of the datagrams received, in bytes.
    pub received_bytes: u64,
    /// Datagrams that the OS accepted.
    pub sent: u64,
    /// The total length of the datagrams sent, in bytes.
    pub sent_bytes: u64,
    /// Datagrams longer than [`DatagramsInstaller::largest`](super::DatagramsInstaller::largest), which did not run.
    pub truncated: u64,
    /// Datagrams not sent because the buffer of the socket was full.
    pub dropped: u64,
    /// Other OS errors when sending or receiving, such as a refused datagram.
    pub errors: u64,
    /// Runs of the chain that panicked. Their sockets are gone.
    pub panicked: u64,
}

/// The counters, in the order of the fields of [`Stats`].
#[derive(Clone, Copy)]
pub(super) enum Count {
    Received,
    ReceivedBytes,
    Sent,
    SentBytes,
    Truncated,
    Dropped,
    Errors,
    Panicked,
}

/// Shared by the resource and by the contexts of its sockets. Only the thread of the world counts, so a counter is
/// loaded and stored, which costs as much as a plain number.
#[derive(Default)]
pub(super) struct Counters([AtomicU64; 8]);

impl Counters {
    #[inline]
    pub(super) fn add(&self, count: Count, by: u64) {
        let counter = &self.0[count as usize];
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let [received, received_bytes, sent, sent_bytes, truncated, dropped, errors, panicked] =
            self.0.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        Stats { received, received_bytes, sent, sent_bytes, truncated, dropped, errors, panicked }
    }
}
