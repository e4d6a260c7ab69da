//! Combinators for every value.

use super::Chain;
use crate::call::{Callable, Mode, Resolved};
use crate::step::{Guard, IntoStep, Tap, Then};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Adds a function: it takes the value, or a reference to it, and what it gives goes on.
    #[inline]
    #[track_caller]
    pub fn then<F, L>(self, f: F, registry: &Registry) -> Chain<C, In, F::Out, Then<S, F::Step>, K>
    where
        F: IntoStep<C, T, L>,
    {
        self.push(f.into_step(registry))
    }

    /// Lets the value go on as `Some` if the predicate holds for `&T`, otherwise `None` goes on.
    #[inline]
    #[track_caller]
    pub fn guard<F, M>(
        self,
        predicate: F,
        registry: &Registry,
    ) -> Chain<C, In, Option<T>, Then<S, Guard<Resolved<F, M>>>, K>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        self.push(Guard(Resolved::new(predicate, registry)))
    }

    /// Shows `&T` to a function; the value goes on as it was.
    #[inline]
    #[track_caller]
    pub fn tap<F, M>(self, f: F, registry: &Registry) -> Chain<C, In, T, Then<S, Tap<Resolved<F, M>>>, K>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = ()>,
    {
        self.push(Tap(Resolved::new(f, registry)))
    }
}
