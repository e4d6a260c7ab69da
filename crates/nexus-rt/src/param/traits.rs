//! `Param`: the types that can appear in a function's signature.
#![expect(unsafe_code, reason = "Param is an unsafe trait: fetching hands out references under its contract")]

use super::{Access, Requests, Resolver};
use crate::sequence::Sequence;
use crate::world::{Moment, Registry, World};

/// A type that can appear in a function's signature before the event, and is filled from the world.
///
/// Implemented by [`Res`](crate::Res), [`ResMut`](crate::ResMut), an `Option` of either, [`Local`](crate::Local),
/// [`LastRun`](crate::LastRun), [`Sequence`], [`RegistryRef`](crate::RegistryRef), `()`, tuples of up to 8 params, and
/// every struct of params with `#[derive(Param)]`. A param is resolved once against a [`Registry`] into a `State`; each
/// run turns the state into an `Item`.
///
/// A crate that imports this one under another name passes it to the derive: `#[param(crate = my_name)]` on the struct.
///
/// # Safety
/// Use the derive to implement this trait. An implementation by hand promises that
/// * `fetch` accesses resources only through the states of other params, each fetched at most once per call;
/// * `access` reports every access that `fetch` may make with this state, even in later runs and with clones of it, by
///   passing the call on to each of those params, and reports nothing else: each access is to a resource of the world
///   that the state was resolved against, whose stamp is read between runs, and written at the end of a run that
///   [remembers](Self::REMEMBERS_RUN);
/// * `try_init` resolves each of them with the `resolver` that it was given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a parameter that the world can fill",
    label = "not a parameter",
    note = "parameters are `Res<T>`, `ResMut<T>`, `Option<Res<T>>`, `Option<ResMut<T>>`, `Local<T>`, `LastRun`, \
            `Sequence`, `RegistryRef`, tuples of them, and structs with `#[derive(Param)]`"
)]
pub unsafe trait Param: Sized {
    /// The state kept between runs: pointers to resources, local values.
    type State: Send + 'static;

    /// The param itself, with the lifetime of one run.
    type Item<'w>: Param<State = Self::State>;

    /// Whether the state remembers the last run, as that of [`LastRun`](crate::LastRun) does.
    ///
    /// In an implementation by hand, this is `true` if it is for one of its params, and [`end_run`](Self::end_run)
    /// passes the call on to those. Otherwise, each run is the first one for that param.
    const REMEMBERS_RUN: bool = false;

    /// Resolves the param, or returns `None` if something is missing.
    fn try_init(registry: &Registry, resolver: &mut Resolver) -> Option<Self::State>;

    /// Adds the param's requests to `list`, by passing the call on to each param in it.
    ///
    /// The list is used only for messages, if something is missing or in conflict. A request that is not in it is not
    /// named there.
    fn requests(list: &mut Requests);

    /// Calls `visit` with every access that a run may make.
    fn access(state: &Self::State, visit: &mut dyn FnMut(Access));

    /// Creates the item for one run.
    ///
    /// # Safety
    /// `state` was resolved against the world of `dispatch`, and no two of its accesses conflict; that world is
    /// borrowed exclusively for `'w`; and nothing else that is fetched during `'w` conflicts with the accesses of this
    /// param.
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut Self::State) -> Self::Item<'w>;

    /// Records that a run has ended. `tick` is the first tick of the world after it.
    ///
    /// It is called only if [`REMEMBERS_RUN`](Self::REMEMBERS_RUN) is `true`, and not after a panic.
    #[inline(always)]
    fn end_run(_state: &mut Self::State, _tick: u64) {}
}

/// What a run receives from its world besides the resources: the registry and the current sequence.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch<'w> {
    pub(crate) registry: &'w Registry,
    sequence: Sequence,
    /// The stamp of a write in this sequence.
    pub(super) now: Moment,
}

impl<'w> Dispatch<'w> {
    /// Takes the world for one run. The exclusive borrow lasts for `'w`, so nothing else can access its cells
    /// meanwhile.
    #[inline(always)]
    pub(crate) fn new(world: &'w mut World) -> Self {
        let (sequence, now) = (world.current_sequence(), world.now());
        Self { registry: world.registry(), sequence, now }
    }
}

// SAFETY: a sequence is a copied number and reaches no resource.
unsafe impl Param for Sequence {
    type State = ();
    type Item<'w> = Self;

    fn try_init(_: &Registry, _: &mut Resolver) -> Option<()> {
        Some(())
    }

    fn requests(_: &mut Requests) {}

    fn access((): &(), _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, (): &'w mut ()) -> Self {
        dispatch.sequence
    }
}
