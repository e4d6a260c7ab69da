//! Steps that look at a value and let it go on: `Guard`, `Tap`, `Dedup`.

use super::{Step, StepRef, describe_nothing, describe_through};
use crate::call::Entered;

/// `Some(value)` if the predicate holds for `&value`, otherwise `None`.
#[derive(Clone, Debug)]
pub struct Guard<S>(pub(crate) S);

impl<C, T, S> Step<C, T> for Guard<S>
where
    S: StepRef<C, T, Out = bool>,
{
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Option<T> {
        if self.0.run_ref(ctx, world, &input) { Some(input) } else { None }
    }
}

describe_through!(Guard<S>);

/// Shows the value to a step and passes it on.
#[derive(Clone, Debug)]
pub struct Tap<S>(pub(crate) S);

impl<C, T, S> Step<C, T> for Tap<S>
where
    S: StepRef<C, T, Out = ()>,
{
    type Out = T;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> T {
        self.0.run_ref(ctx, world, &input);
        input
    }
}

describe_through!(Tap<S>);

/// `Some(value)` if it differs from the one before, otherwise `None`.
#[derive(Clone, Debug)]
pub struct Dedup<T>(pub(crate) Option<T>);

impl<C, T: PartialEq + Clone> Step<C, T> for Dedup<T> {
    type Out = Option<T>;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: T) -> Option<T> {
        if self.0.as_ref() == Some(&input) {
            return None;
        }
        self.0 = Some(input.clone());
        Some(input)
    }
}

describe_nothing!(Dedup<T>);
