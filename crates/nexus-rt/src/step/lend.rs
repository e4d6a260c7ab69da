//! `StepRef`: a step over references of every lifetime; and `Lend`, which makes a step over values of one.

use super::{Step, step};
use crate::call::Entered;
use crate::describe::Describe;

/// A step that takes a `&T` of any lifetime and gives the same type for all of them.
///
/// It says the same as `for<'a> Step<C, &'a T, Out = ..>`, by which it is implemented, but without a lifetime in it: so
/// the compiler remembers what it has found. With the longer form in its place, checking takes three times as long for
/// each level of arms within arms.
pub trait StepRef<C, T: ?Sized>: Describe {
    /// What comes out.
    type Out;

    /// Runs the step.
    fn run_ref(&mut self, ctx: &mut C, world: Entered<'_>, input: &T) -> Self::Out;
}

impl<C, T: ?Sized, S, Out> StepRef<C, T> for S
where
    S: for<'a> Step<C, &'a T, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run_ref(&mut self, ctx: &mut C, world: Entered<'_>, input: &T) -> Out {
        self.run(ctx, world, input)
    }
}

step! {
    /// Lends the value to the step inside, then drops it.
    adapter Lend as Then;
    [T, S: StepRef<C, T>,] T => S::Out: |self, ctx, world, input| self.0.run_ref(ctx, world, &input);
}
