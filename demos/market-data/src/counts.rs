//! The counters of the report, and the symbol of the feed.

use std::hash::{Hash, Hasher};

/// The number of messages of each kind, and their outcomes.
#[derive(Default, Hash, Debug)]
pub struct Counts {
    /// All messages.
    pub events: u64,
    /// Changes to the order book.
    pub depth: u64,
    /// Tickers: the top of the book as reported by the exchange.
    pub ticker: u64,
    /// Trades.
    pub trade: u64,
    /// Whole order books.
    pub snapshot: u64,
    pub(crate) applied: u64,
    pub(crate) stale: u64,
    pub(crate) gaps: u64,
    /// Lines that are not messages.
    pub bad_lines: u64,
    /// Trades and tickers that arrived twice; the second one is dropped.
    pub duplicates: u64,
    /// Snapshots and diffs that crossed the book, and tickers that are themselves crossed.
    pub crossed: u64,
    /// Trades and tickers that arrived after later ones, trades whose second was over, and diffs whose numbers go back.
    pub out_of_order: u64,
}

/// The number of dropped messages. It is part of the digest only if there are any, so that a journal which was recorded
/// without this counter has the same digest.
#[derive(Default)]
pub(crate) struct Dropped(u64);

impl Hash for Dropped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 > 0 {
            self.0.hash(state);
        }
    }
}

impl Dropped {
    /// Counts a message. Returns whether it is the first.
    pub(crate) fn add(&mut self) -> bool {
        self.0 += 1;
        self.0 == 1
    }

    pub(crate) fn total(&self) -> u64 {
        self.0
    }
}

/// The symbol of the capture, taken from its first message.
#[derive(Clone, Default, PartialEq, Hash, Debug)]
pub(crate) struct Symbol(pub(crate) Option<String>);

impl Symbol {
    /// Takes the symbol of the first message, and refuses a different one later. Stream names are in lower case, and
    /// messages in upper case.
    pub(crate) fn take(&mut self, named: &str) -> Result<(), String> {
        match &self.0 {
            None => self.0 = Some(named.to_owned()),
            Some(first) if first.eq_ignore_ascii_case(named) => {}
            Some(first) => return Err(format!("`{named}` in a capture of `{first}`: one symbol at a time")),
        }
        Ok(())
    }
}

/// How often the top of the rebuilt book was compared with that of the exchange, and how often both agreed.
#[derive(Default, Hash)]
pub(crate) struct Checks {
    pub(crate) made: u64,
    pub(crate) agreed: u64,
}
