//! `Opened` and `Ended`: the events before the first frame of a connection, and after its last.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;

use super::limits::EndedStats;
use crate::poll::RegistrationKey;

/// The event before the first frame of a connection: it is established. See
/// [`ConnectionsPoller::on_opened`](super::ConnectionsPoller::on_opened).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The listener that accepted the connection, or `None` if the program connected or adopted it.
    pub listener: Option<RegistrationKey>,
}

/// The event after the last frame of a connection: why it ends. See
/// [`ConnectionsPoller::on_ended`](super::ConnectionsPoller::on_ended).
///
/// It comes once for each connection, which is its context. Output of its handler is still sent, unless the connection
/// ends abruptly, such as when it was lost. `E` is the error of the framing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ended<E> {
    /// The peer closed its end, and everything was answered and sent.
    Finished,
    /// The program closed the connection, for this reason: see [`Client::close`](super::Client::close).
    Closed(Cow<'static, str>),
    /// The framing returned an error.
    Malformed(E),
    /// An incomplete frame is longer than [`Limits::frame`](super::Limits::frame).
    TooLong,
    /// The peer sent nothing for longer than [`Limits::silent`](super::Limits::silent).
    Silent,
    /// The peer read none of its waiting output for longer than [`Limits::stalled`](super::Limits::stalled).
    Stalled,
    /// The connection holds more than [`Limits::unsent`](super::Limits::unsent), or too much of
    /// [`Limits::memory`](super::Limits::memory).
    TooMuch,
    /// The connection was lost: the OS error.
    Lost(io::Error),
    /// All attempts of [`Retry`](super::Retry) to connect failed: the last OS error.
    Unreachable(io::Error),
    /// A function panicked on a frame or on another event of the connection.
    Panicked,
    /// A function swapped the [`Connections`](super::Connections) during an event of the connection, so the connection
    /// could not be put back.
    Displaced,
    /// A [drain](super::Connections::drain) has answered everything that had arrived.
    Drained,
    /// The deadline of a drain passed first.
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
