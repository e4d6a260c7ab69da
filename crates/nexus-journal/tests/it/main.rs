//! The behaviour of a journal, through its public interface.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod beside;
mod compact;
mod cut;
mod damage;
mod disks;
mod edges;
mod faults;
mod messages;
mod names;
#[cfg(target_os = "linux")]
mod open_files;
mod payloads;
mod program;
mod replay;
