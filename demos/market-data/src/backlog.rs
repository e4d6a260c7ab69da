//! Diffs that are not applied: those that wait for the snapshot, and those that the book already contains.

use std::collections::VecDeque;

use nexus_rt::{Key, ResMut, World};

use crate::book::Book;
use crate::counts::{Counts, Dropped};
use crate::fault::{Fault, What};
use crate::message::Event;
use crate::problems::Problems;

/// Why a diff does not change the book.
pub(crate) enum Skipped {
    TooEarly(Event),
    Stale { line: u64, update: u64, book: u64 },
}

/// The diffs that wait for the snapshot, in the order of their arrival.
#[derive(Default, Hash)]
pub(crate) struct Backlog {
    waiting: VecDeque<Event>,
    /// Diffs that were dropped because too many waited.
    dropped: Dropped,
}

impl Backlog {
    /// The number of diffs that may wait: those of a quarter of an hour, at ten diffs a second.
    const ROOM: usize = 10_000;

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many diffs have waited so far, dropped ones included.
    pub(crate) fn total(&self) -> u64 {
        self.dropped.total() + self.waiting.len() as u64
    }

    /// Adds a diff, and drops the oldest one if too many wait. Returns what is wrong when that happens first.
    fn add(&mut self, event: Event) -> Option<What> {
        self.waiting.push_back(event);
        if self.waiting.len() <= Self::ROOM {
            return None;
        }
        self.waiting.pop_front();
        self.dropped.add().then_some(What::NoSnapshot { diffs: Self::ROOM })
    }
}

/// Yields the waiting diffs once the book is loaded.
pub(crate) struct Waiting {
    pub(crate) book: Key<Book>,
    pub(crate) backlog: Key<Backlog>,
}

impl Waiting {
    pub(crate) fn next(&self, world: &mut World) -> Option<Event> {
        let ready = self.backlog.get(world).len() > 0 && self.book.get(world).is_loaded();
        if ready { self.backlog.get_mut(world).waiting.pop_front() } else { None }
    }
}

/// Tracks whether the diffs still follow the book. A few stale ones are usual after a snapshot. If their numbers go
/// back, or if too many in a row are stale, the book no longer advances.
#[derive(Default, Hash)]
pub(crate) struct Course {
    /// The last update of the previous diff, stale or not.
    before: Option<u64>,
    went_back: bool,
    /// The number of stale diffs since the last applied one, or since the snapshot.
    stale: usize,
    /// The number of diffs that waited for the snapshot.
    waited: usize,
}

impl Course {
    /// The number of stale diffs in a row that is still usual: ten seconds of them, at ten diffs a second.
    const USUAL: usize = 100;

    /// Starts over after a snapshot for which this many diffs waited.
    pub(crate) fn restart(&mut self, waited: usize) {
        *self = Self { before: self.before, waited, ..Self::default() };
    }

    /// Notes an applied diff.
    pub(crate) fn applied(&mut self, update: u64) {
        *self = Self { before: Some(update), ..Self::default() };
    }

    /// Notes a stale diff that ends at `update`, while the book is at update `book`. Returns what is wrong, if
    /// anything.
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

    /// Returns whether the book no longer follows the feed, so that even an older snapshot is better.
    pub(crate) fn is_lost(&self) -> bool {
        self.went_back || self.stale > self.waited + Self::USUAL
    }

    /// Returns what is wrong at the end of the input: too many stale diffs, unless that was already reported.
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
        Skipped::TooEarly(event) => {
            let line = event.line;
            if let Some(what) = backlog.add(event) {
                Fault { line, what }.settle(&mut counts, &mut problems);
            }
        }
        Skipped::Stale { line, update, book } => {
            counts.stale += 1;
            if let Some(what) = course.stale(update, book) {
                Fault { line, what }.settle(&mut counts, &mut problems);
            }
        }
    }
}
