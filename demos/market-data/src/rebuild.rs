//! The steps that rebuild the book from snapshots and diffs, and compare it with the exchange's own top.

use nexus_rt::{Res, ResMut};

use crate::backlog::{Backlog, Course, Skipped};
use crate::book::{Applied, Book, Outdated, Unapplied};
use crate::counts::{Checks, Counts};
use crate::fault::{Fault, What};
use crate::message::{Diff, Event, Level, Message, Snapshot, Top};
use crate::problems::Problems;
use crate::tickers::Tickers;

/// The effect of a snapshot or a diff on the book, and its line.
pub(crate) struct Change {
    line: u64,
    applied: Applied,
}

/// Loads the book from a snapshot. If the book no longer follows the feed, even an older snapshot is loaded.
pub(crate) fn on_snapshot(
    mut book: ResMut<Book>,
    mut course: ResMut<Course>,
    mut tickers: ResMut<Tickers>,
    backlog: Res<Backlog>,
    line: u64,
    snapshot: Snapshot,
) -> Result<Change, Fault> {
    if course.is_lost() {
        *book = Book::default();
    }
    let outdated = |Outdated { last }| Fault { line, what: What::Outdated { snapshot: snapshot.last, book: last } };
    let applied = book.load(&snapshot).map_err(outdated)?;
    course.restart(backlog.len());
    tickers.restart(snapshot.last);
    Ok(Change { line, applied })
}

pub(crate) fn apply(
    mut book: ResMut<Book>,
    mut course: ResMut<Course>,
    line: u64,
    time_ns: u64,
    diff: Diff,
) -> Result<Change, Skipped> {
    let update = diff.last;
    match book.apply(&diff) {
        Ok(applied) => {
            course.applied(update);
            Ok(Change { line, applied })
        }
        Err(Unapplied::Stale { book }) => Err(Skipped::Stale { line, update, book }),
        Err(Unapplied::TooEarly) => Err(Skipped::TooEarly(Event { line, time_ns, message: Message::Depth(diff) })),
    }
}

pub(crate) fn on_gap(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, change: Change) -> Change {
    counts.applied += 1;
    if let Some((first, last)) = change.applied.gap {
        counts.gaps += 1;
        problems.add(change.line, format!("a gap in the diffs: updates {first} to {last} are missing"));
    }
    change
}

/// Compares the book with the newest ticker that it has reached, if there is a new one.
pub(crate) fn check_top(
    book: Res<Book>,
    mut tickers: ResMut<Tickers>,
    mut checks: ResMut<Checks>,
    mut problems: ResMut<Problems>,
    change: Change,
) -> Change {
    if let Some(ticker) = tickers.take_until(book.last()) {
        checks.made += 1;
        if ticker.top == book.top() {
            checks.agreed += 1;
        } else {
            let (update, exchange, own) = (ticker.update, show(ticker.top), show(book.top()));
            let reason = format!("at update {update}, the exchange has {exchange} but the book has {own}");
            problems.add(change.line, reason);
        }
    }
    change
}

/// Reports a crossed book, once each time it becomes crossed.
pub(crate) fn on_crossed(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, change: Change) {
    if let Some(((bid, _), (ask, _))) = change.applied.crossed {
        counts.crossed += 1;
        let reason = format!("the book is crossed, bid {bid} and ask {ask}: no signal until it is resolved");
        problems.add(change.line, reason);
    }
}

fn show((bid, ask): Top) -> String {
    let level =
        |side: Option<Level>| side.map_or("nothing".into(), |(price, quantity)| format!("{price} x {quantity}"));
    format!("{} / {}", level(bid), level(ask))
}
