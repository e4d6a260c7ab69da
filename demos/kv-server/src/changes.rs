//! What the present event has changed, as a resource: the requests by which it can be changed again.

use std::mem;

use nexus_rt::World;

use crate::keys::Keys;
use crate::request::Request;
use crate::stats::Stats;

/// How much memory is kept for the next event, in bytes.
const KEPT: usize = 1 << 20;

/// The requests that have changed keys since this was last cleared, one after the other as [`Request::encode`] writes
/// them. Those of a transaction come in the order in which they ran, so what one event adds belongs together.
///
/// Times that are counted from the present are left as they are, so the requests are to run again by the time of the
/// event.
#[derive(Debug, Default)]
pub struct Changes {
    collected: bool,
    requests: Vec<u8>,
}

impl Changes {
    /// Collects requests from now on, and [keeps the trace](Keys::keep_trace); or does neither. Between events.
    ///
    /// # Panics
    /// If the world lacks what [`Engine`](crate::Engine) installs.
    pub fn collect(world: &mut World, on: bool) {
        world.resource_mut::<Self>().collected = on;
        world.resource_mut::<Keys>().keep_trace(on);
        let mut stats = world.resource_mut::<Stats>();
        stats.watched = stats.timed || on;
    }

    /// Whether requests are collected.
    #[inline]
    #[must_use]
    pub fn are_collected(&self) -> bool {
        self.collected
    }

    /// Whether nothing has changed.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The requests that were collected.
    #[must_use]
    pub fn requests(&self) -> &[u8] {
        &self.requests
    }

    /// Forgets them, and keeps their memory.
    pub fn clear(&mut self) {
        self.requests.clear();
    }

    /// Gives them away with their memory.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.requests)
    }

    /// Takes the memory back of what was taken.
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
