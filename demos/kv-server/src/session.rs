//! What the server knows of a client, apart from its socket: the context of every command.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::replies::Replies;

/// Names a client. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u64);

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
    /// Whether its connection is to be closed once the replies are sent.
    pub leaves: bool,
}

impl Session {
    /// A client that has just come.
    #[must_use]
    pub fn new(id: ClientId) -> Self {
        Self { id, name: Box::default(), channels: BTreeSet::new(), replies: Replies::default(), leaves: false }
    }
}
