//! What a source's handler is told, and tokens as the system takes them.

use std::fmt;

use mio::event::Event;

use crate::poll::RegistrationKey;

/// Names a registration of a [`MioDriver`](crate::MioDriver).
pub type MioToken = RegistrationKey;

/// To register a source that the driver does not own:
/// `driver.registry().register(&mut source, token.into(), interest)`.
///
/// The system is given the place of the registration, not its driver. So a source has to be registered with the
/// registry of the driver that the token is of: at another driver it would run whatever has that place there.
impl From<MioToken> for mio::Token {
    fn from(token: MioToken) -> Self {
        const { assert!(usize::BITS == 64, "an index and a generation are packed into a word of 64 bits") };
        Self((u64::from(token.generation) << u32::BITS | u64::from(token.index)) as usize)
    }
}

/// The registration that an event of this driver is for.
pub(super) fn token(driver: u32, token: mio::Token) -> MioToken {
    let (index, generation) = (token.0 as u64 as u32, (token.0 as u64 >> u32::BITS) as u32);
    RegistrationKey { driver, index, generation }
}

/// What a source's handler is given: which registration it is, and what the source is ready for.
///
/// Sources are edge-triggered, as `mio` is: a handler is not told again of what it leaves. It reads until a read does
/// not fill its buffer, writes until a write is short, accepts until it is told `WouldBlock`; and when the event
/// [says](Self::is_read_closed) that the other side sends no more, it reads on to the end of the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MioEvent {
    /// The registration, for [`MioDriver`](crate::MioDriver).
    pub token: MioToken,
    ready: u8,
}

/// Something that `mio` tells of a source, and what it is called.
type Flag = (fn(&Event) -> bool, &'static str);

/// A bit each, in this order.
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

    /// Whether there is something to read or to accept.
    #[inline]
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.is(0)
    }

    /// Whether there is room to write, or a connection was made.
    #[inline]
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.is(1)
    }

    /// Whether the other side will send no more. What it sent before is still to be read.
    #[inline]
    #[must_use]
    pub fn is_read_closed(&self) -> bool {
        self.is(2)
    }

    /// Whether nothing can be sent any more.
    #[inline]
    #[must_use]
    pub fn is_write_closed(&self) -> bool {
        self.is(3)
    }

    /// Whether the source is in error: the next read or write tells which.
    #[inline]
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.is(4)
    }

    /// Whether there is urgent data.
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
