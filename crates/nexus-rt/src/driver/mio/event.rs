//! `MioEvent`: what a source's handler receives; and the conversion of tokens for the OS.

use std::fmt;

use mio::event::Event;

use crate::poll::RegistrationKey;

/// Identifies a registration of a [`MioDriver`](crate::MioDriver).
pub type MioToken = RegistrationKey;

/// Converts a token, to register a source that the driver does not own:
/// `driver.registry().register(&mut source, token.into(), interest)`.
///
/// The OS receives the place of the registration, without its driver. Register the source with the registry of the
/// driver that the token belongs to: at another driver, its events would run whatever handler has that place there.
impl From<MioToken> for mio::Token {
    fn from(token: MioToken) -> Self {
        const { assert!(usize::BITS == 64, "an index and a generation are packed into a word of 64 bits") };
        Self((u64::from(token.generation) << u32::BITS | u64::from(token.index)) as usize)
    }
}

/// Returns the registration that an event of this driver is for.
pub(super) fn token(driver: u32, token: mio::Token) -> MioToken {
    let (index, generation) = (token.0 as u64 as u32, (token.0 as u64 >> u32::BITS) as u32);
    RegistrationKey { driver, index, generation }
}

/// The event of a source: its registration, and what the source is ready for.
///
/// Sources are edge-triggered, as in `mio`: what a handler leaves unread is not reported again. It should read until a
/// read does not fill its buffer, write until a write is short, and accept until `WouldBlock`. If the event
/// [reports](Self::is_read_closed) that the other side sends no more, it should read to the end of the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MioEvent {
    /// The registration, for [`MioDriver`](crate::MioDriver).
    pub token: MioToken,
    ready: u8,
}

/// A readiness that `mio` reports, and its name.
type Flag = (fn(&Event) -> bool, &'static str);

/// One bit each, in this order.
const FLAGS: [Flag; 6] = [
    (Event::is_readable, "readable"),
    (Event::is_writable, "writable"),
    (Event::is_read_closed, "read closed"),
    (Event::is_write_closed, "write closed"),
    (Event::is_error, "error"),
    (Event::is_priority, "priority"),
];

impl MioEvent {
    pub(super) fn new(token: MioToken, event: &Event) -> Self {
        let flags = (0..).zip(FLAGS).map(|(bit, (is_set, _))| u8::from(is_set(event)) << bit);
        Self { token, ready: flags.sum() }
    }

    fn is(&self, bit: u8) -> bool {
        self.ready & 1 << bit != 0
    }

    /// Returns whether there are data to read, or connections to accept.
    #[inline]
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.is(0)
    }

    /// Returns whether there is room to write, or whether a connection was established.
    #[inline]
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.is(1)
    }

    /// Returns whether the other side will send no more. Data that it has sent can still be read.
    #[inline]
    #[must_use]
    pub fn is_read_closed(&self) -> bool {
        self.is(2)
    }

    /// Returns whether nothing more can be sent.
    #[inline]
    #[must_use]
    pub fn is_write_closed(&self) -> bool {
        self.is(3)
    }

    /// Returns whether the source has an error, which the next read or write returns.
    #[inline]
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.is(4)
    }

    /// Returns whether there is urgent data.
    #[inline]
    #[must_use]
    pub fn is_priority(&self) -> bool {
        self.is(5)
    }
}

impl fmt::Debug for MioEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = (0..).zip(FLAGS).filter(|(bit, _)| self.is(*bit)).map(|(_, (_, name))| name).collect();
        write!(f, "MioEvent({:?}: {})", self.token, set.join(", "))
    }
}
