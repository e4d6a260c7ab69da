//! The storage of entries: one vector in pages of 64, with a list of the pages that have free rooms.
//!
//! A page is filled before the next is used, so entries inserted together are stored together, even after a million
//! entries were freed in random order.

use crate::key::{TimerKey, WheelId};
use crate::levels::Slot;

/// No entry: the end of a list.
pub(crate) const NIL: u32 = u32::MAX;

/// No key has this generation. A room that reaches it is retired.
const RETIRED: u32 = u32::MAX;

/// Where an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Nowhere: the room is free or retired.
    Free,
    /// Its value is lent; its key stays valid.
    Lent,
    /// In the near buffer.
    Near,
    /// In the list of a slot.
    Slot(Slot),
}

pub(crate) struct Entry<T> {
    pub(crate) deadline: u64,
    /// Its number among all insertions and reschedules. Zero if it left the near buffer before its item did.
    pub(crate) stamp: u64,
    /// The next in the slot.
    pub(crate) next: u32,
    pub(crate) prev: u32,
    generation: u32,
    pub(crate) place: Place,
    pub(crate) value: Option<T>,
}

/// The number of entries in a page, and of bits in a word.
const PAGE: u32 = u64::BITS;

struct Page {
    /// The free rooms, one bit each.
    free: u64,
    /// The next page with free rooms, if this one has any.
    next: u32,
}

pub(crate) struct Slab<T> {
    id: WheelId,
    entries: Vec<Entry<T>>,
    pages: Vec<Page>,
    /// The first page with free rooms.
    roomy: u32,
    /// The number of entries.
    len: usize,
}

impl<T> Slab<T> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let pages = Vec::with_capacity(capacity.div_ceil(PAGE as usize));
        Self { id: WheelId::next(), entries: Vec::with_capacity(capacity), pages, roomy: NIL, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Stores a value, whose entry has no place yet.
    #[inline]
    pub(crate) fn add(&mut self, value: T) -> u32 {
        self.len += 1;
        let Some(page) = self.pages.get_mut(self.roomy as usize) else { return self.grow(value) };
        let index = self.roomy * PAGE + page.free.trailing_zeros();
        page.free &= page.free - 1;
        if page.free == 0 {
            self.roomy = page.next;
        }
        self.at_mut(index).value = Some(value);
        index
    }

    #[cold]
    fn grow(&mut self, value: T) -> u32 {
        let index = u32::try_from(self.entries.len()).ok().filter(|index| *index != NIL);
        let index = index.expect("the wheel's limit is lower than the number of indices");
        if index.is_multiple_of(PAGE) {
            self.pages.push(Page { free: 0, next: NIL });
        }
        let (next, prev, generation, place) = (NIL, NIL, 0, Place::Free);
        self.entries.push(Entry { deadline: 0, stamp: 0, next, prev, generation, place, value: Some(value) });
        index
    }

    /// Removes an entry and frees its room, so that its key matches nothing from here on.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) -> Option<T> {
        let entry = self.at_mut(index);
        entry.generation += 1;
        entry.place = Place::Free;
        let value = entry.value.take();
        if entry.generation != RETIRED {
            self.free(index);
        }
        self.len -= 1;
        value
    }

    #[inline]
    fn free(&mut self, index: u32) {
        let page = &mut self.pages[(index / PAGE) as usize];
        if page.free == 0 {
            page.next = self.roomy;
            self.roomy = index / PAGE;
        }
        page.free |= 1 << (index % PAGE);
    }

    #[inline]
    pub(crate) fn key(&self, index: u32) -> TimerKey {
        TimerKey { wheel: self.id, index, generation: self.at(index).generation }
    }

    /// Returns the index of a key that matches an entry here.
    #[inline]
    pub(crate) fn find(&self, key: TimerKey) -> Option<u32> {
        let entry = self.entries.get(key.index as usize)?;
        (key.wheel == self.id && key.generation == entry.generation).then_some(key.index)
    }

    #[inline]
    pub(crate) fn at(&self, index: u32) -> &Entry<T> {
        &self.entries[index as usize]
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.entries[index as usize]
    }

    /// Returns every index ever used, including free ones.
    pub(crate) fn indices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.entries.len()).expect("indices are that small")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_whose_generations_are_used_up_is_retired() {
        let mut slab = Slab::with_capacity(1);
        let index = slab.add("a");
        slab.at_mut(index).generation = RETIRED - 2;
        let before = slab.key(index);
        slab.remove(index);
        assert_eq!(slab.add("b"), index);
        let last = slab.key(index);
        assert_eq!((slab.find(before), slab.find(last)), (None, Some(index)));
        slab.remove(index);
        let other = slab.add("c");
        assert_ne!(other, index);
        assert_eq!((slab.find(before), slab.find(last), slab.find(slab.key(other))), (None, None, Some(other)));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn links_and_state_take_32_bytes() {
        assert_eq!(size_of::<Entry<Box<u8>>>(), 40);
    }
}
