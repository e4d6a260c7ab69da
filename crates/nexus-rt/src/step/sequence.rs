//! `Start` and `Then`: the steps that put others together.

use std::any::type_name;
use std::marker::PhantomData;

use super::{Step, step};
use crate::call::Entered;
use crate::describe::{Describe, Visitor};
use crate::sealed::Internal;

step! {
    /// The empty chain, which returns its input.
    unit Start as Then;
    [In,] In => In: |self, _, _, input| input;
}

/// Runs one step, then another on its output. `Out` is the output of the second, for plans only.
#[derive(Debug)]
pub struct Then<A, B, Out>(A, B, PhantomData<fn() -> Out>);

impl<A, B, Out> Then<A, B, Out> {
    #[inline(always)]
    pub(crate) fn new(first: A, then: B) -> Self {
        Self(first, then, PhantomData)
    }

    pub(crate) fn into_parts(self) -> (A, B) {
        (self.0, self.1)
    }
}

impl<A: Clone, B: Clone, Out> Clone for Then<A, B, Out> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone(), self.1.clone())
    }
}

impl<C, In, A, B, Out> Step<C, In> for Then<A, B, Out>
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

impl<A: Describe, B: Describe, Out> Describe for Then<A, B, Out> {
    // The anchor and the pipeline around it pass the call on: without a copy of this in each.
    #[inline(never)]
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
        visitor.open(B::step_kind(Internal));
        self.1.describe(visitor);
        visitor.close(Some(type_name::<Out>()));
    }
}
