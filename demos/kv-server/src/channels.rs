//! The subscribers of channels and patterns, as a resource.

use std::collections::HashMap;
use std::sync::Arc;

use nexus_rt::connections::ConnectionId;

use crate::glob;

/// What a client can subscribe to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subscriptions {
    Channels,
    /// All channels whose names match.
    Patterns,
    /// Shard channels. There is one shard, and its channels are apart from the others.
    Shards,
}

/// The channels and patterns with subscribers. Each has its subscribers in the order in which they subscribed.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    channels: Names,
    patterns: Names,
    shards: Names,
}

type Names = HashMap<Arc<[u8]>, Vec<ConnectionId>>;

/// Why a client receives a message.
pub(crate) enum Because<'a> {
    /// The client has subscribed to the channel.
    Channel,
    /// The client has subscribed to this pattern.
    Pattern(&'a [u8]),
    /// The client has subscribed to the shard channel.
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

    /// Adds a subscriber, and returns the name to keep.
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

    /// Calls `send` for each receiver of a message on this channel: first for its subscribers, then for the subscribers
    /// of patterns, once for each pattern that matches. Returns the number of calls.
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

    /// Calls `send` for each receiver of a message on this shard channel. Returns the number of calls.
    pub(crate) fn receivers_of_shard(&self, channel: &[u8], mut send: impl FnMut(ConnectionId, Because<'_>)) -> usize {
        let clients = self.shards.get(channel).map_or(&[][..], Vec::as_slice);
        clients.iter().for_each(|client| send(*client, Because::Shard));
        clients.len()
    }

    /// Returns the channels, or shard channels, that have subscribers, each with its subscribers.
    pub(crate) fn subscribers(&self, shards: bool) -> &HashMap<Arc<[u8]>, Vec<ConnectionId>> {
        if shards { &self.shards } else { &self.channels }
    }

    /// Returns the number of channels that have subscribers.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.channels.len()
    }

    /// Returns the number of patterns that have subscribers.
    #[must_use]
    pub(crate) fn patterns(&self) -> usize {
        self.patterns.len()
    }
}
