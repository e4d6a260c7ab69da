//! `World`: one value per type, behind stable pointers, with an identity that is never reused.
#![expect(unsafe_code, reason = "follows the pointers to its own cells, after comparing identities")]

mod builder;
mod cell;
mod id;
mod install;
mod key;
mod moment;
mod registry;
mod res;
mod table;

use std::fmt;

pub use builder::{AlreadyRegistered, WorldBuilder};
pub(crate) use cell::{CellPtr, ErasedCell};
pub use id::WorldId;
pub use install::{Installer, Plugin};
pub use key::Key;
pub use moment::LastRun;
pub(crate) use moment::Moment;
pub use registry::{Registry, ResourceId};
pub use res::{Res, ResMut};
pub(crate) use table::type_hash;

use crate::sequence::Sequence;
use crate::shutdown::{Shutdown, ShutdownHandle};

/// The state that functions share: one value per type, with the set of types fixed when the world is built.
///
/// A [`WorldBuilder`] builds a world and `main()` drives it: a driver advances the sequence, then runs a handler with
/// the event. It can be moved to another thread (`Send`), but not shared between threads (`!Sync`).
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder};
///
/// fn add(mut sum: ResMut<i64>, x: i64) {
///     *sum += x;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_i64);
/// let mut world = builder.build();
/// let mut handler = add.into_handler(world.registry());
///
/// for event in [1, 2, 3] {
///     world.next_sequence();
///     handler.run(&mut world, event);
/// }
/// assert_eq!(*world.resource::<i64>(), 6);
/// ```
pub struct World {
    registry: Registry,
    sequence: Sequence,
    /// The stamp of a write in this sequence.
    now: Moment,
    /// How many runs with a [`LastRun`] have ended.
    ticks: u64,
}

// SAFETY: every value in the cells is `Send` (`OwnedCell::new`), and the raw pointers that keep the compiler from
// inferring this are followed only with a borrow of the world itself. A `Registry` must not be shared with another
// thread; it moves along whole, and `&World` cannot cross threads because `World` stays `!Sync`.
unsafe impl Send for World {}

impl World {
    fn new() -> Self {
        let sequence = Sequence::FIRST;
        Self { registry: Registry::new(), sequence, now: Moment::of(sequence), ticks: 0 }
    }

    /// Returns the identity of this world.
    #[inline]
    #[must_use]
    pub fn world_id(&self) -> WorldId {
        *self.identity()
    }

    #[inline(always)]
    pub(crate) fn identity(&self) -> &WorldId {
        self.registry.identity()
    }

