//! The example `controller`: what it recorded runs again to the bit, and no change of a journal goes unnoticed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../examples/controller/main.rs"]
#[expect(dead_code, reason = "its `main` runs in a process of its own")]
mod controller;

mod alarm;
mod process;
mod rig;
