//! Combinators for `Option`.

use super::{Chain, Producer, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::step::{AsRef, OkOr, OkOrElse, OnNone, Splat, UnwrapOrElse};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, Option<T>, S, K> {
    /// Calls a function if the value is `None`, and passes the value on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let count = |mut n: ResMut<u64>| *n += 1;
    /// let mut chain = PipelineStart::<Option<u64>>::new().on_none(count, world.registry()).build();
    /// assert_eq!([Some(5), None].map(|x| chain.run(&mut world, x)), [Some(5), None]);
    /// assert_eq!(*world.resource::<u64>(), 1);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn on_none<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, OnNone<Producer<F, M>>, Option<T>>
    where
        M: Mode,
        F: Callable<C, (), M, Out = ()>,
    {
        self.push(OnNone(Splat(Resolved::new(f, registry))))
    }

    /// Turns `Some` into `Ok`, and `None` into `Err` with a clone of `error`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let small = |x: &u64| *x < 10;
    /// let mut chain = PipelineStart::<u64>::new().guard(small, reg).ok_or("too large").build();
    /// assert_eq!([5, 11].map(|x| chain.run(&mut world, x)), [Ok(5), Err("too large")]);
    /// ```
    #[inline]
    pub fn ok_or<E: Clone>(self, error: E) -> Pushed<C, In, S, K, OkOr<E>, Result<T, E>> {
        self.push(OkOr(error))
    }

    /// Turns `Some` into `Ok`, and `None` into `Err` with the output of a function.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register("BTC");
    /// let mut world = builder.build();
    /// let name = |symbol: Res<&'static str>| format!("{}: no price", *symbol);
    /// let mut chain = PipelineStart::<Option<u64>>::new().ok_or_else(name, world.registry()).build();
    /// assert_eq!(chain.run(&mut world, None), Err("BTC: no price".to_owned()));
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn ok_or_else<F, M>(
        self,
        f: F,
        registry: &Registry,
    ) -> Pushed<C, In, S, K, OkOrElse<Producer<F, M>>, Result<T, F::Out>>
    where
        M: Mode,
        F: Callable<C, (), M>,
    {
        self.push(OkOrElse(Splat(Resolved::new(f, registry))))
    }

    /// Passes on the content of `Some`, or the output of a function for `None`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(100_u64);
    /// let mut world = builder.build();
    /// let last = |price: Res<u64>| *price;
    /// let reg = world.registry();
    /// let mut price = PipelineStart::<Option<u64>>::new().unwrap_or_else(last, reg).build();
    /// assert_eq!([Some(101), None].map(|x| price.run(&mut world, x)), [101, 100]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn unwrap_or_else<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, UnwrapOrElse<Producer<F, M>>, T>
    where
        M: Mode,
        F: Callable<C, (), M, Out = T>,
    {
        self.push(UnwrapOrElse(Splat(Resolved::new(f, registry))))
    }
}

impl<'t, C, In: ?Sized, T, S, K> Chain<C, In, &'t Option<T>, S, K> {
    /// Turns a reference to an `Option` into an `Option` of a reference, which `map` and the others accept.
    ///
    /// Arms and side chains start from a reference.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<Option<u64>>::new()
    ///     .fork()
    ///     .arm(|x| x.as_ref().map(|x: &u64| *x + 1, reg))
    ///     .arm(|x| x.as_ref().cloned().unwrap_or(9))
    ///     .merge(|a: &Option<u64>, b: &u64| a.unwrap_or(0) + *b, reg)
    ///     .build();
    /// assert_eq!((chain.run(&mut world, Some(4)), chain.run(&mut world, None)), (9, 9));
    /// ```
    #[inline]
    pub fn as_ref(self) -> Pushed<C, In, S, K, AsRef, Option<&'t T>> {
        self.push(AsRef)
    }
}
