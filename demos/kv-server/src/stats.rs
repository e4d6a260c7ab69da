//! What the server counts, as a resource, for INFO.

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Turns of the loop.
    pub turns: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Clients that were cut off because they did not read their replies, or sent what is no request.
    pub cut_off: u64,
    /// Clients that are connected.
    pub clients: usize,
    /// Keys that were found by a read.
    pub hits: u64,
    /// Keys that a read looked for in vain.
    pub misses: u64,
    /// Keys whose time had come.
    pub expired: u64,
}

impl Stats {
    /// Counts a read of a key.
    #[inline]
    pub(crate) fn read(&mut self, found: bool) {
        if found {
            self.hits += 1;
        } else {
            self.misses += 1;
        }
    }
}
