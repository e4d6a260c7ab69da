//! Steps over both `Option` and `Result`.

use super::{Step, describe_through, step};
use crate::call::Entered;

/// An `Option` or a `Result`: what `map` and the others look inside of.
#[diagnostic::on_unimplemented(
    message = "this combinator looks inside of an `Option` or a `Result`, but the step before it gives `{Self}`",
    label = "there is nothing inside of `{Self}`",
    note = "a plain value goes on with `then`, and is looked at with `tap`; a reference to an `Option` or a `Result` is opened \
            with `as_ref`"
)]
pub trait Inside {
    /// What is inside.
    type Value;

    /// The same with something else inside.
    type With<U>;
}

impl<T> Inside for Option<T> {
    type Value = T;
    type With<U> = Option<U>;
}

impl<T, E> Inside for Result<T, E> {
    type Value = T;
    type With<U> = Result<U, E>;
}

/// An `Option`: what `filter` keeps or not.
#[diagnostic::on_unimplemented(
    message = "`filter` needs an `Option`, but the step before it gives `{Self}`",
    label = "`{Self}` is no `Option`",
    note = "for a plain value there is `guard`, which makes an `Option` of it; for a `Result`, `and_then` says why not"
)]
pub trait Filtered: Inside {}

impl<T> Filtered for Option<T> {}

/// Runs the step on what is inside, passes `None` and `Err` by.
// Not by `step!`: the compiler shows these lines to people whose step does not fit.
#[derive(Clone, Debug)]
pub struct Map<S>(pub(crate) S);

impl<C, T, S: Step<C, T>> Step<C, Option<T>> for Map<S> {
    type Out = Option<S::Out>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> Option<S::Out> {
        match input {
            Some(value) => Some(self.0.run(ctx, world, value)),
            None => None,
        }
    }
}

impl<C, T, E, S: Step<C, T>> Step<C, Result<T, E>> for Map<S> {
    type Out = Result<S::Out, E>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Result<S::Out, E> {
        match input {
            Ok(value) => Ok(self.0.run(ctx, world, value)),
            Err(error) => Err(error),
        }
    }
}

describe_through!(Map<S>);

step! {
    /// Takes one level off what the step gives: what makes `and_then` out of `map`.
    adapter Flatten;
    [In, S: Step<C, In, Out: Nested>,] In => <S::Out as Nested>::Flatten: |self, ctx, world, input| {
        self.0.run(ctx, world, input).flat()
    };
}

/// An `Option` in an `Option`, or a `Result` in a `Result`.
pub trait Nested {
    /// With one level less.
    type Flatten;

    /// Takes one level off.
    fn flat(self) -> Self::Flatten;
}

impl<T> Nested for Option<Option<T>> {
    type Flatten = Option<T>;

    #[inline(always)]
    fn flat(self) -> Option<T> {
        self.flatten()
    }
}

impl<T, E> Nested for Result<Result<T, E>, E> {
    type Flatten = Result<T, E>;

    #[inline(always)]
    fn flat(self) -> Result<T, E> {
        self.flatten()
    }
}

step! {
    /// The value inside, or a copy of the one given.
    value UnwrapOr;
    [V: Clone,] Option<V> => V: |self, _, _, input| input.unwrap_or_else(|| self.0.clone());
    [V: Clone, E,] Result<V, E> => V: |self, _, _, input| input.unwrap_or_else(|_| self.0.clone());
}

step! {
    /// The value inside, or the one that the step makes, of the error if there is one.
    adapter UnwrapOrElse;
    [T, S: Step<C, (), Out = T>,] Option<T> => T: |self, ctx, world, input| match input {
        Some(value) => value,
        None => self.0.run(ctx, world, ()),
    };
    [T, E, S: Step<C, E, Out = T>,] Result<T, E> => T: |self, ctx, world, input| match input {
        Ok(value) => value,
        Err(error) => self.0.run(ctx, world, error),
    };
}

step! {
    /// A reference to what is inside from a reference to the whole.
    unit AsRef;
    ['t, T,] &'t Option<T> => Option<&'t T>: |self, _, _, input| input.as_ref();
    ['t, T, E,] &'t Result<T, E> => Result<&'t T, &'t E>: |self, _, _, input| input.as_ref();
}

/// A reference, alone or inside of an `Option` or a `Result`: what `cloned` makes an owned value of.
#[diagnostic::on_unimplemented(
    message = "`cloned` makes an owned value of a reference, but the step before it gives `{Self}`",
    label = "`{Self}` is no reference, or to something that is not `Clone`"
)]
pub trait Referring {
    /// The owned value.
    type Owned;
}

impl<T: Clone> Referring for &T {
    type Owned = T;
}

impl<T: Clone> Referring for Option<&T> {
    type Owned = Option<T>;
}

impl<T: Clone, E> Referring for Result<&T, E> {
    type Owned = Result<T, E>;
}

step! {
    /// An owned value from a reference, alone or inside.
    unit Owning;
    ['t, T: Clone,] &'t T => T: |self, _, _, input| input.clone();
    ['t, T: Clone,] Option<&'t T> => Option<T>: |self, _, _, input| input.cloned();
    ['t, T: Clone, E,] Result<&'t T, E> => Result<T, E>: |self, _, _, input| input.cloned();
}
