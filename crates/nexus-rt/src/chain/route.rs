//! `route`: cases with predicates, tried in order.

use std::marker::PhantomData;

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::step::{Case, Otherwise, Start};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Passes the value to the arm of the first case whose predicate holds for it, or to the last arm.
    ///
    /// Predicates take a reference. All arms have the same output. Over an enum, [`cases!`](crate::cases) makes the
    /// cases from a `match`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut describe = PipelineStart::<i32>::new()
    ///     .route(|r| {
    ///         r.case(|x: &i32| *x < 0, reg, |x| x.then(|x: i32| format!("minus {}", -x), reg))
    ///             .case(|x: &i32| *x == 0, reg, |x| x.then(|_: i32| "nothing".to_owned(), reg))
    ///             .or(|x| x.then(|x: i32| x.to_string(), reg))
    ///     })
    ///     .build();
    /// assert_eq!([-2, 0, 7].map(|x| describe.run(&mut world, x)), ["minus 2", "nothing", "7"]);
    /// ```
    pub fn route<R, Out>(self, cases: impl FnOnce(RouteStart<C, T>) -> Routed<R, Out>) -> Pushed<C, In, S, K, R, Out> {
        self.push(cases(RouteStart(PhantomData)).steps)
    }
}

/// A route before its first case: see [`Chain::route`].
#[derive(Debug)]
#[must_use = "a route needs cases"]
pub struct RouteStart<C, T>(PhantomData<fn(&mut C, T)>);

impl<C, T> RouteStart<C, T> {
    /// Adds the first case: an arm for the values for which the predicate holds.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(100_u64); // the limit
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let large = |limit: Res<u64>, x: &u64| *x > *limit;
    /// let mut chain = PipelineStart::<u64>::new()
    ///     .route(|r| {
    ///         r.case(large, reg, |x| x.then(|_: u64| "refused", reg))
    ///             .or(|x| x.then(|_: u64| "accepted", reg))
    ///     })
    ///     .build();
    /// assert_eq!([101, 5].map(|x| chain.run(&mut world, x)), ["refused", "accepted"]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[track_caller]
    pub fn case<P, M, A, Out, L>(
        self,
        predicate: P,
        registry: &Registry,
        arm: impl FnOnce(Chain<C, T, T, Start>) -> Chain<C, T, Out, A, L>,
    ) -> RouteBuilder<C, T, Out, ((), Resolved<P, M>, A)>
    where
        M: Mode,
        P: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        let arm = arm(Chain::start()).steps;
        RouteBuilder { cases: ((), Resolved::new(predicate, registry), arm), types: PhantomData }
    }
}

/// A route with some cases: see [`Chain::route`].
#[derive(Debug)]
#[must_use = "a route needs a last arm: `or`"]
pub struct RouteBuilder<C, T, Out, Cases> {
    cases: Cases,
    types: PhantomData<fn(&mut C, T) -> Out>,
}

impl<C, T, Out, Cases> RouteBuilder<C, T, Out, Cases> {
    /// Adds a case: an arm for the values for which this predicate holds, and no earlier one does.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut size = PipelineStart::<u64>::new()
    ///     .route(|r| {
    ///         r.case(|x: &u64| *x < 10, reg, |x| x.then(|_: u64| 's', reg))
    ///             .case(|x: &u64| *x < 100, reg, |x| x.then(|_: u64| 'm', reg))
    ///             .or(|x| x.then(|_: u64| 'l', reg))
    ///     })
    ///     .build();
    /// assert_eq!([5, 50, 500].map(|x| size.run(&mut world, x)), ['s', 'm', 'l']);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[track_caller]
    pub fn case<P, M, A, L>(
        self,
        predicate: P,
        registry: &Registry,
        arm: impl FnOnce(Chain<C, T, T, Start>) -> Chain<C, T, Out, A, L>,
    ) -> RouteBuilder<C, T, Out, (Cases, Resolved<P, M>, A)>
    where
        M: Mode,
        P: for<'a> Callable<C, (&'a T,), M, Out = bool>,
    {
        let arm = arm(Chain::start()).steps;
        RouteBuilder { cases: (self.cases, Resolved::new(predicate, registry), arm), types: PhantomData }
    }

    /// Adds the last arm, for all other values.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut halved = PipelineStart::<u64>::new()
    ///     .route(|r| {
    ///         r.case(|x: &u64| *x % 2 == 0, reg, |x| x.then(|x: u64| Ok(x / 2), reg))
    ///             .or(|x| x.then(|x: u64| Err(format!("{x} is odd")), reg))
    ///     })
    ///     .build();
    /// assert_eq!(halved.run(&mut world, 8), Ok(4));
    /// assert_eq!(halved.run(&mut world, 7), Err("7 is odd".to_owned()));
    /// ```
    pub fn or<A, L>(
        self,
        arm: impl FnOnce(Chain<C, T, T, Start>) -> Chain<C, T, Out, A, L>,
    ) -> Routed<Cases::Route, Out>
    where
        Cases: Fold<Otherwise<A>>,
    {
        Routed { steps: self.cases.fold(Otherwise(arm(Chain::start()).steps)), types: PhantomData }
    }
}

/// A complete route: see [`Chain::route`].
#[derive(Debug)]
pub struct Routed<R, Out> {
    steps: R,
    types: PhantomData<fn() -> Out>,
}

impl<R, Out> Routed<R, Out> {
    pub(super) fn new(steps: R) -> Self {
        Self { steps, types: PhantomData }
    }
}

/// The cases of a route in the order in which they were written, to be nested with the first outermost.
pub trait Fold<Rest> {
    /// The cases around `Rest`.
    type Route;

    /// Nests them.
    fn fold(self, rest: Rest) -> Self::Route;
}

impl<Rest> Fold<Rest> for () {
    type Route = Rest;

    fn fold(self, rest: Rest) -> Rest {
        rest
    }
}

impl<Earlier, P, A, Rest> Fold<Rest> for (Earlier, P, A)
where
    Earlier: Fold<Case<P, A, Rest>>,
{
    type Route = Earlier::Route;

    fn fold(self, rest: Rest) -> Self::Route {
        let (earlier, predicate, arm) = self;
        earlier.fold(Case { predicate, arm, rest })
    }
}
