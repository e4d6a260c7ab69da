//! The server as its clients know it, a module per subject.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod clients;
mod command_table;
mod commands;
mod connections;
mod ending;
mod engine;
mod hostile;
mod limits;
mod many;
mod operator;
mod program;
mod redis;
mod support;
mod traffic;
mod waits;
