//! Messages: one line of the capture is one message, checked as far as it can be without the others.

use crate::decimal::Decimal;

/// A line of the capture, with its number for error reports. The buffer is reused for each line.
#[derive(Default, Debug)]
pub struct Line {
    /// The number of the line over all inputs, from 1.
    pub number: u64,
    /// The text without the line end.
    pub text: Vec<u8>,
}

/// A decoded line.
#[derive(Hash, Debug)]
pub struct Event {
    pub(crate) line: u64,
    pub(crate) time_ns: u64,
    pub(crate) message: Message,
}

impl Event {
    /// Returns the time at which the line was received, in nanoseconds since the epoch.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }
}

#[derive(Hash, Debug)]
pub(crate) enum Message {
    Depth(Diff),
    Ticker(Ticker),
    Trade(Trade),
    Snapshot(Snapshot),
}

/// A price and the quantity that now rests there. A quantity of zero means none.
pub type Level = (Decimal, Decimal);

/// The best bid and ask, each with its quantity. An empty side is `None`.
pub type Top = (Option<Level>, Option<Level>);

/// Returns both sides of a crossed top: one whose bid is not below its ask.
pub(crate) fn crossed(top: Top) -> Option<(Level, Level)> {
    let (bid, ask) = (top.0?, top.1?);
    (bid.0 >= ask.0).then_some((bid, ask))
}

/// Changes to the order book, up to update `last`.
#[derive(Hash, Debug)]
pub(crate) struct Diff {
    /// The update before the changes: the one before their first, or the last of the previous diff.
    pub(crate) previous: u64,
    pub(crate) last: u64,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

/// The best bid and ask after `update`, as reported by the exchange.
#[derive(Clone, Copy, PartialEq, Hash, Debug)]
pub(crate) struct Ticker {
    pub(crate) update: u64,
    pub(crate) top: Top,
}

/// A trade.
#[derive(Clone, Copy, PartialEq, Hash, Debug)]
pub(crate) struct Trade {
    /// Increases with each trade.
    pub(crate) id: Option<u64>,
    pub(crate) price: Decimal,
    pub(crate) quantity: Decimal,
    /// Whether the buyer's order rested in the book, so that the seller was the taker.
    pub(crate) buyer_is_maker: bool,
}

impl Trade {
    /// Returns whether this trade is known to be earlier than another one.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.id.zip(other.id).is_some_and(|(own, other)| own < other)
    }
}

/// The whole order book as of update `last`.
#[derive(Hash, Debug)]
pub(crate) struct Snapshot {
    pub(crate) last: u64,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}
