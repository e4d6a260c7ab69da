//! Steps over both `Option` and `Result`.

use super::{Step, describe_nothing, describe_through};
use crate::call::Entered;

/// Takes one level off what the step gives: what makes `and_then` out of `map`.
#[derive(Debug)]
pub struct Flat<S>(pub(crate) S);

/// An `Option` in an `Option`, or a `Result` in a `Result`.
pub trait Nested {
    /// With one level less.
    type Flat;

    /// Takes one level off.
    fn flat(self) -> Self::Flat;
}

impl<T> Nested for Option<Option<T>> {
    type Flat = Option<T>;

    #[inline(always)]
    fn flat(self) -> Option<T> {
        self.flatten()
    }
}

impl<T, E> Nested for Result<Result<T, E>, E> {
    type Flat = Result<T, E>;

    #[inline(always)]
    fn flat(self) -> Result<T, E> {
        self.flatten()
    }
}

impl<C, In, S: Step<C, In, Out: Nested>> Step<C, In> for Flat<S> {
    type Out = <S::Out as Nested>::Flat;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> Self::Out {
        self.0.run(ctx, world, input).flat()
    }
}

describe_through!(Flat<S>);

/// The value inside, or a copy of the one given.
#[derive(Debug)]
pub struct UnwrapOr<T>(pub(crate) T);

impl<C, T: Clone> Step<C, Option<T>> for UnwrapOr<T> {
    type Out = T;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Option<T>) -> T {
        input.unwrap_or_else(|| self.0.clone())
    }
}

impl<C, T: Clone, E> Step<C, Result<T, E>> for UnwrapOr<T> {
    type Out = T;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Result<T, E>) -> T {
        input.unwrap_or_else(|_| self.0.clone())
    }
}

describe_nothing!(UnwrapOr<T>);

/// The value inside, or the one that the step makes, of the error if there is one.
#[derive(Debug)]
pub struct UnwrapOrElse<S>(pub(crate) S);

impl<C, T, S: Step<C, (), Out = T>> Step<C, Option<T>> for UnwrapOrElse<S> {
    type Out = T;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> T {
        match input {
            Some(value) => value,
            None => self.0.run(ctx, world, ()),
        }
    }
}

impl<C, T, E, S: Step<C, E, Out = T>> Step<C, Result<T, E>> for UnwrapOrElse<S> {
    type Out = T;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> T {
        match input {
            Ok(value) => value,
            Err(error) => self.0.run(ctx, world, error),
        }
    }
}

describe_through!(UnwrapOrElse<S>);

/// A reference to what is inside from a reference to the whole.
#[derive(Debug)]
pub struct Inside;

impl<'t, C, T> Step<C, &'t Option<T>> for Inside {
    type Out = Option<&'t T>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: &'t Option<T>) -> Option<&'t T> {
        input.as_ref()
    }
}

impl<'t, C, T, E> Step<C, &'t Result<T, E>> for Inside {
    type Out = Result<&'t T, &'t E>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: &'t Result<T, E>) -> Result<&'t T, &'t E> {
        input.as_ref()
    }
}

describe_nothing!(Inside);

/// An owned value from a reference, alone or inside.
#[derive(Debug)]
pub struct Owning;

impl<C, T: Clone> Step<C, &T> for Owning {
    type Out = T;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: &T) -> T {
        input.clone()
    }
}

impl<C, T: Clone> Step<C, Option<&T>> for Owning {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Option<&T>) -> Option<T> {
        input.cloned()
    }
}

impl<C, T: Clone, E> Step<C, Result<&T, E>> for Owning {
    type Out = Result<T, E>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Result<&T, E>) -> Result<T, E> {
        input.cloned()
    }
}

describe_nothing!(Owning);
