//! The requests that the current event has run to change keys, as a resource, so that they can be run again.

use std::mem;

use nexus_rt::World;

use crate::keys::Keys;
use crate::request::Request;
use crate::stats::Stats;

/// The memory kept for the next event, in bytes.
const KEPT: usize = 1 << 20;

/// The requests that have changed keys since this was last cleared, one after another as [`Request::encode`] writes
/// them. The requests of a transaction are in the order in which they ran, so what one event adds belongs together.
///
/// Relative times are kept as they are, so the requests must run again at the time of the event.
#[derive(Debug, Default)]
pub struct Changes {
    collected: bool,
    requests: Vec<u8>,
}

impl Changes {
    /// Turns collecting requests and [keeping the trace](Keys::keep_trace) on or off. Call it between events.
    ///
    /// # Panics
    /// If the world lacks what [`Engine`](crate::Engine) installs.
    pub fn collect(world: &mut World, on: bool) {
        world.resource_mut::<Self>().collected = on;
        world.resource_mut::<Keys>().keep_trace(on);
        let mut stats = world.resource_mut::<Stats>();
        stats.watched = stats.timed || on;
    }

    /// Returns whether requests are collected.
    #[inline]
    #[must_use]
    pub fn are_collected(&self) -> bool {
        self.collected
    }

    /// Returns whether nothing has changed.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Returns the collected requests.
    #[must_use]
    pub fn requests(&self) -> &[u8] {
        &self.requests
    }

    /// Forgets the requests and keeps their memory.
    pub fn clear(&mut self) {
        self.requests.clear();
    }

    /// Takes the requests out with their memory.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.requests)
    }

    /// Takes back the memory of requests that were taken.
    pub(crate) fn give_back(&mut self, mut requests: Vec<u8>) {
        requests.clear();
        requests.shrink_to(KEPT);
        self.requests = requests;
    }

    /// Adds a request that has changed something.
    pub(crate) fn add(&mut self, request: &Request) {
        request.encode(&mut self.requests);
    }
}
