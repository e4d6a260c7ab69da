//! What the feed says: one line of the capture is one message, checked as far as it can be by itself.

use crate::decimal::Decimal;

/// A line of the capture, with its number for those who have to report it. The buffer is filled anew for each line.
#[derive(Default, Debug)]
pub struct Line {
    /// Counted from 1, over all inputs.
    pub number: u64,
    /// Without its end.
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
    /// Returns when its line was received, in nanoseconds since the epoch.
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

/// A price with the quantity that now stands there; none, if the quantity is zero.
pub type Level = (Decimal, Decimal);

/// The best bid and ask, each with its quantity. A side on which nothing stands has none.
pub type Top = (Option<Level>, Option<Level>);

/// Returns both sides of a top that is crossed: whose bid is not below its ask.
pub(crate) fn crossed(top: Top) -> Option<(Level, Level)> {
    let (bid, ask) = (top.0?, top.1?);
    (bid.0 >= ask.0).then_some((bid, ask))
}

/// Changes of the order book, up to update `last`.
#[derive(Hash, Debug)]
pub(crate) struct Diff {
    /// The update that the changes follow: that before their first one, or the last of the diff before.
    pub(crate) previous: u64,
    pub(crate) last: u64,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

/// The best bid and ask after `update`, as the exchange itself says.
#[derive(Clone, Copy, PartialEq, Hash, Debug)]
pub(crate) struct Ticker {
    pub(crate) update: u64,
    pub(crate) top: Top,
}

/// A trade, of something and at a price.
#[derive(Clone, Copy, PartialEq, Hash, Debug)]
pub(crate) struct Trade {
    /// Rises by trade.
    pub(crate) id: Option<u64>,
    pub(crate) price: Decimal,
    pub(crate) quantity: Decimal,
    /// Whether the order that stood in the book was the buyer's, so that the seller took.
    pub(crate) buyer_is_maker: bool,
}

impl Trade {
    /// Whether it is known to have been made before another one.
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
