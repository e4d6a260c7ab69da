//! The map from types to resources: open addressing over one flat slice.
//!
//! A `TypeId` is already a hash, so a lookup is a mask, a load and a compare. The standard map, even with an identity
//! hasher, costs more than twice as much per parameter of a handler that is built.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

use super::cell::ErasedCell;
use super::registry::ResourceId;

/// The location of a resource.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    type_id: TypeId,
    pub(super) cell: ErasedCell,
    pub(super) id: ResourceId,
}

/// At most a quarter full; its length is a power of two. While small, it grows until every type is found where its
/// probe begins, so that resolving in a typical program never collides.
#[derive(Default)]
pub(super) struct Table {
    slots: Box<[Option<Entry>]>,
    len: usize,
}

impl Table {
    /// Inlined, so that resolving a function keeps nothing on the stack for a call. Most slots are empty, so the loop
    /// ends.
    #[inline(always)]
    pub(super) fn find(&self, type_id: TypeId) -> Option<&Entry> {
        let mut at = hash(type_id);
        loop {
            let entry = self.slot(at)?;
            if entry.type_id == type_id {
                return Some(entry);
            }
            at = at.wrapping_add(1);
        }
    }

    /// Returns the entry in the slot for this hash. An empty table has no slots.
    #[inline(always)]
    fn slot(&self, hash: usize) -> Option<&Entry> {
        self.slots.get(hash & self.slots.len().wrapping_sub(1))?.as_ref()
    }

    /// Adds a type that is not present yet.
    pub(super) fn insert(&mut self, type_id: TypeId, cell: ErasedCell, id: ResourceId) {
        debug_assert!(self.find(type_id).is_none(), "the registry checks before it inserts");
        let entry = Entry { type_id, cell, id };
        self.len += 1;
        let crowded = |slots: &[_], collided| slots.len() < 4 * self.len || collided && slots.len() < SPACIOUS;
        if !crowded(&self.slots, self.slot(hash(type_id)).is_some()) {
            place(&mut self.slots, entry);
            return;
        }
        let mut length = self.slots.len().max(16);
        loop {
            length *= 2;
            let mut slots = vec![None; length].into_boxed_slice();
            let mut collided = false;
            for entry in self.slots.iter().flatten().chain([&entry]) {
                collided |= place(&mut slots, *entry);
            }
            if !crowded(&slots, collided) {
                self.slots = slots;
                return;
            }
        }
    }
}

/// From this length on, 32 KiB, collisions are no reason to grow.
const SPACIOUS: usize = 1024;

/// Puts an entry into the first free slot of its probe. Returns whether that is not where the probe begins.
fn place(slots: &mut [Option<Entry>], entry: Entry) -> bool {
    let mask = slots.len() - 1;
    let start = hash(entry.type_id) & mask;
    let mut at = start;
    while slots[at].is_some() {
        at = (at + 1) & mask;
    }
    slots[at] = Some(entry);
    at != start
}

/// Returns the hash of a type, which is a constant in optimised builds.
#[inline(always)]
pub(crate) fn type_hash<T: 'static>() -> usize {
    hash(TypeId::of::<T>())
}

/// Returns the word that `TypeId` passes to a hasher, which the compiler has mixed well.
#[inline(always)]
fn hash(type_id: TypeId) -> usize {
    struct Word(u64);
    impl Hasher for Word {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
            }
        }
        fn write_u64(&mut self, word: u64) {
            self.0 = word;
        }
    }
    let mut word = Word(0);
    type_id.hash(&mut word);
    word.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::super::cell::OwnedCell;
    use super::*;

    /// Eight types built from `T`.
    fn of<T: 'static>() -> [TypeId; 8] {
        [
            TypeId::of::<T>(),
            TypeId::of::<[T; 2]>(),
            TypeId::of::<(T,)>(),
            TypeId::of::<Vec<T>>(),
            TypeId::of::<Option<T>>(),
            TypeId::of::<*const T>(),
            TypeId::of::<&'static T>(),
            TypeId::of::<fn(T)>(),
        ]
    }

    /// Hundreds of types.
    fn types() -> Vec<TypeId> {
        fn more<T: 'static>() -> Vec<TypeId> {
            [of::<T>(), of::<Box<T>>(), of::<(T, T)>(), of::<(char, T)>()].concat()
        }
        [more::<u8>(), more::<u16>(), more::<u32>(), more::<u64>(), more::<i128>(), more::<bool>(), more::<String>()]
            .concat()
    }

    #[test]
    fn a_small_table_has_no_collision_and_a_large_one_finds_everything() {
        let cell = OwnedCell::new(());
        let mut table = Table::default();
        assert!(table.find(TypeId::of::<u8>()).is_none());
        let types = types();
        for (number, type_id) in types.iter().enumerate() {
            let id = ResourceId::from_index(number);
            table.insert(*type_id, cell.erased(), id);
            assert!(table.slots.len().is_power_of_two() && table.slots.len() >= 4 * table.len);
            let at_home = |type_id: &TypeId| table.slot(hash(*type_id)).is_some_and(|entry| entry.type_id == *type_id);
            assert!(types[..=number].iter().all(at_home) || table.slots.len() >= SPACIOUS);
            // A few types do not collide so often that the table has to become large.
            assert!(number >= 3 || table.slots.len() < SPACIOUS);
            assert!(types[..=number].iter().zip(0..).all(|(t, n)| table.find(*t).unwrap().id.index() == n));
            assert!(types[number + 1..].iter().all(|t| table.find(*t).is_none()));
        }
    }
}
