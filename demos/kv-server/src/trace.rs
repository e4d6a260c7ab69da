//! The history of the keys as one number, by which two servers can compare their histories.

use rapidhash::v3::rapidhash_v3 as hash;

use crate::keys::{Entry, Keys};
use crate::slots::Slots;

/// The maximum number of bytes of a value that enter the trace: its last ones.
const TAIL: usize = 32;

/// What has happened to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Its value was set or changed in place.
    Written = 1,
    Removed = 2,
    /// Its expiry time was set or changed.
    Ends = 3,
    /// Its expiry time was removed.
    Persisted = 4,
    /// All keys were removed.
    Cleared = 5,
}

/// The history of all keys.
///
/// The hash and the number of changes depend only on the requests and their times. An expired key does not exist, so
/// removing it is not a change.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    kept: bool,
    hash: u64,
    changes: u64,
    /// The slots, if they are kept with the trace.
    pub(crate) slots: Option<Box<Slots>>,
}

impl Trace {
    /// Notes a change of a key, with its entry after the change, or before it if the key was removed.
    #[inline]
    pub(crate) fn note(&mut self, what: Change, key: &[u8], entry: &Entry) {
        self.changes += 1;
        if self.kept {
            self.mix(what, key, entry);
        }
    }

    /// Every step is invertible, so two histories that differ at one step differ until another step differs.
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
    /// Returns the history of the keys as one number. It is the same on any machine for all that started from the same
    /// number and have since run the same requests at the same times. It does not change while it is not
    /// [kept](Self::keep_trace).
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace.hash
    }

    /// Returns the number of changes of keys. A key that expires by itself does not count. A request that sets a value
    /// and its expiry time counts as two.
    #[inline]
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.trace.changes
    }

    /// Turns keeping the [trace](Self::trace) on or off.
    pub fn keep_trace(&mut self, on: bool) {
        self.trace.kept = on;
    }

    /// Restores the trace and the number of changes.
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
