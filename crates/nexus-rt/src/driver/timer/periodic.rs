//! `Periodic`: how a timer repeats.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// How a timer repeats: its period, and what becomes of ticks that were missed because nobody polled in time.
///
/// A `Duration` alone is a period whose missed ticks are [skipped](MissedTicks::Skip).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Periodic {
    /// In nanoseconds: a timer, with its place in the wheel, then fits a cache line.
    period: NonZeroU64,
    missed: MissedTicks,
}

/// What becomes of the ticks of a periodic timer that passed between two polls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum MissedTicks {
    /// The timer runs once, for the first of them, and then at the next tick that is still to come. It keeps its phase:
    /// ticks are at `first + n * period` for ever.
    #[default]
    Skip,
    /// The timer runs once for each, with its own deadline, in one poll. It keeps its phase and loses no tick: for bars
    /// and other work that is about each period.
    CatchUp,
    /// The timer runs once, and then a period after this poll. Its phase moves; there is always a period between two
    /// runs.
    Delay,
}

impl Periodic {
    /// A timer that repeats with this period, which is a fixed rate: it does not drift by how late it is polled.
    /// Periods of more than 584 years are taken for so many.
    ///
    /// # Panics
    /// If the period is zero.
    #[track_caller]
    #[must_use]
    pub fn every(period: Duration) -> Self {
        match NonZeroU64::new(nanoseconds(period)) {
            Some(period) => Self { period, missed: MissedTicks::default() },
            None => panic!("a timer cannot repeat without a pause: its period must be longer than zero"),
        }
    }

    /// The same with another way to deal with missed ticks.
    #[must_use]
    pub fn missed(self, missed: MissedTicks) -> Self {
        Self { missed, ..self }
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_nanos(self.period.get())
    }

    /// When the timer runs next, after it ran at `now` for `deadline`, which is not later. `None` if that lies beyond
    /// what an `Instant` can express.
    pub(super) fn next(&self, deadline: Instant, now: Instant) -> Option<Instant> {
        match self.missed {
            MissedTicks::CatchUp => deadline.checked_add(self.period()),
            MissedTicks::Delay => now.checked_add(self.period()),
            MissedTicks::Skip => {
                let into_period = nanoseconds(now.saturating_duration_since(deadline)) % self.period;
                now.checked_add(self.period())?.checked_sub(Duration::from_nanos(into_period))
            }
        }
    }
}

/// As many as a `u64` can count.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl From<Duration> for Periodic {
    #[track_caller]
    fn from(period: Duration) -> Self {
        Self::every(period)
    }
}
