//! DAGs: pipelines that fork.

use crate::chain::{ByValue, Chain};
use crate::pipeline::{Pipeline, PipelineStart};
use crate::step::{IntoStep, Start, Then};
use crate::world::Registry;

/// The start of a data-flow graph over events of type `E`: a [`PipelineStart`] that begins with [`root`](Self::root).
///
/// A graph and a pipeline are the same chain, with the same combinators, including [`fork`](Chain::fork).
///
/// ```
/// use nexus_rt::{DagStart, Handler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut dag = DagStart::<u32>::new()
///     .root(|x: u32| u64::from(x), reg)
///     .fork()
///     .arm(|x| x.then(|x: &u64| *x + 1, reg))
///     .arm(|x| x.then(|x: &u64| *x * 3, reg))
///     .merge(|a: &u64, b: &u64| *a + *b, reg)
///     .then(|mut out: ResMut<u64>, x: u64| *out = x, reg)
///     .build();
/// dag.run(&mut world, 10);
/// assert_eq!(*world.resource::<u64>(), 41);
/// ```
pub type DagStart<E, C = ()> = PipelineStart<E, C>;

/// A data-flow graph over events of type `E`: a [`Pipeline`] that forks.
pub type Dag<E, S, C = (), K = ByValue> = Pipeline<E, S, C, K>;

impl<C, In: ?Sized, T, K> Chain<C, In, T, Start, K> {
    /// Adds the first function of a graph. It is [`then`](Chain::then) under another name.
    ///
    /// ```
    /// use nexus_rt::{DagStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut dag = DagStart::<&str>::new().root(|text: &str| text.len(), reg).build();
    /// assert_eq!(dag.run(&mut world, "four"), 4);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[track_caller]
    #[expect(clippy::type_complexity, reason = "the type of a chain is the list of its steps")]
    pub fn root<F, L>(self, f: F, registry: &Registry) -> Chain<C, In, F::Out, Then<Start, F::Step, F::Out>, K>
    where
        F: IntoStep<C, T, L>,
    {
        self.then(f, registry)
    }
}
