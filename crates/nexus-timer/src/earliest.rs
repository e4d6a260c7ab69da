//! The earliest deadline of each slot of the lowest level.
//!
//! It is kept up to date as entries come. When the earliest entry leaves, finding the next one means walking the list
//! of the slot, and most slots are never asked again: they are emptied, or their time comes. So the walk waits until
//! somebody asks, and what it finds is kept. If the earliest leaves again after that, the wheel sorts the slot
//! (`Wheel::sort_through`) instead of walking once more. So a slot is walked once at most, whatever is taken out of it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::levels::{SLOTS, Slot};

/// Asking takes the wheel by shared reference, also from several threads. Whoever walks finds the same.
pub(crate) struct Earliest {
    deadlines: [AtomicU64; SLOTS],
    /// The slots whose earliest entry has left since, a bit each: the deadline is too low, unless the next was found.
    left: u64,
    /// The slots that were walked, a bit each: the deadline is right whatever has left.
    found: AtomicU64,
}

impl Earliest {
    pub(crate) fn new() -> Self {
        Self { deadlines: [const { AtomicU64::new(u64::MAX) }; SLOTS], left: 0, found: AtomicU64::new(0) }
    }

    /// Takes note of an entry that came into a slot, which was empty if it is `alone`.
    #[inline]
    pub(crate) fn comes(&mut self, slot: Slot, deadline: u64, alone: bool) {
        let earliest = self.deadlines[slot.at()].get_mut();
        if alone || deadline <= *earliest {
            *earliest = deadline;
            self.left &= !slot.bit();
        }
    }

    /// Takes note of an entry that left a slot. True if the slot was walked and its earliest is not known any more.
    #[inline]
    pub(crate) fn leaves(&mut self, slot: Slot, deadline: u64) -> bool {
        if *self.deadlines[slot.at()].get_mut() != deadline {
            return false;
        }
        self.left |= slot.bit();
        *self.found.get_mut() & slot.bit() != 0
    }

    /// The earliest deadline in a slot, if it is known.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<u64> {
        let known = self.left & slot.bit() == 0 || self.found.load(Ordering::Acquire) & slot.bit() != 0;
        known.then(|| self.deadlines[slot.at()].load(Ordering::Relaxed))
    }

    /// Keeps what a walk has found.
    pub(crate) fn keep(&self, slot: Slot, deadline: u64) {
        self.deadlines[slot.at()].store(deadline, Ordering::Relaxed);
        self.found.fetch_or(slot.bit(), Ordering::Release);
    }

    /// Takes note that a slot is empty, and may be walked again when it is used again.
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

    /// Counts an entry that is walked over, whether to find the earliest or to sort its slot.
    pub(crate) fn count() {
        WALKED.set(WALKED.get() + 1);
    }

    const COUNT: u64 = 1000;

    /// An instant in the tick in which all timers are that `crowd` makes.
    fn at(start: Instant, ns: u64) -> Instant {
        start + Duration::from_nanos(10 * 524_288 + ns)
    }

    /// A wheel of many timers in one tick, their keys from the earliest to the latest, and how many were walked over
    /// since.
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
        // Cancelled or pushed back; before the poll of the turn or after it; with or without polls.
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
                // In a slot before, which is empty again when the deadline is asked for; and near, where it fires.
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
        // The slot is not sorted before it was walked again.
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
