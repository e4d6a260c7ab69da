//! The entry of every handler: a step that is run from outside knows its world.

use super::{Splat, Step};
use crate::call::{Anchored, Entered, Mode, Resolved, Stamp};
use crate::describe::{Describe, Function, Visitor};
use crate::world::{World, WorldId};

/// Checks the world, then runs the step on it.
#[inline(always)]
#[track_caller]
pub(crate) fn enter<C, In, S>(step: &mut S, ctx: &mut C, world: &mut World, input: In) -> S::Out
where
    S: Step<C, In> + Anchored,
{
    let world = step.check(world);
    step.run(ctx, world, input)
}

impl<F, M: Mode> Anchored for Resolved<F, M> {
    #[inline(always)]
    fn anchor(&self) -> WorldId {
        self.world()
    }
}

impl<C, E, M: Mode> Anchored for Stamp<C, E, M> {
    #[inline(always)]
    fn anchor(&self) -> WorldId {
        self.world()
    }
}

impl<S: Anchored> Anchored for Splat<S> {
    #[inline(always)]
    fn anchor(&self) -> WorldId {
        self.0.anchor()
    }
}

/// A finished chain, whose steps belong to one world.
#[derive(Clone, Debug)]
pub struct Anchor<S> {
    steps: S,
    world: WorldId,
}

impl<S: Describe> Anchor<S> {
    /// # Panics
    /// If the steps were resolved against different worlds, or if there is no function among them.
    #[track_caller]
    pub(crate) fn new(steps: S) -> Self {
        let Some(world) = one_world(&steps, "chain") else {
            panic!("nothing in this chain was resolved against a world: add a function with `then` before `build`");
        };
        Self { steps, world }
    }

    /// Checks the world, then runs the steps on it, which take an input of any lifetime.
    #[cfg(feature = "mio")]
    #[inline(always)]
    #[track_caller]
    pub(crate) fn run_ref_checked<C, T: ?Sized>(&mut self, ctx: &mut C, world: &mut World, input: &T) -> S::Out
    where
        S: super::StepRef<C, T>,
    {
        let world = self.check(world);
        self.steps.run_ref(ctx, world, input)
    }

    /// Changes the form of the steps.
    pub(crate) fn map<T>(self, form: impl FnOnce(S) -> T) -> Anchor<T> {
        Anchor { steps: form(self.steps), world: self.world }
    }
}

/// Returns the world that all functions in `whole` were resolved against, unless none knows its world.
///
/// # Panics
/// If they were resolved against different worlds.
#[track_caller]
pub(crate) fn one_world(whole: &dyn Describe, what: &str) -> Option<WorldId> {
    let mut worlds = Worlds::default();
    whole.describe(&mut worlds);
    let (first, expected) = worlds.first?;
    if let Some((name, world)) = worlds.other {
        panic!(
            "`{name}` was resolved against world {world}, but `{first}`, before it in the same {what}, against world \
             {expected}: use the same registry for all of it",
        );
    }
    Some(expected)
}

/// The first function with its world, and the first that belongs to another.
#[derive(Default)]
struct Worlds {
    first: Option<(&'static str, WorldId)>,
    other: Option<(&'static str, WorldId)>,
}

impl Visitor for Worlds {
    fn function(&mut self, function: &dyn Function) {
        let Some(world) = function.world_id() else { return };
        let here = (function.name(), world);
        let (_, expected) = *self.first.get_or_insert(here);
        if world != expected {
            self.other.get_or_insert(here);
        }
    }
}

impl<C, In, S: Step<C, In>> Step<C, In> for Anchor<S> {
    type Out = S::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> S::Out {
        self.steps.run(ctx, world, input)
    }
}

impl<S: Describe> Describe for Anchor<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.steps.describe(visitor);
    }
}

impl<S: Describe> Anchored for Anchor<S> {
    #[inline(always)]
    fn anchor(&self) -> WorldId {
        self.world
    }
}
