//! `Finished`: the outputs of chains that are handlers.

use crate::sealed::Sealed;

/// An output without content, `()` or `Option<()>`, with which a chain must end to be a handler.
#[diagnostic::on_unimplemented(
    message = "this chain still returns `{Self}`, which would be lost here",
    label = "ends with `{Self}`",
    note = "end it with a step that returns nothing, and deal with errors in `catch`; to use the output of a pipeline, \
            call its `run`, and to store one, `boxed`; to use the outputs of arms, `merge` them"
)]
pub trait Finished: Sealed {}

impl Finished for () {}
impl Finished for Option<()> {}
