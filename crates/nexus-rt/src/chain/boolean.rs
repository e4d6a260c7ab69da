//! Combinators for `bool`.

use super::{Chain, Producer, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::step::{And, Not, Or, Splat, Xor};
use crate::world::Registry;

impl<C, In: ?Sized, S, K> Chain<C, In, bool, S, K> {
    /// Negates the value.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut odd = PipelineStart::<u64>::new().then(|x: u64| x % 2 == 0, reg).not().build();
    /// assert_eq!([3, 4].map(|x| odd.run(&mut world, x)), [true, false]);
    /// ```
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "a combinator among the others")]
    pub fn not(self) -> Pushed<C, In, S, K, Not, bool> {
        self.push(Not)
    }

    /// Combines the value with the output of a function by `&&`. The function runs only if the value is `true`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(true); // whether the market is open
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<u64>::new()
    ///     .then(|x: u64| x < 10, reg)
    ///     .and(|open: Res<bool>| *open, reg)
    ///     .build();
    /// assert_eq!([7, 11].map(|x| chain.run(&mut world, x)), [true, false]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn and<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, And<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(And(Splat(Resolved::new(f, registry))))
    }

    /// Combines the value with the output of a function by `||`. The function runs only if the value is `false`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(true); // whether the market is open
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<u64>::new()
    ///     .then(|x: u64| x < 10, reg)
    ///     .or(|open: Res<bool>| *open, reg)
    ///     .build();
    /// assert_eq!([7, 11].map(|x| chain.run(&mut world, x)), [true, true]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn or<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Or<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(Or(Splat(Resolved::new(f, registry))))
    }

    /// Combines the value with the output of a function by `^`. The function always runs.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(true); // whether the market is open
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<u64>::new()
    ///     .then(|x: u64| x < 10, reg)
    ///     .xor(|open: Res<bool>| *open, reg)
    ///     .build();
    /// assert_eq!([7, 11].map(|x| chain.run(&mut world, x)), [false, true]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn xor<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Xor<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(Xor(Splat(Resolved::new(f, registry))))
    }
}
