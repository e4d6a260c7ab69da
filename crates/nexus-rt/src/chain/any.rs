//! Combinators for every value.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::handler::Handler;
use crate::sealed::Internal;
use crate::step::{Dedup, Dispatch, Guard, IntoSplat, IntoStep, Scan, ScanFn, Tap};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs a function on the value, or on a reference to it, and passes its output on.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<String>::new()
    ///     .then(|line: &String| line.len(), reg) // by reference
    ///     .then(|length: usize| length * 2, reg) // by value
    ///     .build();
    /// assert_eq!(chain.run(&mut world, "four".into()), 8);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn then<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, F::Step, F::Out>
    where
        F: IntoStep<C, T, L>,
    {
        self.push(f.into_step(registry, Internal))
    }

    /// Passes the value on as `Some` if a predicate holds for a reference to it, and as `None` otherwise.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(10_u64); // the limit
    /// let mut world = builder.build();
    /// let small = |limit: Res<u64>, x: &u64| *x <= *limit;
    /// let mut chain = PipelineStart::<u64>::new().guard(small, world.registry()).build();
    /// assert_eq!([7, 11].map(|x| chain.run(&mut world, x)), [Some(7), None]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn guard<F, M>(self, predicate: F, registry: &Registry) -> Pushed<C, In, S, K, Guard<Resolved<F, M>>, Option<T>>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        self.push(Guard(Resolved::new(predicate, registry)))
    }

    /// Calls a function with a reference to the value, and passes the value on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64); // the greatest so far
    /// let mut world = builder.build();
    /// let note = |mut greatest: ResMut<u64>, x: &u64| *greatest = (*x).max(*greatest);
    /// let mut chain = PipelineStart::<u64>::new().tap(note, world.registry()).build();
    /// assert_eq!([3, 9, 4].map(|x| chain.run(&mut world, x)), [3, 9, 4]);
    /// assert_eq!(*world.resource::<u64>(), 9);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn tap<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Tap<Resolved<F, M>>, T>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = ()>,
    {
        self.push(Tap(Resolved::new(f, registry)))
    }

    /// Passes the value to a handler, such as another pipeline, a callback, or a handler written by hand.
    ///
    /// Wrap a handler of `&T` in [`ByRef`](crate::ByRef).
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoCallback, PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let collect = |seen: &mut Vec<u64>, x: u64| {
    ///     seen.push(x);
    ///     assert_eq!(*seen, [6]);
    /// };
    /// let mut chain = PipelineStart::<u64>::new()
    ///     .then(|x: u64| x + 1, reg)
    ///     .dispatch(collect.into_callback(vec![], reg))
    ///     .build();
    /// chain.run(&mut world, 5);
    /// ```
    #[inline]
    pub fn dispatch<H: Handler<T>>(self, handler: H) -> Pushed<C, In, S, K, Dispatch<H>, ()> {
        self.push(Dispatch(handler))
    }

    /// Passes the value on as `Some` if it differs from the previous one, and as `None` otherwise.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<u64>::new().dedup().map(|x: u64| x * 10, reg).build();
    /// let out = [1, 1, 2, 1].map(|x| chain.run(&mut world, x));
    /// assert_eq!(out, [Some(10), None, Some(20), Some(10)]);
    /// ```
    #[inline]
    pub fn dedup(self) -> Pushed<C, In, S, K, Dedup<T>, Option<T>>
    where
        T: PartialEq + Clone,
    {
        self.push(Dedup(None))
    }

    /// Runs a function on the value with an accumulator that is kept between runs, and passes its output on.
    ///
    /// The function is `fn(params.., &mut Acc, T)` or `fn(params.., &mut Acc, &T)`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// fn average((sum, n): &mut (u64, u64), x: u64) -> u64 {
    ///     *sum += x;
    ///     *n += 1;
    ///     *sum / *n
    /// }
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let mut averages = PipelineStart::<u64>::new().scan((0, 0), average, world.registry()).build();
    /// assert_eq!([4, 8, 12].map(|x| averages.run(&mut world, x)), [4, 6, 8]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn scan<Acc, F, L>(
        self,
        initial: Acc,
        f: F,
        registry: &Registry,
    ) -> Pushed<C, In, S, K, Scan<Acc, Resolved<F, F::Mode>, L>, F::Out>
    where
        F: ScanFn<C, Acc, T, L>,
    {
        self.push(Scan::new(initial, Resolved::new(f, registry)))
    }

    /// Makes the elements of a tuple the arguments of the function that [`then`](SplatBuilder::then) adds.
    ///
    /// The function takes all of them by value or all of them by reference. The value may be a reference to a tuple, as
    /// in an arm.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// fn notional(fee: Res<u64>, price: u64, quantity: u64) -> u64 {
    ///     price * quantity + *fee
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(5_u64);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<(u64, u64)>::new().splat().then(notional, reg).build();
    /// assert_eq!(chain.run(&mut world, (10, 3)), 35);
    /// ```
    #[inline]
    pub fn splat(self) -> SplatBuilder<C, In, T, S, K> {
        SplatBuilder(self)
    }
}

/// A chain that ends with a tuple, before the function that takes its elements: see [`Chain::splat`].
#[derive(Debug)]
#[must_use = "a chain does nothing until it is built and run"]
pub struct SplatBuilder<C, In: ?Sized, T, S, K>(Chain<C, In, T, S, K>);

impl<C, In: ?Sized, T, S, K> SplatBuilder<C, In, T, S, K> {
    /// Adds a function that takes the elements of the tuple, or references to them, as its last arguments.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let join = |name: &String, id: &u64| format!("{name}-{id}"); // by reference
    /// let mut chain = PipelineStart::<(String, u64)>::new().splat().then(join, reg).build();
    /// assert_eq!(chain.run(&mut world, ("order".into(), 7)), "order-7");
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn then<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, F::Step, F::Out>
    where
        F: IntoSplat<C, T, L>,
    {
        self.0.push(f.into_splat(registry, Internal))
    }
}
