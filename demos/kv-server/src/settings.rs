//! Where the server listens and since when, as a resource, for those who ask.

use std::net::SocketAddr;
use std::time::Instant;

/// What does not change while the server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub address: SocketAddr,
    /// When it began.
    pub started: Instant,
}
