//! `Spread`: a tuple becomes the arguments of a function.

use super::Step;
use crate::call::{Callable, Describe, Entered, Mode, Resolved, Visitor};

/// Calls the function with the elements of the input as its arguments; with `()`, without any.
#[derive(Debug)]
pub struct Spread<S>(pub(crate) S);

impl<C, Args, F, M> Step<C, Args> for Spread<Resolved<F, M>>
where
    M: Mode,
    F: Callable<C, Args, M>,
{
    type Out = F::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Args) -> F::Out {
        self.0.call(ctx, world, input)
    }
}

impl<S: Describe> Describe for Spread<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }
}
