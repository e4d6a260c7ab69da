//! The example `fix_gateway`: the end of a pair of sockets on test time, and its process with the engine of QuickFIX.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../examples/fix_gateway/main.rs"]
#[expect(dead_code, reason = "its `main` runs in a process of its own")]
mod gateway;

mod application;
mod framing;
mod process;
mod rig;
mod sequence;
