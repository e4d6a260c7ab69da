//! Drivers: where events come from. Their rules stand at [`Installer`](crate::Installer).
//!
//! `poller.rs` is the loop that keeps the rules, `registrations.rs` the table that handlers leave to run and come back to. The timer
//! driver has the loop and a table of its own, the wheel; the socket driver has both.

#[cfg(feature = "mio")]
mod mio;
mod poller;
mod registrations;
#[cfg(feature = "timer")]
mod timer;

#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use mio::{FlexMio, InlineMio};
#[cfg(feature = "mio")]
pub use mio::{MioDriver, MioEvent, MioInstaller, MioPoller, MioToken, MioWaker};
pub use poller::{Driver, Poller, Polls};
pub use registrations::{Registration, RegistrationKey, Registrations};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use timer::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "timer")]
pub use timer::{MissedTicks, Periodic, TimerEvent, TimerInstaller, TimerPoller, TimerWheel};
