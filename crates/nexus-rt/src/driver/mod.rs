//! Drivers: where events come from. What holds for all of them stands at [`Installer`](crate::Installer).

#[cfg(feature = "mio")]
mod mio;
#[cfg(feature = "timer")]
mod periodic;
#[cfg(feature = "timer")]
mod test_timer;
#[cfg(feature = "timer")]
mod timer;
#[cfg(feature = "timer")]
mod timer_wheel;

#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use mio::{FlexMio, InlineMio};
#[cfg(feature = "mio")]
pub use mio::{MioDriver, MioEvent, MioInstaller, MioPoller, MioToken, MioWaker};
#[cfg(feature = "timer")]
pub use periodic::{MissedTicks, Periodic};
#[cfg(feature = "timer")]
pub use test_timer::TestTimerDriver;
#[cfg(feature = "timer")]
pub use timer::{TimerInstaller, TimerPoller};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use timer_wheel::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "timer")]
pub use timer_wheel::{TimerEvent, TimerWheel};
