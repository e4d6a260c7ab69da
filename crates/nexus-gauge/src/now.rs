//! `Now`: what a loop runs at the moment, for a watch to see.

use std::sync::atomic::{AtomicU64, Ordering};

use nexus_rt::Sequence;

use crate::histogram::add;

/// What a loop runs now, written by its thread and read by a watch.
#[derive(Default, Debug)]
#[repr(align(64))]
pub(crate) struct Now {
    /// The mark of the innermost handler that runs, or 0.
    running: AtomicU64,
    /// The sequence in which it began.
    sequence: AtomicU64,
    /// How many runs have begun that are in no other.
    begun: AtomicU64,
}

impl Now {
    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) != 0
    }

    /// Begins a run within `outer`, the mark and the sequence of another one, or zeros.
    #[inline]
    pub(crate) fn begin(&self, mark: u64, sequence: Sequence, outer: (u64, u64)) -> Running<'_> {
        if outer.0 == 0 {
            add(&self.begun, 1);
        }
        self.set(mark, sequence.get());
        Running { now: self, outer }
    }

    #[inline]
    fn set(&self, running: u64, sequence: u64) {
        self.sequence.store(sequence, Ordering::Relaxed);
        self.running.store(running, Ordering::Relaxed);
    }

    /// Returns the mark of what runs, its sequence, and the number of the run around it.
    pub(crate) fn read(&self) -> (u64, u64, u64) {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        (read(&self.running), read(&self.sequence), read(&self.begun))
    }
}

/// A run that lasts until it is dropped, also by a panic.
pub(crate) struct Running<'n> {
    now: &'n Now,
    /// The mark and the sequence of the run around it, or zeros.
    outer: (u64, u64),
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.outer {
            // Nothing runs, so its sequence does not matter.
            (0, _) => self.now.running.store(0, Ordering::Relaxed),
            (running, sequence) => self.now.set(running, sequence),
        }
    }
}
