//! For tests: a world driven event by event, timers whose time a test moves, and the rules that drivers are held to.

pub(crate) mod harness;
mod rig;
mod rules;
#[cfg(feature = "timer")]
pub(crate) mod timers;

pub use rig::{DriverRig, Probe};
pub use rules::check_driver;
