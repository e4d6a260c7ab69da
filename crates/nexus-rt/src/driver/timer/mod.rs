//! The timer driver: installs a wheel, and runs due timers.

mod periodic;
mod wheel;

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use nexus_timer::WheelBuilder;

pub use periodic::{MissedTicks, Periodic};
#[cfg(feature = "smartptr")]
pub use wheel::{FlexTimerWheel, InlineTimerWheel};
pub use wheel::{TimerEvent, TimerWheel};

use crate::handler::{Handler, Virtual};
use crate::poll::Poller;
use crate::world::{Installer, World, WorldBuilder};

/// Installs a [`TimerWheel`] and returns its [`TimerPoller`].
///
/// ```
/// use std::time::{Duration, Instant};
/// use nexus_rt::timer::TimerEvent;
/// use nexus_rt::{IntoHandler, ResMut, TimerInstaller, TimerWheel, Virtual, WorldBuilder};
///
/// /// Names a second wheel of the same world.
/// struct Slow;
///
/// let now = Instant::now();
/// let mut builder = WorldBuilder::new();
/// let fast = TimerInstaller::new(now).tick(Duration::from_micros(10));
/// let mut fast = builder.install_driver(fast);
/// let slow = TimerInstaller::new(now).tagged::<Slow>().limit(1_000);
/// let mut slow = builder.install_driver(slow);
/// builder.register(0_u32);
/// let mut world = builder.build();
///
/// let count = |mut n: ResMut<u32>, _: TimerEvent| *n += 1;
/// let count = Box::new(count.into_handler(world.registry()));
/// world.resource_mut::<TimerWheel<Virtual<TimerEvent>, Slow>>().schedule(now, count);
/// assert_eq!((fast.poll(&mut world, now), slow.poll(&mut world, now)), (0, 1));
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct TimerInstaller<S = Virtual<TimerEvent>, Tag = ()> {
    wheel: WheelBuilder,
    start: Instant,
    types: PhantomData<fn() -> (S, Tag)>,
}

impl TimerInstaller {
    /// Creates an installer of a wheel for boxed handlers, with a tick of 1 ms. The wheel measures time from `start`:
    /// the present, or the start of a test or of a recording.
    pub fn new(start: Instant) -> Self {
        Self { wheel: WheelBuilder::new(), start, types: PhantomData }
    }
}

impl<S, Tag> TimerInstaller<S, Tag> {
    /// Sets the expected interval between polls: 1 ms by default, 1 µs at least. The tick affects only cost: timers run
    /// at their exact deadlines.
    pub fn tick(self, tick: Duration) -> Self {
        Self { wheel: self.wheel.tick(tick), ..self }
    }

    /// Allocates room for this many timers when the driver is installed.
    pub fn capacity(self, timers: usize) -> Self {
        Self { wheel: self.wheel.capacity(timers), ..self }
    }

    /// Limits the number of timers, and allocates room for them: see [`TimerWheel::try_schedule`].
    pub fn limit(self, timers: usize) -> Self {
        Self { wheel: self.wheel.limit(timers), ..self }
    }

