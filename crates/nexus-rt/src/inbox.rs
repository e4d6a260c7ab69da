//! Events from other threads to a loop, and from a loop to other threads (feature `ring`).
//!
//! An [`Inbox`] is a bounded queue into a loop. Threads send through a [`Sender`], which wakes the loop, and the
//! [`InboxPoller`] runs a handler for each event. [`Full`] states what happens if the queue is full:
//!
//! ```
//! use std::thread;
//!
//! use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
//! use nexus_rt::wait::Parker;
//! use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
//!
//! let mut builder = WorldBuilder::new();
//! let mut parker = Parker::new(&builder.shutdown_handle());
//! let installer = InboxInstaller::<u64>::new(64, Full::Wait, &parker.doorbell());
//! let mut inbox = builder.install_driver(installer);
//! let sender = builder.resource_mut::<Inbox<u64>>().sender();
//! builder.register(0_u64);
//! let mut world = builder.build();
//! let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(world.registry());
//!
//! let thread = thread::spawn(move || (1..=100).for_each(|n| sender.send(n).unwrap()));
//! while *world.resource::<u64>() < 5_050 {
//!     parker.park(None); // sleeps until something is sent
//!     inbox.poll(&mut world, usize::MAX, &mut add);
//! }
//! # thread.join().unwrap();
//! ```
//!
//! In the other direction, [`channel`] creates a queue to a thread, and an [`Outbox`] sends each event to several
//! threads or loops.

pub use crate::driver::{
    Closed, Full, Inbox, InboxInstaller, InboxPoller, InboxStats as Stats, Outbox, Receiver, SendError, Sender, channel,
};
