//! `Dispatch`: a handler as a step.

use super::Step;
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor, describe_fenced};
use crate::handler::Handler;
use crate::sealed::Internal;

/// Hands the value to a handler. One that knows its world is checked when the chain is built, as functions are.
#[derive(Clone, Debug)]
pub struct Dispatch<H>(pub(crate) H);

impl<C, T, H: Handler<T>> Step<C, T> for Dispatch<H> {
    type Out = ();

    #[inline(always)]
    fn run(&mut self, _: &mut C, world: Entered<'_>, input: T) {
        self.0.run_entered(world, input);
    }
}

impl<H: Describe> Describe for Dispatch<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_fenced(visitor, &self.0);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::Dispatch
    }
}
