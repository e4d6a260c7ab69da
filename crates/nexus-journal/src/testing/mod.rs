//! A disk for simulations, which tears, reorders and forgets what was not synced, and fails when it is told to.

mod fake_disk;
mod state;

pub use fake_disk::FakeDisk;
pub use state::Fault;
