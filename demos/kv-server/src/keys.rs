//! The keys and values, as a resource.

use std::mem;
use std::num::NonZeroI64;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::raw_entry_v1::{RawEntryApiV1, RawEntryMut};
use nexus_rt::timer::TimerKey;
use smallvec::SmallVec;

use crate::trace::{Change, Trace};
use crate::watched::{Watched, Watches};

/// The memory of a key and its value without their heap allocations: an entry, and a slot in a hash table that is 70%
/// full.
const OVERHEAD: usize = size_of::<(usize, Bytes, Entry)>() + size_of::<usize>() * 10 / 7;

/// The allocator's overhead for each allocation, in bytes.
const HEADER: usize = 16;

/// The room for keys that is always kept.
const ROOM: usize = 4_096;

/// The room that is freed at once, in keys.
const PIECE: usize = 200_000;

/// All keys. They are stored in a row, which SCAN goes through from its end.
#[derive(Debug, Default)]
pub struct Keys {
    pub(crate) entries: Entries,
    /// The memory of keys and values, in bytes.
    used: usize,
    /// The time of this turn, in milliseconds since 1970. A key that has expired by then no longer exists, even if its
    /// timer has not run yet.
    pub(crate) now_ms: i64,
    pub(crate) watched: Watched,
    /// The number of keys that expire and have no timer.
    pub(crate) untimed: usize,
    /// The position that sweeping these keys has reached.
    swept: usize,
    /// The number of these keys that have expired and are not counted yet.
    ended: usize,
    /// Tables that were removed as a whole and are dropped a little at a time.
    doomed: Vec<Entries>,
    /// The state of the random numbers for RANDOMKEY.
    pub(crate) dice: u64,
    pub(crate) trace: Trace,
}

type Entries = IndexMap<Bytes, Entry>;

/// A key or a value: up to 16 bytes are stored inline, so most need no allocation.
pub(crate) type Bytes = SmallVec<[u8; 16]>;

/// A value and its expiry time.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) value: Bytes,
    /// The expiry time, in milliseconds since 1970.
    pub(crate) ends: Option<NonZeroI64>,
    /// The timer that expires it. If very many keys expire, some have no timer and are [swept](Keys::sweep).
    pub(crate) timer: Option<TimerKey>,
}

impl Entry {
    /// Returns whether the entry has not expired.
    #[inline]
    pub(crate) fn lives(&self, now_ms: i64) -> bool {
        self.ends.is_none_or(|ends| ends.get() > now_ms)
    }

    /// Returns whether the entry expires and has no timer.
    fn is_untimed(&self) -> bool {
        self.ends.is_some() && self.timer.is_none()
    }
}

impl Keys {
    /// Returns the number of keys, including expired keys whose timers have not run yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the memory of keys and values, in bytes.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// Returns the number of keys that have an expiry time, by counting them.
    #[must_use]
    pub fn expiring(&self) -> usize {
        self.entries.values().filter(|entry| entry.ends.is_some()).count()
    }

