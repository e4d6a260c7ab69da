//! `Around`: code around a pipeline or around each of its functions, such as a measurement.

use super::Step;
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor, describe_marked};
use crate::sealed::Internal;
use crate::sequence::Sequence;

/// Code that runs around a pipeline or a function: see [`Pipeline::around`](crate::Pipeline::around) and
/// [`Pipeline::around_each`](crate::Pipeline::around_each).
pub trait Around {
    /// Runs `run`, once, and returns what it returns. `sequence` is that of the event.
    ///
    /// If the pipeline panics, `run` does not return.
    fn around<Out>(&mut self, sequence: Sequence, run: impl FnOnce() -> Out) -> Out;

    /// Returns the mark that plans put on the first function of the pipeline: see [`Visitor::mark`].
    fn mark(&self) -> Option<u64> {
        None
    }
}

/// The steps of a pipeline, with the code around them: see [`Pipeline::around`](crate::Pipeline::around).
#[derive(Clone, Debug)]
pub struct Surrounded<A, S> {
    around: A,
    steps: S,
}

impl<A, S> Surrounded<A, S> {
    pub(crate) fn new(around: A, steps: S) -> Self {
        Self { around, steps }
    }
}

impl<C, In, A: Around, S: Step<C, In>> Step<C, In> for Surrounded<A, S> {
    type Out = S::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> S::Out {
        let Self { around, steps } = self;
        around.around(world.sequence(), || steps.run(ctx, world, input))
    }
}

impl<A: Around, S: Describe> Describe for Surrounded<A, S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        describe_marked(visitor, self.around.mark(), &self.steps);
    }

    fn step_kind(internal: Internal) -> Kind {
        S::step_kind(internal)
    }
}
