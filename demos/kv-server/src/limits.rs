//! The limits of the server, as a resource.

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
    /// The most replies that wait for one client, in bytes. One that does not read them is cut off.
    pub replies: usize,
    /// The most that all clients' unfinished requests, unsent replies and subscriptions hold together, in bytes. Who
    /// would need more is cut off, unless it holds little: half of it is for those who hold no more than their share.
    pub buffers: usize,
    /// The most clients.
    pub clients: usize,
}

impl Limits {
    /// Whether a client may not hold so many bytes, where all clients together hold that many.
    #[must_use]
    pub(crate) fn is_too_much(&self, holds: usize, all: usize) -> bool {
        // One who takes all there is must not be the end of those who hold little.
        let half = self.buffers / 2;
        all > half && holds > half / self.clients.max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: RequestLimits { argument: 64 << 20, request: 128 << 20, arguments: 1 << 20 },
            key: 64 << 10,
            memory: usize::MAX,
            replies: 64 << 20,
            buffers: 1 << 30,
            clients: 10_000,
        }
    }
}