    /// Returns the registry, against which functions are resolved.
    #[inline]
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the number of registered resources. The [`Shutdown`] of every world is not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// Returns whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registry.is_empty()
    }

    /// Returns whether the world has a resource `T`.
    #[must_use]
    pub fn contains<T: 'static>(&self) -> bool {
        self.registry.contains::<T>()
    }

    /// Returns the number of resource `T`: its [`ResourceId`].
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn id<T: 'static>(&self) -> ResourceId {
        self.registry.id::<T>()
    }

    /// Returns the number of resource `T`, or `None` if no `T` is registered.
    #[must_use]
    pub fn try_id<T: 'static>(&self) -> Option<ResourceId> {
        self.registry.try_id::<T>()
    }

    /// Returns a key that accesses resource `T` without a lookup.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn key<T: Send + 'static>(&self) -> Key<T> {
        self.registry.key::<T>()
    }

    /// Borrows resource `T`, looking it up by type. A [`Key`] saves the lookup.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn resource<T: 'static>(&self) -> &T {
        registry::registered::<T, _>(self.try_resource())
    }

    /// Borrows resource `T`, or returns `None` if no `T` is registered.
    #[must_use]
    pub fn try_resource<T: 'static>(&self) -> Option<&T> {
        Some(&self.find::<T>()?.value)
    }

    /// Borrows resource `T` mutably. A write through the result stamps the resource with the current sequence.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn resource_mut<T: 'static>(&mut self) -> ResMut<'_, T> {
        registry::registered::<T, _>(self.try_resource_mut())
    }

    /// Borrows resource `T` mutably, or returns `None` if no `T` is registered.
    #[must_use]
    pub fn try_resource_mut<T: 'static>(&mut self) -> Option<ResMut<'_, T>> {
        let (cell, _) = self.registry.find::<T>()?;
        self.cell_mut(self.world_id(), cell)
    }

    /// Returns the sequence in which resource `T` was last written, or [`Sequence::NEVER`].
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn changed_at<T: 'static>(&self) -> Sequence {
        registry::registered::<T, _>(self.find::<T>()).changed_at()
    }

    /// Iterates over all registered resources in order of registration.
    ///
    /// ```
    /// let mut builder = nexus_rt::WorldBuilder::new();
    /// builder.register(7_u64);
    /// builder.register("EUR");
    /// let world = builder.build();
    /// let listed: Vec<_> = world.resources().map(|r| (r.id.index(), r.name, r.size)).collect();
    /// assert_eq!(listed, [(0, "u64", 8), (1, "&str", 16)]);
    /// ```
    pub fn resources(&self) -> impl Iterator<Item = ResourceInfo> {
        self.everything().take(self.len())
    }

    /// Iterates over all registered resources and the [`Shutdown`].
    pub(crate) fn everything(&self) -> impl Iterator<Item = ResourceInfo> {
        self.registry.listing().map(|(id, name, size, cell)| {
            // SAFETY: the cell is this world's own, and `&self` excludes any exclusive borrow of it.
            let changed_at = unsafe { cell.changed_at() };
            ResourceInfo { id, name, size, changed_at }
        })
    }

    /// Returns the sequence of the current event.
    #[inline]
    #[must_use]
    pub fn current_sequence(&self) -> Sequence {
        self.sequence
    }

    /// Advances to the next event and returns its sequence. Drivers call this before each event.
    ///
    /// Only debug builds check that the world is before [`Sequence::MAX`]: 2^63 events are more than there are
    /// nanoseconds in 292 years. Code that sets a sequence forward must leave room for later events.
    #[inline]
    pub fn next_sequence(&mut self) -> Sequence {
        self.enter_sequence(self.sequence.next());
        self.sequence
    }

    /// Sets the sequence of the current event, which only moves forward.
    ///
    /// A replay sets it to that of a recorded event, and a restarted program to the number at which it resumes.
    ///
    /// ```
    /// use nexus_rt::{Sequence, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// world.advance_to(Sequence::new(1_000));
    /// assert_eq!(world.next_sequence(), Sequence::new(1_001));
    /// ```
    ///
    /// # Panics
    /// If the world is past this sequence, since later writes would seem to lie in the future, or if the sequence is
    /// after [`Sequence::MAX`].
    #[track_caller]
    pub fn advance_to(&mut self, sequence: Sequence) {
        let current = self.sequence;
        assert!(
            sequence >= current,
            "the sequence only moves forward: the world is at {current}, not before {sequence}"
        );
        assert!(sequence <= Sequence::MAX, "a world ends with sequence {}, before {sequence}", Sequence::MAX);
        self.enter_sequence(sequence);
    }

    #[inline(always)]
    fn enter_sequence(&mut self, sequence: Sequence) {
        debug_assert!(sequence <= Sequence::MAX, "2^63 events are more than there are nanoseconds in 292 years");
        (self.sequence, self.now) = (sequence, Moment::of(sequence));
    }

    #[inline(always)]
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Returns the tick with which a run settles writes, and goes on with the next one.
    #[inline(always)]
    pub(crate) fn tick(&mut self) -> u64 {
        let tick = self.ticks;
        self.ticks += 1;
        tick
    }

    /// Returns a handle that asks this world to stop.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.resource::<Shutdown>().handle()
    }

    fn find<T: 'static>(&self) -> Option<&cell::ResourceCell<T>> {
        let (cell, _) = self.registry.find::<T>()?;
        self.cell(self.world_id(), cell)
    }

    /// Returns the cell if it was resolved in this world.
    #[inline]
    fn cell<T>(&self, world: WorldId, cell: CellPtr<T>) -> Option<&cell::ResourceCell<T>> {
        // SAFETY: equal identities mean that this world owns the cell, so it is alive, and a pointer's `T` is that of
        // its cell; `&self` excludes a `ResMut` of it.
        (world == self.world_id()).then(|| unsafe { cell.get() })
    }

    /// Returns the cell for writing if it was resolved in this world.
    #[inline]
    fn cell_mut<T>(&mut self, world: WorldId, cell: CellPtr<T>) -> Option<ResMut<'_, T>> {
        // SAFETY: as in `cell`, and `&mut self` excludes every other borrow.
        (world == self.world_id()).then(|| ResMut::new(unsafe { cell.get_mut() }, self.now))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.registry.clear();
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("id", &self.world_id().to_string())
            .field("sequence", &self.sequence.get())
            .field("resources", &self.registry.names().collect::<Vec<_>>())
            .finish()
    }
}

/// What a world reports about one of its resources: see [`World::resources`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ResourceInfo {
    /// Its number.
    pub id: ResourceId,
    /// The full name of its type.
    pub name: &'static str,
    /// The size of its value in bytes.
    pub size: usize,
    /// The sequence of its latest write, or [`Sequence::NEVER`].
    pub changed_at: Sequence,
}
