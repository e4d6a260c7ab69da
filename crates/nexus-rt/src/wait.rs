//! How a loop sleeps, and how other threads wake it.
//!
//! A loop has one sleep for all its sources: `MioPoller::poll_until` if it has sockets, or [`Parker::park`]. A thread
//! that has put an item where the loop looks rings the [`Doorbell`] of that sleep. [`Idle`] decides before each wait
//! whether the loop sleeps or polls again at once, according to a [`Wait`]:
//!
//! ```
//! use std::thread;
//! use std::time::Instant;
//!
//! use nexus_rt::WorldBuilder;
//! use nexus_rt::wait::{Idle, Parker, Wait};
//!
//! let mut builder = WorldBuilder::new();
//! let shutdown = builder.shutdown_handle();
//! let mut parker = Parker::new(&shutdown);
//! let mut idle = Idle::new(Wait::Backoff(100)); // 100 turns without work, then sleep
//! let mut world = builder.build();
//!
//! let thread = thread::spawn(move || shutdown.shutdown());
//! world.run(|_world| {
//!     let (ran, next_timer) = (0, None); // what the polls of this turn returned
//!     parker.park(idle.until(ran, Instant::now(), next_timer));
//! });
//! # thread.join().unwrap();
//! ```

pub use crate::doorbell::Doorbell;
pub use crate::driver::Parker;
pub use crate::idle::{Idle, UnknownWait, Wait};
