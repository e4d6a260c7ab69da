//! `Case`: the first case whose predicate holds takes the value.

use super::{Step, StepRef};
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor, describe_within};
use crate::sealed::Internal;

/// Runs the arm if the predicate holds for `&value`, otherwise the rest: more cases, or the last arm.
#[derive(Clone, Debug)]
pub struct Case<P, A, R> {
    pub(crate) predicate: P,
    pub(crate) arm: A,
    pub(crate) rest: R,
}

impl<C, T, Out, P, A, R> Step<C, T> for Case<P, A, R>
where
    P: StepRef<C, T, Out = bool>,
    A: Step<C, T, Out = Out>,
    R: Step<C, T, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, mut world: Entered<'_>, input: T) -> Out {
        if self.predicate.run_ref(ctx, world.reborrow(), &input) {
            self.arm.run(ctx, world, input)
        } else {
            self.rest.run(ctx, world, input)
        }
    }
}

impl<P: Describe, A: Describe, R: Describe> Describe for Case<P, A, R> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.open(Kind::Case);
        describe_within(visitor, Kind::If, &self.predicate);
        self.arm.describe(visitor);
        visitor.close(None);
        self.rest.describe(visitor);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::Route
    }
}

/// The last arm of a route.
#[derive(Clone, Debug)]
pub struct Otherwise<A>(pub(crate) A);

impl<C, T, A: Step<C, T>> Step<C, T> for Otherwise<A> {
    type Out = A::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> A::Out {
        self.0.run(ctx, world, input)
    }
}

impl<A: Describe> Describe for Otherwise<A> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, Kind::Otherwise, &self.0);
    }
}
