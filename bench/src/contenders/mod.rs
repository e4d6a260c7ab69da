//! The contenders of the rows. `library/` is compiled over each library, so that both do the same work from the same
//! source.

#![expect(clippy::duplicate_mod, reason = "one source over each library is the point")]

pub(crate) mod bevy;
pub(crate) mod by_hand;
pub(crate) mod gauge;
pub(crate) mod ours;
pub(crate) mod peer;
pub(crate) mod peer_systems;
