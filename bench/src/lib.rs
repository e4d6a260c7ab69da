//! What the benches share.

pub mod harness;
