//! `SharedLog`: orders the changes of several servers, so that all of them apply the same changes.

use std::fmt;
use std::net::SocketAddr;

use nexus_rt::World;

use crate::store::Change;

/// Handles each change that comes from a log. It receives the world, the number under which this server published the
/// change, if it did, and the change.
pub type Apply<'a> = dyn FnMut(&mut World, Option<u64>, Change<'_>) + 'a;

/// A log that several servers share. It takes changes from every server and delivers all of them to every server in one
/// order.
///
/// An implementation guarantees three things. A change that was taken is in the log exactly once, or
/// [`poll`](Self::poll) reports that the log is lost. The changes of one server come in the order in which it published
/// them. All servers see the same changes at the same times; a snapshot stands for the changes up to where it was
/// taken.
///
/// An implementation with a thread of its own wakes the loop, with the waker of the world's
/// [`MioDriver`](nexus_rt::MioDriver), when a change has come or when it has left something for the next poll.
pub trait SharedLog: Send {
    /// Takes a change, and returns its number, which is never used again. [`poll`](Self::poll) delivers the change
    /// under this number.
    ///
    /// # Errors
    /// If the log cannot be reached, or too much is waiting. The change is then not in the log and never will be.
    fn publish(&mut self, change: &Change<'_>) -> Result<u64, Refused>;

    /// Ends a turn: sends what was published in it together, and what was lost before. While anything has not come
    /// back, there are a few turns in each second.
    fn flush(&mut self, world: &World);

    /// Applies the changes that have come, in the order of the log, and returns their number. Before each change, it
    /// sets the world's [`Clock`](nexus_rt::Clock), which is historical during the call, to the time of the change.
    /// This time never goes back. It also advances the world's sequence by one. The sequence is not the position in the
    /// log, since requests of clients advance it too.
    ///
    /// # Errors
    /// If this server cannot continue with the log.
    fn poll(&mut self, world: &mut World, apply: &mut Apply<'_>) -> Result<usize, Lost>;

    /// Returns the status of the log.
    fn status(&self) -> LogStatus;

    /// Returns every server that is known to be live, of all shards, in an order that does not change by itself.
    fn members(&self) -> Vec<Member>;
}

/// Why a log did not take a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The log cannot be reached.
    Unreachable,
    /// Too many changes are waiting for the log.
    TooMuch,
    /// The change is larger than the log accepts.
    TooLarge,
}

impl Refused {
    /// Returns what clients are told.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "the shared log is unreachable and nothing was changed: try again later, or at another server"
            }
            Self::TooLarge => "the request is too large for the shared log: change less at once",
            Self::TooMuch => "too many changes wait for the shared log and nothing was changed: try again later",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Refused {}

/// Why a server cannot continue with its log, as a sentence that says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost(pub String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lost {}

/// The status of a log, as one server sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogStatus {
    /// The name of this server among those that share the log.
    pub node: String,
    /// The sequence of the last change applied here.
    pub position: u64,
    /// The number of changes known to be in the log that have not been applied here yet.
    pub lag: u64,
    /// Whether the log can be reached.
    pub connected: bool,
    /// The sequence of the last check, and the digest that this server had there.
    pub checked: Option<(u64, u64)>,
    /// The number of changes that this server has published and that have not come back.
    pub waiting: usize,
}

/// A live server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The shard that it serves, from 0.
    pub shard: u16,
    /// The server's name.
    pub node: String,
    /// The address at which clients reach it.
    pub address: SocketAddr,
}
