//! The steps that hold for every value: nothing, one after the other, and what stands at either end.

use super::Step;
use crate::call::{Describe, Entered, Visitor};

/// The empty chain: gives what it takes.
#[derive(Debug)]
pub struct Start;

impl<C, In> Step<C, In> for Start {
    type Out = In;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: In) -> In {
        input
    }
}

impl Describe for Start {
    fn describe(&self, _: &mut dyn Visitor) {}
}

/// One step, then another with what the first gives.
#[derive(Debug)]
pub struct Then<A, B>(pub(crate) A, pub(crate) B);

impl<C, In, A, B> Step<C, In> for Then<A, B>
where
    A: Step<C, In>,
    B: Step<C, A::Out>,
{
    type Out = B::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, mut world: Entered<'_>, input: In) -> B::Out {
        let between = self.0.run(ctx, world.reborrow(), input);
        self.1.run(ctx, world, between)
    }
}

impl<A: Describe, B: Describe> Describe for Then<A, B> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
        self.1.describe(visitor);
    }
}

/// Drops the input, then runs a step that takes nothing.
#[derive(Debug)]
pub struct Ignore<S>(pub(crate) S);

impl<C, In, S: Step<C, ()>> Step<C, In> for Ignore<S> {
    type Out = S::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, _: In) -> S::Out {
        self.0.run(ctx, world, ())
    }
}

impl<S: Describe> Describe for Ignore<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }
}
