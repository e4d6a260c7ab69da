//! Steps over both `Option` and `Result` that run no function.

use super::Step;
use crate::call::{Describe, Entered, Visitor, describe_within};

/// Takes one level of `Option` or `Result` away: what makes `and_then` out of `map`.
#[derive(Debug)]
pub struct Flatten;

impl<C, T> Step<C, Option<Option<T>>> for Flatten {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Option<Option<T>>) -> Option<T> {
        input.flatten()
    }
}

impl<C, T, E> Step<C, Result<Result<T, E>, E>> for Flatten {
    type Out = Result<T, E>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Result<Result<T, E>, E>) -> Result<T, E> {
        input.flatten()
    }
}

impl Describe for Flatten {
    fn describe(&self, _: &mut dyn Visitor) {}
}

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

impl<T> Describe for UnwrapOr<T> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "unwrap or", &[]);
    }
}
