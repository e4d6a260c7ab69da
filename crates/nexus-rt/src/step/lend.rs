//! `Lend`: a step over `&T` where a `T` comes along.

use super::Step;
use crate::call::{Describe, Entered, Visitor};

/// Lends the value to the step inside, then drops it.
#[derive(Debug)]
pub struct Lend<S>(pub(crate) S);

impl<C, T, S, Out> Step<C, T> for Lend<S>
where
    S: for<'a> Step<C, &'a T, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Out {
        self.0.run(ctx, world, &input)
    }
}

impl<S: Describe> Describe for Lend<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }
}
