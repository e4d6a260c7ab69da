//! `Broadcast`: one event for handlers that are added and removed.

use std::fmt;
use std::mem;
use std::num::NonZeroU64;

use crate::call::{Entered, enter_all};
use crate::describe::{Describe, Kind, Visitor, describe_within};
use crate::handler::{Handler, RefHandler};
use crate::nonce;
use crate::step::one_world;
use crate::world::{World, WorldId};

/// Passes each event by reference to the handlers added so far, in the order in which they were added.
///
/// ```
/// use nexus_rt::{Broadcast, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// fn count(mut n: ResMut<u64>, _event: &str) {
///     *n += 1;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let mut subscribers = Broadcast::<str>::new();
/// let first = subscribers.add(count.into_handler(world.registry()));
/// subscribers.add(count.into_handler(world.registry()));
/// subscribers.run(&mut world, "both");
/// subscribers.remove(first);
/// subscribers.run(&mut world, "one");
/// assert_eq!(*world.resource::<u64>(), 3);
/// assert!(subscribers.remove(first).is_none()); // it was removed before
/// ```
///
/// A `Broadcast<E>` is a handler of `&E` and of `E`.
///
/// A handler that runs in the broadcast cannot add to it or remove from it meanwhile. Record additions and removals in
/// a resource instead, and apply them between events.
///
/// If a handler panics, those after it miss the event. To prevent this, wrap it in
/// [`CatchAssertUnwindSafe`](crate::CatchAssertUnwindSafe).
#[must_use = "a handler does nothing until it is run"]
pub struct Broadcast<E: ?Sized> {
    /// In order of their keys, which only grow.
    members: Vec<Member<E>>,
    /// The number of removed members.
    removed: usize,
    /// The number of members that know their world.
    anchored: usize,
    /// The world of all these.
    world: Option<WorldId>,
}

struct Member<E: ?Sized> {
    key: BroadcastKey,
    handler: Box<dyn RefHandler<E>>,
    /// Whether it knew its world when it was added.
    anchored: bool,
    /// The handler is then `Nothing`. Removed members are swept out once they are the majority, so that removing all
    /// members one by one takes time proportional to their number, in any order.
    removed: bool,
}

/// Takes the place of a removed handler. It has no size, so its box allocates nothing.
struct Nothing;

impl Describe for Nothing {}

impl<E: ?Sized> Handler<&E> for Nothing {
    fn run(&mut self, _: &mut World, _: &E) {}

    fn run_entered(&mut self, _: Entered<'_>, _: &E) {}
}

/// Identifies a handler of one [`Broadcast`]. It is never reused, so the key of a removed handler matches no other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BroadcastKey(NonZeroU64);

impl<E: ?Sized> Broadcast<E> {
    /// Creates a broadcast without handlers.
    pub const fn new() -> Self {
        Self { members: Vec::new(), removed: 0, anchored: 0, world: None }
    }

    /// Adds a handler after the existing ones, and returns the key that removes it.
    ///
    /// ```
    /// use nexus_rt::{Broadcast, Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let mut prices = Broadcast::<u64>::new();
    /// let add = |mut sum: ResMut<u64>, price: &u64| *sum += *price;
    /// let key = prices.add(add.into_handler(world.registry()));
    /// prices.run(&mut world, 5);
    /// prices.remove(key);
    /// prices.run(&mut world, 7);
    /// assert_eq!(*world.resource::<u64>(), 5);
    /// ```
    ///
    /// # Panics
    /// If it was resolved against a world other than that of the existing handlers.
    #[track_caller]
    pub fn add(&mut self, handler: impl RefHandler<E> + 'static) -> BroadcastKey {
        let world = one_world(&handler, "broadcast");
        if let Some(world) = world {
            let expected = *self.world.get_or_insert(world);
            assert!(
                world == expected,
                "`{}` was resolved against world {world}, but the handlers before it in the same broadcast against world \
                 {expected}: use the same registry for all of them",
                handler.name()
            );
            self.anchored += 1;
        }
        let key = BroadcastKey(nonce::next());
        self.members.push(Member { key, handler: Box::new(handler), anchored: world.is_some(), removed: false });
        key
    }

    /// Removes a handler and returns it, or `None` if the key matches no handler here.
    ///
    /// A broadcast without handlers that know their world belongs to none, so the next handler may be one of another.
    pub fn remove(&mut self, key: BroadcastKey) -> Option<Box<dyn RefHandler<E>>> {
        let at = self.members.binary_search_by_key(&key, |member| member.key).ok()?;
        let member = &mut self.members[at];
        if mem::replace(&mut member.removed, true) {
            return None;
        }
        let anchored = member.anchored;
        let handler = mem::replace(&mut member.handler, Box::new(Nothing));
        self.removed += 1;
        if self.removed > self.members.len() / 2 {
            self.members.retain(|member| !member.removed);
            self.removed = 0;
        }
        self.anchored -= usize::from(anchored);
        if self.anchored == 0 {
            self.world = None;
        }
        Some(handler)
    }

    /// Returns the number of handlers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len() - self.removed
    }

    /// Returns whether there are no handlers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<E: ?Sized> Broadcast<E> {
    #[inline(always)]
    #[track_caller]
    fn lend_entered(&mut self, mut world: Entered<'_>, event: &E) {
        for member in &mut self.members {
            // Not through the box, which would compare again.
            (*member.handler).run_entered(world.reborrow(), event);
        }
    }
}

impl<E: ?Sized> Handler<&E> for Broadcast<E> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: &E) {
        enter_all(self, self.world, world, |broadcast, world| broadcast.lend_entered(world, event));
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: &E) {
        self.lend_entered(world, event);
    }
}

impl<E> Handler<E> for Broadcast<E> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        self.run(world, &event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: E) {
        self.lend_entered(world, &event);
    }
}

impl<E: ?Sized> Describe for Broadcast<E> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.open(Kind::Broadcast);
        for member in self.members.iter().filter(|member| !member.removed) {
            describe_within(visitor, Kind::Arm, &member.handler);
        }
        visitor.close(None);
    }
}

impl<E: ?Sized> Default for Broadcast<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: ?Sized> fmt::Debug for Broadcast<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.iter().filter(|member| !member.removed);
        f.debug_list().entries(members.map(|member| member.handler.name())).finish()
    }
}
