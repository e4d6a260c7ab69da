//! `BatchPipeline`: a chain that runs on many items at once.

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::call::Anchored;
use crate::chain::Chain;
use crate::describe::{Describe, Visitor};
use crate::pipeline::Pipeline;
use crate::step::{Finished, Step};
use crate::world::World;

/// A pipeline with its own input buffer: a driver fills the buffer, and [`run`](Self::run) drains it.
///
/// ```
/// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
///
/// fn check(x: i64) -> Result<i64, String> {
///     if x >= 0 { Ok(x) } else { Err(format!("{x} is negative")) }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_i64);
/// builder.register(Vec::<String>::new());
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut batch = PipelineStart::<i64>::new()
///     .then(check, reg)
///     .catch(|mut errors: ResMut<Vec<String>>, error: String| errors.push(error), reg)
///     .map(|mut sum: ResMut<i64>, x: i64| *sum += x, reg)
///     .build_batch(1024);
///
/// batch.input_mut().extend_from_slice(&[1, -2, 3]);
/// batch.run(&mut world);
/// assert!(batch.input().is_empty());
/// assert_eq!((*world.resource::<i64>(), world.resource::<Vec<String>>().len()), (4, 1));
/// ```
///
/// Each item runs through the whole chain by itself, so errors are handled per item, and nothing is stored between the
/// steps. The world is checked once per batch, and again after each function that takes the whole world.
#[must_use = "a batch does nothing until it is run"]
pub struct BatchPipeline<In, S, C = ()> {
    input: Vec<In>,
    pipeline: Pipeline<In, S, C>,
}

impl<C, In, Out: Finished, S: Describe> Chain<C, In, Out, S> {
    /// Finishes the chain with an input buffer that has room for `capacity` items before it grows. See
    /// [`BatchPipeline`] for an example.
    ///
    /// # Panics
    /// If two steps were resolved against different worlds, or if no step is a function.
    #[track_caller]
    pub fn build_batch(self, capacity: usize) -> BatchPipeline<In, S, C> {
        BatchPipeline { input: Vec::with_capacity(capacity), pipeline: self.build() }
    }
}

impl<In, S: Describe, C> BatchPipeline<In, S, C> {
    /// Returns the waiting items.
    #[must_use]
    pub fn input(&self) -> &[In] {
        &self.input
    }

    /// Returns the buffer, for the driver to fill.
    pub fn input_mut(&mut self) -> &mut Vec<In> {
        &mut self.input
    }

    /// Runs the chain over every item in the buffer, in order, with a context that the caller keeps. The buffer is
    /// empty afterwards and keeps its memory.
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against, or if a step panics. In the latter case, the
    /// items after the one at fault stay in the buffer for the next run. They are moved up, so the cost of each panic
    /// is proportional to the number of items left.
    #[track_caller]
    pub fn run_with(&mut self, ctx: &mut C, world: &mut World)
    where
        S: Step<C, In, Out: Finished>,
    {
        let Self { input, pipeline } = self;
        // Before the items are taken out, since a panic here concerns none of them.
        let mut world = pipeline.chain.check(world);
        if input.is_empty() {
            return;
        }
        let mut items = input.drain(..);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            for item in items.by_ref() {
                pipeline.chain.run(ctx, world.reborrow(), item);
            }
        }));
        if let Err(panic) = ran {
            let rest: Vec<In> = items.collect();
            input.extend(rest);
            resume_unwind(panic);
        }
    }
}

impl<In, S: Describe> BatchPipeline<In, S> {
    /// Runs the chain over every item in the buffer, in order. The buffer is empty afterwards and keeps its memory.
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against, or if a step panics. In the latter case, the
    /// items after the one at fault stay in the buffer for the next run. They are moved up, so the cost of each panic
    /// is proportional to the number of items left.
    #[track_caller]
    pub fn run(&mut self, world: &mut World)
    where
        S: Step<(), In, Out: Finished>,
    {
        self.run_with(&mut (), world);
    }
}

impl<In: Clone, S: Clone, C> Clone for BatchPipeline<In, S, C> {
    fn clone(&self) -> Self {
        Self { input: self.input.clone(), pipeline: self.pipeline.clone() }
    }
}

impl<In, S: Describe, C> Describe for BatchPipeline<In, S, C> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.pipeline.describe(visitor);
    }
}

impl<In, S: Describe, C> fmt::Debug for BatchPipeline<In, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchPipeline<{}>({}, {} waiting)", type_name::<In>(), self.name(), self.input.len())
    }
}
