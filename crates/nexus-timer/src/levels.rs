//! The levels: 64 slots each, one bit per slot that is not empty, and lists through the slab.
//!
//! Level 0 has one slot per tick, level 1 one per 64 ticks, and so on. An entry is in the level of the highest bit in
//! which its tick differs from the wheel's position, so:
//!
//! - every nonempty slot begins after the position;
//! - everything in a level comes before everything in the levels above, and a slot comes before those with higher
//!   numbers;
//! - moving the position changes nothing for the entries, as long as it does not reach a nonempty slot.

use crate::earliest::Earliest;
use crate::slab::{NIL, Place, Slab};

pub(crate) const SLOTS: usize = 64;
const BITS: u32 = SLOTS.ilog2();

/// Enough for every tick: the shortest tick is 512 ns, so tick numbers have 55 bits.
const LEVELS: usize = 10;

pub(crate) struct Levels {
    /// The nonempty levels, one bit each.
    levels: u64,
    /// The nonempty slots of each level, one bit each.
    slots: [u64; LEVELS],
    heads: [u32; LEVELS * SLOTS],
    earliest: Earliest,
}

/// A slot, by its index among all slots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Slot(u16);

impl Slot {
    /// Returns the slot of a tick after `position`.
    #[inline]
    fn of(tick: u64, position: u64) -> Self {
        let level = (tick ^ position).ilog2() / BITS;
        let within = (tick >> (level * BITS)) % SLOTS as u64;
        Self((level as u16) << BITS | within as u16)
    }

    #[inline]
    pub(crate) fn at(self) -> usize {
        usize::from(self.0)
    }

    #[inline]
    pub(crate) fn level(self) -> usize {
        usize::from(self.0 >> BITS)
    }

    #[inline]
    pub(crate) fn bit(self) -> u64 {
        1 << (self.0 % SLOTS as u16)
    }

    /// Returns its first tick, given any of its ticks.
    #[inline]
    pub(crate) fn first_tick(self, tick: u64) -> u64 {
        let bits = u32::from(self.0 >> BITS) * BITS;
        tick >> bits << bits
    }

    /// Returns its first and last tick, given the position of the wheel.
    #[inline]
    pub(crate) fn ticks(self, position: u64) -> (u64, u64) {
        let bits = u32::from(self.0 >> BITS) * BITS;
        let above = position & (u64::MAX << (bits + BITS));
        let first = above | (u64::from(self.0) % SLOTS as u64) << bits;
        (first, first | ((1 << bits) - 1))
    }
}

impl Levels {
    pub(crate) fn new() -> Self {
        Self { levels: 0, slots: [0; LEVELS], heads: [NIL; LEVELS * SLOTS], earliest: Earliest::new() }
    }

    /// Adds an entry to the slot of its tick, which is after `position`.
    #[inline]
    pub(crate) fn link<T>(&mut self, slab: &mut Slab<T>, index: u32, tick: u64, position: u64) -> Slot {
        let slot = Slot::of(tick, position);
        let level = slot.level();
        let head = self.heads[slot.at()];
        self.heads[slot.at()] = index;
        let entry = slab.at_mut(index);
        entry.place = Place::Slot(slot);
        entry.prev = NIL;
        entry.next = head;
        if level == 0 {
            self.earliest.comes(slot, entry.deadline, head == NIL);
        }
        if head == NIL {
            self.slots[level] |= slot.bit();
            self.levels |= 1 << level;
        } else {
            slab.at_mut(head).prev = index;
        }
        slot
    }

    /// Removes an entry from its slot, given the neighbours that the entry records. Returns `true` if the slot must be
    /// sorted, should anything be left in it.
    #[inline]
    pub(crate) fn unlink<T>(&mut self, slab: &mut Slab<T>, slot: Slot, prev: u32, next: u32, deadline: u64) -> bool {
        if next != NIL {
            slab.at_mut(next).prev = prev;
        }
        if prev != NIL {
            slab.at_mut(prev).next = next;
        } else {
            self.heads[slot.at()] = next;
            if next == NIL {
                self.empty(slot);
            }
        }
        slot.level() == 0 && self.earliest.leaves(slot, deadline)
    }

    /// Returns the slot with the earliest entries.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        Some(Slot((level << BITS | self.slots[level as usize].trailing_zeros()) as u16))
    }

    /// Returns the earliest deadline in a slot of the lowest level.
    #[inline]
    pub(crate) fn earliest<T>(&self, slab: &Slab<T>, slot: Slot) -> u64 {
        self.earliest.get(slot).unwrap_or_else(|| self.find_earliest(slab, slot))
    }

    #[cold]
    fn find_earliest<T>(&self, slab: &Slab<T>, slot: Slot) -> u64 {
        let mut earliest = u64::MAX;
        let mut index = self.heads[slot.at()];
        while index != NIL {
            #[cfg(test)]
            crate::earliest::tests::count();
            let entry = slab.at(index);
            earliest = earliest.min(entry.deadline);
            index = entry.next;
        }
        self.earliest.keep(slot, earliest);
        earliest
    }

    /// Empties a slot and returns the head of its list.
    #[inline]
    pub(crate) fn open(&mut self, slot: Slot) -> u32 {
        self.empty(slot);
        if slot.level() == 0 {
            self.earliest.reset(slot);
        }
        std::mem::replace(&mut self.heads[slot.at()], NIL)
    }

    /// Returns whether a slot of the lowest level is empty. If so, it may be walked again once it is reused.
    pub(crate) fn reset_if_empty(&mut self, slot: Slot) -> bool {
        let empty = self.heads[slot.at()] == NIL;
        if empty {
            self.earliest.reset(slot);
        }
        empty
    }

    #[inline]
    fn empty(&mut self, slot: Slot) {
        let level = slot.level();
        self.slots[level] &= !slot.bit();
        self.levels &= !(u64::from(self.slots[level] == 0) << level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_holds_its_ticks() {
        let positions = [0, 63, 64, 4095, 1 << 40, (1 << 55) - 2];
        let distances = [1, 2, 63, 64, 65, 4096, 1 << 30, 1 << 54];
        for position in positions {
            for tick in distances.map(|distance: u64| position + distance).into_iter().filter(|tick| *tick < 1 << 55) {
                let slot = Slot::of(tick, position);
                let (first, last) = slot.ticks(position);
                assert!((first..=last).contains(&tick), "{tick} from {position}: {slot:?} {first}..={last}");
                assert!(first > position && slot.level() < LEVELS);
                assert_eq!(slot.first_tick(tick), first);
            }
        }
    }
}
