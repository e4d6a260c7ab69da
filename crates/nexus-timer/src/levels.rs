//! The levels: 64 slots each, a bit per slot that holds something, and lists through the slab.
//!
//! Level 0 has a slot per tick, level 1 one per 64 ticks, and so on. An entry is in the level of the highest bit in which its
//! tick differs from the wheel's position, so:
//!
//! - every slot that holds something begins after the position;
//! - whatever is in a level comes before everything in the levels above, and a slot before those of higher number;
//! - moving the position changes nothing for the entries, as long as it does not reach a slot that holds something.

use crate::slab::{NIL, Place, Slab};

const SLOTS: usize = 64;
const BITS: u32 = SLOTS.ilog2();

/// Enough for every tick: the shortest is 512 ns, so ticks have 55 bits.
const LEVELS: usize = 10;

pub(crate) struct Levels {
    /// The levels that hold something, a bit each.
    levels: u64,
    /// The slots that do, a bit each, per level.
    slots: [u64; LEVELS],
    heads: [u32; LEVELS * SLOTS],
    /// The earliest deadline of each slot of the lowest level.
    earliest: [u64; SLOTS],
    /// The slots of the lowest level whose earliest entry has left since, a bit each: `earliest` may be too low there.
    doubtful: u64,
}

/// A slot by its place among all slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(u16);

impl Slot {
    /// Where a tick after `position` belongs.
    #[inline]
    fn of(tick: u64, position: u64) -> Self {
        let level = (tick ^ position).ilog2() / BITS;
        let within = (tick >> (level * BITS)) % SLOTS as u64;
        Self((level as u16) << BITS | within as u16)
    }

    #[inline]
    fn at(self) -> usize {
        usize::from(self.0)
    }

    #[inline]
    pub(crate) fn level(self) -> usize {
        usize::from(self.0 >> BITS)
    }

    #[inline]
    fn bit(self) -> u64 {
        1 << (self.0 % SLOTS as u16)
    }

    /// Its first tick, from any other of its ticks.
    #[inline]
    pub(crate) fn first_tick(self, tick: u64) -> u64 {
        let bits = u32::from(self.0 >> BITS) * BITS;
        tick >> bits << bits
    }

    /// Its first tick and its last, from the position of the wheel.
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
        Self { levels: 0, slots: [0; LEVELS], heads: [NIL; LEVELS * SLOTS], earliest: [u64::MAX; SLOTS], doubtful: 0 }
    }

    /// Puts an entry into the slot of its tick, which is after `position`.
    #[inline]
    pub(crate) fn link<T>(&mut self, slab: &mut Slab<T>, index: u32, tick: u64, position: u64) -> Slot {
        let slot = Slot::of(tick, position);
        let level = slot.level();
        let head = self.heads[slot.at()];
        self.heads[slot.at()] = index;
        let entry = slab.at_mut(index);
        entry.place = Place::Slot(slot.0);
        entry.prev = NIL;
        entry.next = head;
        if level == 0 {
            let earliest = &mut self.earliest[slot.at()];
            if head == NIL || entry.deadline <= *earliest {
                *earliest = entry.deadline;
                self.doubtful &= !slot.bit();
            }
        }
        if head == NIL {
            self.slots[level] |= slot.bit();
            self.levels |= 1 << level;
        } else {
            slab.at_mut(head).prev = index;
        }
        slot
    }

    /// Takes an entry out of its slot, by what the entry says of its neighbours.
    #[inline]
    pub(crate) fn unlink<T>(&mut self, slab: &mut Slab<T>, slot: u16, prev: u32, next: u32, deadline: u64) {
        let slot = Slot(slot);
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
        if slot.level() == 0 && self.earliest[slot.at()] == deadline {
            self.doubtful |= slot.bit();
        }
    }

    /// The slot of the earliest entries.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        Some(Slot((level << BITS | self.slots[level as usize].trailing_zeros()) as u16))
    }

    /// The earliest deadline in a slot of the lowest level. As long as the slot's list where its earliest entry has left.
    #[inline]
    pub(crate) fn earliest<T>(&self, slab: &Slab<T>, slot: Slot) -> u64 {
        if self.doubtful & slot.bit() == 0 { self.earliest[slot.at()] } else { self.search(slab, slot) }
    }

    /// The same, and remembers it.
    #[inline]
    pub(crate) fn learn_earliest<T>(&mut self, slab: &Slab<T>, slot: Slot) -> u64 {
        let earliest = self.earliest(slab, slot);
        self.earliest[slot.at()] = earliest;
        self.doubtful &= !slot.bit();
        earliest
    }

    /// Empties a slot and gives the head of its list.
    #[inline]
    pub(crate) fn open(&mut self, slot: Slot) -> u32 {
        self.empty(slot);
        std::mem::replace(&mut self.heads[slot.at()], NIL)
    }

    #[cold]
    fn search<T>(&self, slab: &Slab<T>, slot: Slot) -> u64 {
        let mut earliest = u64::MAX;
        let mut index = self.heads[slot.at()];
        while index != NIL {
            let entry = slab.at(index);
            earliest = earliest.min(entry.deadline);
            index = entry.next;
        }
        earliest
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
