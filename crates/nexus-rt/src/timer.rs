//! Timers: handlers that run at a deadline, once or repeatedly (feature `timer`).
//!
//! A handler schedules timers through the resource [`TimerWheel`](crate::TimerWheel). The loop asks the
//! [`TimerPoller`](crate::TimerPoller) for the next deadline, sleeps, and polls. Time is an argument, so a test or a
//! simulation controls it:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use nexus_rt::timer::TimerEvent;
//! use nexus_rt::{IntoHandler, ResMut, TimerInstaller, TimerWheel, WorldBuilder};
//!
//! fn beat(mut beats: ResMut<u32>, _: TimerEvent) {
//!     *beats += 1;
//! }
//!
//! let start = Instant::now();
//! let mut builder = WorldBuilder::new();
//! let mut timers = builder.install_driver(TimerInstaller::new(start));
//! builder.register(0_u32);
//! let mut world = builder.build();
//!
//! let second = Duration::from_secs(1);
//! let beat = Box::new(beat.into_handler(world.registry()));
//! world.resource_mut::<TimerWheel>().schedule_every(start + second, second, beat);
//!
//! assert_eq!(timers.poll(&mut world, start), 0);
//! assert_eq!(timers.poll(&mut world, start + second), 1);
//! assert_eq!(timers.poll(&mut world, start + 2 * second), 1);
//! assert_eq!(*world.resource::<u32>(), 2);
//! ```
//!
//! This module has the events, the keys and the policies. The types of the driver are at the root of the crate:
//! [`TimerInstaller`](crate::TimerInstaller), [`TimerWheel`](crate::TimerWheel), [`TimerPoller`](crate::TimerPoller)
//! and [`Periodic`](crate::Periodic).

pub use nexus_timer::{Full, TimerKey};

pub use crate::driver::{MissedTicks, TimerEvent};
