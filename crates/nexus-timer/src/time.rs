//! Time inside the wheel: nanoseconds as one integer, and ticks, whose length is a power of two nanoseconds.

use std::time::{Duration, Instant};

/// The start of a wheel on its scale: the middle, so that instants before the start keep their order.
const START: u64 = 1 << 63;

/// The shortest tick that a wheel accepts.
const LEAST_TICK: Duration = Duration::from_micros(1);

/// Converts between instants and the integers that the wheel compares.
///
/// Deadlines are in `1..=u64::MAX`, and the present is in `0..u64::MAX`. At the ends of the scale, 292 years from the
/// start, an entry may therefore be late but never early.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    start: Instant,
    /// A tick is two to the power of this, in nanoseconds.
    shift: u32,
}

impl Scale {
    /// Rounds the tick down to a power of two, in nanoseconds, so that converting to ticks is a shift.
    #[track_caller]
    pub(crate) fn new(start: Instant, tick: Duration) -> Self {
        assert!(tick >= LEAST_TICK, "a tick of {tick:?} is too short: a wheel's tick is {LEAST_TICK:?} at least");
        let tick_ns = u64::try_from(tick.as_nanos()).unwrap_or(u64::MAX);
        Self { start, shift: tick_ns.ilog2() }
    }

    #[inline]
    pub(crate) fn deadline(&self, at: Instant) -> u64 {
        self.ns(at).max(1)
    }

    #[inline]
    pub(crate) fn present(&self, now: Instant) -> u64 {
        self.ns(now).min(u64::MAX - 1)
    }

    /// Returns the instant of a number that came from one, or that lies between two such numbers.
    #[inline]
    pub(crate) fn instant(&self, ns: u64) -> Instant {
        let distance = Duration::from_nanos(ns.abs_diff(START));
        let at = if ns >= START { self.start.checked_add(distance) } else { self.start.checked_sub(distance) };
        at.expect("what lies between two instants is an instant")
    }

    #[inline]
    pub(crate) fn tick_of(&self, ns: u64) -> u64 {
        ns >> self.shift
    }

    /// Returns when a tick begins.
    #[inline]
    pub(crate) fn begin(&self, tick: u64) -> u64 {
        tick << self.shift
    }

    pub(crate) fn tick(&self) -> Duration {
        Duration::from_nanos(1 << self.shift)
    }

    #[inline]
    fn ns(&self, at: Instant) -> u64 {
        match at.checked_duration_since(self.start) {
            Some(after) => START.saturating_add(nanoseconds(after)),
            None => START.saturating_sub(nanoseconds(self.start.duration_since(at))),
        }
    }
}

#[inline]
fn nanoseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_order_and_come_back() {
        let start = Instant::now() + Duration::from_secs(1000);
        let scale = Scale::new(start, Duration::from_millis(1));
        let ns = Duration::from_nanos(1);
        let instants = [
            start - Duration::from_secs(900),
            start - ns,
            start,
            start + ns,
            start + Duration::from_secs(9_000_000_000),
        ];
        let numbers = instants.map(|at| scale.deadline(at));
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(numbers.map(|ns| scale.instant(ns)), instants);
    }

    #[test]
    fn the_far_end_is_late_and_not_early() {
        let start = Instant::now();
        let scale = Scale::new(start, Duration::from_millis(1));
        let far = start + Duration::from_secs(u64::from(u32::MAX) * 4);
        assert_eq!(scale.deadline(far), u64::MAX);
        assert_eq!(scale.present(far), u64::MAX - 1);
    }

    #[test]
    fn a_tick_is_a_power_of_two_that_is_not_longer() {
        for (tick, ns) in [(1000, 512), (1024, 1024), (1_000_000, 524_288)] {
            assert_eq!(Scale::new(Instant::now(), Duration::from_nanos(tick)).tick(), Duration::from_nanos(ns));
        }
        assert_eq!(Scale::new(Instant::now(), Duration::MAX).shift, 63);
    }
}
