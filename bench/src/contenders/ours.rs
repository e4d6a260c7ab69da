//! This library.

pub(crate) use nexus_rt as rt;
pub(crate) use nexus_rt::PipelineStart as Start;

macro_rules! finish {
    ($chain:expr) => {
        $chain.build()
    };
}

#[path = "library.rs"]
pub(crate) mod library;

#[path = "templates.rs"]
pub(crate) mod templates;
