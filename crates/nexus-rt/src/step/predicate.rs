//! Steps that look at a value and let it go on: `Guard`, `Tap`.

use super::Step;
use crate::call::{Describe, Entered, Visitor, describe_within};

/// `Some(value)` if the predicate holds for `&value`, otherwise `None`.
#[derive(Debug)]
pub struct Guard<S>(pub(crate) S);

impl<C, T, S> Step<C, T> for Guard<S>
where
    S: for<'a> Step<C, &'a T, Out = bool>,
{
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Option<T> {
        self.0.run(ctx, world, &input).then_some(input)
    }
}

impl<S: Describe> Describe for Guard<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "guard", &[&self.0]);
    }
}

/// Shows the value to a step and passes it on.
#[derive(Debug)]
pub struct Tap<S>(pub(crate) S);

impl<C, T, S> Step<C, T> for Tap<S>
where
    S: for<'a> Step<C, &'a T, Out = ()>,
{
    type Out = T;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> T {
        self.0.run(ctx, world, &input);
        input
    }
}

impl<S: Describe> Describe for Tap<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_within(visitor, "tap", &[&self.0]);
    }
}
