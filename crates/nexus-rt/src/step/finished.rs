//! What a chain may end with to be a handler.

use crate::sealed::Sealed;

/// An output with nothing left in it, `()` or `Option<()>`: what a chain must end with to be a handler.
#[diagnostic::on_unimplemented(
    message = "this chain still gives `{Self}`, which would be lost here",
    label = "ends with `{Self}`",
    note = "end it with a step that returns nothing, and deal with errors in `catch`; to use what a pipeline gives, call \
            its `run` from a closure, `move |world: &mut World, event| pipeline.run(world, event)`; to use what arms give, \
            `merge` them"
)]
pub trait Finished: Sealed {}

impl Finished for () {}
impl Finished for Option<()> {}
