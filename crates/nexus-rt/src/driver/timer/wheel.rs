//! `TimerWheel`: the resource through which handlers set timers.

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use nexus_timer::{Full, TimerKey, Wheel};

use super::periodic::Periodic;
use crate::describe::Describe;
use crate::handler::Virtual;
use crate::poll::{Driver, Polls};

/// The event of a timer: what its handler receives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TimerEvent {
    /// The deadline of the timer. It never runs earlier.
    pub deadline: Instant,
    /// The time of this poll.
    pub now: Instant,
    /// The key of the timer, with which the handler can reschedule itself ([`TimerWheel::reschedule`]) or end itself
    /// ([`TimerWheel::cancel`]).
    pub key: TimerKey,
}

impl TimerEvent {
    /// Returns how late the timer runs.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.now.saturating_duration_since(self.deadline)
    }
}

/// The timers of a world, as a resource: [`TimerInstaller`](crate::TimerInstaller) registers it,
/// [`TimerPoller`](crate::TimerPoller) runs due timers.
///
/// A handler schedules timers through `ResMut<TimerWheel>`:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use nexus_rt::timer::{TimerEvent, TimerKey};
/// use nexus_rt::{
///     Handler, IntoHandler, RegistryRef, ResMut, TimerInstaller, TimerWheel, WorldBuilder,
/// };
///
/// const SECOND: Duration = Duration::from_secs(1);
///
/// /// How late each timeout was.
/// type Log = Vec<Duration>;
///
/// /// The timeout of the order that waits for its reply.
/// #[derive(Default)]
/// struct Waiting(Option<TimerKey>);
///
/// fn send(
///     mut timers: ResMut<TimerWheel>,
///     mut waiting: ResMut<Waiting>,
///     registry: RegistryRef,
///     now: Instant,
/// ) {
///     let on_timeout = Box::new(on_timeout.into_handler(&registry));
///     waiting.0 = Some(timers.schedule(now + SECOND, on_timeout));
/// }
///
/// /// Runs again after a second, unless it was two seconds late.
/// fn on_timeout(mut timers: ResMut<TimerWheel>, mut log: ResMut<Log>, timeout: TimerEvent) {
///     log.push(timeout.late());
///     if timeout.late() < 2 * SECOND {
///         timers.reschedule(timeout.key, timeout.deadline + SECOND);
///     }
/// }
///
/// fn on_reply(mut timers: ResMut<TimerWheel>, mut waiting: ResMut<Waiting>, _reply: ()) {
///     waiting.0.take().map(|timer| timers.cancel(timer));
/// }
///
/// let start = Instant::now();
/// let mut builder = WorldBuilder::new();
/// let mut poller = builder.install_driver(TimerInstaller::new(start));
/// builder.register_default::<Waiting>();
/// builder.register(Log::new());
/// let mut world = builder.build();
///
/// send.into_handler(world.registry()).run(&mut world, start);
/// assert!(poller.next_deadline(&world).is_some_and(|next| next <= start + SECOND));
/// assert_eq!(poller.poll(&mut world, start + SECOND), 1);
/// assert_eq!(poller.poll(&mut world, start + 5 * SECOND / 2), 1);
/// assert_eq!(*world.resource::<Log>(), [Duration::ZERO, SECOND / 2]);
///
/// on_reply.into_handler(world.registry()).run(&mut world, ());
/// assert!(poller.is_empty(&world));
/// ```
///
/// `S` is the type in which handlers are stored: boxed ([`Virtual`]) by default, in place
/// ([`InlineTimerWheel`](crate::InlineTimerWheel)), or a nameable type such as
/// [`TemplatedCallback<K>`](crate::TemplatedCallback), which costs no allocation. `Tag` distinguishes several wheels of
/// one world.
pub struct TimerWheel<S = Virtual<TimerEvent>, Tag = ()> {
    pub(super) wheel: Wheel<Timer<S>>,
    polls: Polls,
    tag: PhantomData<fn() -> Tag>,
}

/// Timers stored in place: each in a [`FlatVirtual`](crate::FlatVirtual), which rejects what does not fit.
#[cfg(feature = "smartptr")]
pub type InlineTimerWheel<Tag = ()> = TimerWheel<crate::inline::FlatVirtual<TimerEvent>, Tag>;

/// Timers stored in place where they fit, and on the heap otherwise: each in a [`FlexVirtual`](crate::FlexVirtual).
#[cfg(feature = "smartptr")]
pub type FlexTimerWheel<Tag = ()> = TimerWheel<crate::inline::FlexVirtual<TimerEvent>, Tag>;

pub(super) struct Timer<S> {
    handler: S,
    repeats: Option<Periodic>,
}

impl<S, Tag> TimerWheel<S, Tag> {
    pub(super) fn new(wheel: Wheel<Timer<S>>) -> Self {
        Self { wheel, polls: Polls::default(), tag: PhantomData }
    }

