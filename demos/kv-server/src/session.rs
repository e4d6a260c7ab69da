//! The state of a client's connection, apart from its socket.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use nexus_rt::connections::{self, Address, ConnectionId};

use crate::channels::Subscriptions;
use crate::commands::Spec;
use crate::replies::{Protocol, Replies};
use crate::request::Request;
use crate::waiting::Waiting;
use crate::watched::Watches;

/// A client: the context of every command. What is written to its `out` is sent to it.
pub type Client = connections::Client<Session>;

/// Returns the id of a client's connection.
pub(crate) fn own_id(client: &Client) -> ConnectionId {
    client.state.connection.unwrap_or_else(|| client.id())
}

/// Returns the address of a client.
pub(crate) fn peer(client: &Client) -> &Address {
    client.state.peer.as_ref().unwrap_or_else(|| client.peer())
}

/// Replies to a client.
pub trait Reply {
    /// Returns where replies are written. They are not sent to a client that gets none.
    fn reply(&mut self) -> Replies<'_>;

    /// Returns where messages are written, which every client gets.
    fn message(&mut self) -> Replies<'_>;
}

impl Reply for Client {
    #[inline]
    fn reply(&mut self) -> Replies<'_> {
        if self.state.marks.has(Marks::MUTE | Marks::MUTE_THIS) { self.state.unwanted() } else { self.message() }
    }

    #[inline]
    fn message(&mut self) -> Replies<'_> {
        let protocol = self.state.protocol;
        Replies::new(self.out(), protocol)
    }
}

/// How a client differs from most. Every request first checks whether it does.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks(u16);

impl Marks {
    /// It has not given its password.
    pub(crate) const STRANGER: Self = Self(1);
    /// It gets no replies.
    pub(crate) const MUTE: Self = Self(2);
    /// It gets no reply to its next request.
    pub(crate) const MUTE_NEXT: Self = Self(4);
    /// It sees the requests of other clients.
    pub(crate) const MONITOR: Self = Self(8);
    /// It has asked not to be disconnected when memory is short.
    pub(crate) const NO_EVICT: Self = Self(16);

    /// Its requests that change something wait.
    pub(crate) const PAUSED: Self = Self(128);
    /// Its request must not run.
    pub(crate) const REJECTED: Self = Self(64);
    /// It gets no reply to the request that runs, or that waits instead of having run.
    pub(crate) const MUTE_THIS: Self = Self(32);
    /// Its request runs [again](crate::Commands::apply).
    pub(crate) const AGAIN: Self = Self(256);
    /// Its requests that change something go through a log.
    pub(crate) const SHARED: Self = Self(512);
    /// Its request has come back from the log.
    pub(crate) const ORDERED: Self = Self(1024);
    /// Its request has waited for those before it.
    pub(crate) const TURN: Self = Self(2048);
    /// Its request waits instead of having run.
    pub(crate) const DEFERRED: Self = Self(4096);

    #[inline]
    pub(crate) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    pub(crate) fn set(&mut self, mark: Self, on: bool) {
        self.0 = if on { self.0 | mark.0 } else { self.0 & !mark.0 };
    }
}

impl std::ops::BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The reason for closing a client that asked to be closed.
pub(crate) const LEAVES: &str = "it has asked for the end";

/// The room that is kept for replies that are not sent, in bytes.
const UNWANTED: usize = 64;

/// The approximate memory of a subscription in addition to the channel's name.
const SUBSCRIPTION: usize = 160;

/// A client's state.
#[derive(Debug, Default)]
pub struct Session {
    /// Its number, which is never used again.
    pub number: u64,
    /// The version of the protocol that it speaks.
    pub protocol: Protocol,
    /// The name that it has given itself.
    pub name: Box<[u8]>,
    /// How it differs from most.
    pub(crate) marks: Marks,
    /// The latest part of a reply that is not sent.
    unwanted: Vec<u8>,
    /// Its request that waits for the end of a pause.
    pub(crate) postponed: Option<Box<Request>>,
    /// Its requests that wait for a log, or behind those that do.
    pub(crate) waiting: Waiting,
    /// The id of its connection, from which its state is apart while a request runs that had to wait.
    pub(crate) connection: Option<ConnectionId>,
    /// The address of that connection.
    pub(crate) peer: Option<Address>,
    /// When it connected.
    pub(crate) since: Option<Instant>,
    /// The last command that it used.
    pub(crate) last: Option<&'static Spec>,
    /// The channels that it has subscribed to.
    pub channels: BTreeSet<Arc<[u8]>>,
    /// The patterns of channels that it has subscribed to.
    pub patterns: BTreeSet<Arc<[u8]>>,
    /// The channels of shards that it has subscribed to.
    pub shards: BTreeSet<Arc<[u8]>>,
    /// The total length of all these names, in bytes.
    subscribed: usize,
    /// The keys that it watches.
    pub(crate) watches: Watches,
    /// The memory of these, in bytes.
    pub(crate) watching: usize,
    /// The transaction that it has begun.
    pub(crate) transaction: Option<Box<Transaction>>,
    /// The requests of the transaction that is about to run.
    pub(crate) due: Vec<Queued>,
    /// The number of requests in the transaction that is running; 0 if none is.
    pub(crate) executes: usize,
    /// Whether it waits for messages or has begun a transaction, so that not every command runs.
    special: bool,
}

