//! Pipelines: finished chains that run as one handler.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use crate::call::{Anchored, Entered};
use crate::callback::Callback;
use crate::chain::{ByReference, ByValue, Chain, Input};
use crate::describe::{Describe, Visitor};
use crate::handler::Handler;
use crate::step::{Anchor, Finished, Start, Step, StepRef, enter};
use crate::world::World;

/// The start of a pipeline over events of type `In`, with a context `C` if it has one: see
/// [`with_context`](Self::with_context).
///
/// ```
/// use nexus_rt::{Handler, PipelineStart, Res, ResMut, WorldBuilder};
///
/// #[derive(Debug)]
/// struct Order {
///     quantity: u32,
/// }
///
/// #[derive(Debug, PartialEq)]
/// struct TooLarge(u32);
///
/// struct Limit(u32);
///
/// fn check(limit: Res<Limit>, order: Order) -> Result<Order, TooLarge> {
///     if order.quantity <= limit.0 { Ok(order) } else { Err(TooLarge(order.quantity)) }
/// }
///
/// fn reject(mut rejected: ResMut<Vec<TooLarge>>, error: TooLarge) {
///     rejected.push(error);
/// }
///
/// fn book(mut volume: ResMut<u64>, order: &Order) {
///     *volume += u64::from(order.quantity);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Limit(100));
/// builder.register_default::<Vec<TooLarge>>();
/// builder.register(0_u64);
/// let mut world = builder.build();
///
/// let reg = world.registry();
/// let mut orders = PipelineStart::<Order>::new()
///     .then(check, reg) // Order -> Result<Order, TooLarge>
///     .catch(reject, reg) // the error ends here: Option<Order>
///     .map(book, reg) // takes a reference, as its signature says
///     .build();
///
/// for quantity in [60, 101, 40] {
///     orders.run(&mut world, Order { quantity });
/// }
/// assert_eq!(*world.resource::<u64>(), 100);
/// assert_eq!(*world.resource::<Vec<TooLarge>>(), [TooLarge(101)]);
/// ```
pub type PipelineStart<In, C = ()> = Chain<C, In, In, Start>;

/// A pipeline that is being built, from an `In` to an `Out` so far: a [`Chain`], whose page lists the combinators.
pub type PipelineBuilder<In, Out, S, C = (), K = ByValue> = Chain<C, In, Out, S, K>;

impl<In> PipelineStart<In> {
    /// Starts a pipeline.
    ///
    /// Combinators follow, and [`build`](Self::build) ends it: see [`Chain`] for the list.
    #[expect(clippy::new_without_default, reason = "an empty chain is only ever the start of one")]
    pub fn new() -> Self {
        Self::start()
    }
}

impl<'a, In: ?Sized> PipelineStart<&'a In> {
    /// Starts a pipeline over borrowed events of any lifetime, such as lines in a buffer that is refilled between runs.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// fn words(line: &str) -> usize {
    ///     line.split_whitespace().count()
    /// }
    ///
    /// fn add(mut total: ResMut<usize>, n: usize) -> usize {
    ///     *total += n;
    ///     *total
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_usize);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut count = PipelineStart::<&str>::borrowed().then(words, reg).then(add, reg).build();
    ///
    /// let mut line = String::new();
    /// for text in ["one", "two three"] {
    ///     line.replace_range(.., text);
    ///     count.run(&mut world, &line);
    /// }
    /// assert_eq!(count.run(&mut world, "four"), 4);
    /// ```
    ///
    /// With [`new`](Self::new), `run` takes references of one lifetime only, which must outlive the pipeline. So it is
    /// for every event type that contains a lifetime. As a [`Handler`], behind a generic bound or in a
    /// `Box<dyn for<'a> Handler<View<'a>>>`, a pipeline takes events of every lifetime in either case.
    pub fn borrowed() -> Chain<(), In, &'a In, Start, ByReference> {
        Chain::start()
    }
}

impl<In: ?Sized, T, K> Chain<(), In, T, Start, K> {
    /// Starts a pipeline with a context: its functions may take a `&mut C` first.
    ///
    /// ```
    /// use nexus_rt::{Handler, PipelineStart, ResMut, WorldBuilder};
    ///
    /// struct Connection {
    ///     received: usize,
    /// }
    ///
    /// fn count(connection: &mut Connection, bytes: Vec<u8>) -> usize {
    ///     connection.received += bytes.len();
    ///     bytes.len()
    /// }
    ///
    /// fn add(mut total: ResMut<usize>, n: usize) {
    ///     *total += n;
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_usize);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut received = PipelineStart::<Vec<u8>>::new()
    ///     .with_context::<Connection>()
    ///     .then(count, reg)
    ///     .then(add, reg)
    ///     .build()
    ///     .into_callback(Connection { received: 0 });
    /// received.run(&mut world, vec![0; 12]);
    /// assert_eq!(received.ctx.received, 12);
    /// ```
    pub fn with_context<C>(self) -> Chain<C, In, T, Start, K> {
        Chain::start()
    }
}

