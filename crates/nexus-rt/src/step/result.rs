//! Steps over `Result`.

use super::Step;
use crate::call::{Describe, Entered, Visitor, describe_within};

/// Runs the step on what is in `Ok`, passes `Err` by.
#[derive(Debug)]
pub struct OnOk<S>(pub(crate) S);

impl<C, T, E, S: Step<C, T>> Step<C, Result<T, E>> for OnOk<S> {
    type Out = Result<S::Out, E>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Result<T, E>) -> Result<S::Out, E> {
        match input {
            Ok(value) => Ok(self.0.run(ctx, world, value)),
            Err(error) => Err(error),
        }
    }
}

impl<S: Describe> Describe for OnOk<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "on ok", &[&self.0]);
    }
}

/// Hands the error to the step, which ends it, and gives what is in `Ok` as an `Option`.
#[derive(Debug)]
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

impl<S: Describe> Describe for Catch<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "catch", &[&self.0]);
    }
}
