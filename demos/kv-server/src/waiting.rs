//! What a client waits for whose server shares a log: its requests that are with the log, and those behind them.

use std::collections::VecDeque;

use crate::request::Request;

/// The most requests of one client that wait, and the most bytes of them, before no more are read.
const MOST: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;

/// For how many requests room is kept.
const KEPT: usize = 8;

/// What waits of one client, in the order in which it was asked.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Those that are with the log.
    published: VecDeque<Published>,
    /// What runs once the log has come to a barrier, if nothing is published.
    barrier: Option<Box<Asked>>,
    /// Those behind them.
    asked: VecDeque<Asked>,
    /// What all of it takes, in bytes.
    bytes: usize,
    /// By which barrier the log has come past the arrival of the request that runs.
    pub(crate) arrived: u64,
    /// Whether the transaction is aborted that comes back from the log.
    pub(crate) aborted: Option<bool>,
}

/// A request that is with the log.
#[derive(Clone, Copy, Debug)]
struct Published {
    number: u64,
    bytes: usize,
    /// Whether it ends a transaction, which the client has begun until it comes back.
    is_exec: bool,
}

/// A request that waits for its turn.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// By which barrier the log has come past its arrival.
    pub(crate) arrived: u64,
}

impl Waiting {
    /// Whether nothing waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.is_at_turn() && self.asked.is_empty()
    }

    /// Whether what is asked next need not wait for anything before it.
    pub(crate) fn is_at_turn(&self) -> bool {
        self.published.is_empty() && self.barrier.is_none()
    }

    /// Whether a request waits for a barrier.
    pub(crate) fn awaits_barrier(&self) -> bool {
        self.barrier.is_some()
    }

    /// Whether no more is to be read.
    pub(crate) fn is_full(&self) -> bool {
        self.published.len() + self.asked.len() >= MOST || self.bytes >= MOST_BYTES
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes a request that is with the log now.
    pub(crate) fn publish(&mut self, number: u64, bytes: usize, is_exec: bool) {
        self.bytes += bytes;
        self.published.push_back(Published { number, bytes, is_exec });
    }

    /// Forgets a request that has come back from the log. Whether it ends a transaction.
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

    /// Adds a request before all that wait for their turn: it is its own.
    pub(crate) fn ask_first(&mut self, request: Request, arrived: u64) {
        self.bytes += request.size();
        self.asked.push_front(Asked { request, arrived });
    }

    /// Takes the request that is next.
    pub(crate) fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.pop_front()?;
        if self.asked.is_empty() {
            self.asked.shrink_to(KEPT);
        }
        self.bytes -= asked.request.size();
        Some(asked)
    }

    /// How many requests wait for their turn.
    pub(crate) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Has a request wait for a barrier.
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

    /// Forgets all. How many requests that were.
    pub(crate) fn forget(&mut self) -> usize {
        let count = self.published.len() + usize::from(self.barrier.is_some()) + self.asked.len();
        *self = Self::default();
        count
    }
}
