//! `Splat`: a tuple becomes the arguments of a function.

use super::{Step, describe};
use crate::call::{Callable, Entered, Mode, Resolved};

/// Calls the function with the elements of the input as its arguments, for `()` without any.
#[derive(Clone, Debug)]
pub struct Splat<S>(pub(crate) S);

impl<C, Args, F, M> Step<C, Args> for Splat<Resolved<F, M>>
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

describe!(Splat<S> as Splat shows whole);
