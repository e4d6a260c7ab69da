//! The earliest deadline of each slot of the lowest level.
//!
//! It is updated as entries arrive. When the earliest entry leaves, finding the next one means walking the slot's list.
//! Most slots are never queried again: they are emptied, or their time comes. The walk therefore waits until the
//! deadline is asked for, and its result is stored. If the earliest entry leaves again after that, the wheel sorts the
//! slot (`Wheel::sort_through`) instead of walking it again. A slot is therefore walked at most once, whatever is
//! removed from it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::levels::{SLOTS, Slot};

/// Queries take the wheel by shared reference, even from several threads. Every walk finds the same result.
pub(crate) struct Earliest {
    deadlines: [AtomicU64; SLOTS],
    /// The slots whose earliest entry has left, one bit each. Their deadline is too low, unless the next one was found.
    left: u64,
    /// The slots that were walked, one bit each. Their deadline is correct, whatever has left.
    found: AtomicU64,
}

impl Earliest {
    pub(crate) fn new() -> Self {
        Self { deadlines: [const { AtomicU64::new(u64::MAX) }; SLOTS], left: 0, found: AtomicU64::new(0) }
    }

    /// Records an entry that arrived in a slot, which was empty if `alone`.
    #[inline]
    pub(crate) fn comes(&mut self, slot: Slot, deadline: u64, alone: bool) {
        let earliest = self.deadlines[slot.at()].get_mut();
        if alone || deadline <= *earliest {
            *earliest = deadline;
            self.left &= !slot.bit();
        }
    }

    /// Records an entry that left a slot. Returns `true` if the slot was walked and its earliest is no longer known.
    #[inline]
    pub(crate) fn leaves(&mut self, slot: Slot, deadline: u64) -> bool {
        if *self.deadlines[slot.at()].get_mut() != deadline {
            return false;
        }
        self.left |= slot.bit();
        *self.found.get_mut() & slot.bit() != 0
    }

    /// Returns the earliest deadline in a slot, if it is known.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<u64> {
        let known = self.left & slot.bit() == 0 || self.found.load(Ordering::Acquire) & slot.bit() != 0;
        known.then(|| self.deadlines[slot.at()].load(Ordering::Relaxed))
    }

    /// Stores the result of a walk.
    pub(crate) fn keep(&self, slot: Slot, deadline: u64) {
        self.deadlines[slot.at()].store(deadline, Ordering::Relaxed);
        self.found.fetch_or(slot.bit(), Ordering::Release);
    }

    /// Records that a slot is empty, so that it may be walked again once it is reused.
    pub(crate) fn reset(&mut self, slot: Slot) {
        *self.found.get_mut() &= !slot.bit();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    use crate::{TimerKey, Wheel};

    thread_local! {
        static WALKED: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts an entry that is visited, either to find the earliest or to sort its slot.
    pub(crate) fn count() {
        WALKED.set(WALKED.get() + 1);
    }

    const COUNT: u64 = 1000;

    /// Returns an instant in the one tick that holds all timers of these tests.
    fn at(start: Instant, ns: u64) -> Instant {
        start + Duration::from_nanos(10 * 524_288 + ns)
    }

    /// Runs `turns` on a wheel of many timers in one tick, with their keys from the earliest to the latest. Returns the
    /// number of entries visited.
    fn walked(turns: impl FnOnce(&mut Wheel<()>, &[TimerKey], Instant)) -> usize {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let keys: Vec<_> = (0..COUNT).map(|n| wheel.insert(at(start, n), ())).collect();
        WALKED.set(0);
        turns(&mut wheel, &keys, start);
        WALKED.get()
    }

    fn next_deadline(wheel: &Wheel<()>, start: Instant, expected: u64) {
        assert_eq!(wheel.next_deadline(), Some(at(start, expected)));
    }

    #[test]
    fn a_cancelled_earliest_is_searched_for_once() {
        let walked = walked(|wheel, keys, start| {
            wheel.cancel(keys[0]);
            for _ in 0..100 {
                assert_eq!(wheel.poll(start, |_| ()), 0);
                next_deadline(wheel, start, 1);
            }
        });
        assert_eq!(walked, 999);
    }

    #[test]
    fn nobody_searches_where_nobody_asks() {
        let walked = walked(|wheel, keys, start| {
            keys.iter().for_each(|key| assert_eq!(wheel.cancel(*key), Some(())));
            assert_eq!(wheel.poll(start, |_| ()), 0);
        });
        assert_eq!(walked, 0);
    }

    #[test]
    fn an_entry_is_walked_over_twice_however_often_the_earliest_leaves() {
        // Cancelled or pushed back; queried before the poll of the turn or only after it; with or without polls.
        for (cancels, asks_first, polls) in
            [(true, false, false), (true, true, true), (false, false, true), (false, true, true)]
        {
            let walked = walked(|wheel, keys, start| {
                for (n, key) in (1..).zip(&keys[..999]) {
                    if cancels {
                        wheel.cancel(*key);
                    } else {
                        wheel.reschedule(*key, at(start, 5_000 + n));
                    }
                    if asks_first {
                        next_deadline(wheel, start, n);
                    }
                    if polls {
                        assert_eq!(wheel.poll(start, |_| ()), 0);
                    }
                    next_deadline(wheel, start, n);
                }
            });
            assert!(walked <= 2 * COUNT as usize, "{walked}");
        }
    }

    #[test]
    fn polls_within_the_tick_search_no_more_often() {
        let walked = walked(|wheel, keys, start| {
            for (n, key) in (1..).zip(&keys[..999]) {
                wheel.reschedule(*key, at(start, 5_000));
                assert_eq!(wheel.poll(at(start, n - 1), |_| ()), 0);
            }
        });
        assert!(walked <= 2 * COUNT as usize, "{walked}");
    }

    #[test]
    fn other_timers_that_come_first_change_nothing() {
        let walked = walked(|wheel, keys, start| {
            for (n, key) in (1..).zip(&keys[..999]) {
                // One in an earlier slot, which is empty again when the deadline is queried, and one that is near and
                // fires.
                let slot = wheel.insert(start + Duration::from_millis(1), ());
                wheel.insert(start, ());
                wheel.cancel(*key);
                wheel.cancel(slot);
                assert_eq!(wheel.poll(start, |_| ()), 1);
                next_deadline(wheel, start, n);
            }
        });
        assert!(walked <= 2 * COUNT as usize, "{walked}");
    }

    #[test]
    fn a_slot_that_was_emptied_begins_anew() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let keys = [1, 2].map(|n| wheel.insert(at(start, n), ()));
        wheel.cancel(keys[0]);
        next_deadline(&wheel, start, 2);
        wheel.cancel(keys[1]);
        assert_eq!(wheel.next_deadline(), None);
        // The slot is not sorted until it is walked again.
        let keys = [1, 2].map(|n| wheel.insert(at(start, n), ()));
        WALKED.set(0);
        wheel.cancel(keys[0]);
        assert_eq!(WALKED.get(), 0);
        next_deadline(&wheel, start, 2);
        assert_eq!(WALKED.get(), 1);
    }

    #[test]
    fn nobody_searches_where_an_earlier_one_has_come_since() {
        let start = Instant::now();
        for earlier in [0, 1] {
            let mut wheel = Wheel::new(start);
            let keys = [1, 2].map(|n| wheel.insert(at(start, n), ()));
            wheel.cancel(keys[0]);
            wheel.insert(at(start, earlier), ());
            WALKED.set(0);
            next_deadline(&wheel, start, earlier);
            assert_eq!(WALKED.get(), 0);
        }
    }
}
