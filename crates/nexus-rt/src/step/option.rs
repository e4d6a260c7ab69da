//! Steps over `Option`.

use super::Step;
use crate::call::{Describe, Entered, Visitor, describe_within};

/// Runs the step on what is in `Some`, passes `None` by.
#[derive(Debug)]
pub struct OnSome<S>(pub(crate) S);

impl<C, T, S: Step<C, T>> Step<C, Option<T>> for OnSome<S> {
    type Out = Option<S::Out>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Option<T>) -> Option<S::Out> {
        match input {
            Some(value) => Some(self.0.run(ctx, world, value)),
            None => None,
        }
    }
}

impl<S: Describe> Describe for OnSome<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "on some", &[&self.0]);
    }
}

/// `Ok` of what is in `Some`, `Err` of a copy of the error for `None`.
#[derive(Debug)]
pub struct OkOr<E>(pub(crate) E);

impl<C, T, E: Clone> Step<C, Option<T>> for OkOr<E> {
    type Out = Result<T, E>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: Option<T>) -> Result<T, E> {
        input.ok_or_else(|| self.0.clone())
    }
}

impl<E> Describe for OkOr<E> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "ok or", &[]);
    }
}
