//! What the server knows of a client, apart from its socket: the state of its connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use nexus_rt::connections;

use crate::replies::{Protocol, Replies};

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
