//! Support for tests: a world driven event by event, time that a test moves, and a check of the rules of drivers.

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
