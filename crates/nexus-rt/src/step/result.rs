//! Steps over `Result`.

use super::{Step, describe_nothing, describe_through};
use crate::call::Entered;

/// Runs the step on what is in `Err`, passes `Ok` by.
#[derive(Clone, Debug)]
pub struct OnErr<S>(pub(crate) S);

impl<C, T, E, S: Step<C, E>> Step<C, Result<T, E>> for OnErr<S> {
    type Out = Result<T, S::Out>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Result<T, S::Out> {
        match input {
            Ok(value) => Ok(value),
            Err(error) => Err(self.0.run(ctx, world, error)),
        }
    }
}

describe_through!(OnErr<S>);

/// Runs the step, which gives a `Result` itself, on what is in `Err`.
#[derive(Clone, Debug)]
pub struct OrElse<S>(pub(crate) S);

impl<C, T, E, E2, S: Step<C, E, Out = Result<T, E2>>> Step<C, Result<T, E>> for OrElse<S> {
    type Out = Result<T, E2>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Result<T, E2> {
        match input {
            Ok(value) => Ok(value),
            Err(error) => self.0.run(ctx, world, error),
        }
    }
}

describe_through!(OrElse<S>);

/// Hands the error to the step, which ends it, and gives what is in `Ok` as an `Option`.
#[derive(Clone, Debug)]
pub struct Catch<S>(pub(crate) S);

impl<C, T, E, S: Step<C, E, Out = ()>> Step<C, Result<T, E>> for Catch<S> {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Option<T> {
        match input {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.run(ctx, world, error);
                None
            }
        }
    }
}

describe_through!(Catch<S>);

/// What is in `Ok` as an `Option`; the error is dropped.
#[derive(Clone, Debug)]
pub struct IntoOption;

impl<C, T, E> Step<C, Result<T, E>> for IntoOption {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Result<T, E>) -> Option<T> {
        input.ok()
    }
}

describe_nothing!(IntoOption);
