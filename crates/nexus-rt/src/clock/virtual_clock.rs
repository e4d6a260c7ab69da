//! `VirtualClock`: a clock that stands still until it is moved.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time controlled by a test: it moves only by [`advance`](Self::advance) and [`set`](Self::set).
///
/// ```
/// use std::time::Duration;
/// use nexus_rt::testing::VirtualClock;
///
/// let clock = VirtualClock::new();
/// let (start, seen_by_a_driver) = (clock.now(), clock.clone());
/// clock.advance(Duration::from_hours(24));
/// assert_eq!(seen_by_a_driver.now() - start, Duration::from_hours(24));
/// ```
///
/// Clones show the same time on every thread, so several drivers and a test can share one clock. Drivers take the time
/// as an argument, so a test passes them that of the clock: `poller.poll(world, clock.now())`.
#[derive(Clone)]
pub struct VirtualClock {
    start: Instant,
    /// Nanoseconds since `start`.
    elapsed: Arc<AtomicU64>,
}

impl VirtualClock {
    /// Creates a clock at an arbitrary instant (the present one: the library has no other way to create an instant).
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now(), elapsed: Arc::default() }
    }

    /// Returns the instant at which the clock started.
    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Returns the current time of this clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    /// Returns how far the time is from the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed.load(Ordering::Relaxed))
    }

    /// Advances the time, to the nanosecond, and returns the new time.
    ///
    /// # Panics
    /// If the new time would be more than 584 years after the start.
    #[track_caller]
    pub fn advance(&self, by: Duration) -> Instant {
        let further = |elapsed: u64| elapsed.checked_add(u64::try_from(by.as_nanos()).ok()?);
        match self.elapsed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, further) {
            Ok(before) => self.start + Duration::from_nanos(before) + by,
            Err(before) => too_far(Duration::from_nanos(before).saturating_add(by)),
        }
    }

    /// Sets the time. It may go back, as a corrected clock does, but not to before the start.
    ///
    /// # Panics
    /// If `now` is before the start, or more than 584 years after it.
    #[track_caller]
    pub fn set(&self, now: Instant) {
        let Some(elapsed) = now.checked_duration_since(self.start) else {
            panic!("a virtual clock cannot be set to {:?} before its start", self.start - now);
        };
        let Ok(nanos) = u64::try_from(elapsed.as_nanos()) else { too_far(elapsed) };
        self.elapsed.store(nanos, Ordering::Relaxed);
    }
}

#[cold]
#[track_caller]
fn too_far(elapsed: Duration) -> ! {
    panic!("a virtual clock cannot be set to {elapsed:?} after its start: it holds 584 years")
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({:?} after its start)", self.elapsed())
    }
}