    /// Schedules `handler` to run once, at the first poll at or after `deadline`.
    ///
    /// A handler may reschedule itself by its key; the key stays valid.
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use nexus_rt::timer::TimerEvent;
    /// # use nexus_rt::{IntoHandler, ResMut, TimerInstaller, TimerWheel, WorldBuilder};
    /// # let start = Instant::now();
    /// # let mut builder = WorldBuilder::new();
    /// # let mut poller = builder.install_driver(TimerInstaller::new(start));
    /// # builder.register(0_u32);
    /// # let mut world = builder.build();
    /// let timeout = |mut count: ResMut<u32>, _: TimerEvent| *count += 1;
    /// let timeout = Box::new(timeout.into_handler(world.registry()));
    /// let deadline = start + Duration::from_millis(250);
    /// world.resource_mut::<TimerWheel>().schedule(deadline, timeout);
    ///
    /// assert_eq!(poller.poll(&mut world, deadline - Duration::from_nanos(1)), 0);
    /// assert_eq!(poller.poll(&mut world, deadline), 1);
    /// assert_eq!(*world.resource::<u32>(), 1);
    /// ```
    ///
    /// # Panics
    /// If the wheel was installed with a limit and is full.
    #[track_caller]
    pub fn schedule(&mut self, deadline: Instant, handler: S) -> TimerKey {
        self.wheel.insert(deadline, Timer { handler, repeats: None })
    }

    /// Like [`schedule`](Self::schedule), but returns the handler instead of panicking if the wheel is full.
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use nexus_rt::timer::TimerEvent;
    /// # use nexus_rt::{IntoHandler, TimerInstaller, TimerWheel, WorldBuilder};
    /// # let now = Instant::now();
    /// let mut builder = WorldBuilder::new();
    /// let _poller = builder.install_driver(TimerInstaller::new(now).limit(1));
    /// let mut world = builder.build();
    ///
    /// let timeout = (|_: TimerEvent| {}).into_handler(world.registry());
    /// let mut timers = world.resource_mut::<TimerWheel>();
    /// assert!(timers.try_schedule(now, Box::new(timeout.clone())).is_ok());
    /// assert!(timers.try_schedule(now, Box::new(timeout)).is_err()); // with the handler
    /// ```
    ///
    /// # Errors
    /// Returns [`Full`] with the handler.
    pub fn try_schedule(&mut self, deadline: Instant, handler: S) -> Result<TimerKey, Full<S>> {
        self.try_insert(deadline, handler, None)
    }

    /// Schedules `handler` to run at `first` and then repeatedly: `repeats` is a period, or a [`Periodic`] with more
    /// options. A tick allocates nothing.
    ///
    /// The timer ends when its key is [cancelled](Self::cancel), even by itself. If it [reschedules](Self::reschedule)
    /// itself, later ticks are counted from the new deadline.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use nexus_rt::timer::{MissedTicks, TimerEvent};
    /// use nexus_rt::{IntoHandler, Periodic, ResMut, TimerInstaller, TimerWheel, WorldBuilder};
    ///
    /// fn bar(mut bars: ResMut<Vec<u64>>, mut timers: ResMut<TimerWheel>, tick: TimerEvent) {
    ///     bars.push(tick.late().as_secs());
    ///     if bars.len() == 4 {
    ///         timers.cancel(tick.key);
    ///     }
    /// }
    ///
    /// let start = Instant::now();
    /// let mut builder = WorldBuilder::new();
    /// let mut poller = builder.install_driver(TimerInstaller::new(start));
    /// builder.register(Vec::<u64>::new());
    /// let mut world = builder.build();
    ///
    /// let second = Duration::from_secs(1);
    /// let bar = Box::new(bar.into_handler(world.registry()));
    /// let every_second = Periodic::every(second).missed(MissedTicks::CatchUp);
    /// world.resource_mut::<TimerWheel>().schedule_every(start + second, every_second, bar);
    ///
    /// assert_eq!(poller.poll(&mut world, start + second), 1);
    /// assert_eq!(poller.poll(&mut world, start + 9 * second), 3); // then it ends itself
    /// assert_eq!(*world.resource::<Vec<u64>>(), [0, 7, 6, 5]);
    /// ```
    ///
    /// # Panics
    /// If the period is zero, or if the wheel was installed with a limit and is full.
    #[track_caller]
    pub fn schedule_every(&mut self, first: Instant, repeats: impl Into<Periodic>, handler: S) -> TimerKey {
        self.wheel.insert(first, Timer { handler, repeats: Some(repeats.into()) })
    }

