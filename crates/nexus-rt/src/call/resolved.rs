//! A function with what it needs from the world: the only place that fetches params.
#![expect(unsafe_code, reason = "the one caller of Mode::fetch")]

use std::any::type_name;
use std::fmt;

use super::callable::Callable;
use super::entered::{Entered, replaced_world};
use super::mode::Mode;
use crate::describe::{Describe, Function, Visitor, anything_changed, foreign_world};
use crate::param::{Access, AccessKind, ResolveError};
use crate::sequence::WorldId;
use crate::world::{Registry, World};

/// A function together with its resolved params: a handler, or a step of a chain.
pub struct Resolved<F, M: Mode> {
    function: F,
    state: M::State,
    world: WorldId,
}

impl<F, M: Mode> Resolved<F, M> {
    #[inline]
    pub(crate) fn try_new(function: F, registry: &Registry) -> Result<Self, ResolveError> {
        let state = M::resolve(registry, type_name::<F>())?;
        Ok(Self { function, state, world: registry.world_id() })
    }

    /// # Panics
    /// If something is missing or in conflict.
    #[inline]
    #[track_caller]
    pub(crate) fn new(function: F, registry: &Registry) -> Self {
        match Self::try_new(function, registry) {
            Ok(resolved) => resolved,
            Err(error) => refuse(&error),
        }
    }

    /// The world that the function was resolved against.
    pub(crate) fn world(&self) -> WorldId {
        self.world
    }

    /// Calls the function on an entered world.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn call<C, Args>(&mut self, ctx: &mut C, world: Entered<'_>, args: Args) -> F::Out
    where
        F: Callable<C, Args, M>,
    {
        let world = world.into_inner();
        debug_assert_eq!(
            world.world_id(),
            self.world,
            "a chain is built from one world and checked when it is entered"
        );
        // SAFETY: `world` was entered, which compared its identity with that of everything that runs in this entry,
        // this function among them: a chain refuses to be built from several worlds, and after a function that could
        // have replaced the world the identity is compared again, below.
        let item = unsafe { M::fetch(&mut *world, &mut self.state) };
        let out = self.function.invoke(ctx, item, args);
        if M::EXCLUSIVE && world.world_id() != self.world {
            replaced_world(type_name::<F>(), self.world, world.world_id());
        }
        out
    }
}

impl<F, M: Mode> Describe for Resolved<F, M> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.function(self);
    }
}

impl<F, M: Mode> Function for Resolved<F, M> {
    fn name(&self) -> &'static str {
        type_name::<F>()
    }

    fn world_id(&self) -> Option<WorldId> {
        Some(self.world)
    }

    fn is_exclusive(&self) -> bool {
        M::EXCLUSIVE
    }

    fn access(&self, visit: &mut dyn FnMut(Access)) {
        M::access(&self.state, visit);
    }

    #[track_caller]
    fn inputs_changed(&self, world: &World) -> bool {
        if world.world_id() != self.world {
            foreign_world(type_name::<F>(), self.world, world.world_id());
        }
        if M::EXCLUSIVE {
            return anything_changed(world);
        }
        let now = world.current_sequence();
        let mut changed = false;
        M::access(&self.state, &mut |access| {
            if access.kind() == AccessKind::Read {
                // SAFETY: the access is of this function's state, resolved against the world whose identity was just
                // compared, so the cell lives; `&World` excludes any exclusive borrow of it.
                changed |= unsafe { access.cell.changed_at() } == now;
            }
        });
        changed
    }
}

impl<F, M: Mode> fmt::Debug for Resolved<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", type_name::<F>())
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(error: &ResolveError) -> ! {
    panic!("{error}")
}
