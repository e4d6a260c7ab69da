//! A function with what it needs from the world.

use std::fmt;

use super::bound::{Bound, Named};
use super::callable::Callable;
use super::entered::Entered;
use super::mode::Mode;
use super::no_event::full_name;
use crate::describe::{Describe, Visitor};
use crate::param::{CloneState, ResolveError};
use crate::world::{Registry, WorldId};

/// A function together with its resolved params: a handler, or a step of a chain.
///
/// It is `Clone` if the function is and if the state of its params is. Only a `Local<T>` stores something that may not
/// be: its `T`.
pub struct Resolved<F, M: Mode> {
    function: F,
    bound: Bound<M>,
}

impl<F, M: Mode> Resolved<F, M> {
    #[inline]
    pub(crate) fn try_new(function: F, registry: &Registry) -> Result<Self, ResolveError> {
        let bound = Bound::try_new(registry, full_name::<F>)?;
        Ok(Self { function, bound })
    }

    /// # Panics
    /// If something is missing or in conflict.
    #[inline]
    #[track_caller]
    pub(crate) fn new(function: F, registry: &Registry) -> Self {
        let bound = Bound::new(registry, full_name::<F>);
        Self { function, bound }
    }

    /// Returns the world that the function was resolved against.
    #[inline(always)]
    pub(crate) fn world(&self) -> WorldId {
        self.bound.world()
    }

    /// Calls the function on an entered world.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn call<C, Args>(&mut self, ctx: &mut C, world: Entered<'_>, args: Args) -> F::Out
    where
        F: Callable<C, Args, M>,
    {
        self.bound.call(&mut self.function, ctx, world, args)
    }
}

impl<F, M: Mode> Describe for Resolved<F, M> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.function(&Named(full_name::<F>(), &self.bound));
    }
}

impl<F: Clone, M: Mode<State: CloneState>> Clone for Resolved<F, M> {
    fn clone(&self) -> Self {
        Self { function: self.function.clone(), bound: self.bound.clone() }
    }
}

impl<F, M: Mode> fmt::Debug for Resolved<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", full_name::<F>())
    }
}
