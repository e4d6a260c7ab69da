//! The libraries: `library.rs` and `templates.rs` compiled over each, so that they do the same work from the same source.

#![expect(clippy::duplicate_mod, reason = "one source over each library is the point")]

pub(crate) mod ours;
pub(crate) mod peer;