impl<C, In: ?Sized, Out, S: Describe, K> Chain<C, In, Out, S, K> {
    /// Finishes the pipeline, and checks that all its functions belong to one world.
    ///
    /// # Panics
    /// If two steps were resolved against different worlds, or if no step is a function.
    #[track_caller]
    pub fn build(self) -> Pipeline<In, S, C, K> {
        Pipeline { chain: Anchor::new(self.steps), types: PhantomData }
    }
}

/// A finished chain of functions that runs as one.
///
/// [`run`](Self::run) takes an event and returns the output of the last function:
///
/// ```
/// use nexus_rt::{PipelineStart, Res, WorldBuilder};
///
/// struct Limit(u64);
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Limit(10));
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut pipeline = PipelineStart::<u64>::new()
///     .then(|x: u64| 2 * x, reg)
///     .guard(|limit: Res<Limit>, x: &u64| *x <= limit.0, reg)
///     .build();
/// assert_eq!([4, 6].map(|x| pipeline.run(&mut world, x)), [Some(8), None]);
/// ```
///
/// A pipeline whose last output is `()` or `Option<()>` is also a [`Handler`], of borrowed events too. See [`Handler`]
/// for how to store or return one. Its name is that of its first function.
///
/// A pipeline is `Clone` if its functions and their states are: it is resolved once, and cloned as often as needed. A
/// clone starts with the current values of accumulators, of `dedup` and of locals.
#[must_use = "a pipeline does nothing until it is run"]
pub struct Pipeline<In: ?Sized, S, C = (), K = ByValue> {
    pub(crate) chain: Anchor<S>,
    types: PhantomData<fn(&mut C, &In, K)>,
}

/// A pipeline whose steps are type-erased, for a struct, a table or a return type. [`boxed`](Pipeline::boxed) creates
/// it.
///
/// It runs and is described as every [`Pipeline`] is, at the cost of one call through a pointer. Its steps must be
/// `Send + 'static`, and it is not `Clone`.
///
/// ```
/// use nexus_rt::{BoxedPipeline, Describe, PipelineStart, Registry, Res, WorldBuilder};
///
/// fn convert(rate: Res<u64>, amount: u64) -> u64 {
///     amount * *rate
/// }
///
/// fn pricing(reg: &Registry) -> BoxedPipeline<u64, Option<u64>> {
///     let positive = |price: &u64| *price > 0;
///     PipelineStart::<u64>::new().then(convert, reg).guard(positive, reg).build().boxed()
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(3_u64);
/// let mut world = builder.build();
/// let mut price = pricing(world.registry());
/// assert_eq!([0, 5].map(|amount| price.run(&mut world, amount)), [None, Some(15)]);
/// assert!(price.plan().to_string().contains("convert"));
/// ```
///
/// Over [`borrowed`](PipelineStart::borrowed) events it is a `BoxedPipeline<In, Out, C, ByReference>`, with
/// [`ByReference`](crate::chain::ByReference).
pub type BoxedPipeline<In, Out, C = (), K = ByValue> = Pipeline<In, <K as Input<In>>::Boxed<C, Out>, C, K>;

impl<In: ?Sized, S: Describe, K: Input<In>> Pipeline<In, S, (), K> {
    /// Runs all functions on an event, and returns the output of the last.
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against.
    #[inline]
    #[track_caller]
    pub fn run<'a>(&mut self, world: &mut World, input: K::At<'a>) -> S::Out
    where
        S: Step<(), K::At<'a>>,
    {
        self.run_with(&mut (), world, input)
    }

    /// Runs the pipeline on every item of an iterator, in order, without a buffer. The world is checked once.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let mut sum = PipelineStart::<&u64>::borrowed()
    ///     .then(|x: &u64| *x * 2, world.registry())
    ///     .then(|mut sum: ResMut<u64>, x: u64| *sum += x, world.registry())
    ///     .build();
    /// sum.run_each(&mut world, &[1, 2, 3]); // a slice: items by reference
    /// assert_eq!(*world.resource::<u64>(), 12);
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against.
    #[inline]
    #[track_caller]
    pub fn run_each<'a>(&mut self, world: &mut World, items: impl IntoIterator<Item = K::At<'a>>)
    where
        In: 'a,
        S: Step<(), K::At<'a>, Out: Finished>,
    {
        self.run_each_with(&mut (), world, items);
    }
}

