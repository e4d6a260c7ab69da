//! Steps over `Option`.

use super::{Step, describe_nothing, describe_through};
use crate::call::Entered;

/// Runs the step on `None`, and passes everything on.
#[derive(Clone, Debug)]
pub struct OnNone<S>(pub(crate) S);

impl<C, T, S: Step<C, (), Out = ()>> Step<C, Option<T>> for OnNone<S> {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> Option<T> {
        if input.is_none() {
            self.0.run(ctx, world, ());
        }
        input
    }
}

describe_through!(OnNone<S>);

/// `Ok` of what is in `Some`, `Err` of a copy of the error for `None`.
#[derive(Clone, Debug)]
pub struct OkOr<E>(pub(crate) E);

impl<C, T, E: Clone> Step<C, Option<T>> for OkOr<E> {
    type Out = Result<T, E>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Option<T>) -> Result<T, E> {
        input.ok_or_else(|| self.0.clone())
    }
}

describe_nothing!(OkOr<E>);

/// `Ok` of what is in `Some`, `Err` of what the step makes for `None`.
#[derive(Clone, Debug)]
pub struct OkOrElse<S>(pub(crate) S);

impl<C, T, S: Step<C, ()>> Step<C, Option<T>> for OkOrElse<S> {
    type Out = Result<T, S::Out>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> Result<T, S::Out> {
        match input {
            Some(value) => Ok(value),
            None => Err(self.0.run(ctx, world, ())),
        }
    }
}

describe_through!(OkOrElse<S>);
