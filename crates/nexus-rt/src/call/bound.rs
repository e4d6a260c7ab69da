//! Resolved params and the world that they belong to: the only place that fetches.
#![expect(unsafe_code, reason = "the one caller of Mode::fetch")]

use super::callable::Callable;
use super::entered::{Entered, replaced_world};
use super::mode::Mode;
use super::no_event::full_name;
use crate::describe::{Function, anything_changed, foreign_world};
use crate::param::{Access, AccessKind, Accesses, CloneState, CopyState, Resolution, ResolveError, Running};
use crate::sealed::Internal;
use crate::world::{Registry, World, WorldId};

/// What one function needs, resolved against one world: a state of which no two accesses conflict.
///
/// Only [`of`](Bound::of) creates one, from a state for which that is known.
pub(crate) struct Bound<M: Mode> {
    state: M::State,
    world: WorldId,
}

impl<M: Mode> Bound<M> {
    #[inline(always)]
    pub(super) fn try_new(registry: &Registry, function: fn() -> &'static str) -> Result<Self, ResolveError> {
        match M::resolve(registry) {
            Resolution::Clear(state) => Ok(Self::of(registry, state)),
            Resolution::MayConflict(state) => Self::without_conflict(state, registry, function),
            Resolution::Missing => Err(Self::refusal(registry, function)),
        }
    }

    /// # Panics
    /// If something is missing or in conflict.
    #[inline(always)]
    #[track_caller]
    pub(super) fn new(registry: &Registry, function: fn() -> &'static str) -> Self {
        match Self::try_new(registry, function) {
            Ok(bound) => bound,
            Err(error) => refuse(error),
        }
    }

    /// Binds a state if no two of its accesses conflict. Asks the state, since that is what will be fetched.
    #[cold]
    #[inline(never)]
    fn without_conflict(
        state: M::State,
        registry: &Registry,
        function: fn() -> &'static str,
    ) -> Result<Self, ResolveError> {
        let mut accesses = Accesses::default();
        M::access(&state, &mut |access| accesses.add(access));
        if accesses.conflict { Err(Self::refusal(registry, function)) } else { Ok(Self::of(registry, state)) }
    }

    #[inline(always)]
    fn refusal(registry: &Registry, function: fn() -> &'static str) -> ResolveError {
        ResolveError::of(registry, function(), M::FIRST_PARAM, M::requests)
    }

    /// Binds a state that was resolved against this registry, and of which no two accesses conflict.
    #[inline(always)]
    fn of(registry: &Registry, state: M::State) -> Self {
        Running::prepare();
        Self { state, world: registry.world_id() }
    }

    /// Returns the world that it was resolved against.
    #[inline(always)]
    pub(super) fn world(&self) -> WorldId {
        self.world
    }

    /// Calls the function on an entered world.
    #[inline(always)]
    #[track_caller]
    pub(super) fn call<F, C, Args>(&mut self, function: &mut F, ctx: &mut C, world: Entered<'_>, args: Args) -> F::Out
    where
        F: Callable<C, Args, M>,
    {
        let world = world.into_inner();
        debug_assert_eq!(
            world.world_id(),
            self.world,
            "a chain is built from one world and checked when it is entered"
        );
        let _running = Running::begin(full_name::<F>);
        // SAFETY: `world` was entered, which compared its identity with that of everything that runs in this entry,
        // including this function: a chain refuses to be built from several worlds, and after a function that could
        // have replaced the world, the identity is compared again, below. The state belongs to that world and does not
        // conflict with itself, which holds for every `Bound`, and for its clones and copies, whose pointers and kinds
        // are the same.
        let item = unsafe { M::fetch(&mut *world, &mut self.state) };
        let out = function.invoke(ctx, item, args, Internal);
        if M::REMEMBERS_RUN {
            let tick = world.tick();
            M::access(&self.state, &mut |access| {
                // SAFETY: `access` reports only cells of the world that the state was resolved against, by the contract
                // of `Param`: of `world`, as above, which is borrowed exclusively. What was fetched is gone, since the
                // function has returned.
                unsafe { access.cell.settle(tick) };
            });
            M::end_run(&mut self.state, tick + 1);
        }
        if M::EXCLUSIVE && world.world_id() != self.world {
            replaced_world(full_name::<F>(), self.world, world.world_id());
        }
        out
    }
}

/// A bound function with its name, as visitors see it.
pub(super) struct Named<'b, M: Mode>(pub(super) &'static str, pub(super) &'b Bound<M>);

impl<M: Mode> Function for Named<'_, M> {
    fn name(&self) -> &'static str {
        self.0
    }

    fn world_id(&self) -> Option<WorldId> {
        Some(self.1.world)
    }

    fn is_exclusive(&self) -> bool {
        M::EXCLUSIVE
    }

    fn access(&self, visit: &mut dyn FnMut(Access)) {
        M::access(&self.1.state, visit);
    }

    #[track_caller]
    fn inputs_changed(&self, world: &World) -> bool {
        if world.world_id() != self.1.world {
            foreign_world(self.0, self.1.world, world);
        }
        if M::EXCLUSIVE {
            return anything_changed(world);
        }
        let now = world.current_sequence();
        let mut changed = false;
        M::access(&self.1.state, &mut |access| {
            if access.kind() == AccessKind::Read {
                // SAFETY: by the contract of `Param`, a state reports only cells of the world that it was resolved
                // against, whose identity was just compared, so the cell is alive; `&World` excludes any exclusive
                // borrow of it.
                changed |= unsafe { access.cell.changed_at() } == now;
            }
        });
        changed
    }
}

impl<M: Mode<State: CloneState>> Clone for Bound<M> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone_state(), world: self.world }
    }
}

impl<M: Mode<State: CopyState>> Copy for Bound<M> {}

#[cold]
#[inline(never)]
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "whoever calls it keeps nothing to drop")]
fn refuse(error: ResolveError) -> ! {
    panic!("{error}")
}