impl<In: ?Sized, S: Describe, C, K: Input<In>> Pipeline<In, S, C, K> {
    /// Runs all functions with a context that the caller keeps, and returns the output of the last.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let count = |received: &mut usize, bytes: &[u8]| *received += bytes.len();
    /// let mut read = PipelineStart::<&[u8]>::borrowed()
    ///     .with_context::<usize>()
    ///     .then(count, world.registry())
    ///     .build();
    /// let mut received = 0;
    /// read.run_with(&mut received, &mut world, b"ping");
    /// assert_eq!(received, 4);
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against.
    #[inline]
    #[track_caller]
    pub fn run_with<'a>(&mut self, ctx: &mut C, world: &mut World, input: K::At<'a>) -> S::Out
    where
        S: Step<C, K::At<'a>>,
    {
        enter(&mut self.chain, ctx, world, input)
    }

    /// Runs the pipeline on every item with a context that the caller keeps: see [`run_each`](Self::run_each).
    ///
    /// # Panics
    /// If `world` is not the world that the steps were resolved against.
    // Never inlined: as arguments, the pipeline, the world and a slice are known not to overlap, so the loop stays in
    // registers. Inlined, the compiler may forget that, which costs ten times as much.
    #[inline(never)]
    #[track_caller]
    pub fn run_each_with<'a>(&mut self, ctx: &mut C, world: &mut World, items: impl IntoIterator<Item = K::At<'a>>)
    where
        In: 'a,
        S: Step<C, K::At<'a>, Out: Finished>,
    {
        let mut world = self.chain.check(world);
        for item in items {
            self.chain.run(ctx, world.reborrow(), item);
        }
    }

    /// Gives the pipeline its own context, which makes it a handler. See [`with_context`](Chain::with_context) for an
    /// example.
    pub fn into_callback(self, ctx: C) -> Callback<C, Anchor<S>> {
        Callback::new(ctx, self.chain)
    }
}

impl<In, S, C> Pipeline<In, S, C> {
    /// Erases the type of the steps. See [`BoxedPipeline`] for an example.
    pub fn boxed(self) -> BoxedPipeline<In, S::Out, C>
    where
        S: Step<C, In> + Send + 'static,
    {
        self.change_steps(|steps| Box::new(steps) as _)
    }
}

impl<In: ?Sized, S, C> Pipeline<In, S, C, ByReference> {
    /// Erases the type of the steps. Their output must not borrow from the event.
    pub fn boxed(self) -> BoxedPipeline<In, S::Out, C, ByReference>
    where
        S: StepRef<C, In> + Send + 'static,
    {
        self.change_steps(|steps| Box::new(steps) as _)
    }
}

impl<In: ?Sized, S: Describe, C, K> Pipeline<In, S, C, K> {
    /// Changes the form of the steps.
    pub(crate) fn change_steps<New>(self, change: impl FnOnce(S) -> New) -> Pipeline<In, New, C, K> {
        Pipeline { chain: self.chain.map(change), types: PhantomData }
    }
}

impl<In: ?Sized, S: Describe, C> Pipeline<In, S, C, ByReference> {
    /// Runs all steps, which take an event of any lifetime.
    #[cfg(feature = "mio")]
    #[inline]
    #[track_caller]
    pub(crate) fn run_ref(&mut self, ctx: &mut C, world: &mut World, input: &In)
    where
        S: StepRef<C, In>,
    {
        self.chain.run_ref_checked(ctx, world, input);
    }
}

impl<In: ?Sized, S: Clone, C, K> Clone for Pipeline<In, S, C, K> {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), types: PhantomData }
    }
}

impl<E, In: ?Sized, S, K> Handler<E> for Pipeline<In, S, (), K>
where
    S: Step<(), E, Out: Finished> + Send,
{
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        let world = self.chain.check(world);
        self.run_entered(world, event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: E) {
        self.chain.run(&mut (), world, event);
    }
}

impl<In: ?Sized, S: Describe, C, K> Describe for Pipeline<In, S, C, K> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.chain.describe(visitor);
    }
}

impl<In: ?Sized, S: Describe, C, K> fmt::Debug for Pipeline<In, S, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline<{}>({})", type_name::<In>(), self.name())
    }
}