    /// Returns the value of a key.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entry(key).map(|entry| entry.value.as_slice())
    }

    /// Returns whether a key exists.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// Returns when a key expires, in milliseconds since 1970: `None` if the key does not exist, `Some(None)` if it
    /// does not expire.
    #[must_use]
    pub fn expiry_unix_ms(&self, key: &[u8]) -> Option<Option<i64>> {
        self.entry(key).map(|entry| entry.ends.map(NonZeroI64::get))
    }

    #[inline]
    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.lives(self.now_ms))
    }

    /// Returns an iterator over all keys, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().filter(|(_, entry)| entry.lives(self.now_ms)).map(|(key, _)| &**key)
    }

    /// Calls `visit` with `count` keys below `cursor`, and returns the cursor of the remaining keys, or 0 at the end. A
    /// scan begins with cursor 0.
    ///
    /// A key that exists throughout the scan is visited. When a key is removed, the last key moves down into its place,
    /// so that key may be visited twice but is never skipped. New keys are added at the end.
    pub fn scan(&self, cursor: usize, count: usize, mut visit: impl FnMut(&[u8])) -> usize {
        let from = if cursor == 0 { self.entries.len() } else { cursor.min(self.entries.len()) };
        let to = from.saturating_sub(count);
        let living = self.entries[to..from].iter().rev().filter(|(_, entry)| entry.lives(self.now_ms));
        living.for_each(|(key, _)| visit(key));
        to
    }

    /// Adds a key to those that a client watches.
    pub(crate) fn watch(&mut self, watches: &mut Watches, key: &[u8]) {
        self.end_lapsed(key);
        self.watched.watch(watches, key);
    }

    /// Stops watching a client's keys. Returns whether any of them has changed or expired.
    pub(crate) fn unwatch(&mut self, watches: &mut Watches) -> bool {
        watches.keys().for_each(|key| self.end_lapsed(key));
        self.watched.unwatch(watches)
    }

    /// Returns whether any key that a client watches has changed or expired.
    pub(crate) fn has_changed(&self, watches: &Watches) -> bool {
        let has_lapsed = |key: &Arc<[u8]>| self.entries.get(&**key).is_some_and(|entry| !entry.lives(self.now_ms));
        watches.keys().any(has_lapsed) || self.watched.has_changed(watches)
    }

    /// Removes an expired key whose timer has not run yet. (The timer then finds nothing.)
    fn end_lapsed(&mut self, key: &[u8]) {
        if self.entries.get(key).is_some_and(|entry| !entry.lives(self.now_ms)) {
            self.remove(key);
        }
    }

    /// Calls `write` with the entry of a key, or with an empty one, and returns its result.
    #[inline]
    pub(crate) fn write<T>(&mut self, key: &[u8], write: impl FnOnce(&mut Entry) -> T) -> T {
        self.watched.touch(key);
        let entry = match self.entries.raw_entry_mut_v1().from_key(key) {
            RawEntryMut::Occupied(entry) => {
                let entry = entry.into_mut();
                self.used -= heap(&entry.value);
                if !entry.lives(self.now_ms) {
                    // An expired entry counts as new. If it has a timer, the timer finds nothing.
                    let lost = usize::from(entry.is_untimed());
                    (self.untimed, self.ended) = (self.untimed - lost, self.ended + lost);
                    *entry = Entry::default();
                }
                entry
            }
            RawEntryMut::Vacant(vacant) => {
                let key = Bytes::from_slice(key);
                self.used += OVERHEAD + heap(&key);
                vacant.insert(key, Entry::default()).1
            }
        };
        let result = write(entry);
        self.used += heap(&entry.value);
        self.trace.note(Change::Written, key, entry);
        result
    }

    /// Removes a key, even if it has expired, and returns its entry. The caller knows whether that is a change.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let (key, entry) = self.entries.swap_remove_entry(key)?;
        self.watched.touch(&key);
        if entry.is_untimed() {
            self.untimed -= 1;
            self.ended += usize::from(!entry.lives(self.now_ms));
        }
        self.used -= OVERHEAD + heap(&key) + heap(&entry.value);
        // Do not keep room for many keys when few are left. What is left is so little that moving it takes no
        // noticeable time.
        let room = self.entries.capacity();
        if room > ROOM && self.entries.len() < room / 128 {
            let mut old = mem::replace(&mut self.entries, Entries::with_capacity(room / 64));
            self.entries.extend(old.drain(..));
            self.doomed.push(old);
        }
        Some(entry)
    }

    /// Removes all keys, and returns the timers of those that expire. If there are very many keys, most of their memory
    /// is freed later.
    pub(crate) fn clear(&mut self) -> Vec<TimerKey> {
        // Note it even if there are no keys: finding out whether any of them is live would take a search.
        self.trace.note(Change::Cleared, &[], &Entry::default());
        let Self { entries, watched, .. } = self;
        // Expired keys count too, since they were live when they were first watched.
        let is_there = |key: &&Arc<[u8]>| entries.contains_key(&***key);
        let watching: Vec<_> = watched.keys().filter(is_there).cloned().collect();
        watching.iter().for_each(|key| watched.touch(key));
        let timers = if self.untimed == self.entries.len() {
            Vec::new()
        } else {
            self.entries.values().filter_map(|entry| entry.timer).collect()
        };
        self.doomed.push(mem::take(&mut self.entries));
        (self.used, self.untimed, self.swept) = (0, 0, 0);
        self.bury(ROOM);
        timers
    }

    /// Drops some of the entries that were removed all at once.
    pub(crate) fn bury(&mut self, most: usize) {
        let Some(last) = self.doomed.last_mut() else { return };
        for _ in 0..most {
            if last.pop().is_none() {
                break;
            }
        }
        let room = last.capacity();
        if last.is_empty() && room > PIECE {
            // The system also takes long to take back much memory.
            last.shrink_to(room - PIECE);
        } else if last.is_empty() {
            self.doomed.pop();
        }
    }

    /// Returns whether there are removed entries to drop.
    pub(crate) fn has_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// Looks at some keys, and removes the expired ones that have no timer. Returns the number of expired keys removed.
    pub(crate) fn sweep(&mut self, most: usize) -> usize {
        let before = self.ended;
        for _ in 0..most.min(self.entries.len()) {
            // Go from the end, since the last key replaces a removed one.
            self.swept = self.swept.min(self.entries.len()).checked_sub(1).unwrap_or(self.entries.len() - 1);
            let (key, entry) = self.entries.get_index(self.swept).expect("it is below the number of keys");
            if entry.is_untimed() && !entry.lives(self.now_ms) {
                let key = key.clone();
                self.remove(&key);
                if self.entries.is_empty() {
                    break;
                }
            }
        }
        self.ended - before
    }

    /// Returns the number of keys without a timer that have expired since the last call.
    pub(crate) fn take_ended(&mut self) -> usize {
        mem::take(&mut self.ended)
    }
}

/// Returns the heap memory of a key or a value, in bytes.
#[inline]
fn heap(bytes: &Bytes) -> usize {
    if bytes.spilled() { bytes.capacity() + HEADER } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::{Keys, ROOM};

    #[test]
    fn the_room_of_many_keys_is_given_back_when_few_are_left() {
        let mut keys = Keys::default();
        (0..100_000_u32).for_each(|key| keys.write(&key.to_be_bytes(), |entry| entry.value.push(1)));
        (10..100_000_u32).for_each(|key| assert!(keys.remove(&key.to_be_bytes()).is_some()));
        assert!(keys.entries.capacity() <= 2 * ROOM, "{}", keys.entries.capacity());
        assert!((0..10_u32).all(|key| keys.get(&key.to_be_bytes()) == Some(&[1])));
    }
}
