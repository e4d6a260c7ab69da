//! Tokens, and what a source's handler is told.

use std::fmt;

use mio::event::Event;

/// Names a registration: `Copy + Send`, and never the name of another one later, nor of one of another driver.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MioToken {
    pub(super) driver: u32,
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl MioToken {
    /// The registration that an event of this driver is for.
    pub(super) fn of(driver: u32, token: mio::Token) -> Self {
        let (index, generation) = (token.0 as u64 as u32, (token.0 as u64 >> u32::BITS) as u32);
        Self { driver, index, generation }
    }
}

/// To register a source that the driver does not own: `driver.registry().register(&mut source, token.into(), interest)`.
impl From<MioToken> for mio::Token {
    fn from(token: MioToken) -> Self {
        const { assert!(usize::BITS == 64, "an index and a generation are packed into a word of 64 bits") };
        Self((u64::from(token.generation) << u32::BITS | u64::from(token.index)) as usize)
    }
}

impl fmt::Debug for MioToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MioToken({}:{}.{})", self.driver, self.index, self.generation)
    }
}

/// What a source's handler is given: which registration it is, and what the source is ready for.
///
/// Sources are edge-triggered, as `mio` is: a handler reads, writes or accepts until it is told `WouldBlock`, since it is not
/// told again of what it left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MioEvent {
    /// The registration, for [`MioDriver`](crate::MioDriver).
    pub token: MioToken,
    ready: u8,
}

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
const READ_CLOSED: u8 = 1 << 2;
const WRITE_CLOSED: u8 = 1 << 3;
const ERROR: u8 = 1 << 4;
const PRIORITY: u8 = 1 << 5;

impl MioEvent {
    pub(super) fn new(token: MioToken, event: &Event) -> Self {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let ready = bit(event.is_readable(), READABLE)
            | bit(event.is_writable(), WRITABLE)
            | bit(event.is_read_closed(), READ_CLOSED)
            | bit(event.is_write_closed(), WRITE_CLOSED)
            | bit(event.is_error(), ERROR)
            | bit(event.is_priority(), PRIORITY);
        Self { token, ready }
    }

    /// Whether there is something to read or to accept.
    #[inline]
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.ready & READABLE != 0
    }

    /// Whether there is room to write, or a connection was made.
    #[inline]
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.ready & WRITABLE != 0
    }

    /// Whether the other side will send no more. What it sent before is still to be read.
    #[inline]
    #[must_use]
    pub fn is_read_closed(&self) -> bool {
        self.ready & READ_CLOSED != 0
    }

    /// Whether nothing can be sent any more.
    #[inline]
    #[must_use]
    pub fn is_write_closed(&self) -> bool {
        self.ready & WRITE_CLOSED != 0
    }

    /// Whether the source is in error: the next read or write tells which.
    #[inline]
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.ready & ERROR != 0
    }

    /// Whether there is urgent data.
    #[inline]
    #[must_use]
    pub fn is_priority(&self) -> bool {
        self.ready & PRIORITY != 0
    }
}

impl fmt::Debug for MioEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (READABLE, "readable"),
            (WRITABLE, "writable"),
            (READ_CLOSED, "read closed"),
            (WRITE_CLOSED, "write closed"),
            (ERROR, "error"),
            (PRIORITY, "priority"),
        ];
        let ready: Vec<_> = named.iter().filter(|(bit, _)| self.ready & bit != 0).map(|(_, name)| *name).collect();
        write!(f, "MioEvent({:?}: {})", self.token, ready.join(", "))
    }
}
