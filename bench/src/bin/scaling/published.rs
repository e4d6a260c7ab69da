//! The published nexus-rt 2.5.1.

pub(crate) use peer as rt;

impl<const A: usize, const B: usize, const C: usize, const D: usize> rt::Resource for library::V<A, B, C, D> {}

#[path = "library.rs"]
pub(crate) mod library;
