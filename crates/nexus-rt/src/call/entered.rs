//! `Entered`: the proof that a world was checked, on which steps run instead of on a bare `&mut World`.

use crate::describe::{Describe, foreign_world, name_of};
use crate::sequence::Sequence;
use crate::world::{World, WorldId};

/// A step that can be entered, because every function in it was resolved against one world, which it knows.
pub trait Anchored: Describe {
    /// Returns the world that all functions in it were resolved against.
    fn anchor(&self) -> WorldId;

    /// Checks that `world` is that world.
    ///
    /// # Panics
    /// If it is another one. The message names the step.
    #[inline(always)]
    #[track_caller]
    fn check<'w>(&self, world: &'w mut World) -> Entered<'w>
    where
        Self: Sized,
    {
        Entered::enter(world, self)
    }
}

/// A world whose identity was compared with that of everything about to run on it.
///
/// Only the checks of this module create one, and code outside this crate cannot call them, so a resolved function
/// cannot run on an unchecked world.
#[derive(Debug)]
pub struct Entered<'w>(&'w mut World);

impl<'w> Entered<'w> {
    /// Checks that `world` is the one that `step` was resolved against, and panics with the step's name if it is not.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn enter<A: Anchored>(world: &'w mut World, step: &A) -> Self {
        if world.world_id() != step.anchor() {
            foreign(step, world);
        }
        Self(world)
    }

    /// Reborrows the world for a shorter time, for an adapter that runs several steps.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Entered<'_> {
        Entered(self.0)
    }

    /// Returns the current sequence of the world.
    #[inline(always)]
    pub(crate) fn sequence(&self) -> Sequence {
        self.0.current_sequence()
    }

    /// Passes the whole world to `who`: see [`lend_world`].
    #[inline(always)]
    #[track_caller]
    pub(crate) fn lend<W: Describe>(self, who: &mut W, run: impl FnOnce(&mut W, &mut World)) {
        lend_world(self.0, who, run);
    }

    #[inline(always)]
    pub(super) fn into_inner(self) -> &'w mut World {
        self.0
    }
}

/// Runs the owner of several handlers on `world`, which must be `expected`, the world of those that know theirs. If
/// none of them does, any world works.
///
/// # Panics
/// If `world` is another one. The message names the owner.
#[inline(always)]
#[track_caller]
pub(crate) fn enter_all<S: Describe, Out>(
    all: &mut S,
    expected: Option<WorldId>,
    world: &mut World,
    run: impl FnOnce(&mut S, Entered<'_>) -> Out,
) -> Out {
    if world.world_id().is(expected) { run(all, Entered(world)) } else { enter_unlikely(all, world, run, expected) }
}

/// Runs the handlers itself if they accept any world, so that the likely path has nothing to return to. The arguments
/// come in the order of a handler's, so that calling it moves none of them.
#[cold]
#[inline(never)]
#[track_caller]
fn enter_unlikely<S: Describe, Out>(
    all: &mut S,
    world: &mut World,
    run: impl FnOnce(&mut S, Entered<'_>) -> Out,
    expected: Option<WorldId>,
) -> Out {
    if let Some(expected) = expected {
        foreign_world(name_of(all), expected, world);
    }
    run(all, Entered(world))
}

/// Passes the whole world to `who`, and panics with its name if it leaves another world in its place.
#[inline(always)]
#[track_caller]
pub(crate) fn lend_world<W: Describe>(world: &mut World, who: &mut W, run: impl FnOnce(&mut W, &mut World)) {
    let expected = world.world_id();
    run(who, world);
    same_world(world, who, expected);
}

/// Panics with the name of `who`, which received the world, if it left a world other than `expected` in its place.
#[inline(always)]
#[track_caller]
pub(crate) fn same_world<W: Describe>(world: &World, who: &W, expected: WorldId) {
    if world.world_id() != expected {
        replaced(who, expected, world.world_id());
    }
}

/// Takes its caller's arguments in the same places, and computes everything else itself, so that the common path loads
/// and moves nothing for it.
#[cold]
#[inline(never)]
#[track_caller]
fn foreign<A: Anchored>(step: &A, world: &World) -> ! {
    // By what the step shows, not by its type: compiled once for all.
    foreign_world(name_of(step), step.anchor(), world)
}

#[cold]
#[inline(never)]
#[track_caller]
fn replaced(who: &dyn Describe, expected: WorldId, found: WorldId) -> ! {
    replaced_world(name_of(who), expected, found)
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn replaced_world(name: &str, expected: WorldId, found: WorldId) -> ! {
    panic!(
        "`{name}` was handed world {expected} and left world {found} in its place: everything resolved against the first \
         is cut off from it. Change a world in place, or keep the other one in a resource",
    )
}
