//! `Opened` and `Ended`: the two events of a connection beside its frames.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;

use super::limits::EndedStats;
use crate::poll::RegistrationKey;

/// A connection is established: the event before its first frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The listener that accepted it, or `None` if it was not accepted but connected or adopted.
    pub listener: Option<RegistrationKey>,
}

/// A connection ends, and why: the event after its last frame. It comes once for each connection, with the connection
/// as its context. What is written to it then is still sent, unless the connection was lost or is cut off.
///
/// `E` is the error of the framing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ended<E> {
    /// The other side sent all it had to send, and has been sent all that it is owed.
    Finished,
    /// The program closed it, with this reason.
    Closed(Cow<'static, str>),
    /// The framing returned an error.
    Malformed(E),
    /// An incomplete frame is longer than [`Limits::frame`](super::Limits::frame).
    TooLong,
    /// It sent nothing for longer than [`Limits::silent`](super::Limits::silent).
    Silent,
    /// It read nothing of what waits for it for longer than [`Limits::stalled`](super::Limits::stalled).
    Stalled,
    /// It holds more than [`Limits::unsent`](super::Limits::unsent), or too much of
    /// [`Limits::memory`](super::Limits::memory).
    TooMuch,
    /// The connection was lost: the OS error.
    Lost(io::Error),
    /// All attempts to connect failed, as many as [`Retry`](super::Retry) allows: the last OS error.
    Unreachable(io::Error),
    /// A function panicked on one of its frames, or on another event of it.
    Panicked,
    /// A function swapped the [`Connections`](super::Connections) on one of its events, so it could not be put back.
    Displaced,
    /// A [drain](super::Connections::drain) has answered all that had come.
    Drained,
    /// The deadline of a drain came first.
    CutOff,
}

impl Ended<Infallible> {
    /// Converts a reason that is known without the framing.
    pub(super) fn widen<E>(self) -> Ended<E> {
        match self {
            Self::Finished => Ended::Finished,
            Self::Closed(reason) => Ended::Closed(reason),
            Self::Malformed(never) => match never {},
            Self::TooLong => Ended::TooLong,
            Self::Silent => Ended::Silent,
            Self::Stalled => Ended::Stalled,
            Self::TooMuch => Ended::TooMuch,
            Self::Lost(error) => Ended::Lost(error),
            Self::Unreachable(error) => Ended::Unreachable(error),
            Self::Panicked => Ended::Panicked,
            Self::Displaced => Ended::Displaced,
            Self::Drained => Ended::Drained,
            Self::CutOff => Ended::CutOff,
        }
    }
}

impl<E> Ended<E> {
    /// Whether the connection goes at once, so that nothing more can be sent to it.
    pub(super) fn is_abrupt(&self) -> bool {
        matches!(
            self,
            Self::Stalled
                | Self::TooMuch
                | Self::Lost(_)
                | Self::Unreachable(_)
                | Self::Panicked
                | Self::Displaced
                | Self::CutOff
        )
    }

    pub(super) fn count(&self, stats: &mut EndedStats) {
        *match self {
            Self::Finished => &mut stats.finished,
            Self::Closed(_) => &mut stats.closed,
            Self::Malformed(_) => &mut stats.malformed,
            Self::TooLong => &mut stats.too_long,
            Self::Silent => &mut stats.silent,
            Self::Stalled => &mut stats.stalled,
            Self::TooMuch => &mut stats.too_much,
            Self::Lost(_) => &mut stats.lost,
            Self::Unreachable(_) => &mut stats.unreachable,
            Self::Panicked => &mut stats.panicked,
            Self::Displaced => &mut stats.displaced,
            Self::Drained => &mut stats.drained,
            Self::CutOff => &mut stats.cut_off,
        } += 1;
    }
}

impl<E: Error> fmt::Display for Ended<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("the other side has finished"),
            Self::Closed(reason) => f.write_str(reason),
            Self::Malformed(error) => write!(f, "malformed input: {error}"),
            Self::TooLong => f.write_str("a frame is too long"),
            Self::Silent => f.write_str("nothing was received for too long"),
            Self::Stalled => f.write_str("the other side does not read"),
            Self::TooMuch => f.write_str("it holds too much memory"),
            Self::Lost(error) => write!(f, "the connection was lost: {error}"),
            Self::Unreachable(error) => write!(f, "the peer cannot be reached: {error}"),
            Self::Panicked => f.write_str("a handler panicked"),
            Self::Displaced => f.write_str("its resource was exchanged"),
            Self::Drained => f.write_str("the program ends"),
            Self::CutOff => f.write_str("the program ended before all was sent"),
        }
    }
}
