//! Steps over both `Option` and `Result`.

use super::{Step, StepRef, describe, step};
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
// This and `Inspect` not by `step!`: the compiler shows their lines to people whose function does not fit.
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

describe!(Map<S> as Map shows);

step! {
    /// Runs the step, which returns an `Option` or a `Result` itself, on what is inside.
    adapter AndThen;
    [T, U, S: Step<C, T, Out = Option<U>>,] Option<T> => Option<U>: |self, ctx, world, input| match input {
        Some(value) => self.0.run(ctx, world, value),
        None => None,
    };
    [T, U, E, S: Step<C, T, Out = Result<U, E>>,] Result<T, E> => Result<U, E>: |self, ctx, world, input| match input {
        Ok(value) => self.0.run(ctx, world, value),
        Err(error) => Err(error),
    };
}

step! {
    /// Keeps what is in `Some` if the predicate holds for a reference to it.
    adapter Filter;
    [T, S: StepRef<C, T, Out = bool>,] Option<T> => Option<T>: |self, ctx, world, input| match input {
        Some(value) if self.0.run_ref(ctx, world, &value) => Some(value),
        _ => None,
    };
}

/// Shows what is inside to the step.
#[derive(Clone, Debug)]
pub struct Inspect<S>(pub(crate) S);

impl<C, T, S: StepRef<C, T, Out = ()>> Step<C, Option<T>> for Inspect<S> {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> Option<T> {
        if let Some(value) = &input {
            self.0.run_ref(ctx, world, value);
        }
        input
    }
}

impl<C, T, E, S: StepRef<C, T, Out = ()>> Step<C, Result<T, E>> for Inspect<S> {
    type Out = Result<T, E>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Result<T, E> {
        if let Ok(value) = &input {
            self.0.run_ref(ctx, world, value);
        }
        input
    }
}

describe!(Inspect<S> as Inspect shows);

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
    unit Cloned;
    ['t, T: Clone,] &'t T => T: |self, _, _, input| input.clone();
    ['t, T: Clone,] Option<&'t T> => Option<T>: |self, _, _, input| input.cloned();
    ['t, T: Clone, E,] Result<&'t T, E> => Result<T, E>: |self, _, _, input| input.cloned();
}
