//! Steps over `bool`.

use super::{Step, describe_nothing, describe_through};
use crate::call::Entered;

/// The opposite.
#[derive(Clone, Debug)]
pub struct Not;

impl<C> Step<C, bool> for Not {
    type Out = bool;

    #[inline(always)]
    fn run(&mut self, _: &mut C, _: Entered<'_>, input: bool) -> bool {
        !input
    }
}

describe_nothing!(Not);

/// Defines a step that combines the value with what a step without input gives.
macro_rules! combining {
    ($($(#[doc = $doc:literal])* $Step:ident |$input:ident, $run:ident| $out:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $Step<S>(pub(crate) S);

        impl<C, S: Step<C, (), Out = bool>> Step<C, bool> for $Step<S> {
            type Out = bool;

            #[inline(always)]
            fn run(&mut self, ctx: &mut C, world: Entered<'_>, $input: bool) -> bool {
                let $run = || self.0.run(ctx, world, ());
                $out
            }
        }

        describe_through!($Step<S>);
    )*};
}

combining! {
    /// Runs the step only if the value is true; true if both are.
    And |input, run| input && run();
    /// Runs the step only if the value is false; true if either is.
    Or |input, run| input || run();
    /// True if exactly one is.
    Xor |input, run| input ^ run();
}
