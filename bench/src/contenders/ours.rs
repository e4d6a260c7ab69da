//! This library.

pub(crate) use nexus_rt as rt;
pub(crate) use nexus_rt::{DagStart as Graph, PipelineStart as Start};

macro_rules! finish {
    ($chain:expr) => {
        $chain.build()
    };
}

#[path = "library/mod.rs"]
pub(crate) mod library;

#[path = "library/own.rs"]
pub(crate) mod own;

#[path = "library/drivers.rs"]
pub(crate) mod drivers;
