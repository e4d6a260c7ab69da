//! Support for tests: a check that a program is deterministic, and a disk that fails (feature `testing`).
//!
//! [`run_twice`] records a program and replays it. [`FakeDisk`] is a directory in memory that tears, reorders and
//! forgets whatever was not synced, and fails on request:
//!
//! ```
//! use nexus_journal::Disk;
//! use nexus_journal::testing::{FakeDisk, Fault};
//!
//! let disk = FakeDisk::new();
//! let file = disk.create("a")?;
//! disk.fail(1, Fault::Broken); // the operation after the next one
//! file.write_at(0, b"bytes")?;
//! assert!(file.sync().is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

mod fake_disk;
mod run_twice;
mod state;

pub use fake_disk::FakeDisk;
pub use run_twice::run_twice;
pub use state::Fault;
