//! States that can be cloned with their handler, and those that can be copied, from which templates stamp handlers.
#![expect(unsafe_code, reason = "CloneState is an unsafe trait: a clone is trusted to be of the same world")]

use super::last_run::Ran;
use super::local::Kept;
use super::resource::{Reads, Writes};

/// The state of a resolved function, if its handler can be cloned. `Clone` would not do: a program can implement it for
/// the state of its own derived param, and return the state of another world.
///
/// # Safety
/// The clone has the same accesses as the original, to the same resources.
pub unsafe trait CloneState {
    /// Clones the state.
    #[must_use]
    fn clone_state(&self) -> Self;
}

/// Implements it for states of this library.
macro_rules! clone_state {
    ($([$($P:tt)*] $State:ty: |$this:ident| $clone:expr;)*) => {$(
        // SAFETY: the clone is a copy, or that of a value that accesses nothing, or made of clones of states.
        unsafe impl<$($P)*> CloneState for $State {
            #[inline]
            fn clone_state(&$this) -> Self {
                $clone
            }
        }
    )*};
}

clone_state! {
    [T] Reads<T>: |self| *self;
    [T] Writes<T>: |self| *self;
    [S: CloneState] Option<S>: |self| self.as_ref().map(S::clone_state);
    [] Ran: |self| *self;
    [T: Clone] Kept<T>: |self| self.clone();
}

/// The state of a resolved function, if a handler can be stamped by copying it. Implemented for each state instead of
/// for everything that is `Copy`, so that the compiler names the one that is not.
#[diagnostic::on_unimplemented(
    message = "a template cannot stamp handlers that keep `{Self}`: it cannot be copied",
    label = "keeps `{Self}`, which cannot be copied",
    note = "in a blueprint, a `Local<T>` needs a `T: Copy`, and a derived param has at most 16 fields. Other state goes in the context of a `CallbackTemplate` or in a \
            resource; or clone a handler instead: `let handler = f.into_handler(registry)`, then `handler.clone()`"
)]
pub trait CopyState: Copy + CloneState {}

impl<T> CopyState for Reads<T> {}
impl<T> CopyState for Writes<T> {}
impl<S: CopyState> CopyState for Option<S> {}
impl CopyState for Ran {}

#[diagnostic::do_not_recommend]
impl<T: Copy> CopyState for Kept<T> {}

/// Implements both for tuples of up to this many elements, which also limits the fields of a derived param in a
/// blueprint.
macro_rules! tuples {
    () => {
        clone_state!([] (): |self| (););
        impl CopyState for () {}
    };
    ($First:ident $($S:ident)*) => {
        clone_state! {
            [$First: CloneState, $($S: CloneState),*] ($First, $($S,)*): |self| {
                #[expect(non_snake_case, reason = "named as their types")]
                let ($First, $($S,)*) = self;
                ($First.clone_state(), $($S.clone_state(),)*)
            };
        }
        impl<$First: CopyState, $($S: CopyState),*> CopyState for ($First, $($S,)*) {}
        tuples!($($S)*);
    };
}

tuples!(S0 S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13 S14 S15);
