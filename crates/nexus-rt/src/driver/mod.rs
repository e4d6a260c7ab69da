//! Drivers: where events come from. What holds for all of them stands at [`Installer`](crate::Installer).

#[cfg(feature = "mio")]
mod mio;
#[cfg(feature = "timer")]
mod timer;

#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use mio::{FlexMio, InlineMio};
#[cfg(feature = "mio")]
pub use mio::{MioDriver, MioEvent, MioInstaller, MioPoller, MioToken, MioWaker};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use timer::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "timer")]
pub use timer::{MissedTicks, Periodic, TestTimerDriver, TimerEvent, TimerInstaller, TimerPoller, TimerWheel};
