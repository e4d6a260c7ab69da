//! The params that reach resources: `Res`, `ResMut`, an `Option` of either; and the registry itself.
#![expect(unsafe_code, reason = "the leaves of Param: turn a resolved pointer into a reference")]

use std::fmt;
use std::ops::Deref;

use super::{Access, AccessKind, Dispatch, Param, Report};
use crate::world::{CellPtr, Registry, Res, ResMut};

// SAFETY: the one resource is resolved with `report`, reported by `access`, and borrowed shared by `fetch`.
unsafe impl<T: Send + 'static> Param for Res<'_, T> {
    type State = CellPtr<T>;
    type Item<'w> = Res<'w, T>;

    #[inline(always)]
    fn try_init(registry: &Registry, report: &mut Report<'_>) -> Option<CellPtr<T>> {
        find(registry, report, AccessKind::Read).or_else(|| {
            report.missing::<T>();
            None
        })
    }

    fn access(state: &CellPtr<T>, visit: &mut dyn FnMut(Access)) {
        visit(Access::new(AccessKind::Read, *state));
    }

    #[inline(always)]
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut CellPtr<T>) -> Res<'w, T> {
        // SAFETY: the world of the cell is alive for 'w (the caller's first promise) and no conflicting param was
        // fetched, so nobody writes the cell (the third).
        Res::new(unsafe { state.get() }, dispatch.now)
    }
}

// SAFETY: as for `Res`, but exclusively.
unsafe impl<T: Send + 'static> Param for ResMut<'_, T> {
    type State = CellPtr<T>;
    type Item<'w> = ResMut<'w, T>;

    #[inline(always)]
    fn try_init(registry: &Registry, report: &mut Report<'_>) -> Option<CellPtr<T>> {
        find(registry, report, AccessKind::Write).or_else(|| {
            report.missing::<T>();
            None
        })
    }

    fn access(state: &CellPtr<T>, visit: &mut dyn FnMut(Access)) {
        visit(Access::new(AccessKind::Write, *state));
    }

    #[inline(always)]
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut CellPtr<T>) -> ResMut<'w, T> {
        // SAFETY: the world of the cell is alive and borrowed exclusively for 'w (the caller's first two promises), and
        // no other param of the same run reaches this cell (the third).
        ResMut::new(unsafe { state.get_mut() }, dispatch.now)
    }
}

/// Implements an optional param by its mandatory twin: `None` if the resource is not registered.
macro_rules! optional {
    ($($Borrow:ident $kind:expr;)*) => {$(
        // SAFETY: what is there is resolved with `report`, and the twin reports and fetches it.
        unsafe impl<T: Send + 'static> Param for Option<$Borrow<'_, T>> {
            type State = Option<CellPtr<T>>;
            type Item<'w> = Option<$Borrow<'w, T>>;

            #[inline(always)]
            fn try_init(registry: &Registry, report: &mut Report<'_>) -> Option<Self::State> {
                Some(find(registry, report, $kind))
            }

            fn access(state: &Self::State, visit: &mut dyn FnMut(Access)) {
                if let Some(cell) = state {
                    visit(Access::new($kind, *cell));
                }
            }

            #[inline(always)]
            unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut Self::State) -> Self::Item<'w> {
                // SAFETY: the caller's promises for this param are those of its twin.
                state.as_mut().map(|cell| unsafe { <$Borrow<'_, T>>::fetch(dispatch, cell) })
            }
        }
    )*};
}

optional! {
    Res AccessKind::Read;
    ResMut AccessKind::Write;
}

#[inline(always)]
fn find<T: 'static>(registry: &Registry, report: &mut Report<'_>, kind: AccessKind) -> Option<CellPtr<T>> {
    let (cell, id) = registry.find::<T>()?;
    report.found(kind, id, cell);
    Some(cell)
}

/// The registry as a parameter: for a function that builds handlers while it runs.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, RegistryRef, ResMut, Virtual, WorldBuilder};
///
/// #[derive(Default)]
/// struct Subscribers(Vec<Virtual<u32>>);
///
/// fn count(mut seen: ResMut<u32>, x: u32) {
///     *seen += x;
/// }
///
/// fn subscribe(mut subscribers: ResMut<Subscribers>, registry: RegistryRef, _request: ()) {
///     subscribers.0.push(Box::new(count.into_handler(&registry)));
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register_default::<Subscribers>();
/// builder.register(0_u32);
/// let mut world = builder.build();
/// let mut subscribe = subscribe.into_handler(world.registry());
/// subscribe.run(&mut world, ());
///
/// let mut taken = std::mem::take(&mut *world.resource_mut::<Subscribers>());
/// taken.0[0].run(&mut world, 5);
/// assert_eq!(*world.resource::<u32>(), 5);
/// ```
#[derive(Clone, Copy)]
pub struct RegistryRef<'w>(&'w Registry);

impl Deref for RegistryRef<'_> {
    type Target = Registry;

    #[inline]
    fn deref(&self) -> &Registry {
        self.0
    }
}

impl fmt::Debug for RegistryRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// SAFETY: a registry reaches no value.
unsafe impl Param for RegistryRef<'_> {
    type State = ();
    type Item<'w> = RegistryRef<'w>;

    fn try_init(_: &Registry, _: &mut Report<'_>) -> Option<()> {
        Some(())
    }

    fn access((): &(), _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, (): &'w mut ()) -> RegistryRef<'w> {
        RegistryRef(dispatch.registry)
    }
}
