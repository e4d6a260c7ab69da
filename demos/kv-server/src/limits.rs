//! The limits of the server, as a resource.

use std::time::Duration;

use crate::request::RequestLimits;

/// How much clients may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What is refused while it is read.
    pub request: RequestLimits,
    /// The longest key, in bytes.
    pub key: usize,
    /// Commands that may need more are refused once keys and values hold this many bytes.
    pub memory: usize,
    /// The replies of one client after which its requests wait until it reads, in bytes. One that is sent
    /// [eight times](Self::most_replies) as much, by others or for one request, is cut off.
    pub replies: usize,
    /// The most that all clients' unfinished requests, unsent replies and subscriptions hold together, in bytes. Who
    /// would need more is cut off, unless it holds little: half of it is for those who hold no more than their share.
    pub buffers: usize,
    /// The most clients.
    pub clients: usize,
    /// How long a client may read nothing of what waits for it, before it is cut off.
    pub stalled: Duration,
}

impl Limits {
    /// The most that waits for one client, in bytes.
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
