//! Callbacks: handlers with a context of their own.

use std::fmt;

use crate::call::{Anchored, Entered};
use crate::describe::{Describe, Visitor};
use crate::handler::Handler;
use crate::step::{Finished, Step};
use crate::world::World;

/// A handler that owns a context `C`, such as a connection, an order, or the metadata of a timer.
///
/// [`into_callback`](crate::IntoCallback::into_callback) creates it, with an example. A handler without context is a
/// `Callback<(), _>`.
///
/// It is `Clone` if its context and its function are, so one resolved callback can be cloned for many instances. For a
/// callback with a nameable type, see [`CallbackTemplate`](crate::CallbackTemplate).
#[derive(Clone)]
#[must_use = "a handler does nothing until it is run"]
pub struct Callback<C, S> {
    /// The context, accessible between runs.
    pub ctx: C,
    step: S,
}

impl<C, S> Callback<C, S> {
    #[inline]
    pub(crate) fn new(ctx: C, step: S) -> Self {
        Self { ctx, step }
    }
}

impl<C, E, S> Handler<E> for Callback<C, S>
where
    C: Send,
    S: Step<C, E, Out: Finished> + Anchored + Send,
{
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        let world = self.step.check(world);
        self.run_entered(world, event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: E) {
        self.step.run(&mut self.ctx, world, event);
    }
}

impl<C, S: Describe> Describe for Callback<C, S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.step.describe(visitor);
    }
}

impl<C: fmt::Debug, S: Describe> fmt::Debug for Callback<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("name", &self.name()).field("ctx", &self.ctx).finish()
    }
}
