//! The steps that hold for every value: nothing, one after the other, and what stands at either end.

use std::any::type_name;
use std::marker::PhantomData;

use super::{Step, step};
use crate::call::Entered;
use crate::describe::{Describe, Label, Visitor};

step! {
    /// The empty chain: gives what it takes.
    unit Start;
    [In,] In => In: |self, _, _, input| input;
}

/// One step, then another with what the first gives. `L` says what kind of step the second is, and `Out` what it gives:
/// for plans only, and without any room at run time.
#[derive(Debug)]
pub struct Then<A, B, L, Out>(A, B, PhantomData<fn() -> (L, Out)>);

impl<A, B, L, Out> Then<A, B, L, Out> {
    #[inline(always)]
    pub(crate) fn new(first: A, then: B) -> Self {
        Self(first, then, PhantomData)
    }
}

impl<A: Clone, B: Clone, L, Out> Clone for Then<A, B, L, Out> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone(), self.1.clone())
    }
}

impl<C, In, A, B, L, Out> Step<C, In> for Then<A, B, L, Out>
where
    A: Step<C, In>,
    B: Step<C, A::Out>,
    L: Label,
{
    type Out = B::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, mut world: Entered<'_>, input: In) -> B::Out {
        let between = self.0.run(ctx, world.reborrow(), input);
        self.1.run(ctx, world, between)
    }
}

impl<A: Describe, B: Describe, L: Label, Out> Describe for Then<A, B, L, Out> {
    // The anchor and the pipeline around it pass the call on: without a copy of this in each.
    #[inline(never)]
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
        visitor.open(L::KIND);
        self.1.describe(visitor);
        visitor.close(Some(type_name::<Out>()));
    }
}

step! {
    /// Drops the input, then runs a step that takes nothing.
    adapter Ignore;
    [In, S: Step<C, ()>,] In => S::Out: |self, ctx, world, _input| self.0.run(ctx, world, ());
}
