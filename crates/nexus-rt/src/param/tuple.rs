//! Tuples of params, which are params: parameter lists, and groups of more than eight.
#![expect(unsafe_code, reason = "passes the contract of Param on to the elements")]

use super::{Access, Dispatch, Param, Requests, Resolver};
use crate::world::Registry;

macro_rules! tuple {
    ($($P:ident $index:tt),*) => {
        // SAFETY: each element is resolved with the same resolver, reported, and fetched once, under its own contract.
        unsafe impl<$($P: Param),*> Param for ($($P,)*) {
            type State = ($($P::State,)*);
            type Item<'w> = ($($P::Item<'w>,)*);
            const REMEMBERS_RUN: bool = false $(|| $P::REMEMBERS_RUN)*;

            #[inline(always)]
            fn try_init(_registry: &Registry, _resolver: &mut Resolver) -> Option<Self::State> {
                Some(($($P::try_init(_registry, _resolver)?,)*))
            }

            fn requests(_list: &mut Requests) {
                $(_list.add_param::<$P>($index);)*
            }

            fn access(_state: &Self::State, _visit: &mut dyn FnMut(Access)) {
                $($P::access(&_state.$index, _visit);)*
            }

            #[inline(always)]
            #[allow(
                clippy::unused_unit,
                reason = "the list of no params is the unit"
            )]
            unsafe fn fetch<'w>(_dispatch: Dispatch<'w>, _state: &'w mut Self::State) -> Self::Item<'w> {
                // SAFETY: the caller's promises for the tuple hold for each element; that the elements do not conflict
                // with each other was checked when the whole list was resolved.
                ($(unsafe { $P::fetch(_dispatch, &mut _state.$index) },)*)
            }

            #[inline(always)]
            fn end_run(_state: &mut Self::State, _tick: u64) {
                $(
                    if $P::REMEMBERS_RUN {
                        $P::end_run(&mut _state.$index, _tick);
                    }
                )*
            }
        }
    };
}

tuple!();
tuple!(P0 0);
tuple!(P0 0, P1 1);
tuple!(P0 0, P1 1, P2 2);
tuple!(P0 0, P1 1, P2 2, P3 3);
tuple!(P0 0, P1 1, P2 2, P3 3, P4 4);
tuple!(P0 0, P1 1, P2 2, P3 3, P4 4, P5 5);
tuple!(P0 0, P1 1, P2 2, P3 3, P4 4, P5 5, P6 6);
tuple!(P0 0, P1 1, P2 2, P3 3, P4 4, P5 5, P6 6, P7 7);
