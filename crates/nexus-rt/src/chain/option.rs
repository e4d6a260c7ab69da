//! Combinators for `Option`.

use super::{Chain, Producer, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::step::{AsRef, OkOr, OkOrElse, OnNone, Splat, UnwrapOrElse};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, Option<T>, S, K> {
    /// Runs a function on `None`; everything goes on as it was.
    #[inline]
    #[track_caller]
    pub fn on_none<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, OnNone<Producer<F, M>>, Option<T>>
    where
        M: Mode,
        F: Callable<C, (), M, Out = ()>,
    {
        self.push(OnNone(Splat(Resolved::new(f, registry))))
    }

    /// Turns `None` into `Err` of a clone of `error`.
    #[inline]
    pub fn ok_or<E: Clone>(self, error: E) -> Pushed<C, In, S, K, OkOr<E>, Result<T, E>> {
        self.push(OkOr(error))
    }

    /// Turns `None` into `Err` of what the function makes.
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

    /// Turns `None` into what the function makes.
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
    /// Looks inside, as in an arm that starts from an `Option`: then `map` and the others are there.
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
