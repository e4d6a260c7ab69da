//! `Clock`: time as a resource: real, of a test, or recorded.

mod virtual_clock;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

pub use virtual_clock::VirtualClock;

/// The time of the current turn, as a resource: handlers read it from `Res<Clock>`.
///
/// It moves when the wait of the loop ends, and stands still during the turn. All handlers of a turn therefore see one
/// time.
///
/// ```
/// use std::time::Duration;
/// use nexus_rt::testing::VirtualClock;
/// use nexus_rt::{Clock, Handler, IntoHandler, Res, ResMut, WorldBuilder};
///
/// fn stamp(clock: Res<Clock>, mut log: ResMut<Vec<u64>>, _event: ()) {
///     log.push(clock.unix().as_secs());
/// }
///
/// let time = VirtualClock::new();
/// let mut builder = WorldBuilder::new();
/// builder.register(Clock::test(time.clone(), Duration::from_secs(1_000)));
/// builder.register(Vec::<u64>::new());
/// let mut world = builder.build();
/// let mut stamp = stamp.into_handler(world.registry());
///
/// for _turn in 0..2 {
///     time.advance(Duration::from_secs(60));
///     world.resource_mut::<Clock>().update();
///     stamp.run(&mut world, ());
/// }
/// assert_eq!(*world.resource::<Vec<u64>>(), [1_060, 1_120]);
/// ```
///
/// A poll of the mio driver [updates](Self::update) it, and a loop without sockets does so after its wait. A feed of
/// recorded events moves it for each event ([`set_unix`](Self::set_unix)), so a replay sees the same calendar whenever
/// it takes place. No other part of the library reads the time, except for the waits and the deadline of a drain.
#[must_use = "a clock is a resource: register it"]
pub struct Clock {
    source: Source,
    /// An instant, and the calendar time at that instant, as the time since 1970.
    start: (Instant, Duration),
    now: Instant,
}

enum Source {
    Realtime,
    Test(VirtualClock),
    Historical,
}

impl Clock {
    /// Creates a clock with the time of this machine.
    ///
    /// It runs evenly: if the system clock is corrected while the program runs, this clock does not follow, except by
    /// [`resync`](Self::resync).
    pub fn realtime() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::at(Source::Realtime, Instant::now(), unix)
    }

    /// Creates a clock with the time of a test. The start of `time` corresponds to `unix`, the time since 1970.
    pub fn test(time: VirtualClock, unix: Duration) -> Self {
        // Not computed from readings, between which another thread may move the time.
        let start = time.start();
        let mut clock = Self::at(Source::Test(time), start, unix);
        clock.update();
        clock
    }

    /// Creates a clock with the time of recorded events, which starts at `unix`, the time since 1970.
    /// [`set_unix`](Self::set_unix) moves it.
    pub fn historical(unix: Duration) -> Self {
        Self::at(Source::Historical, Instant::now(), unix)
    }

    fn at(source: Source, start: Instant, unix: Duration) -> Self {
        Self { source, start: (start, unix), now: start }
    }

    /// Returns the time of this turn, for deadlines and for polls.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns the time of this turn since 1970, for people and for other machines. It stays between zero and
    /// [`Duration::MAX`], even if the time is before or after that range.
    #[inline]
    #[must_use]
    pub fn unix(&self) -> Duration {
        self.unix_of(self.now)
    }

    /// Moves Unix time to the system clock, and returns by how many nanoseconds: negative if back.
    ///
    /// ```
    /// use nexus_rt::Clock;
    ///
    /// let mut clock = Clock::realtime();
    /// let moved_ns = clock.resync();
    /// assert!(moved_ns.abs() < 3_600_000_000_000, "the system clock jumped by more than an hour");
    /// ```
    ///
    /// A realtime clock takes Unix time from the system once and follows the monotonic clock from then on, so it never
    /// jumps. If the system clock may be corrected while the program runs, call this from time to time, such as from a
    /// timer, and decide what a jump means. [`now`](Self::now) is not affected. The reading itself accounts for a few
    /// hundred nanoseconds. Other clocks return 0.
    pub fn resync(&mut self) -> i64 {
        if !matches!(self.source, Source::Realtime) {
            return 0;
        }
        let (instant, unix) = (Instant::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH));
        let unix = unix.unwrap_or_default();
        let before = self.unix_of(instant);
        self.start = (instant, unix);
        let nanoseconds = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match unix.checked_sub(before) {
            Some(forward) => nanoseconds(forward),
            None => -nanoseconds(before - unix),
        }
    }

    fn unix_of(&self, instant: Instant) -> Duration {
        let (start, unix) = self.start;
        match instant.checked_duration_since(start) {
            Some(later) => unix.saturating_add(later),
            None => unix.saturating_sub(start - instant),
        }
    }

    /// Moves the clock to the time of the machine or of the test, and returns it. A historical clock stays at the time
    /// of its events.
    ///
    /// Time moves once per turn, when the wait ends. In a loop over sockets, `MioPoller` calls this. A loop without
    /// sockets calls it after its own wait: `let now = world.resource_mut::<Clock>().update();`
    #[inline]
    pub fn update(&mut self) -> Instant {
        match &self.source {
            Source::Realtime => self.now = Instant::now(),
            Source::Test(time) => self.now = time.now(),
            Source::Historical => {}
        }
        self.now
    }

    /// Moves a historical clock to the time of an event, given as the time since 1970, and returns it as an instant.
    /// Time may stand still or go back, as recorded times do.
    ///
    /// # Panics
    /// If the clock is not historical, or if the time is so far from the first one that the machine cannot express it.
    #[track_caller]
    pub fn set_unix(&mut self, unix: Duration) -> Instant {
        assert!(
            matches!(self.source, Source::Historical),
            "events set the time of a historical clock only: make it with `Clock::historical`"
        );
        self.now = self.instant_of(unix).unwrap_or_else(|| panic!("{unix:?} is too far from the start of this clock"));
        self.now
    }

    /// Returns the instant of a time since 1970 on this clock, for deadlines given as calendar times. Returns `None` if
    /// it is too far away for an instant.
    #[must_use]
    pub fn instant_of(&self, unix: Duration) -> Option<Instant> {
        let (start, first) = self.start;
        match unix.checked_sub(first) {
            Some(later) => start.checked_add(later),
            None => start.checked_sub(first - unix),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::Realtime => "realtime",
            Source::Test(_) => "test",
            Source::Historical => "historical",
        };
        write!(f, "Clock({source}, {:?} since 1970)", self.unix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_follows_a_system_clock_that_was_corrected() {
        let hour = Duration::from_secs(3_600);
        let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // As if the system clock had been an hour ahead, and an hour behind, when the clock was made.
        for (wrong, sign) in [(wall() + hour, -1), (wall() - hour, 1)] {
            let mut clock = Clock::at(Source::Realtime, Instant::now(), wrong);
            let now = clock.now();
            let moved = clock.resync();
            assert_eq!((moved.signum(), (moved.unsigned_abs() + 500_000_000) / 1_000_000_000), (sign, 3_600));
            assert_eq!(clock.now(), now);
            clock.update();
            let unix = clock.unix();
            assert!(unix < wall() + hour && unix + hour > wall(), "{unix:?}");
            assert_eq!(clock.instant_of(unix), Some(clock.now()));
            assert!(clock.resync().abs() < 1_000_000_000);
        }
        assert_eq!(Clock::test(VirtualClock::new(), hour).resync(), 0);
        assert_eq!(Clock::historical(hour).resync(), 0);
    }
}
