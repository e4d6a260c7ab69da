//! Combinators for both `Option` and `Result`, and for references.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::sealed::Internal;
use crate::step::{AndThen, Cloned, Filter, Filtered, Inside, Inspect, IntoStep, Map, Referring, UnwrapOr};
use crate::world::Registry;

/// Methods for the content of an `Option` or a `Result`. They exist for values of every type, so that the compiler can
/// say what they need instead of "no method found".
impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs a function on the content of `Some` or `Ok`. `None` and errors are passed on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<&str>::new()
    ///     .then(|text: &str| text.parse::<u64>(), reg)
    ///     .map(|x: u64| x + 1, reg)
    ///     .build();
    /// assert_eq!(chain.run(&mut world, "4"), Ok(5));
    /// assert!(chain.run(&mut world, "four").is_err());
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn map<F, L, V, Next>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Map<F::Step>, Next>
    where
        T: Inside<Value = V, With<F::Out> = Next>,
        F: IntoStep<C, V, L>,
    {
        self.push(Map(f.into_step(registry, Internal)))
    }

    /// Runs a function on the content of `Some` or `Ok`, and passes on the `Option` or `Result` that it returns.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let minus_3 = |x: u64| x.checked_sub(3);
    /// let mut chain = PipelineStart::<Option<u64>>::new().and_then(minus_3, reg).build();
    /// assert_eq!([Some(5), Some(1), None].map(|x| chain.run(&mut world, x)), [Some(2), None, None]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn and_then<F, L, V, U, Next>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, AndThen<F::Step>, Next>
    where
        T: Inside<Value = V, With<U> = Next>,
        F: IntoStep<C, V, L, Out = Next>,
    {
        self.push(AndThen(f.into_step(registry, Internal)))
    }

    /// Calls a function with a reference to the content of `Some` or `Ok`, and passes the value on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let count = |mut n: ResMut<u64>, _: &u64| *n += 1;
    /// let mut chain = PipelineStart::<Option<u64>>::new().inspect(count, world.registry()).build();
    /// assert_eq!([Some(5), None].map(|x| chain.run(&mut world, x)), [Some(5), None]);
    /// assert_eq!(*world.resource::<u64>(), 1);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn inspect<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Inspect<Resolved<F, M>>, T>
    where
        T: Inside,
        M: Mode,
        F: for<'a> Callable<C, (&'a T::Value,), M, Out = ()>,
    {
        self.push(Inspect(Resolved::new(f, registry)))
    }

    /// Keeps the content of `Some` if a predicate holds for a reference to it, and passes on `None` otherwise.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut even = PipelineStart::<Option<u64>>::new().filter(|x: &u64| *x % 2 == 0, reg).build();
    /// assert_eq!([Some(4), Some(5), None].map(|x| even.run(&mut world, x)), [Some(4), None, None]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn filter<F, M>(self, predicate: F, registry: &Registry) -> Pushed<C, In, S, K, Filter<Resolved<F, M>>, T>
    where
        T: Filtered,
        M: Mode,
        F: for<'a> Callable<C, (&'a T::Value,), M, Out = bool>,
    {
        self.push(Filter(Resolved::new(predicate, registry)))
    }

    /// Passes on the content of `Some` or `Ok`, or a clone of `value` otherwise. An error is dropped.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let parse = |text: &str| text.parse::<u64>();
    /// let mut chain = PipelineStart::<&str>::new().then(parse, reg).unwrap_or(0).build();
    /// assert_eq!(["4", "four"].map(|text| chain.run(&mut world, text)), [4, 0]);
    /// ```
    #[inline]
    pub fn unwrap_or<V: Clone>(self, value: V) -> Pushed<C, In, S, K, UnwrapOr<V>, V>
    where
        T: Inside<Value = V>,
    {
        self.push(UnwrapOr(value))
    }

    /// Clones the target of a reference: of a `&T`, an `Option<&T>` or a `Result<&T, E>`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut total = PipelineStart::<(String, u64)>::new()
    ///     .fork()
    ///     .arm(|order| order.then(|(name, _): &(String, u64)| name.clone(), reg))
    ///     .arm(|order| order.cloned()) // an owned copy
    ///     .merge(|name: &String, order: &(String, u64)| order.1 + name.len() as u64, reg)
    ///     .build();
    /// assert_eq!(total.run(&mut world, ("abc".into(), 4)), 7);
    /// ```
    #[inline]
    pub fn cloned<Next>(self) -> Pushed<C, In, S, K, Cloned, Next>
    where
        T: Referring<Owned = Next>,
    {
        self.push(Cloned)
    }
}
