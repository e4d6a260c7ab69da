//! Combinators for `Option`.

use super::Chain;
use crate::call::{Callable, Mode, Resolved};
use crate::step::{Flatten, Guard, IntoStep, OkOr, OnSome, Then, UnwrapOr};
use crate::world::Registry;

type Flat<S, B> = Then<Then<S, B>, Flatten>;

impl<C, In: ?Sized, T, S, K> Chain<C, In, Option<T>, S, K> {
    /// Runs a function on what is in `Some`.
    #[inline]
    #[track_caller]
    pub fn map<F, L>(self, f: F, registry: &Registry) -> Chain<C, In, Option<F::Out>, Then<S, OnSome<F::Step>>, K>
    where
        F: IntoStep<C, T, L>,
    {
        self.push(OnSome(f.into_step(registry)))
    }

    /// Runs a function that gives an `Option` itself on what is in `Some`.
    #[inline]
    #[track_caller]
    pub fn and_then<F, L, U>(self, f: F, registry: &Registry) -> Chain<C, In, Option<U>, Flat<S, OnSome<F::Step>>, K>
    where
        F: IntoStep<C, T, L, Out = Option<U>>,
    {
        self.map(f, registry).push(Flatten)
    }

    /// Keeps what is in `Some` only if the predicate holds for `&T`.
    #[inline]
    #[track_caller]
    pub fn filter<F, M>(
        self,
        predicate: F,
        registry: &Registry,
    ) -> Chain<C, In, Option<T>, Flat<S, OnSome<Guard<Resolved<F, M>>>>, K>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        let guard = Guard(Resolved::new(predicate, registry));
        self.push::<Option<Option<T>>, _>(OnSome(guard)).push(Flatten)
    }

    /// Turns `None` into `Err` of a clone of `error`.
    #[inline]
    pub fn ok_or<E: Clone>(self, error: E) -> Chain<C, In, Result<T, E>, Then<S, OkOr<E>>, K> {
        self.push(OkOr(error))
    }

    /// Turns `None` into a clone of `value`.
    #[inline]
    pub fn unwrap_or(self, value: T) -> Chain<C, In, T, Then<S, UnwrapOr<T>>, K>
    where
        T: Clone,
    {
        self.push(UnwrapOr(value))
    }
}
