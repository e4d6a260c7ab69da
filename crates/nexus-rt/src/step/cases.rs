//! `Match`: a `match` takes a value apart, and each case has an arm for what it returns.

use super::Step;
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor};
use crate::sealed::Internal;

/// The value of one case of a `match`, or of one of the cases after it.
// Each level has a tag of its own. With the tags of later cases in niches of what they give, the compiler asks for the
// case twice: in the `match` of the user, and again in the arms.
#[derive(Debug)]
#[repr(C)]
pub enum Given<P, R> {
    /// The value of this case.
    Here(P),
    /// The value of a later case.
    Later(R),
}

/// Takes the value apart with `split`, a `match`, then runs the branch of the case.
#[derive(Clone, Debug)]
pub struct Match<F, B> {
    pub(crate) split: F,
    pub(crate) branches: B,
}

impl<C, T, P, F, B> Step<C, T> for Match<F, B>
where
    F: FnMut(T) -> P,
    B: Step<C, P>,
{
    type Out = B::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> B::Out {
        self.branches.run(ctx, world, (self.split)(input))
    }
}

impl<F, B: Describe> Describe for Match<F, B> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.branches.describe(visitor);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::Route
    }
}

/// The arm of a case, whose pattern `N` returns, and the branches of the cases after it.
#[derive(Clone, Debug)]
pub struct Branch<N, A, R> {
    pub(crate) pattern: N,
    pub(crate) arm: A,
    pub(crate) rest: R,
}

impl<C, P, Q, Out, N, A, R> Step<C, Given<P, Q>> for Branch<N, A, R>
where
    N: Fn() -> &'static str,
    A: Step<C, P, Out = Out>,
    R: Step<C, Q, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Given<P, Q>) -> Out {
        match input {
            Given::Here(given) => self.arm.run(ctx, world, given),
            Given::Later(later) => self.rest.run(ctx, world, later),
        }
    }
}

impl<N: Fn() -> &'static str, A: Describe, R: Describe> Describe for Branch<N, A, R> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_case(visitor, (self.pattern)(), &self.arm);
        self.rest.describe(visitor);
    }
}

/// The arm of the last case, whose pattern `N` returns.
#[derive(Clone, Debug)]
pub struct LastBranch<N, A> {
    pub(crate) pattern: N,
    pub(crate) arm: A,
}

impl<C, P, N, A: Step<C, P>> Step<C, P> for LastBranch<N, A>
where
    N: Fn() -> &'static str,
{
    type Out = A::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: P) -> A::Out {
        self.arm.run(ctx, world, input)
    }
}

impl<N: Fn() -> &'static str, A: Describe> Describe for LastBranch<N, A> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_case(visitor, (self.pattern)(), &self.arm);
    }
}

fn describe_case(visitor: &mut dyn Visitor, pattern: &'static str, arm: &dyn Describe) {
    visitor.open(Kind::Case);
    visitor.pattern(pattern);
    arm.describe(visitor);
    visitor.close(None);
}
