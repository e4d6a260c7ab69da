//! `Mode`: the four ways in which a function accesses the world, by params or as a whole, with a context or without.
#![expect(unsafe_code, reason = "fetching is unsafe; these are the bridges from Param to a function's arguments")]

use std::marker::PhantomData;

use crate::param::{Access, Dispatch, Param, Requests, Resolution, resolve};
use crate::world::{Registry, World};

/// How a function accesses the world: by params or as a whole, with a context or without.
///
/// The compiler infers it from the signature of the function. Only generic code over [`Callable`] names it, as a type
/// parameter. Code that accepts handlers needs the bound [`Handles`](crate::Handles) instead.
///
/// [`Callable`]: crate::chain::Callable
pub trait Mode {
    /// What the function receives besides context and arguments.
    type Item<'w>;

    /// The state kept between runs.
    type State: Send + 'static;

    /// Whether the function receives the whole world, and so may replace it.
    const EXCLUSIVE: bool;

    /// The position of the first param: counted from 0, after the context.
    #[doc(hidden)]
    const FIRST_PARAM: usize;

    /// Whether the state remembers the last run.
    #[doc(hidden)]
    const REMEMBERS_RUN: bool;

    /// Resolves what a function needs. The returned type has no public name, so no other crate can implement this
    /// trait.
    #[doc(hidden)]
    fn resolve(registry: &Registry) -> Resolution<Self::State>;

    /// Adds the requests of the params.
    #[doc(hidden)]
    fn requests(list: &mut Requests);

    /// Visits the accesses of a run, if they are known.
    #[doc(hidden)]
    fn access(state: &Self::State, visit: &mut dyn FnMut(Access));

    /// Creates the item for one run.
    ///
    /// # Safety
    /// `state` was returned by [`resolve`](Self::resolve) for the registry of `world`, and its params are not in
    /// conflict.
    #[doc(hidden)]
    unsafe fn fetch<'w>(world: &'w mut World, state: &'w mut Self::State) -> Self::Item<'w>;

    /// Records that a run has ended. `tick` is the first tick of the world after it.
    #[doc(hidden)]
    fn end_run(state: &mut Self::State, tick: u64);
}

/// `FnMut(params.., args..)`, with `FIRST` = 1 after a context.
#[derive(Debug)]
pub struct ByParams<P, const FIRST: usize>(PhantomData<P>);

/// `FnMut(params.., args..)`.
pub(crate) type Plain<P> = ByParams<P, 0>;

/// `FnMut(&mut C, params.., args..)`.
pub(crate) type WithCtx<P> = ByParams<P, 1>;

/// `FnMut(&mut World, args..)`, with `FIRST` = 1 after a context.
#[derive(Debug)]
pub struct Exclusive<const FIRST: usize>(());

impl<P: Param, const FIRST: usize> Mode for ByParams<P, FIRST> {
    type Item<'w> = P::Item<'w>;
    type State = P::State;
    const EXCLUSIVE: bool = false;
    const FIRST_PARAM: usize = FIRST;
    const REMEMBERS_RUN: bool = P::REMEMBERS_RUN;

    #[inline(always)]
    fn resolve(registry: &Registry) -> Resolution<P::State> {
        resolve::<P>(registry)
    }

    fn requests(list: &mut Requests) {
        P::requests(list);
    }

    fn access(state: &P::State, visit: &mut dyn FnMut(Access)) {
        P::access(state, visit);
    }

    #[inline(always)]
    unsafe fn fetch<'w>(world: &'w mut World, state: &'w mut P::State) -> P::Item<'w> {
        // SAFETY: the caller promises that the state is that of this world and that the parameter list does not
        // conflict with itself; the world's exclusive borrow moves into the item.
        unsafe { P::fetch(Dispatch::new(world), state) }
    }

    #[inline(always)]
    fn end_run(state: &mut P::State, tick: u64) {
        P::end_run(state, tick);
    }
}

impl<const FIRST: usize> Mode for Exclusive<FIRST> {
    type Item<'w> = &'w mut World;
    type State = ();
    const EXCLUSIVE: bool = true;
    const FIRST_PARAM: usize = FIRST;
    const REMEMBERS_RUN: bool = false;

    #[inline(always)]
    fn resolve(_: &Registry) -> Resolution<()> {
        Resolution::Clear(())
    }

    fn requests(_: &mut Requests) {}

    fn access((): &(), _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(world: &'w mut World, (): &'w mut ()) -> &'w mut World {
        world
    }

    #[inline(always)]
    fn end_run((): &mut (), _: u64) {}
}
