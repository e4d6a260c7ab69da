//! `StepRef`, a step over references of every lifetime, and `Lend`, which turns one into a step over values.

use super::{Step, step};
use crate::call::Entered;
use crate::describe::Describe;

/// A step that takes a `&T` of any lifetime and has the same output for all of them.
///
/// It means `for<'a> Step<C, &'a T, Out = ..>`, which implements it. Since it names no lifetime, the compiler caches
/// what it found. With the longer form, checking takes three times as long for each level of nested arms.
pub trait StepRef<C, T: ?Sized>: Describe {
    /// The output.
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
