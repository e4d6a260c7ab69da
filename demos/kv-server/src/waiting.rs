//! What a client of a server that shares a log waits for: its requests that are with the log, and those behind them.

use std::collections::VecDeque;

use crate::request::Request;

/// The maximum number of waiting requests of one client. At this number, or at the limit on their bytes, reading stops.
const MOST: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;

/// The number of requests for which room is kept.
const KEPT: usize = 8;

/// The waiting requests of one client, in the order in which they arrived.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// The requests that are with the log.
    published: VecDeque<Published>,
    /// The request that runs once the log has passed a barrier, if nothing is published.
    barrier: Option<Box<Asked>>,
    /// The requests behind them.
    asked: VecDeque<Asked>,
    /// The total size of these, in bytes.
    bytes: usize,
    /// The barrier that shows that the log has passed the arrival of the running request.
    pub(crate) arrived: u64,
    /// Whether the transaction that comes back from the log is aborted; `None` if none does.
    pub(crate) aborted: Option<bool>,
}

/// A request that is with the log.
#[derive(Clone, Copy, Debug)]
struct Published {
    number: u64,
    bytes: usize,
    /// Whether it is the EXEC of a transaction. The client is in the transaction until it comes back.
    is_exec: bool,
}

/// A request that waits for its turn.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// The barrier that shows that the log has passed its arrival.
    pub(crate) arrived: u64,
}

impl Waiting {
    /// Returns whether nothing waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.is_at_turn() && self.asked.is_empty()
    }

    /// Returns whether the next request need not wait for anything before it.
    pub(crate) fn is_at_turn(&self) -> bool {
        self.published.is_empty() && self.barrier.is_none()
    }

    /// Returns whether a request waits for a barrier.
    pub(crate) fn awaits_barrier(&self) -> bool {
        self.barrier.is_some()
    }

    /// Returns whether reading must stop.
    pub(crate) fn is_full(&self) -> bool {
        self.published.len() + self.asked.len() >= MOST || self.bytes >= MOST_BYTES
    }

    /// Returns the size of the waiting requests, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes a request that is with the log from now on.
    pub(crate) fn publish(&mut self, number: u64, bytes: usize, is_exec: bool) {
        self.bytes += bytes;
        self.published.push_back(Published { number, bytes, is_exec });
    }

    /// Forgets a request that has come back from the log. Returns whether it ends a transaction.
    pub(crate) fn take_back(&mut self, number: u64) -> bool {
        let at = self.published.iter().position(|published| published.number == number);
        let published = at.and_then(|at| self.published.remove(at));
        self.bytes -= published.map_or(0, |published| published.bytes);
        if self.published.is_empty() {
            self.published.shrink_to(KEPT);
        }
        published.is_some_and(|published| published.is_exec)
    }

    /// Adds a request behind all others.
    pub(crate) fn ask(&mut self, request: Request, arrived: u64) {
        self.bytes += request.size();
        self.asked.push_back(Asked { request, arrived });
    }

    /// Adds a request before all others that wait for their turn, since it is this one's turn.
    pub(crate) fn ask_first(&mut self, request: Request, arrived: u64) {
        self.bytes += request.size();
        self.asked.push_front(Asked { request, arrived });
    }

    /// Takes the next request.
    pub(crate) fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.pop_front()?;
        if self.asked.is_empty() {
            self.asked.shrink_to(KEPT);
        }
        self.bytes -= asked.request.size();
        Some(asked)
    }

    /// Returns the number of requests that wait for their turn.
    pub(crate) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Makes a request wait for a barrier.
    pub(crate) fn await_barrier(&mut self, request: Request) {
        self.bytes += request.size();
        self.barrier = Some(Box::new(Asked { request, arrived: self.arrived }));
    }

    /// Takes the request that waits for a barrier.
    pub(crate) fn take_awaiting(&mut self) -> Option<Asked> {
        let asked = self.barrier.take()?;
        self.bytes -= asked.request.size();
        Some(*asked)
    }

    /// Forgets all waiting requests. Returns their number.
    pub(crate) fn forget(&mut self) -> usize {
        let count = self.published.len() + usize::from(self.barrier.is_some()) + self.asked.len();
        *self = Self::default();
        count
    }
}
