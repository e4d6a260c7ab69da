//! Support for tests: a harness that runs handlers event by event, clocks that a test controls, and a check of drivers.
//!
//! A [`TestHarness`] owns a world, runs handlers without a driver, and reports which resources each event changed:
//!
//! ```
//! use nexus_rt::testing::TestHarness;
//! use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
//!
//! fn fill(mut position: ResMut<u64>, quantity: u64) {
//!     *position += quantity;
//! }
//!
//! let mut builder = WorldBuilder::new();
//! builder.register(0_u64);
//! let mut test = TestHarness::new(builder);
//! let mut fill = fill.into_handler(test.registry());
//!
//! test.dispatch(&mut fill, 60).changes::<u64>().nothing_else();
//! assert_eq!(*test.world().resource::<u64>(), 60);
//! ```
//!
//! A [`VirtualClock`] moves only when the test moves it, and `TestTimerDriver` (feature `timer`) polls timers by it.
//! [`check_driver`] runs a driver of your own through the rules of [`Installer`](crate::Installer): see [`DriverRig`].

mod harness;
mod rig;
mod rules;
#[cfg(feature = "timer")]
mod timers;

pub use harness::{Changes, TestHarness};
pub use rig::{DriverRig, Probe};
pub use rules::check_driver;
#[cfg(feature = "timer")]
pub use timers::TestTimerDriver;

pub use crate::clock::VirtualClock;
