//! The map from types to resources: open addressing over one flat slice.
//!
//! A `TypeId` is already a hash, so a look-up is a mask, a load and a compare. The standard map, even with an identity
//! hasher, costs more than twice as much per parameter of a handler that is built.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

use super::cell::ErasedCell;
use super::registry::ResourceId;

/// Where a resource is found.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    type_id: TypeId,
    pub(super) cell: ErasedCell,
    pub(super) id: ResourceId,
}

/// At most half full, so that a probe ends soon; its length is a power of two.
#[derive(Default)]
pub(super) struct Table {
    slots: Box<[Option<Entry>]>,
    len: usize,
}

impl Table {
    #[inline]
    pub(super) fn find(&self, type_id: TypeId) -> Option<&Entry> {
        let mut at = hash(type_id);
        loop {
            // An empty table has no slot at all; any other has an empty one where a probe ends.
            let entry = self.slots.get(at & self.slots.len().wrapping_sub(1))?.as_ref()?;
            if entry.type_id == type_id {
                return Some(entry);
            }
            at += 1;
        }
    }

    /// Adds a type that is not there yet.
    pub(super) fn insert(&mut self, type_id: TypeId, cell: ErasedCell, id: ResourceId) {
        debug_assert!(self.find(type_id).is_none(), "the registry checks before it inserts");
        if (self.len + 1) * 2 > self.slots.len() {
            let doubled = vec![None; (self.slots.len() * 2).max(16)].into_boxed_slice();
            for entry in std::mem::replace(&mut self.slots, doubled).into_iter().flatten() {
                self.place(entry);
            }
        }
        self.place(Entry { type_id, cell, id });
        self.len += 1;
    }

    fn place(&mut self, entry: Entry) {
        let mask = self.slots.len() - 1;
        let mut at = hash(entry.type_id) & mask;
        while self.slots[at].is_some() {
            at = (at + 1) & mask;
        }
        self.slots[at] = Some(entry);
    }
}

/// The word that `TypeId` hands to a hasher: well mixed by the compiler.
#[inline]
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
