//! `Moment`: the stamp of a write. `LastRun`: the run since which a function asks what changed.

use std::marker::PhantomData;

use crate::sequence::Sequence;

/// The stamp of a write, in one word: twice its sequence, and one more once it is settled.
///
/// A write is fresh until a run ends that took a [`LastRun`] and had access to the resource. The end of that run
/// settles it, and the next write is fresh again, even in the same event. Code that asks later can thus tell on which
/// side of that end a write was. Only such runs pay for it: a write is still one store.
///
/// The order is that of events. A settled write lies between its event and the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The stamp of everything that was not written since it was registered.
    pub(super) const NEVER: Self = Self::of(Sequence::NEVER).settled();

    /// Creates the stamp of a fresh write in this sequence, which is not after [`Sequence::MAX`].
    #[inline(always)]
    pub(super) const fn of(sequence: Sequence) -> Self {
        Self(sequence.get() << 1)
    }

    #[inline(always)]
    pub(crate) const fn sequence(self) -> Sequence {
        Sequence::new(self.0 >> 1)
    }

    #[inline(always)]
    pub(super) const fn settled(self) -> Self {
        Self(self.0 | 1)
    }

    #[inline(always)]
    pub(super) const fn is_fresh(self) -> bool {
        self.0 & 1 == 0
    }
}

/// The previous run of this function: a param for functions that ask what [changed since](crate::Res::changed_since).
///
/// It is for functions that do not run for every event, such as the systems of a scheduler that makes one pass after
/// several events.
///
/// ```
/// use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
/// use nexus_rt::{LastRun, Res, ResMut, WorldBuilder};
///
/// fn requote(last_run: LastRun, price: Res<u64>, mut quotes: ResMut<Vec<u64>>) {
///     if price.changed_since(last_run) {
///         quotes.push(*price - 1);
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(100_u64);
/// builder.register_default::<Vec<u64>>();
/// let mut world = builder.build();
/// let mut systems = SchedulerBuilder::new();
/// systems.add(requote.into_system(world.registry()));
/// let mut scheduler = systems.build()?;
///
/// scheduler.run(&mut world); // the first run
/// for price in [110, 120] {
///     world.next_sequence();
///     *world.resource_mut::<u64>() = price;
/// }
/// world.next_sequence(); // an event that changes nothing
/// scheduler.run(&mut world); // sees both changes, as one
/// scheduler.run(&mut world); // sees none
/// assert_eq!(*world.resource::<Vec<u64>>(), [99, 119]);
/// # Ok::<(), nexus_rt::scheduler::CycleError>(())
/// ```
///
/// A resource has changed since the last run if it was written after that run, in any event. Each change is seen by one
/// run. Writes by the function itself during its last run do not count. In its first run, every resource has changed,
/// even if it was never written. If it is enough to know whether the current event changed the resource, use
/// [`Res::is_changed`](crate::Res::is_changed).
///
/// Each resolved function remembers its own last run, like a [`Local`](crate::Local): two handlers of one function do
/// not share it, and a clone begins with that of its original. A run that panics does not count: the next one sees the
/// changes again, and also the writes of the run that panicked.
///
/// Like other borrows, it cannot be kept beyond the run.
#[derive(Clone, Copy, Debug)]
pub struct LastRun<'w> {
    /// The first tick after it.
    since: u64,
    run: PhantomData<&'w ()>,
}

impl LastRun<'_> {
    /// Creates the last run of a function, after which the world went on with this tick.
    #[inline(always)]
    pub(crate) fn new(since: u64) -> Self {
        Self { since, run: PhantomData }
    }

    /// Returns whether it was over when a write was settled with this tick.
    #[inline(always)]
    pub(super) fn is_before(self, tick: u64) -> bool {
        self.since <= tick
    }
}
