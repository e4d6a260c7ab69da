//! Combinators for every value.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::handler::Handler;
use crate::sealed::Internal;
use crate::step::{Dedup, Dispatch, Guard, IntoStep, Scan, ScanFn, Splat, Tap};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Adds a function: it takes the value, or a reference to it, and what it gives goes on.
    #[inline]
    #[track_caller]
    pub fn then<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, F::Step, F::Out>
    where
        F: IntoStep<C, T, L>,
    {
        self.push(f.into_step(registry, Internal))
    }

    /// Lets the value go on as `Some` if the predicate holds for `&T`, otherwise `None` goes on.
    #[inline]
    #[track_caller]
    pub fn guard<F, M>(self, predicate: F, registry: &Registry) -> Pushed<C, In, S, K, Guard<Resolved<F, M>>, Option<T>>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        self.push(Guard(Resolved::new(predicate, registry)))
    }

    /// Shows `&T` to a function; the value goes on as it was.
    #[inline]
    #[track_caller]
    pub fn tap<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Tap<Resolved<F, M>>, T>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a T,), M, Out = ()>,
    {
        self.push(Tap(Resolved::new(f, registry)))
    }

    /// Hands the value to a handler: a pipeline, a callback, one written by hand. (For a handler of `&T`, wrap it in
    /// [`ByRef`](crate::ByRef).)
    #[inline]
    pub fn dispatch<H: Handler<T>>(self, handler: H) -> Pushed<C, In, S, K, Dispatch<H>, ()> {
        self.push(Dispatch(handler))
    }

    /// Lets a value go on as `Some` only if it differs from the one before.
    #[inline]
    pub fn dedup(self) -> Pushed<C, In, S, K, Dedup<T>, Option<T>>
    where
        T: PartialEq + Clone,
    {
        self.push(Dedup(None))
    }

    /// Adds a function with an accumulator that stays between runs: `fn(params.., &mut Acc, T)`, or with a `&T`.
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

    /// Spreads a tuple into the arguments of the function that [`then`](SplatBuilder::then) adds.
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
    /// let mut chain = PipelineStart::<(u64, u64)>::new().splat().then(notional, world.registry()).build();
    /// assert_eq!(chain.run(&mut world, (10, 3)), 35);
    /// ```
    #[inline]
    pub fn splat(self) -> SplatBuilder<C, In, T, S, K> {
        SplatBuilder(self)
    }
}

/// A chain whose tuple is about to be spread: see [`Chain::splat`].
#[derive(Debug)]
#[must_use = "a chain does nothing until it is built and run"]
pub struct SplatBuilder<C, In: ?Sized, T, S, K>(Chain<C, In, T, S, K>);

impl<C, In: ?Sized, T, S, K> SplatBuilder<C, In, T, S, K> {
    /// Adds a function that takes the elements of the tuple, by value, as its last arguments.
    #[inline]
    #[track_caller]
    pub fn then<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Splat<Resolved<F, M>>, F::Out>
    where
        M: Mode,
        F: Callable<C, T, M>,
    {
        self.0.push(Splat(Resolved::new(f, registry)))
    }
}
