//! Drivers: where events come from. [`Installer`](crate::Installer) lists their rules, and `poll/`, the base of all
//! drivers, keeps most of them. The timer driver has its own table, the wheel.

#[cfg(feature = "mio")]
mod connections;
#[cfg(feature = "mio")]
mod datagrams;
#[cfg(feature = "ring")]
mod inbox;
#[cfg(feature = "mio")]
mod mio;
mod parker;
mod reactors;
#[cfg(feature = "timer")]
mod timer;

#[cfg(feature = "mio")]
pub use connections::{
    Address, Buffer, Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, EndedStats,
    FrameTooLong, Framing, LengthPrefixed, Limits, LineTooLong, Lines, ListenerId, Opened, Retry, Stats, Stream,
    UnknownAddress,
};
#[cfg(feature = "mio")]
pub use datagrams::{Datagrams, DatagramsInstaller, DatagramsPoller, Socket, SocketId, Stats as DatagramStats};
#[cfg(feature = "ring")]
pub use inbox::{
    Closed, Full, Inbox, InboxInstaller, InboxPoller, Outbox, Receiver, SendError, Sender, Stats as InboxStats, channel,
};
#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use mio::{FlexMio, InlineMio};
#[cfg(feature = "mio")]
pub use mio::{MioDriver, MioEvent, MioInstaller, MioPoller, MioToken, MioWaker};
pub use parker::Parker;
pub use reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId, Sources};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use timer::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "timer")]
pub use timer::{MissedTicks, Periodic, TimerEvent, TimerInstaller, TimerPoller, TimerWheel};
