//! `Each`: the parts of a value, one after the other.

use super::{Finished, Step, step};
use crate::call::Entered;

step! {
    /// Runs the step on each part of the value, in order.
    adapter Each;
    [T: IntoIterator, S: Step<C, T::Item, Out: Finished>,] T => (): |self, ctx, world, input| {
        run_parts(&mut self.0, ctx, world, input);
    };
}

// Never inlined, for the reason given at `Pipeline::run_each_with`.
#[inline(never)]
fn run_parts<C, T: IntoIterator, S: Step<C, T::Item>>(step: &mut S, ctx: &mut C, mut world: Entered<'_>, parts: T) {
    for part in parts {
        step.run(ctx, world.reborrow(), part);
    }
}

/// A value whose parts `each` accepts: everything that can be iterated over, except a `Result`.
///
/// The error of a `Result` would be lost, so it has a second implementation, between which the compiler cannot choose.
pub trait Parts<K>: IntoIterator {}

/// Nothing is lost. See [`Parts`].
#[derive(Debug)]
pub struct Whole;

/// A `Result`: `catch` its error first. See [`Parts`].
#[derive(Debug)]
pub struct LosesTheError;

impl<T: IntoIterator> Parts<Whole> for T {}
impl<T, E> Parts<LosesTheError> for Result<T, E> {}
