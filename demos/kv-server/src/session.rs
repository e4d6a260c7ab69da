//! What the server knows of a client, apart from its socket: the context of every command.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::replies::Replies;

/// Names a client. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u64);

/// What a subscription takes beside the channel's name, roughly.
const SUBSCRIPTION: usize = 160;

/// A client's state and the replies that it waits for.
#[derive(Debug)]
pub struct Session {
    /// Which client it is.
    pub id: ClientId,
    /// What it calls itself.
    pub name: Box<[u8]>,
    /// The channels that it has subscribed to.
    pub channels: BTreeSet<Arc<[u8]>>,
    /// What is to be sent to it.
    pub replies: Replies,
    /// What the names of these channels take, in bytes.
    pub(crate) subscribed: usize,
    /// Whether its connection is to be closed once the replies are sent.
    pub leaves: bool,
}

impl Session {
    /// A client that has just come.
    #[must_use]
    pub fn new(id: ClientId) -> Self {
        Self {
            id,
            name: Box::default(),
            channels: BTreeSet::new(),
            subscribed: 0,
            replies: Replies::default(),
            leaves: false,
        }
    }

    /// What it makes the server remember, roughly and in bytes.
    pub(crate) fn holds(&self) -> usize {
        self.replies.capacity() + self.name.len() + self.subscribed
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
