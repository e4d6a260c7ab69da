//! `Lend`: a step over `&T` where a `T` comes along.

use super::{Step, describe_through};
use crate::call::Entered;

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

describe_through!(Lend<S>);
