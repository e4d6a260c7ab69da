//! The order book: rebuilt from one snapshot and the diffs around it, and checked against the exchange's own top.

use std::collections::{BTreeMap, VecDeque};

use crate::decimal::Decimal;
use crate::message::{Diff, Event, Level, Snapshot, Ticker, Top};

/// All price levels. Empty until the snapshot comes.
#[derive(Default, Debug)]
pub struct Book {
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
    /// The latest update in it, from the snapshot on.
    last: Option<u64>,
}

/// The book had come to update `last`, beyond a snapshot.
#[derive(Debug, PartialEq)]
pub(crate) struct Outdated {
    pub(crate) last: u64,
}

/// Why a diff did not make it into the book.
#[derive(Debug, PartialEq)]
pub(crate) enum Unapplied {
    /// There is no snapshot yet.
    TooEarly,
    /// The book has it already.
    Stale,
}

/// What applying a diff showed.
#[derive(Debug, PartialEq)]
pub(crate) struct Applied {
    /// The updates that are missing between the book and the diff, if any are.
    pub(crate) gap: Option<(u64, u64)>,
}

impl Book {
    /// Starts anew from a snapshot, unless the book is further already.
    pub(crate) fn load(&mut self, snapshot: &Snapshot) -> Result<(), Outdated> {
        if let Some(last) = self.last.filter(|last| *last > snapshot.last) {
            return Err(Outdated { last });
        }
        *self = Self { last: Some(snapshot.last), ..Self::default() };
        set(&mut self.bids, &snapshot.bids);
        set(&mut self.asks, &snapshot.asks);
        Ok(())
    }

    /// Applies a diff, unless it is stale. One that comes after a gap is applied too: levels are absolute, so the book
    /// heals as they are written again.
    pub(crate) fn apply(&mut self, diff: &Diff) -> Result<Applied, Unapplied> {
        let last = self.last.ok_or(Unapplied::TooEarly)?;
        if diff.last <= last {
            return Err(Unapplied::Stale);
        }
        set(&mut self.bids, &diff.bids);
        set(&mut self.asks, &diff.asks);
        self.last = Some(diff.last);
        Ok(Applied { gap: (diff.previous > last).then(|| (last + 1, diff.previous)) })
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.last.is_some()
    }

    /// The latest update in the book; 0 before the snapshot.
    pub(crate) fn last(&self) -> u64 {
        self.last.unwrap_or(0)
    }

    /// The best bid and ask.
    pub fn top(&self) -> Top {
        let level = |(price, quantity): (&Decimal, &Decimal)| (*price, *quantity);
        (self.bids.last_key_value().map(level), self.asks.first_key_value().map(level))
    }

    /// The numbers of bid and ask levels.
    pub fn levels(&self) -> (usize, usize) {
        (self.bids.len(), self.asks.len())
    }
}

fn set(side: &mut BTreeMap<Decimal, Decimal>, levels: &[Level]) {
    for (price, quantity) in levels {
        if quantity.is_zero() {
            side.remove(price);
        } else {
            side.insert(*price, *quantity);
        }
    }
}

/// Diffs that wait for the snapshot, in the order in which they came.
#[derive(Default)]
pub(crate) struct Backlog(VecDeque<Event>);

impl Backlog {
    pub(crate) fn push(&mut self, event: Event) {
        self.0.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What the exchange says the top is, kept until the book has come as far.
#[derive(Default)]
pub(crate) struct Tickers(VecDeque<Ticker>);

impl Tickers {
    pub(crate) fn push(&mut self, ticker: Ticker) {
        self.0.push_back(ticker);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes every ticker up to update `last` and gives the newest of them.
    pub(crate) fn take_until(&mut self, last: u64) -> Option<Ticker> {
        let mut newest = None;
        while let Some(ticker) = self.0.front().filter(|ticker| ticker.update <= last) {
            newest = Some(*ticker);
            self.0.pop_front();
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: u64, quantity: u64) -> Level {
        (Decimal::from_units(price), Decimal::from_units(quantity))
    }

    fn diff(first: u64, last: u64, bids: &[Level]) -> Diff {
        Diff { previous: first - 1, last, bids: bids.to_vec(), asks: vec![] }
    }

    #[test]
    fn a_diff_that_begins_at_zero_has_no_gap_before_it() {
        let mut book = Book::default();
        book.load(&Snapshot { last: 5, bids: vec![], asks: vec![] }).unwrap();
        let diff = Diff { previous: 0, last: 6, bids: vec![], asks: vec![] };
        assert_eq!(book.apply(&diff), Ok(Applied { gap: None }));
    }

    #[test]
    fn the_book_follows_the_rule() {
        let mut book = Book::default();
        assert_eq!(book.apply(&diff(1, 5, &[])), Err(Unapplied::TooEarly));
        let bids = vec![level(100, 1), level(99, 2), level(105, 0)];
        assert_eq!(book.load(&Snapshot { last: 10, bids, asks: vec![level(101, 3)] }), Ok(()));
        assert_eq!(book.top(), (Some(level(100, 1)), Some(level(101, 3))));
        assert_eq!(book.apply(&diff(6, 10, &[level(200, 1)])), Err(Unapplied::Stale));
        assert_eq!(book.apply(&diff(9, 12, &[level(100, 0)])), Ok(Applied { gap: None }));
        assert_eq!((book.top().0, book.last(), book.levels()), (Some(level(99, 2)), 12, (1, 1)));
        assert_eq!(book.apply(&diff(13, 13, &[level(99, 5)])), Ok(Applied { gap: None }));
        assert_eq!(book.apply(&diff(16, 20, &[])), Ok(Applied { gap: Some((14, 15)) }));
        assert_eq!((book.top().0, book.last()), (Some(level(99, 5)), 20));
        assert_eq!(book.load(&Snapshot { last: 19, bids: vec![], asks: vec![] }), Err(Outdated { last: 20 }));
        assert_eq!(book.load(&Snapshot { last: 30, bids: vec![], asks: vec![] }), Ok(()));
        assert_eq!((book.top(), book.last()), ((None, None), 30));
    }

    #[test]
    fn the_newest_ticker_that_the_book_has_reached_counts() {
        let ticker = |update| Ticker { update, top: (None, None) };
        let mut tickers = Tickers::default();
        [3, 5, 8].into_iter().for_each(|update| tickers.push(ticker(update)));
        assert_eq!(tickers.take_until(6).map(|ticker| ticker.update), Some(5));
        assert!(tickers.take_until(6).is_none());
        assert_eq!(tickers.take_until(8).map(|ticker| ticker.update), Some(8));
    }
}
