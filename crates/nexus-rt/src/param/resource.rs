//! The params that access resources: `Res`, `ResMut`, and an `Option` of either.
#![expect(unsafe_code, reason = "the leaves of Param: turn a resolved pointer into a reference")]

use std::fmt;

use super::{Access, AccessKind, Dispatch, Param, Requests, Resolver, borrow_check};
use crate::world::{CellPtr, Registry, Res, ResMut};

/// The state of a param that reads. Only resolving creates one, and no safe code looks into it. Everything that is
/// fetched from it, and everything that [`Param::access`] reports about it, is therefore a read of this cell. For that
/// reason, it does not matter that two expansions of a field's type may differ in a derived param.
pub struct Reads<T>(CellPtr<T>);

/// The state of a param that writes: see [`Reads`].
pub struct Writes<T>(CellPtr<T>);

/// Implements a param and its optional twin. `T: Send` is required where a resource is registered, not here: see
/// `CellPtr`.
macro_rules! resource_param {
    ($Borrow:ident, $State:ident, $kind:expr, |$cell:ident, $now:ident| $fetch:expr) => {
        impl<T> Clone for $State<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $State<T> {}

        impl<T> fmt::Debug for $State<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($State))
            }
        }

        // SAFETY: the one resource is resolved with `resolver`, reported by `access`, and borrowed by `fetch` as
        // reported.
        unsafe impl<T: 'static> Param for $Borrow<'_, T> {
            type State = $State<T>;
            type Item<'w> = $Borrow<'w, T>;

            #[inline(always)]
            fn try_init(registry: &Registry, resolver: &mut Resolver) -> Option<$State<T>> {
                resolver.find::<T>($kind, registry).map($State)
            }

            fn requests(list: &mut Requests) {
                list.add::<T>($kind, false);
            }

            fn access(state: &$State<T>, visit: &mut dyn FnMut(Access)) {
                visit(Access::new($kind, state.0));
            }

            #[inline(always)]
            unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut $State<T>) -> $Borrow<'w, T> {
                let ($cell, $now) = (state.0, dispatch.now);
                borrow_check::note($kind, $cell);
                $fetch
            }
        }

        // SAFETY: a resource that is present is resolved with `resolver`, and the mandatory twin fetches it.
        unsafe impl<T: 'static> Param for Option<$Borrow<'_, T>> {
            type State = Option<$State<T>>;
            type Item<'w> = Option<$Borrow<'w, T>>;

            #[inline(always)]
            fn try_init(registry: &Registry, resolver: &mut Resolver) -> Option<Self::State> {
                Some(resolver.find::<T>($kind, registry).map($State))
            }

            fn requests(list: &mut Requests) {
                list.add::<T>($kind, true);
            }

            fn access(state: &Self::State, visit: &mut dyn FnMut(Access)) {
                if let Some(state) = state {
                    <$Borrow<'_, T>>::access(state, visit);
                }
            }

            #[inline(always)]
            unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut Self::State) -> Self::Item<'w> {
                // SAFETY: the caller's promises for this param are those for its twin.
                state.as_mut().map(|state| unsafe { <$Borrow<'_, T>>::fetch(dispatch, state) })
            }
        }
    };
}

resource_param!(Res, Reads, AccessKind::Read, |cell, now| {
    // SAFETY: the world of the cell is alive for 'w (the caller's first promise) and no conflicting param was fetched,
    // so nobody writes the cell (the third).
    Res::new(unsafe { cell.get() }, now)
});

resource_param!(ResMut, Writes, AccessKind::Write, |cell, now| {
    // SAFETY: the world of the cell is alive and borrowed exclusively for 'w (the caller's first two promises), and no
    // other param of the same run reaches this cell (the third).
    ResMut::new(unsafe { cell.get_mut() }, now)
});