/// Requests that are to run together.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) queue: Vec<Queued>,
    /// The memory of the requests, in bytes.
    pub(crate) bytes: usize,
    /// Whether a request was refused, so that none of them will run.
    pub(crate) failed: bool,
}

/// The number of a command, and a request for it that waits.
pub(crate) type Queued = (usize, Request);

impl Session {
    /// Creates the session of a client that has just connected.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Returns its number as replies show it.
    pub(crate) fn id(&self) -> i64 {
        i64::try_from(self.number).unwrap_or(i64::MAX)
    }

    /// Returns whether it waits for messages.
    #[inline]
    pub(crate) fn is_subscribed(&self) -> bool {
        self.subscriptions() > 0
    }

    /// Returns the number of patterns that it has subscribed to.
    pub(crate) fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Returns the number of requests that wait for EXEC, or -1 outside a transaction.
    pub(crate) fn queued(&self) -> i64 {
        let running = Some(self.executes).filter(|requests| *requests > 0);
        let queued = self.transaction.as_ref().map(|transaction| transaction.queue.len());
        queued.or(running).map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX))
    }

    /// Returns the approximate memory that it makes the server hold, in bytes.
    pub(crate) fn holds(&self) -> usize {
        let queued = self.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
        let postponed = self.postponed.as_ref().map_or(0, |request| request.size());
        self.name.len() + self.subscribed + self.watching + queued + postponed + self.waiting.bytes()
    }

    /// Returns whether some commands may not run now.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.special
    }

    /// Returns the number of channels, patterns and shard channels that it has subscribed to.
    pub(crate) fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len() + self.shards.len()
    }

    /// Returns where replies are written that are not sent.
    #[cold]
    fn unwanted(&mut self) -> Replies<'_> {
        self.unwanted.clear();
        Replies::new(&mut self.unwanted, self.protocol)
    }

    /// Frees the memory of replies that are not sent.
    pub(crate) fn forget_unwanted(&mut self) {
        self.unwanted.clear();
        self.unwanted.shrink_to(UNWANTED);
    }

    /// Returns whether its request runs again. It was within all limits when it first ran.
    pub(crate) fn runs_again(&self) -> bool {
        self.marks.has(Marks::AGAIN)
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self) {
        self.transaction = Some(Box::default());
        self.special = true;
    }

    /// Ends the transaction and returns it.
    pub(crate) fn end(&mut self) -> Option<Box<Transaction>> {
        let transaction = self.transaction.take();
        self.special = self.subscriptions() > 0;
        transaction
    }

    /// Adds a channel or a pattern.
    pub(crate) fn subscribe(&mut self, to: Subscriptions, name: Arc<[u8]>) {
        self.subscribed += SUBSCRIPTION + name.len();
        self.of(to).insert(name);
        self.special = true;
    }

    /// Removes a channel or a pattern. Returns whether it was there.
    pub(crate) fn unsubscribe(&mut self, to: Subscriptions, name: &[u8]) -> bool {
        let was_there = self.of(to).remove(name);
        if was_there {
            self.subscribed -= SUBSCRIPTION + name.len();
            self.special = self.subscriptions() > 0 || self.transaction.is_some();
        }
        was_there
    }

    /// Returns what it has subscribed to.
    pub(crate) fn of(&mut self, to: Subscriptions) -> &mut BTreeSet<Arc<[u8]>> {
        match to {
            Subscriptions::Channels => &mut self.channels,
            Subscriptions::Patterns => &mut self.patterns,
            Subscriptions::Shards => &mut self.shards,
        }
    }
}
