//! Combinators for `Result`.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::sealed::Internal;
use crate::step::{AsRef, Catch, InspectErr, IntoOption, IntoStep, MapErr, OrElse, UnwrapOrElse};
use crate::world::Registry;

impl<C, In: ?Sized, T, E, S, K> Chain<C, In, Result<T, E>, S, K> {
    /// Hands an error to a function that deals with it; what is in `Ok` goes on as an `Option`.
    #[inline]
    #[track_caller]
    pub fn catch<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Catch<F::Step>, Option<T>>
    where
        F: IntoStep<C, E, L, Out = ()>,
    {
        self.push(Catch(f.into_step(registry, Internal)))
    }

    /// Runs a function on an error.
    #[inline]
    #[track_caller]
    pub fn map_err<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, MapErr<F::Step>, Result<T, F::Out>>
    where
        F: IntoStep<C, E, L>,
    {
        self.push(MapErr(f.into_step(registry, Internal)))
    }

    /// Runs a function that gives a `Result` itself on an error.
    #[inline]
    #[track_caller]
    pub fn or_else<F, L, E2>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, OrElse<F::Step>, Result<T, E2>>
    where
        F: IntoStep<C, E, L, Out = Result<T, E2>>,
    {
        self.push(OrElse(f.into_step(registry, Internal)))
    }

    /// Shows `&E` of an error to a function.
    #[inline]
    #[track_caller]
    pub fn inspect_err<F, M>(
        self,
        f: F,
        registry: &Registry,
    ) -> Pushed<C, In, S, K, InspectErr<Resolved<F, M>>, Result<T, E>>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a E,), M, Out = ()>,
    {
        self.push(InspectErr(Resolved::new(f, registry)))
    }

    /// Drops an error; what is in `Ok` goes on as an `Option`.
    #[inline]
    pub fn ok(self) -> Pushed<C, In, S, K, IntoOption, Option<T>> {
        self.push(IntoOption)
    }

    /// Turns an error into what the function makes of it.
    #[inline]
    #[track_caller]
    pub fn unwrap_or_else<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, UnwrapOrElse<F::Step>, T>
    where
        F: IntoStep<C, E, L, Out = T>,
    {
        self.push(UnwrapOrElse(f.into_step(registry, Internal)))
    }
}

impl<'t, C, In: ?Sized, T, E, S, K> Chain<C, In, &'t Result<T, E>, S, K> {
    /// Looks inside, as in an arm that starts from a `Result`: then `map` and the others are there.
    #[inline]
    pub fn as_ref(self) -> Pushed<C, In, S, K, AsRef, Result<&'t T, &'t E>> {
        self.push(AsRef)
    }
}
