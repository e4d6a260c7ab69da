//! `TestTimerDriver`: the timer driver with a clock that a test moves.

use std::time::{Duration, Instant};

use crate::clock::VirtualClock;
use crate::driver::{TimerEvent, TimerPoller};
use crate::handler::{Handler, Virtual};
use crate::world::World;

/// A [`TimerPoller`] with the clock of a test. Time moves only when the test moves it, so every run is identical.
///
/// ```
/// use std::time::Duration;
///
/// use nexus_rt::testing::{TestHarness, TestTimerDriver};
/// use nexus_rt::timer::TimerEvent;
/// use nexus_rt::{IntoHandler, ResMut, TimerInstaller, TimerWheel, WorldBuilder};
///
/// fn beat(mut beats: ResMut<u32>, _: TimerEvent) {
///     *beats += 1;
/// }
///
/// let clock = nexus_rt::testing::VirtualClock::new();
/// let mut builder = WorldBuilder::new();
/// let poller = builder.install_driver(TimerInstaller::new(clock.now()));
/// builder.register(0_u32);
/// let mut test = TestHarness::with_clock(builder, clock.clone());
/// let mut timers = TestTimerDriver::new(poller, clock);
///
/// let beat = Box::new(beat.into_handler(test.registry()));
/// let (minute, now) = (Duration::from_secs(60), timers.now());
/// test.world_mut().resource_mut::<TimerWheel>().schedule_every(now + minute, minute, beat);
///
/// assert_eq!(timers.advance(test.world_mut(), Duration::from_secs(59)), 0);
/// assert_eq!(timers.advance(test.world_mut(), Duration::from_secs(1)), 1);
/// assert_eq!(timers.advance(test.world_mut(), 3 * minute), 1); // missed ticks are skipped
/// assert_eq!(*test.world().resource::<u32>(), 2);
/// ```
#[derive(Debug)]
#[must_use = "timers run when they are polled"]
pub struct TestTimerDriver<S: 'static = Virtual<TimerEvent>, Tag: 'static = ()> {
    poller: TimerPoller<S, Tag>,
    clock: VirtualClock,
}

impl<S: Handler<TimerEvent> + 'static, Tag: 'static> TestTimerDriver<S, Tag> {
    /// Creates a driver from a poller and a clock, which others may share.
    pub fn new(poller: TimerPoller<S, Tag>, clock: VirtualClock) -> Self {
        Self { poller, clock }
    }

    /// Returns the current time of the clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Advances the time and polls once. Returns the number of timers run.
    ///
    /// # Panics
    /// As [`TimerPoller::poll`].
    #[track_caller]
    pub fn advance(&mut self, world: &mut World, by: Duration) -> usize {
        self.clock.advance(by);
        self.poll(world)
    }

    /// Sets the time, without a poll. The time may go back.
    ///
    /// # Panics
    /// As [`VirtualClock::set`].
    #[track_caller]
    pub fn set_now(&mut self, now: Instant) {
        self.clock.set(now);
    }

    /// Polls at the current time. Returns the number of timers run.
    ///
    /// # Panics
    /// As [`TimerPoller::poll`].
    #[track_caller]
    pub fn poll(&mut self, world: &mut World) -> usize {
        self.poller.poll(world, self.clock.now())
    }

    /// Advances the time from deadline to deadline up to `until` and polls at each one, like a loop that never sleeps
    /// too long. Returns the number of timers run.
    ///
    /// # Panics
    /// As [`TimerPoller::poll`], or if timers run again and again without the time advancing.
    #[track_caller]
    pub fn run_until(&mut self, world: &mut World, until: Instant) -> usize {
        const MOST: usize = 1_000;
        let (mut ran, mut polls) = (0, 0);
        while let Some(next) = self.poller.next_deadline(world).filter(|next| *next <= until) {
            polls = if next > self.now() { 0 } else { polls + 1 };
            assert!(polls < MOST, "timers were due in {MOST} polls at one time: reschedule them to after `event.now`");
            self.clock.set(next.max(self.now()));
            ran += self.poll(world);
        }
        self.clock.set(until.max(self.now()));
        ran
    }

    /// Returns the poller.
    pub fn poller(&mut self) -> &mut TimerPoller<S, Tag> {
        &mut self.poller
    }
}
