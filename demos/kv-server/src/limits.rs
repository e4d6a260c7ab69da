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
    /// The most that all clients' unfinished requests and unsent replies hold together, in bytes. Who would need more is cut off.
    pub buffers: usize,
    /// The most clients.
    pub clients: usize,
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
