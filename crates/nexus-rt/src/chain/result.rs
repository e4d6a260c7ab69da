//! Combinators for `Result`.

use super::{Chain, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::sealed::Internal;
use crate::step::{AsRef, Catch, InspectErr, IntoOption, IntoStep, MapErr, OrElse, UnwrapOrElse};
use crate::world::Registry;

impl<C, In: ?Sized, T, E, S, K> Chain<C, In, Result<T, E>, S, K> {
    /// Handles an error with a function, and passes the content of `Ok` on as an `Option`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// fn reject(mut rejected: ResMut<Vec<String>>, error: String) {
    ///     rejected.push(error);
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register_default::<Vec<String>>();
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<Result<u64, String>>::new().catch(reject, reg).build();
    /// assert_eq!([Ok(5), Err("late".into())].map(|x| chain.run(&mut world, x)), [Some(5), None]);
    /// assert_eq!(*world.resource::<Vec<String>>(), ["late"]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn catch<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Catch<F::Step>, Option<T>>
    where
        F: IntoStep<C, E, L, Out = ()>,
    {
        self.push(Catch(f.into_step(registry, Internal)))
    }

    /// Runs a function on an error, and passes its output on as the error.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let name = |code: u8| format!("code {code}");
    /// let mut chain = PipelineStart::<Result<u64, u8>>::new().map_err(name, reg).build();
    /// assert_eq!(chain.run(&mut world, Err(7)), Err("code 7".to_owned()));
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn map_err<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, MapErr<F::Step>, Result<T, F::Out>>
    where
        F: IntoStep<C, E, L>,
    {
        self.push(MapErr(f.into_step(registry, Internal)))
    }

    /// Runs a function on an error, and passes on the `Result` that it returns.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let retry = |code: u8| if code < 5 { Ok(0) } else { Err(code) };
    /// let mut chain = PipelineStart::<Result<u64, u8>>::new().or_else(retry, reg).build();
    /// assert_eq!([Ok(1), Err(4), Err(5)].map(|x| chain.run(&mut world, x)), [Ok(1), Ok(0), Err(5)]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn or_else<F, L, E2>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, OrElse<F::Step>, Result<T, E2>>
    where
        F: IntoStep<C, E, L, Out = Result<T, E2>>,
    {
        self.push(OrElse(f.into_step(registry, Internal)))
    }

    /// Calls a function with a reference to an error, and passes the value on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let count = |mut errors: ResMut<u64>, _: &u8| *errors += 1;
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<Result<u64, u8>>::new().inspect_err(count, reg).build();
    /// assert_eq!([Ok(5), Err(1)].map(|x| chain.run(&mut world, x)), [Ok(5), Err(1)]);
    /// assert_eq!(*world.resource::<u64>(), 1);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn inspect_err<F, M>(
        self,
        f: F,
        registry: &Registry,
    ) -> Pushed<C, In, S, K, InspectErr<Resolved<F, M>>, Result<T, E>>
    where
        M: Mode,
        F: for<'a> Callable<C, (&'a E,), M, Out = ()>,
    {
        self.push(InspectErr(Resolved::new(f, registry)))
    }

    /// Drops an error, and passes the content of `Ok` on as an `Option`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let parse = |text: &str| text.parse::<u64>();
    /// let mut chain = PipelineStart::<&str>::new().then(parse, reg).ok().build();
    /// assert_eq!(["4", "four"].map(|text| chain.run(&mut world, text)), [Some(4), None]);
    /// ```
    #[inline]
    pub fn ok(self) -> Pushed<C, In, S, K, IntoOption, Option<T>> {
        self.push(IntoOption)
    }

    /// Passes on the content of `Ok`, or the output of a function of the error.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let default = |code: u8| u64::from(code) + 100;
    /// let mut chain = PipelineStart::<Result<u64, u8>>::new().unwrap_or_else(default, reg).build();
    /// assert_eq!([Ok(5), Err(7)].map(|x| chain.run(&mut world, x)), [5, 107]);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[inline]
    #[track_caller]
    pub fn unwrap_or_else<F, L>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, UnwrapOrElse<F::Step>, T>
    where
        F: IntoStep<C, E, L, Out = T>,
    {
        self.push(UnwrapOrElse(f.into_step(registry, Internal)))
    }
}

impl<'t, C, In: ?Sized, T, E, S, K> Chain<C, In, &'t Result<T, E>, S, K> {
    /// Turns a reference to a `Result` into a `Result` of references, which `map` and the others accept.
    ///
    /// Arms and side chains start from a reference.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<Result<u64, u8>>::new()
    ///     .fork()
    ///     .arm(|x| x.as_ref().map(|x: &u64| *x + 1, reg).map_err(|code: &u8| *code, reg))
    ///     .arm(|x| x.as_ref().ok().cloned())
    ///     .merge(|next: &Result<u64, u8>, last: &Option<u64>| (*next, *last), reg)
    ///     .build();
    /// assert_eq!(chain.run(&mut world, Ok(4)), (Ok(5), Some(4)));
    /// ```
    #[inline]
    pub fn as_ref(self) -> Pushed<C, In, S, K, AsRef, Result<&'t T, &'t E>> {
        self.push(AsRef)
    }
}
