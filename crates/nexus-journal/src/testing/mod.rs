//! For tests: a disk that tears, reorders and forgets what was not synced, and fails when it is told to; and a check
//! that a program does again what it did.

mod fake_disk;
mod run_twice;
mod state;

pub use fake_disk::FakeDisk;
pub use run_twice::run_twice;
pub use state::Fault;
