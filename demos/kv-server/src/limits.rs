//! The limits of the server, as a resource.

use std::time::Duration;

use crate::request::RequestLimits;

/// The limits on what clients may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Limits that are checked while a request is read.
    pub request: RequestLimits,
    /// The longest key, in bytes.
    pub key: usize,
    /// The memory of keys and values, in bytes, above which commands that may need more are refused.
    pub memory: usize,
    /// The unsent replies of one client, in bytes, above which its requests wait until it reads. A client with [eight
    /// times](Self::most_replies) as much, from other clients or from one request, is disconnected.
    pub replies: usize,
    /// The maximum total of all clients' unfinished requests, unsent replies and subscriptions, in bytes. A client that
    /// would exceed it is disconnected, unless it holds little: half of the total is reserved for clients within their
    /// equal share.
    pub buffers: usize,
    /// The maximum number of clients.
    pub clients: usize,
    /// How long a client may leave its replies unread before it is disconnected.
    pub stalled: Duration,
}

impl Limits {
    /// Returns the maximum of unsent replies of one client, in bytes.
    #[must_use]
    pub fn most_replies(&self) -> usize {
        self.replies.saturating_mul(8)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: RequestLimits { argument: 64 << 20, request: 128 << 20, arguments: i32::MAX as usize },
            key: 64 << 10,
            memory: usize::MAX,
            replies: 64 << 20,
            buffers: 1 << 30,
            clients: 10_000,
            stalled: Duration::from_secs(30),
        }
    }
}
