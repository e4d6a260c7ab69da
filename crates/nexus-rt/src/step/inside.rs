//! Steps over both `Option` and `Result`.

use super::{Step, StepRef, describe, step};
use crate::call::Entered;

/// An `Option` or a `Result`, whose content `map` and the others work on.
#[diagnostic::on_unimplemented(
    message = "this combinator works on the content of an `Option` or a `Result`, but the previous step returns `{Self}`",
    label = "neither an `Option` nor a `Result`: `{Self}`",
    note = "a plain value goes on with `then`, and is looked at with `tap`; a reference to an `Option` or a `Result` is opened \
            with `as_ref`"
)]
pub trait Inside {
    /// The content.
    type Value;

    /// The type with another content: for an `Option<T>`, an `Option<U>`.
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

/// An `Option`, which `filter` accepts.
#[diagnostic::on_unimplemented(
    message = "`filter` needs an `Option`, but the previous step returns `{Self}`",
    label = "`{Self}` is not an `Option`",
    note = "for a plain value use `guard`, which returns an `Option`; for a `Result` use `and_then`, which returns the reason"
)]
pub trait Filtered: Inside {}

impl<T> Filtered for Option<T> {}

/// Runs the step on the content; `None` and `Err` are passed on unchanged.
// `Map` and `Inspect` do without `step!`, because the compiler shows their lines to users whose function does not fit.
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
    /// Runs the step, which returns an `Option` or a `Result`, on the content.
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
    /// Keeps the content of `Some` if the predicate holds for a reference to it.
    adapter Filter;
    [T, S: StepRef<C, T, Out = bool>,] Option<T> => Option<T>: |self, ctx, world, input| match input {
        Some(value) if self.0.run_ref(ctx, world, &value) => Some(value),
        _ => None,
    };
}

/// Shows the content to the step and passes the value on.
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
    /// Returns the content, or a clone of the given value.
    value UnwrapOr;
    [V: Clone,] Option<V> => V: |self, _, _, input| input.unwrap_or_else(|| self.0.clone());
    [V: Clone, E,] Result<V, E> => V: |self, _, _, input| input.unwrap_or_else(|_| self.0.clone());
}

step! {
    /// Returns the content, or the output of the step, which takes the error if there is one.
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
    /// Turns a reference to the whole into a reference to the content.
    unit AsRef;
    ['t, T,] &'t Option<T> => Option<&'t T>: |self, _, _, input| input.as_ref();
    ['t, T, E,] &'t Result<T, E> => Result<&'t T, &'t E>: |self, _, _, input| input.as_ref();
}

/// A reference, alone or as the content of an `Option` or a `Result`, which `cloned` accepts.
#[diagnostic::on_unimplemented(
    message = "`cloned` clones the target of a reference, but the previous step returns `{Self}`",
    label = "`{Self}` is not a reference to something that is `Clone`"
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
    /// Clones the target of a reference, alone or as a content.
    unit Cloned;
    ['t, T: Clone,] &'t T => T: |self, _, _, input| input.clone();
    ['t, T: Clone,] Option<&'t T> => Option<T>: |self, _, _, input| input.cloned();
    ['t, T: Clone, E,] Result<&'t T, E> => Result<T, E>: |self, _, _, input| input.cloned();
}