    /// Stores each timer as an `Other`: a [`TemplatedCallback`](crate::TemplatedCallback), an inline box, or any other
    /// handler of [`TimerEvent`].
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use nexus_rt::timer::TimerEvent;
    /// use nexus_rt::{CallbackTemplate, ResMut, TemplatedCallback, TimerInstaller, TimerWheel};
    /// use nexus_rt::{WorldBuilder, callback_blueprint};
    ///
    /// type Params = (ResMut<'static, u64>,);
    /// callback_blueprint!(OnTimeout, Context = u64, Event = TimerEvent, Params = Params);
    ///
    /// let now = Instant::now();
    /// let mut builder = WorldBuilder::new();
    /// let installer = TimerInstaller::new(now).stored_as::<TemplatedCallback<OnTimeout>>();
    /// let mut poller = builder.install_driver(installer);
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    ///
    /// let add = |order: &mut u64, mut sum: ResMut<u64>, _: TimerEvent| *sum += *order;
    /// let template = CallbackTemplate::<OnTimeout>::new(add, world.registry());
    /// let mut timers = world.resource_mut::<TimerWheel<TemplatedCallback<OnTimeout>>>();
    /// timers.schedule(now, template.generate(7)); // allocates nothing but its place in the wheel
    /// assert_eq!(poller.poll(&mut world, now), 1);
    /// assert_eq!(*world.resource::<u64>(), 7);
    /// ```
    pub fn stored_as<Other: Handler<TimerEvent> + 'static>(self) -> TimerInstaller<Other, Tag> {
        TimerInstaller { wheel: self.wheel, start: self.start, types: PhantomData }
    }

    /// Distinguishes this wheel from others of the same world: its resource is a `TimerWheel<S, Other>`.
    pub fn tagged<Other: 'static>(self) -> TimerInstaller<S, Other> {
        TimerInstaller { wheel: self.wheel, start: self.start, types: PhantomData }
    }
}

impl<S: Handler<TimerEvent> + 'static, Tag: 'static> Installer for TimerInstaller<S, Tag> {
    type Poller = TimerPoller<S, Tag>;

    /// # Panics
    /// If the tick is shorter than a microsecond or the limit is above 2^32 - 1, or if the world already has such a
    /// wheel: [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> TimerPoller<S, Tag> {
        builder.register(TimerWheel::<S, Tag>::new(self.wheel.build(self.start)));
        TimerPoller(Poller::new(builder.key()))
    }
}

impl<S, Tag> fmt::Debug for TimerInstaller<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wheel.fmt(f)
    }
}

/// Runs due timers. [`TimerInstaller`] returns it, and `main()` polls it.
///
/// [`TimerWheel`] describes how to schedule timers, and [`Installer`] the rules of all drivers.
#[must_use = "timers run when they are polled"]
pub struct TimerPoller<S: 'static = Virtual<TimerEvent>, Tag: 'static = ()>(Poller<TimerWheel<S, Tag>>);

impl<S: Handler<TimerEvent> + 'static, Tag: 'static> TimerPoller<S, Tag> {
    /// Runs every timer whose deadline is at or before `now`. Returns the number of handlers run.
    ///
    /// Timers run by deadline, and timers with equal deadlines in the order in which they were scheduled. A timer that
    /// a handler schedules runs in this poll if its deadline is at or before `now` and after that of the running timer,
    /// and otherwise in the next poll. Every poll therefore ends. If a handler polls the wheel elsewhere, in another
    /// world, the running timer ends.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in; if a handler leaves another world in its place; or
    /// if a handler panics, which loses that timer and no other: the rest is still due.
    #[track_caller]
    pub fn poll(&mut self, world: &mut World, now: Instant) -> usize {
        self.poll_budget(world, now, usize::MAX)
    }

    /// Like [`poll`](Self::poll), but runs at most `budget` timers. The next poll runs the rest, in the same order.
    /// A timer that is rescheduled to its own deadline is due before them, and runs first in each poll: reschedule it
    /// to `event.now` instead.
    ///
    /// # Panics
    /// As [`poll`](Self::poll).
    #[track_caller]
    pub fn poll_budget(&mut self, world: &mut World, now: Instant, budget: usize) -> usize {
        self.0.run_after(world, budget, |wheel| wheel.wheel.start_poll(now), |wheel| wheel.take_due(now))
    }

    /// Returns when to poll next at the latest, or `None` without timers. It limits how long other drivers may block.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[must_use]
    #[track_caller]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
        self.0.key().get(world).next_deadline()
    }

    /// Returns the number of timers.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[must_use]
    #[track_caller]
    pub fn len(&self, world: &World) -> usize {
        self.0.key().get(world).len()
    }

    /// Returns whether there are no timers.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self, world: &World) -> bool {
        self.0.key().get(world).is_empty()
    }
}

impl<S, Tag> fmt::Debug for TimerPoller<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimerPoller")
    }
}
