//! This library.

pub(crate) use nexus_rt as rt;

#[path = "library.rs"]
pub(crate) mod library;
