//! Who has subscribed to what, as a resource.

use std::collections::HashMap;
use std::sync::Arc;

use nexus_rt::connections::ConnectionId;

use crate::glob;

/// What somebody can subscribe to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subscriptions {
    Channels,
    /// All channels whose names match.
    Patterns,
    /// Channels of shards. There is one shard, and these are channels of their own.
    Shards,
}

/// The channels and patterns that somebody has subscribed to, each with who did, in that order.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    channels: Names,
    patterns: Names,
    shards: Names,
}

type Names = HashMap<Arc<[u8]>, Vec<ConnectionId>>;

/// Why a client is sent a message.
pub(crate) enum Because<'a> {
    /// It has subscribed to the channel.
    Channel,
    /// It has subscribed to this pattern.
    Pattern(&'a [u8]),
    /// It has subscribed to the channel of a shard.
    Shard,
}

impl Channels {
    fn of(&mut self, to: Subscriptions) -> &mut Names {
        match to {
            Subscriptions::Channels => &mut self.channels,
            Subscriptions::Patterns => &mut self.patterns,
            Subscriptions::Shards => &mut self.shards,
        }
    }

    /// Adds a subscriber, and gives the name to be kept.
    pub(crate) fn subscribe(&mut self, to: Subscriptions, name: &[u8], client: ConnectionId) -> Arc<[u8]> {
        let names = self.of(to);
        let name = match names.get_key_value(name) {
            Some((name, _)) => name.clone(),
            None => name.into(),
        };
        names.entry(name.clone()).or_default().push(client);
        name
    }

    /// Removes a subscriber.
    pub(crate) fn unsubscribe(&mut self, to: Subscriptions, name: &[u8], client: ConnectionId) {
        let names = self.of(to);
        if let Some(subscribers) = names.get_mut(name) {
            subscribers.retain(|subscriber| *subscriber != client);
            if subscribers.is_empty() {
                names.remove(name);
            }
        }
    }

    /// Calls `send` for each who is to have a message of this channel: first for subscribers of the channel, then for
    /// those of patterns, as often as one matches. How many that are.
    pub(crate) fn receivers(&self, channel: &[u8], mut send: impl FnMut(ConnectionId, Because<'_>)) -> usize {
        let mut count = 0;
        for client in self.channels.get(channel).into_iter().flatten() {
            send(*client, Because::Channel);
            count += 1;
        }
        for (pattern, clients) in &self.patterns {
            if glob::matches(pattern, channel) {
                clients.iter().for_each(|client| send(*client, Because::Pattern(pattern)));
                count += clients.len();
            }
        }
        count
    }

    /// Calls `send` for each who is to have a message of this channel of shards. How many that are.
    pub(crate) fn receivers_of_shard(&self, channel: &[u8], mut send: impl FnMut(ConnectionId, Because<'_>)) -> usize {
        let clients = self.shards.get(channel).map_or(&[][..], Vec::as_slice);
        clients.iter().for_each(|client| send(*client, Because::Shard));
        clients.len()
    }

    /// The channels that somebody has subscribed to, of shards or not, each with how many have.
    pub(crate) fn subscribers(&self, shards: bool) -> &HashMap<Arc<[u8]>, Vec<ConnectionId>> {
        if shards { &self.shards } else { &self.channels }
    }

    /// How many channels somebody has subscribed to.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.channels.len()
    }

    /// How many patterns somebody has subscribed to.
    #[must_use]
    pub(crate) fn patterns(&self) -> usize {
        self.patterns.len()
    }
}
