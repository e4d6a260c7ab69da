//! `TestHarness`: runs handlers on a world event by event, and reports what each event changed.

use std::any::type_name;
use std::collections::BTreeSet;

use crate::call::{lend_world, replaced_world};
use crate::clock::VirtualClock;
use crate::handler::Handler;
use crate::sequence::Sequence;
use crate::world::{Registry, ResourceId, ResourceInfo, World, WorldBuilder};

/// Runs handlers as a driver would, without one: it owns a world, advances the sequence before each event, and reports
/// which resources the events changed.
///
/// ```
/// use nexus_rt::testing::TestHarness;
/// use nexus_rt::{IntoHandler, Res, ResMut, WorldBuilder};
///
/// struct Limit(u64);
///
/// fn fill(limit: Res<Limit>, mut position: ResMut<u64>, quantity: u64) {
///     if *position + quantity <= limit.0 {
///         *position += quantity;
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Limit(100));
/// builder.register(0_u64);
/// let mut test = TestHarness::new(builder);
/// let mut fill = fill.into_handler(test.registry());
///
/// test.dispatch(&mut fill, 60).changes::<u64>().nothing_else();
/// test.dispatch(&mut fill, 60).nothing_else();
/// test.dispatch_many(&mut fill, [10, 20]).changes::<u64>();
/// assert_eq!(*test.world().resource::<u64>(), 90);
/// ```
#[derive(Debug)]
pub struct TestHarness {
    world: World,
    clock: VirtualClock,
}

impl TestHarness {
    /// Builds the world, with a new clock.
    #[must_use]
    pub fn new(builder: WorldBuilder) -> Self {
        Self::with_clock(builder, VirtualClock::new())
    }

    /// Builds the world, and shares a clock with something in it, such as a `Clock::test(clock.clone(), ..)`.
    #[must_use]
    pub fn with_clock(builder: WorldBuilder, clock: VirtualClock) -> Self {
        Self { world: builder.build(), clock }
    }

    /// Returns the world, and drops the harness.
    #[must_use]
    pub fn into_world(self) -> World {
        self.world
    }

    /// Returns the registry, which resolves functions.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.world.registry()
    }

    /// Returns the world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Returns the world mutably, to prepare it for the next event, or to poll a driver, which advances the sequence
    /// itself.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Returns the clock of this test. It moves only when the test moves it: see [`VirtualClock`].
    #[must_use]
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Advances the sequence and runs the handler once. Returns the resources that it changed.
    ///
    /// ```
    /// # use nexus_rt::testing::TestHarness;
    /// # use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(0_u64);
    /// # builder.register(0_u8);
    /// # let mut test = TestHarness::new(builder);
    /// let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(test.registry());
    /// test.dispatch(&mut add, 5).changes::<u64>().leaves::<u8>();
    /// assert_eq!(*test.world().resource::<u64>(), 5);
    /// ```
    ///
    /// # Panics
    /// If the handler panics, or if it leaves another world in place of this one.
    #[track_caller]
    pub fn dispatch<E, H: Handler<E> + ?Sized>(&mut self, handler: &mut H, event: E) -> Changes<'_> {
        self.dispatch_many(handler, [event])
    }

    /// Runs the handler for each event, in order, and advances the sequence before each one. Returns the resources that
    /// the events changed.
    ///
    /// ```
    /// # use nexus_rt::testing::TestHarness;
    /// # use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(0_u64);
    /// # let mut test = TestHarness::new(builder);
    /// let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(test.registry());
    /// test.dispatch_many(&mut add, [1, 2, 3]).changes::<u64>();
    /// assert_eq!(*test.world().resource::<u64>(), 6);
    /// ```
    ///
    /// # Panics
    /// As [`dispatch`](Self::dispatch).
    #[track_caller]
    pub fn dispatch_many<E, H: Handler<E> + ?Sized>(
        &mut self,
        handler: &mut H,
        events: impl IntoIterator<Item = E>,
    ) -> Changes<'_> {
        let before = self.world.current_sequence();
        for event in events {
            self.world.next_sequence();
            lend_world(&mut self.world, &mut &mut *handler, |handler, world| handler.run(world, event));
        }
        self.changed_after(before)
    }

    /// Advances the sequence and calls `event`. Use it for anything that is not a handler: a pipeline with an output, a
    /// system, or a direct write.
    ///
    /// ```
    /// use nexus_rt::scheduler::{IntoSystem, System};
    /// use nexus_rt::testing::TestHarness;
    /// use nexus_rt::{ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut test = TestHarness::new(builder);
    /// let mut count = (|mut n: ResMut<u64>| { *n += 1; *n > 1 }).into_system(test.registry());
    /// let (said, changes) = test.event(|world| count.run(world));
    /// changes.changes::<u64>();
    /// assert!(!said);
    /// ```
    ///
    /// # Panics
    /// If `event` panics, or if it leaves another world in place of this one.
    #[track_caller]
    pub fn event<R, F: FnOnce(&mut World) -> R>(&mut self, event: F) -> (R, Changes<'_>) {
        let (id, before) = (self.world.world_id(), self.world.current_sequence());
        self.world.next_sequence();
        let result = event(&mut self.world);
        if self.world.world_id() != id {
            replaced_world(type_name::<F>(), id, self.world.world_id());
        }
        (result, self.changed_after(before))
    }

    /// Returns the resources that were written after this sequence, in order of registration.
    pub fn changed_after(&self, sequence: Sequence) -> Changes<'_> {
        Changes { world: &self.world, after: sequence, named: BTreeSet::new() }
    }
}