    /// Like [`schedule_every`](Self::schedule_every), but returns the handler instead of panicking if the wheel is
    /// full.
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use nexus_rt::timer::TimerEvent;
    /// # use nexus_rt::{IntoHandler, TimerInstaller, TimerWheel, WorldBuilder};
    /// # let now = Instant::now();
    /// # let mut builder = WorldBuilder::new();
    /// # let mut poller = builder.install_driver(TimerInstaller::new(now).limit(1));
    /// # let mut world = builder.build();
    /// let beat = Box::new((|_: TimerEvent| {}).into_handler(world.registry()));
    /// let second = Duration::from_secs(1);
    /// let scheduled = world.resource_mut::<TimerWheel>().try_schedule_every(now, second, beat);
    /// assert!(scheduled.is_ok());
    /// assert_eq!([0, 1, 2].map(|n| poller.poll(&mut world, now + n * second)), [1, 1, 1]);
    /// ```
    ///
    /// # Errors
    /// Returns [`Full`] with the handler.
    ///
    /// # Panics
    /// If the period is zero.
    #[track_caller]
    pub fn try_schedule_every(
        &mut self,
        first: Instant,
        repeats: impl Into<Periodic>,
        handler: S,
    ) -> Result<TimerKey, Full<S>> {
        self.try_insert(first, handler, Some(repeats.into()))
    }

    fn try_insert(&mut self, deadline: Instant, handler: S, repeats: Option<Periodic>) -> Result<TimerKey, Full<S>> {
        self.wheel.try_insert(deadline, Timer { handler, repeats }).map_err(|Full(timer)| Full(timer.handler))
    }

    /// Ends a timer and drops its handler. Returns whether the key matched a timer here: not if the timer has run, was
    /// cancelled, or belongs to another wheel.
    ///
    /// A handler can end itself by its own key.
    pub fn cancel(&mut self, key: TimerKey) -> bool {
        let known = self.wheel.contains(key);
        drop(self.wheel.cancel(key));
        known
    }

    /// Ends a timer and returns its handler. Returns `None` if the key matches no timer, or if the timer is running, in
    /// which case it stays.
    pub fn remove(&mut self, key: TimerKey) -> Option<S> {
        self.wheel.get(key)?;
        Some(self.wheel.cancel(key)?.handler)
    }

    /// Moves a timer to another deadline, and keeps its handler and key. Returns whether the key matched a timer here.
    ///
    /// A handler that passes its own key runs again.
    pub fn reschedule(&mut self, key: TimerKey, deadline: Instant) -> bool {
        self.wheel.reschedule(key, deadline)
    }

    /// Returns whether the key matches a timer here, even the running one.
    #[must_use]
    pub fn contains(&self, key: TimerKey) -> bool {
        self.wheel.contains(key)
    }

    /// Returns the deadline of a timer. For the running timer, this is the deadline that it was rescheduled to, if any.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Option<Instant> {
        self.wheel.deadline(key)
    }

    /// Returns the handler of a timer, unless it is running.
    #[must_use]
    pub fn get(&self, key: TimerKey) -> Option<&S> {
        Some(&self.wheel.get(key)?.handler)
    }

    /// Returns the handler of a timer mutably, unless it is running, for example to change the context of a callback.
    #[must_use]
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut S> {
        Some(&mut self.wheel.get_mut(key)?.handler)
    }

    /// Returns when to poll next at the latest, or `None` without timers. It may be before the first deadline, at a
    /// multiple of 64 ticks: see [`Wheel::next_deadline`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    /// Returns the number of timers, including the running one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wheel.len()
    }

    /// Returns whether there are no timers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wheel.is_empty()
    }

    /// Returns the number of handlers that panicked. They and their timers are gone.
    ///
    /// The handler whose panic ended the last poll is counted, and its key invalidated, when the next poll begins.
    /// Until then, rescheduling it has no effect.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.polls.panicked()
    }

    /// Iterates over every waiting timer, in no particular order, with its deadline and handler. Intended for debugging
    /// and tests.
    pub fn iter(&self) -> impl Iterator<Item = (TimerKey, Instant, &S)> {
        self.wheel.iter().map(|(key, deadline, timer)| (key, deadline, &timer.handler))
    }

    /// Takes the handler of the next due timer out.
    #[inline]
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Due, S, TimerEvent)> {
        let due = self.wheel.pop_lent()?;
        let Timer { handler, repeats } = due.value;
        let event = TimerEvent { deadline: due.deadline, now, key: due.key };
        let next = repeats.and_then(|periodic| periodic.next(due.deadline, now));
        Some(((due.key, repeats, next), handler, event))
    }
}

/// A running timer: its key, how it repeats, and its next deadline.
type Due = (TimerKey, Option<Periodic>, Option<Instant>);

impl<S: 'static, Tag: 'static> Driver for TimerWheel<S, Tag> {
    type Handler = S;
    type Key = Due;

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        &mut self.polls
    }

    #[inline]
    fn put_back(&mut self, (key, repeats, next): Due, handler: S) -> Result<(), S> {
        self.wheel.restore(key, next, Timer { handler, repeats }).map_err(|timer| timer.handler)
    }

    fn end(&mut self, (key, ..): Due) {
        self.wheel.cancel(key);
    }
}

impl<S: Describe, Tag> fmt::Debug for TimerWheel<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(key, deadline, handler)| (key, deadline, handler.name()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_that_may_repeat_takes_two_words_more_than_its_handler() {
        assert_eq!(size_of::<Option<Timer<Virtual<TimerEvent>>>>(), 32);
    }
}
