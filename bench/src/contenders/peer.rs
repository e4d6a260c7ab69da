//! The published nexus-rt 2.5.1.

pub(crate) use peer as rt;
pub(crate) use peer::{DagBuilder as Graph, PipelineBuilder as Start};

impl<const N: usize> rt::Resource for library::V<N> {}

// A chain that returns a value runs without being built.
macro_rules! finish {
    ($chain:expr) => {
        $chain
    };
}

#[path = "library/mod.rs"]
pub(crate) mod library;
