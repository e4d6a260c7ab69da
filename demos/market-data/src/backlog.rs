//! Diffs that are not for the book: those that wait for the snapshot, and those that it has already.

use std::collections::VecDeque;

use nexus_rt::{Key, ResMut, World};

use crate::book::Book;
use crate::counts::Counts;
use crate::fault::{Fault, What};
use crate::message::Event;
use crate::problems::Problems;

/// Why a diff changes nothing in the book.
pub(crate) enum Skipped {
    TooEarly(Event),
    Stale { line: u64, update: u64, book: u64 },
}

/// Diffs that wait for the snapshot, in the order in which they came.
#[derive(Default, Hash)]
pub(crate) struct Backlog(VecDeque<Event>);

impl Backlog {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The diffs that may be dispatched now because the book is there.
pub(crate) struct Waiting {
    pub(crate) book: Key<Book>,
    pub(crate) backlog: Key<Backlog>,
}

impl Waiting {
    pub(crate) fn next(&self, world: &mut World) -> Option<Event> {
        let ready = self.backlog.get(world).len() > 0 && self.book.get(world).is_loaded();
        if ready { self.backlog.get_mut(world).0.pop_front() } else { None }
    }
}

/// Whether the diffs still follow the book. A few stale ones are usual after a snapshot, but if their numbers go back,
/// or if there is no end of them, then the book stands still.
#[derive(Default, Hash)]
pub(crate) struct Course {
    /// The last update of the diff before, stale or not.
    before: Option<u64>,
    went_back: bool,
    /// How many diffs were stale since one was applied, or since the snapshot.
    stale: usize,
    /// How many of those had waited for the snapshot.
    waited: usize,
}

impl Course {
    /// The most stale diffs in a row that are usual: ten seconds of them, at ten diffs a second.
    const USUAL: usize = 100;

    /// A snapshot was loaded for which this many diffs waited.
    pub(crate) fn restart(&mut self, waited: usize) {
        *self = Self { before: self.before, waited, ..Self::default() };
    }

    /// A diff was applied.
    pub(crate) fn applied(&mut self, update: u64) {
        *self = Self { before: Some(update), ..Self::default() };
    }

    /// Returns what is wrong with a diff to `update` that is stale, since the book has come to update `book`.
    fn stale(&mut self, update: u64, book: u64) -> Option<What> {
        self.stale += 1;
        match self.before.replace(update) {
            Some(before) if before > update => {
                self.went_back = true;
                Some(What::Back { before, update, book })
            }
            _ if self.stale == self.waited + Self::USUAL + 1 => Some(self.behind(book)),
            _ => None,
        }
    }

    /// Whether the book is no more where the feed is, so that an older snapshot is better than none.
    pub(crate) fn is_lost(&self) -> bool {
        self.went_back || self.stale > self.waited + Self::USUAL
    }

    /// What is wrong at the end of the input: diffs that never reached the snapshot, if that was not reported before.
    pub(crate) fn end(&self, book: u64) -> Option<What> {
        (self.stale > Self::USUAL && !self.is_lost()).then(|| self.behind(book))
    }

    fn behind(&self, book: u64) -> What {
        What::Behind { diffs: self.stale, update: self.before.unwrap_or(0), book }
    }
}

pub(crate) fn on_skipped(
    mut counts: ResMut<Counts>,
    mut backlog: ResMut<Backlog>,
    mut course: ResMut<Course>,
    mut problems: ResMut<Problems>,
    skipped: Skipped,
) {
    match skipped {
        Skipped::TooEarly(event) => backlog.0.push_back(event),
        Skipped::Stale { line, update, book } => {
            counts.stale += 1;
            if let Some(what) = course.stale(update, book) {
                Fault { line, what }.settle(&mut counts, &mut problems);
            }
        }
    }
}
