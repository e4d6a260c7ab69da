//! The keys and their values, as a resource.

use std::mem;
use std::num::NonZeroI64;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::raw_entry_v1::{RawEntryApiV1, RawEntryMut};
use nexus_rt::timer::TimerKey;
use smallvec::SmallVec;

use crate::trace::{Change, Trace};
use crate::watched::{Watched, Watches};

/// What a key and its value take where they lie: an entry, and its place in a table that is seven tenths full.
const OVERHEAD: usize = size_of::<(usize, Bytes, Entry)>() + size_of::<usize>() * 10 / 7;

/// What the allocator needs for memory of its own, in bytes.
const HEADER: usize = 16;

/// How much room for keys is never given back.
const ROOM: usize = 4_096;

/// The room for so many keys is given back at once.
const PIECE: usize = 200_000;

/// All keys. They lie in a row, which SCAN goes through from its end.
#[derive(Debug, Default)]
pub struct Keys {
    pub(crate) entries: Entries,
    /// What keys and values hold, in bytes.
    used: usize,
    /// The time of this turn, in milliseconds since 1970. A key whose time has come by then is not there any more, also
    /// if its timer has not run yet.
    pub(crate) now_ms: i64,
    pub(crate) watched: Watched,
    /// How many keys end and have no timer.
    pub(crate) untimed: usize,
    /// How far those have been swept.
    swept: usize,
    /// How many of them have ended that nobody has counted yet.
    ended: usize,
    /// What was removed all at once, and is dropped a little at a time.
    doomed: Vec<Entries>,
    /// What RANDOMKEY chooses by.
    pub(crate) dice: u64,
    pub(crate) trace: Trace,
}

type Entries = IndexMap<Bytes, Entry>;

/// Keys and values: up to 16 bytes lie where their entry is, so most need no memory of their own.
pub(crate) type Bytes = SmallVec<[u8; 16]>;

/// A value and when it ends.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) value: Bytes,
    /// In milliseconds since 1970.
    pub(crate) ends: Option<NonZeroI64>,
    /// What ends it then. Where very many keys end, some have no timer, and are [swept](Keys::sweep).
    pub(crate) timer: Option<TimerKey>,
}

impl Entry {
    /// Whether its time has not come.
    #[inline]
    pub(crate) fn lives(&self, now_ms: i64) -> bool {
        self.ends.is_none_or(|ends| ends.get() > now_ms)
    }

    /// Whether it ends and has no timer.
    fn is_untimed(&self) -> bool {
        self.ends.is_some() && self.timer.is_none()
    }
}

impl Keys {
    /// How many keys there are, those included whose time has come but whose timers have not run yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What keys and values hold, in bytes.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// How many keys end some time. Counts them.
    #[must_use]
    pub fn expiring(&self) -> usize {
        self.entries.values().filter(|entry| entry.ends.is_some()).count()
    }

