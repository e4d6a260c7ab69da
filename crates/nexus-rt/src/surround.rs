//! `around` and `around_each`: code around a pipeline, or around each of its functions.

use crate::chain::Input;
use crate::describe::Describe;
use crate::pipeline::Pipeline;
use crate::sealed::Internal;
use crate::step::{Around, Enclose, Surrounded};

impl<In: ?Sized, S: Describe, C, K: Input<In>> Pipeline<In, S, C, K> {
    /// Runs code around the pipeline, such as a measurement.
    ///
    /// The result is a pipeline of the same kind, with the same output, so it still fits where the original did.
    /// Pipelines without it cost nothing extra.
    ///
    /// ```
    /// use nexus_rt::chain::Around;
    /// use nexus_rt::{PipelineStart, Sequence, WorldBuilder};
    ///
    /// struct Tell(&'static str);
    ///
    /// impl Around for Tell {
    ///     fn around<Out>(&mut self, sequence: Sequence, run: impl FnOnce() -> Out) -> Out {
    ///         println!("{sequence}: {} begins", self.0);
    ///         let out = run();
    ///         println!("{sequence}: {} has ended", self.0);
    ///         out
    ///     }
    /// }
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let double = PipelineStart::<u64>::new().then(|x: u64| 2 * x, world.registry()).build();
    /// assert_eq!(double.around(Tell("double")).run(&mut world, 4), 8);
    /// ```
    pub fn around<A: Around>(self, around: A) -> Pipeline<In, Surrounded<A, S>, C, K> {
        self.change_steps(|steps| Surrounded::new(around, steps))
    }

    /// Runs code around each function of the pipeline, such as a measurement, including those in arms, cases and
    /// predicates.
    ///
    /// `make` is called with each function, in the order of the plan. Handlers that the pipeline
    /// [dispatches](crate::chain::Chain::dispatch) to stay as they are. Pipelines without it cost nothing extra.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use nexus_rt::chain::Around;
    /// use nexus_rt::{Describe, PipelineStart, Sequence, WorldBuilder};
    ///
    /// struct Count<'c>(&'c Cell<u32>);
    ///
    /// impl Around for Count<'_> {
    ///     fn around<Out>(&mut self, _: Sequence, run: impl FnOnce() -> Out) -> Out {
    ///         self.0.set(self.0.get() + 1);
    ///         run()
    ///     }
    /// }
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let chain = PipelineStart::<u64>::new()
    ///     .guard(|x: &u64| *x > 2, reg)
    ///     .map(|x: u64| 2 * x, reg)
    ///     .build();
    /// let runs = Cell::new(0);
    /// let mut chain = chain.around_each(|_: &dyn Describe| Count(&runs));
    /// assert_eq!([1, 2, 3].map(|x| chain.run(&mut world, x)), [None, None, Some(6)]);
    /// assert_eq!(runs.get(), 4); // the predicate three times, the other once
    /// ```
    pub fn around_each<A: Around>(self, make: impl Fn(&dyn Describe) -> A) -> Pipeline<In, S::With<A>, C, K>
    where
        S: Enclose,
    {
        self.change_steps(|steps| steps.enclose(&make, Internal))
    }
}
