//! For tests: a world driven event by event, timers whose time a test moves, and the rules that drivers are held to.

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
