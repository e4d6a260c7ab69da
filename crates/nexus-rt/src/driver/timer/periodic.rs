//! `Periodic`: how a timer repeats.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// How a timer repeats: its period, and how it handles ticks that no poll came in time for.
///
/// A `Duration` converts into a period whose missed ticks are [skipped](MissedTicks::Skip).
///
/// ```
/// use std::time::Duration;
///
/// use nexus_rt::Periodic;
/// use nexus_rt::timer::MissedTicks;
///
/// let bars = Periodic::every(Duration::from_secs(60)).missed(MissedTicks::CatchUp);
/// assert_eq!(bars.period(), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Periodic {
    /// In nanoseconds: a timer, with its place in the wheel, then fits a cache line.
    period: NonZeroU64,
    missed: MissedTicks,
}

/// How a periodic timer handles the ticks that passed between two polls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum MissedTicks {
    /// The timer runs once, for the first missed tick, and then at the next future tick. It keeps its phase: ticks are
    /// always at `first + n * period`.
    #[default]
    Skip,
    /// The timer runs once for each missed tick, with that tick's deadline, in one poll. It keeps its phase and loses
    /// no tick: use it for bars and other work that belongs to each period.
    CatchUp,
    /// The timer runs once, and then one period after this poll. Its phase moves, and two runs are always a period
    /// apart.
    Delay,
}

impl Periodic {
    /// Creates a repetition at a fixed rate: late polls cause no drift. A period above 584 years is shortened to that.
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

    /// Sets how missed ticks are handled.
    #[must_use]
    pub fn missed(self, missed: MissedTicks) -> Self {
        Self { missed, ..self }
    }

    /// Returns the period.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_nanos(self.period.get())
    }

    /// Returns when the timer runs next, after it ran at `now` for `deadline`, which is not later. Returns `None` if an
    /// `Instant` cannot express that time.
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

/// Saturates at the largest `u64`.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl From<Duration> for Periodic {
    #[track_caller]
    fn from(period: Duration) -> Self {
        Self::every(period)
    }
}
