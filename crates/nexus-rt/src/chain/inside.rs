//! Combinators for `Option` and `Result` alike, and for references.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::sealed::Internal;
use crate::step::{AndThen, Cloned, Filter, Filtered, Inside, Inspect, IntoStep, Map, Referring, UnwrapOr};
use crate::world::Registry;

/// What depends on the value's type is a type parameter of the method, so that a value of the wrong type is refused
/// with the message of the bound and not by the method's absence.
impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs a function on what is in `Some` or `Ok`.
    #[inline]
    #[track_caller]
    pub fn map<F, L, V, Next>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Map<F::Step>, Next>
    where
        T: Inside<Value = V, With<F::Out> = Next>,
        F: IntoStep<C, V, L>,
    {
        self.push(Map(f.into_step(registry, Internal)))
    }

    /// Runs a function that gives an `Option` or a `Result` itself on what is in `Some` or `Ok`.
    #[inline]
    #[track_caller]
    pub fn and_then<F, L, V, U, Next>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, AndThen<F::Step>, Next>
    where
        T: Inside<Value = V, With<U> = Next>,
        F: IntoStep<C, V, L, Out = Next>,
    {
        self.push(AndThen(f.into_step(registry, Internal)))
    }

    /// Shows a reference to what is in `Some` or `Ok` to a function.
    #[inline]
    #[track_caller]
    pub fn inspect<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Inspect<Resolved<F, M>>, T>
    where
        T: Inside,
        M: Mode,
        F: for<'a> Callable<C, (&'a T::Value,), M, Out = ()>,
    {
        self.push(Inspect(Resolved::new(f, registry)))
    }

    /// Keeps what is in `Some` only if the predicate holds for a reference to it.
    #[inline]
    #[track_caller]
    pub fn filter<F, M>(self, predicate: F, registry: &Registry) -> Pushed<C, In, S, K, Filter<Resolved<F, M>>, T>
    where
        T: Filtered,
        M: Mode,
        F: for<'a> Callable<C, (&'a T::Value,), M, Out = bool>,
    {
        self.push(Filter(Resolved::new(predicate, registry)))
    }

    /// Turns `None` or an error into a clone of `value`; the error is dropped.
    #[inline]
    pub fn unwrap_or<V: Clone>(self, value: V) -> Pushed<C, In, S, K, UnwrapOr<V>, V>
    where
        T: Inside<Value = V>,
    {
        self.push(UnwrapOr(value))
    }

    /// Clones what a reference points to: of a `&T`, an `Option<&T>` or a `Result<&T, E>`.
    #[inline]
    pub fn cloned<Next>(self) -> Pushed<C, In, S, K, Cloned, Next>
    where
        T: Referring<Owned = Next>,
    {
        self.push(Cloned)
    }
}
