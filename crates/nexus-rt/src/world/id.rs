//! `WorldId`: the identity of a world, which everything resolved compares.

use std::fmt;
use std::num::NonZeroU64;

use crate::nonce;

/// The identity of a world, shared by its builder and its registry, and never reused in this process.
///
/// Everything resolved remembers it: a handler runs only on the world that it was resolved against, however worlds are
/// moved, swapped, replaced or dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WorldId(NonZeroU64);

impl WorldId {
    pub(crate) fn next() -> Self {
        Self(nonce::next())
    }

    /// Returns whether `other` is this identity. This is a single comparison, since no identity is zero.
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
