//! Faults: decoded messages that contradict earlier ones. Each is counted, and most are reported as problems.

use nexus_rt::ResMut;

use crate::counts::Counts;
use crate::message::Level;
use crate::problems::Problems;

/// A decoded message that does not fit those before it.
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) what: What,
}

/// The kinds of faults.
#[derive(Debug, PartialEq)]
pub(crate) enum What {
    /// It repeats a known message.
    Again,
    /// It has the number of a known message, but different content.
    Contradiction { of: &'static str, number: u64 },
    /// A ticker that arrived after newer ones.
    OldTicker,
    /// One old ticker too many in a row.
    OldTickers { tickers: u64, newest: u64 },
    /// One ticker too many that the book has not reached.
    TooManyTickers { tickers: usize },
    /// A ticker whose bid is not below its ask.
    CrossedTicker(Level, Level),
    /// A trade that arrived after a later one. It still counts.
    OldTrade { number: u64, latest: u64 },
    /// A trade in a second whose bar is closed.
    Late { second: u64, bar: u64 },
    /// A trade with which the sums would overflow.
    TooLarge,
    /// A snapshot that is older than the book.
    Outdated { snapshot: u64, book: u64 },
    /// One diff too many that waits for the snapshot.
    NoSnapshot { diffs: usize },
    /// A stale diff that ends before the previous one.
    Back { before: u64, update: u64, book: u64 },
    /// One stale diff too many in a row.
    Behind { diffs: usize, update: u64, book: u64 },
}

impl Fault {
    /// Counts the fault, and reports it if it is a problem.
    pub(crate) fn settle(self, counts: &mut Counts, problems: &mut Problems) {
        match self.what {
            What::Again | What::Contradiction { .. } => counts.duplicates += 1,
            What::OldTicker
            | What::OldTickers { .. }
            | What::OldTrade { .. }
            | What::Late { .. }
            | What::Back { .. } => counts.out_of_order += 1,
            What::CrossedTicker(..) => counts.crossed += 1,
            What::TooManyTickers { .. }
            | What::TooLarge
            | What::Outdated { .. }
            | What::NoSnapshot { .. }
            | What::Behind { .. } => {}
        }
        if let Some(reason) = self.what.reason() {
            problems.add(self.line, reason);
        }
    }
}

pub(crate) fn on_fault(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, fault: Fault) {
    fault.settle(&mut counts, &mut problems);
}

impl What {
    /// Returns the text of the problem, or `None` if the fault is harmless.
    pub(crate) fn reason(&self) -> Option<String> {
        Some(match self {
            Self::Again | Self::OldTicker => return None,
            Self::Contradiction { of, number } => format!("a second {of} {number} differs from the first: ignored"),
            Self::OldTickers { tickers, newest } => {
                format!("{tickers} tickers in a row are older than that of update {newest}: few or none are compared")
            }
            Self::TooManyTickers { tickers } => {
                format!("more than {tickers} tickers are newer than the book: only the newest are kept to be compared")
            }
            Self::CrossedTicker((bid, _), (ask, _)) => {
                format!("a crossed ticker, bid {bid} and ask {ask}: ignored")
            }
            Self::OldTrade { number, latest } => {
                format!("trade {number} arrived after trade {latest}: counted, but not as the latest")
            }
            Self::Late { second, bar } => {
                format!("a trade of second {second} arrived after the bar of {bar}: counted, but in no bar")
            }
            Self::TooLarge => "the volume would overflow with this trade: ignored".into(),
            Self::Outdated { snapshot, book } => {
                format!("a snapshot of update {snapshot} is older than the book, at {book}: ignored")
            }
            Self::NoSnapshot { diffs } => {
                format!("more than {diffs} diffs wait for a snapshot: only the latest are kept for it")
            }
            Self::Back { before, update, book } => {
                format!("the diffs go back from update {before} to {update}: {}", stays(*book))
            }
            Self::Behind { diffs, update, book } => {
                let stays = stays(*book);
                format!("{diffs} diffs in a row are older than the book, the last up to update {update}: {stays}")
            }
        })
    }
}

/// Describes what stale diffs mean for a book at this update, and how it recovers.
fn stays(book: u64) -> String {
    format!("the book stays at {book} until newer diffs or a snapshot arrive")
}
