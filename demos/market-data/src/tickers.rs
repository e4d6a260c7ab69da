//! Tickers: the top of the book as reported by the exchange, kept until the book reaches their update.

use std::collections::VecDeque;

use nexus_rt::{Res, ResMut};

use crate::book::Book;
use crate::counts::Dropped;
use crate::fault::{Fault, What};
use crate::message::{Ticker, crossed};

/// The tickers that the book has not reached yet, by update.
#[derive(Default, Hash)]
pub(crate) struct Tickers {
    waiting: VecDeque<Ticker>,
    /// The newest ticker taken so far.
    taken: Option<Ticker>,
    /// The number of old tickers since the last new one.
    old: u64,
    /// Tickers that were dropped because the book did not reach them.
    dropped: Dropped,
}

impl Tickers {
    /// The number of old tickers in a row that still counts as plain disorder.
    const USUAL: u64 = 100;
    /// The number of tickers that may wait. Usually those of a tenth of a second do.
    const ROOM: usize = 10_000;

    /// Inserts a ticker in order, unless one at least as new was already taken. Drops the oldest if there are too many.
    fn add(&mut self, ticker: Ticker) -> Result<(), What> {
        let newest = match self.waiting.back().or(self.taken.as_ref()) {
            Some(newest) if newest.update >= ticker.update => newest.update,
            _ => {
                self.old = 0;
                self.waiting.push_back(ticker);
                return self.drop_oldest();
            }
        };
        let place = self.waiting.partition_point(|other| other.update < ticker.update);
        let same = [self.waiting.get(place), self.taken.as_ref()];
        if let Some(other) = same.into_iter().flatten().find(|other| other.update == ticker.update) {
            let contradiction = What::Contradiction { of: "ticker of update", number: ticker.update };
            return Err(if *other == ticker { What::Again } else { contradiction });
        }
        if self.waiting.len() < Self::ROOM && self.taken.is_none_or(|taken| taken.update < ticker.update) {
            self.waiting.insert(place, ticker);
        }
        self.old += 1;
        let for_good = self.old == Self::USUAL + 1;
        Err(if for_good { What::OldTickers { tickers: self.old, newest } } else { What::OldTicker })
    }

    /// Drops the oldest ticker if there are too many. The error reports the first time.
    fn drop_oldest(&mut self) -> Result<(), What> {
        if self.waiting.len() <= Self::ROOM {
            return Ok(());
        }
        self.waiting.pop_front();
        if self.dropped.add() { Err(What::TooManyTickers { tickers: Self::ROOM }) } else { Ok(()) }
    }

    /// Takes every ticker up to update `last` and returns the newest of them.
    pub(crate) fn take_until(&mut self, last: u64) -> Option<Ticker> {
        let reached = self.waiting.partition_point(|ticker| ticker.update <= last);
        let newest = self.waiting.drain(..reached).next_back();
        self.taken = newest.or(self.taken);
        newest
    }

    /// Starts over at a snapshot of update `last`: earlier tickers describe a different book.
    pub(crate) fn restart(&mut self, last: u64) {
        self.take_until(last);
        self.waiting.clear();
        // If the numbers of the book went back, so did those of the tickers.
        self.taken = self.taken.filter(|taken| taken.update <= last);
    }
}

/// Keeps a ticker to check the book. Before the snapshot, there is no book to compare with.
pub(crate) fn on_ticker(book: Res<Book>, mut tickers: ResMut<Tickers>, line: u64, ticker: Ticker) -> Result<(), Fault> {
    let kept = match crossed(ticker.top) {
        Some((bid, ask)) => Err(What::CrossedTicker(bid, ask)),
        None if book.is_loaded() => tickers.add(ticker),
        None => Ok(()),
    };
    kept.map_err(|what| Fault { line, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_ticker_that_the_book_has_reached_counts() {
        let ticker = |update| Ticker { update, top: (None, None) };
        let mut tickers = Tickers::default();
        [3, 5, 8].into_iter().for_each(|update| tickers.add(ticker(update)).unwrap());
        assert_eq!(tickers.take_until(6).map(|ticker| ticker.update), Some(5));
        assert!(tickers.take_until(6).is_none());
        assert_eq!(tickers.take_until(8).map(|ticker| ticker.update), Some(8));
    }
}