    /// A value.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entry(key).map(|entry| entry.value.as_slice())
    }

    /// Whether there is such a key.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// When a key ends, in milliseconds since 1970: `None` if there is no such key, `Some(None)` if it does not end.
    #[must_use]
    pub fn expiry_unix_ms(&self, key: &[u8]) -> Option<Option<i64>> {
        self.entry(key).map(|entry| entry.ends.map(NonZeroI64::get))
    }

    #[inline]
    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.lives(self.now_ms))
    }

    /// Every key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().filter(|(_, entry)| entry.lives(self.now_ms)).map(|(key, _)| &**key)
    }

    /// Calls `visit` with `count` keys below `cursor`, and gives the cursor of those that remain; 0 at the end. A scan
    /// begins with cursor 0.
    ///
    /// A key that is there all the time is visited. For a removed key leaves its place to the last one, which moves
    /// down, and so may be seen twice but is never passed over; and new keys come last.
    pub fn scan(&self, cursor: usize, count: usize, mut visit: impl FnMut(&[u8])) -> usize {
        let from = if cursor == 0 { self.entries.len() } else { cursor.min(self.entries.len()) };
        let to = from.saturating_sub(count);
        let living = self.entries[to..from].iter().rev().filter(|(_, entry)| entry.lives(self.now_ms));
        living.for_each(|(key, _)| visit(key));
        to
    }

    /// Adds a key to what a client watches.
    pub(crate) fn watch(&mut self, watches: &mut Watches, key: &[u8]) {
        self.end_lapsed(key);
        self.watched.watch(watches, key);
    }

    /// Ends what a client watches. Whether any of it has changed or ended.
    pub(crate) fn unwatch(&mut self, watches: &mut Watches) -> bool {
        watches.keys().for_each(|key| self.end_lapsed(key));
        self.watched.unwatch(watches)
    }

    /// Whether any of what a client watches has changed or ended.
    pub(crate) fn has_changed(&self, watches: &Watches) -> bool {
        let has_lapsed = |key: &Arc<[u8]>| self.entries.get(&**key).is_some_and(|entry| !entry.lives(self.now_ms));
        watches.keys().any(has_lapsed) || self.watched.has_changed(watches)
    }

    /// Removes a key whose time has come but whose timer has not run yet. (The timer then finds nothing.)
    fn end_lapsed(&mut self, key: &[u8]) {
        if self.entries.get(key).is_some_and(|entry| !entry.lives(self.now_ms)) {
            self.remove(key);
        }
    }

    /// Writes a value by `write`, which is given the old one or an empty one, and says what it says.
    #[inline]
    pub(crate) fn write<T>(&mut self, key: &[u8], write: impl FnOnce(&mut Entry) -> T) -> T {
        self.watched.touch(key);
        let entry = match self.entries.raw_entry_mut_v1().from_key(key) {
            RawEntryMut::Occupied(entry) => {
                let entry = entry.into_mut();
                self.used -= heap(&entry.value);
                if !entry.lives(self.now_ms) {
                    // What has ended is as new. If there is a timer, it finds nothing.
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

    /// Removes a key; gives its entry, also if its time has come. The caller knows whether that is a change.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let (key, entry) = self.entries.swap_remove_entry(key)?;
        self.watched.touch(&key);
        if entry.is_untimed() {
            self.untimed -= 1;
            self.ended += usize::from(!entry.lives(self.now_ms));
        }
        self.used -= OVERHEAD + heap(&key) + heap(&entry.value);
        // Room for many keys is not kept for few. What is left then is so little that it moves in no time.
        let room = self.entries.capacity();
        if room > ROOM && self.entries.len() < room / 128 {
            let mut old = mem::replace(&mut self.entries, Entries::with_capacity(room / 64));
            self.entries.extend(old.drain(..));
            self.doomed.push(old);
        }
        Some(entry)
    }

    /// Removes all keys, and gives the timers of those that end. Of very many, most memory is given back later.
    pub(crate) fn clear(&mut self) -> Vec<TimerKey> {
        // Also if there are none, for whether any lives would have to be looked for.
        self.trace.note(Change::Cleared, &[], &Entry::default());
        let Self { entries, watched, .. } = self;
        // One that has ended too, for it lived when it was first watched.
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

    /// Drops some of what was removed all at once.
    pub(crate) fn bury(&mut self, most: usize) {
        let Some(last) = self.doomed.last_mut() else { return };
        for _ in 0..most {
            if last.pop().is_none() {
                break;
            }
        }
        let room = last.capacity();
        if last.is_empty() && room > PIECE {
            // The system, too, takes long to take much memory back.
            last.shrink_to(room - PIECE);
        } else if last.is_empty() {
            self.doomed.pop();
        }
    }

    /// Whether there is something to be dropped.
    pub(crate) fn has_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// Looks at some keys, and removes those that have ended and have no timer. How many that are.
    pub(crate) fn sweep(&mut self, most: usize) -> usize {
        let before = self.ended;
        for _ in 0..most.min(self.entries.len()) {
            // From the end, for the last key takes the place of one that is removed.
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

    /// How many keys without a timer have ended since this was last asked.
    pub(crate) fn take_ended(&mut self) -> usize {
        mem::take(&mut self.ended)
    }
}

/// The memory of its own that a key or a value has.
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
