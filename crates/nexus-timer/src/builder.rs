//! `WheelBuilder`: tick, capacity and limit.

use std::time::{Duration, Instant};

use crate::slab::NIL;
use crate::time::Scale;
use crate::wheel::Wheel;

/// Configures a [`Wheel`].
///
/// ```
/// use std::time::{Duration, Instant};
/// use nexus_timer::WheelBuilder;
///
/// let now = Instant::now();
/// let mut wheel = WheelBuilder::new().tick(Duration::from_micros(10)).limit(2).build(now);
/// assert!(wheel.try_insert(now, 'a').is_ok());
/// assert!(wheel.try_insert(now, 'b').is_ok());
/// assert_eq!(wheel.try_insert(now, 'c').map_err(|full| full.0), Err('c'));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct WheelBuilder {
    tick: Duration,
    capacity: usize,
    limit: Option<usize>,
}

impl WheelBuilder {
    /// Creates a builder with the defaults: a tick of one millisecond, no memory yet, no limit.
    pub const fn new() -> Self {
        Self { tick: Duration::from_millis(1), capacity: 0, limit: None }
    }

    /// Sets the length of a tick: one millisecond by default, one microsecond at least. Deadlines within a tick share a
    /// slot.
    ///
    /// The tick affects only cost: entries fire at their exact deadlines. Choose about the expected interval between
    /// polls. The wheel rounds the tick down to a power of two, in nanoseconds.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick;
        self
    }

    /// Allocates room for this many entries when the wheel is built.
    pub fn capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// Limits the number of entries, including a lent one, and allocates room for them when the wheel is built.
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = Some(entries);
        self
    }

    /// Builds the wheel, which measures time from `start`.
    ///
    /// # Panics
    ///
    /// If the tick is shorter than a microsecond, or the limit is above 2^32 - 1.
    #[must_use]
    #[track_caller]
    pub fn build<T>(self, start: Instant) -> Wheel<T> {
        let most = NIL as usize;
        let limit = self.limit.unwrap_or(most);
        assert!(limit <= most, "a limit of {limit} entries is too high: a wheel holds {most} at most");
        let capacity = self.limit.unwrap_or(0).max(self.capacity).min(limit);
        Wheel::build(Scale::new(start, self.tick), start, capacity, limit)
    }
}

impl Default for WheelBuilder {
    fn default() -> Self {
        Self::new()
    }
}
