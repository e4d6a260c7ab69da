//! `Periodic`: how a timer repeats.

use std::time::{Duration, Instant};

/// How a timer repeats: its period, and what becomes of ticks that were missed because nobody polled in time.
///
/// A `Duration` alone is a period whose missed ticks are [skipped](MissedTicks::Skip).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Periodic {
    period: Duration,
    missed: MissedTicks,
}

/// What becomes of the ticks of a periodic timer that passed between two polls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MissedTicks {
    /// The timer runs once, for the first of them, and then at the next tick that is still to come. It keeps its phase: ticks are
    /// at `first + n * period` for ever.
    #[default]
    Skip,
    /// The timer runs once for each, with its own deadline, in one poll. It keeps its phase and loses no tick: for bars and
    /// other work that is about each period.
    CatchUp,
    /// The timer runs once, and then a period after this poll. Its phase moves; there is always a period between two runs.
    Delay,
}

impl Periodic {
    /// A timer that repeats with this period, which is a fixed rate: it does not drift by how late it is polled.
    ///
    /// # Panics
    /// If the period is zero.
    #[track_caller]
    #[must_use]
    pub fn every(period: Duration) -> Self {
        assert!(!period.is_zero(), "a timer cannot repeat without a pause: its period must be longer than zero");
        Self { period, missed: MissedTicks::default() }
    }

    /// The same with another way to deal with missed ticks.
    #[must_use]
    pub fn missed(self, missed: MissedTicks) -> Self {
        Self { missed, ..self }
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the timer runs next, after it ran at `now` for `deadline`, which is not later. `None` if that lies beyond what an
    /// `Instant` can express.
    pub(super) fn next(&self, deadline: Instant, now: Instant) -> Option<Instant> {
        match self.missed {
            MissedTicks::CatchUp => deadline.checked_add(self.period),
            MissedTicks::Delay => now.checked_add(self.period),
            MissedTicks::Skip => {
                let late = now.saturating_duration_since(deadline).as_nanos();
                // A remainder, so that no number of ticks is too large.
                let into_period = u64::try_from(late % self.period.as_nanos()).ok().map(Duration::from_nanos);
                match into_period {
                    Some(into) => now.checked_add(self.period).and_then(|next| next.checked_sub(into)),
                    // A period of centuries: nothing was missed.
                    None => deadline.checked_add(self.period),
                }
            }
        }
    }
}

impl From<Duration> for Periodic {
    #[track_caller]
    fn from(period: Duration) -> Self {
        Self::every(period)
    }
}
