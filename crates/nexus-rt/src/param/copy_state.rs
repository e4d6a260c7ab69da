//! States that can be copied, from which templates stamp handlers.

use super::last_run::Ran;
use super::local::Kept;
use super::resource::{Reads, Writes};

/// The state of a resolved function, if a handler can be stamped by copying it. Implemented for each state instead of
/// for everything that is `Copy`, so that the compiler names the one that is not.
#[diagnostic::on_unimplemented(
    message = "a template cannot stamp handlers that keep `{Self}`: it cannot be copied",
    label = "keeps `{Self}`, which cannot be copied",
    note = "in a blueprint, a `Local<T>` needs a `T: Copy`, and a derived param has at most 16 fields. Other state goes in the context of a `CallbackTemplate` or in a \
            resource; or clone a handler instead: `let handler = f.into_handler(registry)`, then `handler.clone()`"
)]
pub trait CopyState: Copy {}

impl<T> CopyState for Reads<T> {}
impl<T> CopyState for Writes<T> {}
impl<S: CopyState> CopyState for Option<S> {}
impl CopyState for Ran {}

#[diagnostic::do_not_recommend]
impl<T: Copy> CopyState for Kept<T> {}

/// Implements it for tuples of up to this many elements, which also limits the fields of a derived param in a
/// blueprint.
macro_rules! tuples {
    () => {
        impl CopyState for () {}
    };
    ($First:ident $($S:ident)*) => {
        impl<$First: CopyState, $($S: CopyState),*> CopyState for ($First, $($S,)*) {}
        tuples!($($S)*);
    };
}

tuples!(S0 S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13 S14 S15);