/// For a program that builds its world in a function.
impl From<World> for TestHarness {
    fn from(world: World) -> Self {
        Self { world, clock: VirtualClock::new() }
    }
}

/// The resources that events changed, for assertions.
#[derive(Clone, Debug)]
pub struct Changes<'h> {
    world: &'h World,
    after: Sequence,
    /// The resources asserted so far.
    named: BTreeSet<ResourceId>,
}

impl Changes<'_> {
    /// Returns the full type names of the changed resources, in order of registration.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.changed().map(|resource| resource.name).collect()
    }

    /// Returns whether `T` changed.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn contain<T: 'static>(&self) -> bool {
        self.world.changed_at::<T>() > self.after
    }

    /// Asserts that `T` changed.
    ///
    /// # Panics
    /// If `T` did not change, or if no `T` is registered.
    #[track_caller]
    pub fn changes<T: 'static>(mut self) -> Self {
        let contained = self.contain::<T>();
        assert!(contained, "`{}` was not written; written: {}", type_name::<T>(), self.list(|_| true));
        self.named.insert(self.world.id::<T>());
        self
    }

    /// Asserts that `T` did not change.
    ///
    /// # Panics
    /// If `T` changed, or if no `T` is registered.
    #[track_caller]
    pub fn leaves<T: 'static>(self) -> Self {
        assert!(!self.contain::<T>(), "`{}` was written", type_name::<T>());
        self
    }

    /// Asserts that nothing changed except the resources already named by [`changes`](Self::changes).
    ///
    /// # Panics
    /// If anything else changed.
    #[track_caller]
    pub fn nothing_else(self) {
        let unnamed = |id: &ResourceId| !self.named.contains(id);
        assert!(self.changed().all(|resource| !unnamed(&resource.id)), "also written: {}", self.list(unnamed));
    }

    fn changed(&self) -> impl Iterator<Item = ResourceInfo> {
        self.world.everything().filter(|resource| resource.changed_at > self.after)
    }

    fn list(&self, which: impl Fn(&ResourceId) -> bool) -> String {
        let listed = self.changed().filter(|resource| which(&resource.id));
        let names: Vec<_> = listed.map(|resource| format!("`{}`", resource.name)).collect();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    }
}
