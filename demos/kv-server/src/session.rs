//! What the server knows of a client, apart from its socket: the state of its connection.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use nexus_rt::connections;

use crate::commands::Spec;
use crate::replies::{Protocol, Replies};
use crate::request::Request;

/// A client: the context of every command. What is written to its `out` is sent to it.
pub type Client = connections::Client<Session>;

/// Replies to a client.
pub trait Reply {
    /// Returns where replies are written.
    fn reply(&mut self) -> Replies<'_>;
}

impl Reply for Client {
    #[inline]
    fn reply(&mut self) -> Replies<'_> {
        let protocol = self.state.protocol;
        Replies::new(self.out(), protocol)
    }
}

/// How a client differs from most. The first question about a request is whether it does.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks(u8);

impl Marks {
    /// It has not given its password.
    pub(crate) const STRANGER: Self = Self(1);
    /// It gets no replies.
    pub(crate) const MUTE: Self = Self(2);
    /// It gets no reply to its next request.
    pub(crate) const MUTE_NEXT: Self = Self(4);
    /// It is shown what others ask.
    pub(crate) const MONITOR: Self = Self(8);
    /// It is not to be cut off when memory is short, it says.
    pub(crate) const NO_EVICT: Self = Self(16);

    /// Its requests that change something wait.
    pub(crate) const PAUSED: Self = Self(128);
    /// Its request does not run.
    pub(crate) const REJECTED: Self = Self(64);
    /// It has just asked for no reply to its next request.
    pub(crate) const FRESHLY_MUTE: Self = Self(32);

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

/// Why a client is closed that asked for it.
pub(crate) const LEAVES: &str = "it has asked for the end";

/// What a subscription takes beside the channel's name, roughly.
const SUBSCRIPTION: usize = 160;

/// A client's state.
#[derive(Debug, Default)]
pub struct Session {
    /// Its number, which is never used again.
    pub number: u64,
    /// The version of the protocol that it speaks.
    pub protocol: Protocol,
    /// What it calls itself.
    pub name: Box<[u8]>,
    /// How it differs from most.
    pub(crate) marks: Marks,
    /// A request of it that waits.
    pub(crate) postponed: Option<Box<Request>>,
    /// When it came.
    pub(crate) since: Option<Instant>,
    /// The command that it used last.
    pub(crate) last: Option<&'static Spec>,
    /// The channels that it has subscribed to.
    pub channels: BTreeSet<Arc<[u8]>>,
    /// What the names of these channels take, in bytes.
    subscribed: usize,
}

impl Session {
    /// A client that has just come.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Its number, as it is told.
    pub(crate) fn id(&self) -> i64 {
        i64::try_from(self.number).unwrap_or(i64::MAX)
    }

    /// Whether it waits for messages.
    #[inline]
    pub(crate) fn is_subscribed(&self) -> bool {
        !self.channels.is_empty()
    }

    /// How many patterns of channels it has subscribed to.
    pub(crate) fn patterns(&self) -> usize {
        0
    }

    /// How many requests wait for EXEC; -1 if none can.
    pub(crate) fn queued(&self) -> i64 {
        -1
    }

    /// What it makes the server remember, roughly and in bytes.
    pub(crate) fn holds(&self) -> usize {
        self.name.len() + self.subscribed
    }

    /// Adds a channel.
    pub(crate) fn subscribe(&mut self, channel: Arc<[u8]>) {
        self.subscribed += SUBSCRIPTION + channel.len();
        self.channels.insert(channel);
    }

    /// Removes a channel. Whether it was there.
    pub(crate) fn unsubscribe(&mut self, channel: &[u8]) -> bool {
        let was_there = self.channels.remove(channel);
        if was_there {
            self.subscribed -= SUBSCRIPTION + channel.len();
        }
        was_there
    }
}
