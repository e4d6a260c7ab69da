//! Who has subscribed to what, and what is to be handed out, as a resource.

use std::collections::HashMap;
use std::sync::Arc;

use nexus_rt::connections::ConnectionId;

/// The channels that somebody has subscribed to.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    subscribers: HashMap<Arc<[u8]>, Vec<ConnectionId>>,
    /// To be handed out, in the order in which it was published.
    mail: Vec<Message>,
}

#[derive(Debug)]
struct Message {
    channel: Arc<[u8]>,
    /// As the protocol writes it.
    frame: Box<[u8]>,
}

impl Channels {
    /// Adds a subscriber, and gives the channel's name to be kept.
    pub(crate) fn subscribe(&mut self, channel: &[u8], client: ConnectionId) -> Arc<[u8]> {
        let name = match self.subscribers.get_key_value(channel) {
            Some((name, _)) => name.clone(),
            None => channel.into(),
        };
        self.subscribers.entry(name.clone()).or_default().push(client);
        name
    }

    /// Removes a subscriber.
    pub(crate) fn unsubscribe(&mut self, channel: &[u8], client: ConnectionId) {
        if let Some(subscribers) = self.subscribers.get_mut(channel) {
            subscribers.retain(|subscriber| *subscriber != client);
            if subscribers.is_empty() {
                self.subscribers.remove(channel);
            }
        }
    }

    /// Keeps a message, as the protocol writes it, for all who have subscribed to the channel. How many that are.
    pub(crate) fn publish(&mut self, channel: &[u8], message: impl FnOnce() -> Box<[u8]>) -> usize {
        let Some((name, subscribers)) = self.subscribers.get_key_value(channel) else { return 0 };
        self.mail.push(Message { channel: name.clone(), frame: message() });
        subscribers.len()
    }

    /// Hands all messages out: calls `deliver` for each subscriber.
    pub(crate) fn deliver(&mut self, mut deliver: impl FnMut(ConnectionId, &mut [u8])) {
        for Message { channel, mut frame } in self.mail.drain(..) {
            let subscribers = self.subscribers.get(&channel).into_iter().flatten();
            subscribers.for_each(|client| deliver(*client, &mut frame));
        }
    }

    /// How many channels somebody has subscribed to.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether there are messages to be handed out.
    #[must_use]
    pub(crate) fn has_mail(&self) -> bool {
        !self.mail.is_empty()
    }
}
