//! `SharedLog`: what orders the changes of several servers, so that all of them apply the same ones.

use std::fmt;
use std::net::SocketAddr;

use nexus_rt::World;

use crate::store::Change;

/// What is done with each change that comes from a log: the world, the number under which this server published the
/// change if it did, and the change.
pub type Apply<'a> = dyn FnMut(&mut World, Option<u64>, Change<'_>) + 'a;

/// A log that several servers share. It takes changes from all of them and gives each of them all changes, in one
/// order.
///
/// An implementation owes three things. A change that was taken is in the log once, or [`poll`](Self::poll) reports
/// that the log is lost. What one server publishes comes in the order in which it was published. All servers see the
/// same changes at the same times, a snapshot being the changes that lead to where it was taken.
///
/// One that has a thread of its own wakes the loop with the waker of the world's [`MioDriver`](nexus_rt::MioDriver)
/// when something has come, or when it has left something for the next poll.
pub trait SharedLog: Send {
    /// Takes a change. It comes back from [`poll`](Self::poll) under the number that this returns, which is never used
    /// again.
    ///
    /// # Errors
    /// If the log cannot be reached, or too much waits. The change is then not in the log, and never will be.
    fn publish(&mut self, change: &Change<'_>) -> Result<u64, Refused>;

    /// Ends a turn: what was published in it leaves together.
    fn flush(&mut self, world: &World);

    /// Applies what has come, in the order of the log, and returns how many changes that were. Before each one it sets
    /// the world's [`Clock`](nexus_rt::Clock), which is historical meanwhile, to the time of the change. That never
    /// goes back. It advances the world's sequence by one, too, which is not the position in the log, since requests of
    /// clients advance it as well.
    ///
    /// # Errors
    /// If this server cannot go on with the log.
    fn poll(&mut self, world: &mut World, apply: &mut Apply<'_>) -> Result<usize, Lost>;

    /// Returns how the log is.
    fn status(&self) -> LogStatus;

    /// Returns every server that is known to live, of all shards, in an order that does not change by itself.
    fn members(&self) -> Vec<Member>;
}

/// Why a log did not take a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The log cannot be reached.
    Unreachable,
    /// Too much waits for the log.
    TooMuch,
    /// The change is larger than any that the log takes.
    TooLarge,
}

impl Refused {
    /// What clients are told.
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

/// Why a server cannot go on with its log, as a sentence that says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost(pub String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lost {}

/// How a log is, as a server sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogStatus {
    /// The name of this server among those that share the log.
    pub node: String,
    /// The sequence of the last change that was applied here.
    pub position: u64,
    /// How many changes are known to be in the log that were not applied here yet.
    pub lag: u64,
    /// Whether the log can be reached.
    pub connected: bool,
    /// The sequence of the last check, and the digest that this server had there.
    pub checked: Option<(u64, u64)>,
    /// How many changes of this server were published and have not come back.
    pub waiting: usize,
}

/// A server that lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The shard that it serves, from 0.
    pub shard: u16,
    /// Its name.
    pub node: String,
    /// Where clients reach it.
    pub address: SocketAddr,
}
