//! The order book: rebuilt from one snapshot and the diffs around it.

use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::message::{Diff, Level, Snapshot, Top, crossed};

/// All price levels. The book is empty until the snapshot arrives.
#[derive(Default, Hash, Debug)]
pub struct Book {
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
    /// The latest update in the book, from the snapshot on.
    last: Option<u64>,
    is_crossed: bool,
}

/// The book is at update `last`, which is after the snapshot.
#[derive(Debug, PartialEq)]
pub(crate) struct Outdated {
    pub(crate) last: u64,
}

/// Why a diff was not applied.
#[derive(Debug, PartialEq)]
pub(crate) enum Unapplied {
    /// There is no snapshot yet.
    TooEarly,
    /// The book, at update `book`, already contains it.
    Stale { book: u64 },
}

/// The result of loading a snapshot or applying a diff.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Applied {
    /// The first and the last update that are missing between the book and the diff, if any are.
    pub(crate) gap: Option<(u64, u64)>,
    /// The best bid and ask, if the bid is no longer below the ask.
    pub(crate) crossed: Option<(Level, Level)>,
}

impl Book {
    /// Starts over from a snapshot, unless the book is already newer.
    pub(crate) fn load(&mut self, snapshot: &Snapshot) -> Result<Applied, Outdated> {
        if let Some(last) = self.last.filter(|last| *last > snapshot.last) {
            return Err(Outdated { last });
        }
        *self = Self { last: Some(snapshot.last), ..Self::default() };
        Ok(Applied { gap: None, crossed: self.write(&snapshot.bids, &snapshot.asks) })
    }

    /// Applies a diff, unless it is stale. A diff after a gap is applied too: levels are absolute, so the book recovers
    /// as they are written again. So is a diff that crosses the book, for the same reason.
    pub(crate) fn apply(&mut self, diff: &Diff) -> Result<Applied, Unapplied> {
        let last = self.last.ok_or(Unapplied::TooEarly)?;
        if diff.last <= last {
            return Err(Unapplied::Stale { book: last });
        }
        self.last = Some(diff.last);
        let gap = (diff.previous > last).then(|| (last + 1, diff.previous));
        Ok(Applied { gap, crossed: self.write(&diff.bids, &diff.asks) })
    }

    /// Sets levels. Returns the top if this crosses a book that was not crossed before.
    fn write(&mut self, bids: &[Level], asks: &[Level]) -> Option<(Level, Level)> {
        set(&mut self.bids, bids);
        set(&mut self.asks, asks);
        let top = crossed(self.top());
        let was_crossed = std::mem::replace(&mut self.is_crossed, top.is_some());
        top.filter(|_| !was_crossed)
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.last.is_some()
    }

    /// Returns the latest update in the book; 0 before the snapshot.
    pub(crate) fn last(&self) -> u64 {
        self.last.unwrap_or(0)
    }

    /// Returns the best bid and ask.
    pub fn top(&self) -> Top {
        let level = |(price, quantity): (&Decimal, &Decimal)| (*price, *quantity);
        (self.bids.last_key_value().map(level), self.asks.first_key_value().map(level))
    }

    /// Returns the best bid and ask if one can trade at them: both sides exist, and the book is not crossed.
    pub(crate) fn quote(&self) -> Option<(Level, Level)> {
        let (bid, ask) = self.top();
        bid.zip(ask).filter(|_| !self.is_crossed)
    }

    /// Returns the numbers of bid and ask levels.
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
        assert_eq!(book.apply(&diff), Ok(Applied::default()));
    }

    #[test]
    fn the_book_follows_the_rule() {
        let mut book = Book::default();
        assert_eq!(book.apply(&diff(1, 5, &[])), Err(Unapplied::TooEarly));
        let bids = vec![level(100, 1), level(99, 2), level(105, 0)];
        assert_eq!(book.load(&Snapshot { last: 10, bids, asks: vec![level(101, 3)] }), Ok(Applied::default()));
        assert_eq!(book.top(), (Some(level(100, 1)), Some(level(101, 3))));
        assert_eq!(book.apply(&diff(6, 10, &[level(200, 1)])), Err(Unapplied::Stale { book: 10 }));
        assert_eq!(book.apply(&diff(9, 12, &[level(100, 0)])), Ok(Applied::default()));
        assert_eq!((book.top().0, book.last(), book.levels()), (Some(level(99, 2)), 12, (1, 1)));
        assert_eq!(book.apply(&diff(13, 13, &[level(99, 5)])), Ok(Applied::default()));
        assert_eq!(book.apply(&diff(16, 20, &[])), Ok(Applied { gap: Some((14, 15)), crossed: None }));
        assert_eq!((book.top().0, book.last()), (Some(level(99, 5)), 20));
        assert_eq!(book.load(&Snapshot { last: 19, bids: vec![], asks: vec![] }), Err(Outdated { last: 20 }));
        assert_eq!(book.load(&Snapshot { last: 30, bids: vec![], asks: vec![] }), Ok(Applied::default()));
        assert_eq!((book.top(), book.last()), ((None, None), 30));
    }
}
