//! The history of the keys as one number, by which two servers can tell whether theirs is the same.

use rapidhash::v3::rapidhash_v3 as hash;

use crate::keys::{Entry, Keys};
use crate::slots::Slots;

/// The most bytes of a value that its change is told by: the last ones.
const TAIL: usize = 32;

/// What has been done to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Its value was set or changed in place.
    Written = 1,
    Removed = 2,
    /// It ends at a time, or at another one than before.
    Ends = 3,
    /// It does not end any more.
    Persisted = 4,
    /// All keys were removed.
    Cleared = 5,
}

/// What has been done to all keys.
///
/// Both numbers depend on nothing but the requests and their times. What has ended is not there, so whatever becomes of
/// it is no change.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    kept: bool,
    hash: u64,
    changes: u64,
    /// Kept with the trace, or not at all.
    pub(crate) slots: Option<Box<Slots>>,
}

impl Trace {
    /// Notes a change of a key that is there, and how it is afterwards; or how it was, if it is there no longer.
    #[inline]
    pub(crate) fn note(&mut self, what: Change, key: &[u8], entry: &Entry) {
        self.changes += 1;
        if self.kept {
            self.mix(what, key, entry);
        }
    }

    /// Each step can be undone, so histories that differ once differ until they differ again.
    #[cold]
    #[inline(never)]
    fn mix(&mut self, what: Change, key: &[u8], Entry { value, ends, .. }: &Entry) {
        let (length, ends) = (value.len() as u64, ends.map_or(0, i64::from).cast_unsigned());
        let tail = hash(&value[value.len().saturating_sub(TAIL)..]);
        for word in [hash(key), tail, length << 3 | what as u64, ends] {
            self.hash = (self.hash.rotate_left(27) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        match (&mut self.slots, what) {
            (None, _) => {}
            (Some(slots), Change::Cleared) => slots.change_all(),
            (Some(slots), _) => slots.change(key),
        }
    }
}

impl Keys {
    /// The history of the keys as one number: the same for all that began with the same and have since run the same
    /// requests at the same times, on any machine. It stands still while it is not [kept](Self::keep_trace).
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace.hash
    }

    /// How many changes of keys there were. A key that ends by itself is none. A request that sets a value and when it
    /// ends makes two.
    #[inline]
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.trace.changes
    }

    /// Keeps the [trace](Self::trace) from now on, or does not.
    pub fn keep_trace(&mut self, on: bool) {
        self.trace.kept = on;
    }

    /// Goes on with the trace and the number of changes of keys from which these were restored.
    pub fn restore_trace(&mut self, trace: u64, changes: u64) {
        (self.trace.hash, self.trace.changes) = (trace, changes);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroI64;

    use super::{Change, Trace};
    use crate::keys::Entry;

    fn after(changes: &[(Change, &str, &[u8], Option<i64>)]) -> u64 {
        let mut trace = Trace { kept: true, ..Trace::default() };
        for (what, key, value, ends) in changes {
            let ends = ends.and_then(NonZeroI64::new);
            trace.note(*what, key.as_bytes(), &Entry { value: (*value).into(), ends, timer: None });
        }
        assert_eq!(trace.changes, changes.len() as u64);
        trace.hash
    }

    #[test]
    fn a_trace_is_the_same_on_every_machine() {
        let long = [7; 100];
        let history = [
            (Change::Written, "key", &b"value"[..], None),
            (Change::Ends, "key", b"value", Some(1_700_000_000_000)),
            (Change::Written, "a key that is longer than most", &long, None),
            (Change::Removed, "key", b"value", Some(1_700_000_000_000)),
        ];
        assert_eq!(after(&history), 1_171_476_872_922_211_046);
    }

    #[test]
    fn every_part_of_a_change_and_the_order_of_changes_count() {
        use Change::{Cleared, Ends, Persisted, Removed, Written};
        let (mut long, mut other) = ([7; 100], [7; 100]);
        (long[99], other[68]) = (8, 8);
        let one = |what| (what, "k", &b"v"[..], None);
        let histories: [&[_]; 15] = [
            &[],
            &[one(Written)],
            &[one(Removed)],
            &[one(Ends)],
            &[one(Persisted)],
            &[one(Cleared)],
            &[(Written, "l", b"v", None)],
            &[(Written, "k", b"w", None)],
            &[(Written, "k", b"", None)],
            &[(Written, "k", b"v", Some(1))],
            &[(Written, "k", b"v", Some(2))],
            &[(Written, "k", &long, None)],
            &[(Written, "k", &other, None)],
            &[(Written, "k", &long[..99], None)],
            &[one(Written), one(Removed)],
        ];
        let mut traces: Vec<_> = histories.iter().map(|history| after(history)).collect();
        traces.push(after(&[one(Removed), one(Written)]));
        traces.sort_unstable();
        traces.dedup();
        assert_eq!(traces.len(), histories.len() + 1);
    }

    #[test]
    fn a_trace_that_is_not_kept_stands_still_while_changes_are_counted() {
        let mut trace = Trace::default();
        trace.note(Change::Cleared, b"", &Entry::default());
        assert_eq!((trace.hash, trace.changes), (0, 1));
    }
}
