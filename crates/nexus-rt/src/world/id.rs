//! The identity of a world, which everything that is resolved compares.

use std::fmt;
use std::num::NonZeroU64;

use crate::nonce;

/// The identity of a world, shared by its builder and its registry, and never used again in this process.
///
/// Everything that is resolved remembers it: a handler runs on the world that it was resolved against and on no other,
/// however worlds are moved, swapped, replaced or dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WorldId(NonZeroU64);

impl WorldId {
    pub(crate) fn next() -> Self {
        Self(nonce::next())
    }

    /// Whether it is this one, if there is one: a single comparison, since no identity is zero.
    #[inline(always)]
    pub(crate) fn is(self, other: Option<Self>) -> bool {
        other.map_or(0, |other| other.0.get()) == self.0.get()
    }
}

impl fmt::Display for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
