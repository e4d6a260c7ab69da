//! Combinators for `Result`.

use super::Chain;
use crate::step::{Catch, Flatten, IntoStep, OnOk, Then, UnwrapOr};
use crate::world::Registry;

impl<C, In: ?Sized, T, E, S, K> Chain<C, In, Result<T, E>, S, K> {
    /// Runs a function on what is in `Ok`.
    #[inline]
    #[track_caller]
    pub fn map<F, L>(self, f: F, registry: &Registry) -> Chain<C, In, Result<F::Out, E>, Then<S, OnOk<F::Step>>, K>
    where
        F: IntoStep<C, T, L>,
    {
        self.push(OnOk(f.into_step(registry)))
    }

    /// Runs a function that gives a `Result` itself on what is in `Ok`.
    #[inline]
    #[track_caller]
    pub fn and_then<F, L, U>(
        self,
        f: F,
        registry: &Registry,
    ) -> Chain<C, In, Result<U, E>, Then<Then<S, OnOk<F::Step>>, Flatten>, K>
    where
        F: IntoStep<C, T, L, Out = Result<U, E>>,
    {
        self.map(f, registry).push(Flatten)
    }

    /// Hands an error to a function that deals with it; what is in `Ok` goes on as an `Option`.
    #[inline]
    #[track_caller]
    pub fn catch<F, L>(self, f: F, registry: &Registry) -> Chain<C, In, Option<T>, Then<S, Catch<F::Step>>, K>
    where
        F: IntoStep<C, E, L, Out = ()>,
    {
        self.push(Catch(f.into_step(registry)))
    }

    /// Turns an error into a clone of `value`; the error is dropped.
    #[inline]
    pub fn unwrap_or(self, value: T) -> Chain<C, In, T, Then<S, UnwrapOr<T>>, K>
    where
        T: Clone,
    {
        self.push(UnwrapOr(value))
    }
}
