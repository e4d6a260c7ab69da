//! Steps: what chains are made of.
//!
//! A step takes an input on an entered world and returns an output. User functions become steps ([`IntoStep`]). An
//! adapter wraps a step and changes what flows through it: a struct around the inner step that implements [`Step`] and
//! [`Describe`] and knows nothing of the chain around it. A new combinator is an adapter and a method of the builder.
//!
//! The input type is a parameter of the trait, not of the step, so that a chain over borrowed events is a step for
//! every lifetime.

mod anchor;
mod any;
mod around;
mod boolean;
mod cases;
mod dispatch;
mod each;
mod enclose;
mod finished;
mod fork;
mod inside;
mod into_step;
mod lend;
mod option;
mod result;
mod route;
mod scan;
mod sequence;
mod side;
mod splat;

pub(crate) use anchor::{Anchor, enter, one_world};
pub(crate) use any::{Dedup, Guard, Tap};
pub use around::{Around, Surrounded};
pub(crate) use boolean::{And, Not, Or, Xor};
pub use cases::Given;
pub(crate) use cases::{Branch, LastBranch, Match};
pub(crate) use dispatch::Dispatch;
pub(crate) use each::{Each, Parts};
pub use enclose::Enclose;
pub(crate) use enclose::enclose;
pub use finished::Finished;
pub(crate) use fork::{Join, Merge};
pub(crate) use inside::{
    AndThen, AsRef, Cloned, Filter, Filtered, Inside, Inspect, Map, Referring, UnwrapOr, UnwrapOrElse,
};
pub use into_step::IntoStep;
pub(crate) use lend::{Lend, StepRef};
pub(crate) use option::{OkOr, OkOrElse, OnNone};
pub(crate) use result::{Catch, InspectErr, IntoOption, MapErr, OrElse};
pub(crate) use route::{Case, Otherwise};
pub(crate) use scan::{Scan, ScanFn};
pub(crate) use sequence::{Start, Then};
pub(crate) use side::{EndsView, Tee, View};
pub use side::{Verdict, ViewAt};
pub use splat::IntoSplat;
pub(crate) use splat::{Splat, SplatRef};

use crate::call::{Callable, Entered, Mode, Resolved, Stamp};
use crate::describe::Describe;

/// Implements `Describe` for a step: it `shows` the step in its first field, or is `silent`. What encloses
/// functions goes into that step, or around the `whole`.
macro_rules! describe {
    ($Step:ident<$S:ident> as $Kind:ident shows) => {
        $crate::step::describe!($Step<$S> as $Kind shows whole);

        $crate::step::enclose!(within $Step);
    };
    ($Step:ident<$S:ident> as $Kind:ident shows whole) => {
        impl<$S: $crate::describe::Describe> $crate::describe::Describe for $Step<$S> {
            fn describe(&self, visitor: &mut dyn $crate::describe::Visitor) {
                self.0.describe(visitor);
            }

            fn step_kind(_: $crate::sealed::Internal) -> $crate::describe::Kind {
                $crate::describe::Kind::$Kind
            }
        }
    };
    ($Step:ident $(<$T:ident>)? as $Kind:ident silent) => {
        $crate::step::enclose!(nothing [$($T)?] $Step $(<$T>)?);

        impl $(<$T>)? $crate::describe::Describe for $Step $(<$T>)? {
            fn describe(&self, _: &mut dyn $crate::describe::Visitor) {}

            fn step_kind(_: $crate::sealed::Internal) -> $crate::describe::Kind {
                $crate::describe::Kind::$Kind
            }
        }
    };
}

/// Defines a step, and what it does with each type of input: `[generics] In => Out: |self, ctx, world, input| body`.
///
/// An `adapter` holds a step and is described by it, a `value` holds a value, a `unit` nothing. Its kind in plans is
/// that of its name, or the one after `as`.
macro_rules! step {
    ($(#[$meta:meta])* $form:ident $Step:ident; $($runs:tt)*) => {
        $crate::step::step!($(#[$meta])* $form $Step as $Step; $($runs)*);
    };
    ($(#[$meta:meta])* adapter $Step:ident as $Kind:ident; $($runs:tt)*) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $Step<S>(pub(crate) S);

        $crate::step::describe!($Step<S> as $Kind shows);
        $crate::step::step!(@run $Step<S>; $($runs)*);
    };
    ($(#[$meta:meta])* value $Step:ident as $Kind:ident; $($runs:tt)*) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $Step<V>(pub(crate) V);

        $crate::step::describe!($Step<V> as $Kind silent);
        $crate::step::step!(@run $Step<V>; $($runs)*);
    };
    ($(#[$meta:meta])* unit $Step:ident as $Kind:ident; $($runs:tt)*) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $Step;

        $crate::step::describe!($Step as $Kind silent);
        $crate::step::step!(@run $Step; $($runs)*);
    };
    (@run $Step:ty; $([$($generics:tt)*] $In:ty => $Out:ty: |$this:ident, $ctx:tt, $world:tt, $input:ident| $body:expr;)*) => {$(
        impl<$($generics)* C> $crate::step::Step<C, $In> for $Step {
            type Out = $Out;

            #[inline(always)]
            fn run(&mut $this, $ctx: &mut C, $world: $crate::call::Entered<'_>, $input: $In) -> $Out {
                $body
            }
        }
    )*};
}

use {describe, step};

/// Something that runs on an entered world: a resolved function or an adapter around one.
///
/// Only this crate can call it (see [`Entered`]), and only this crate implements it.
#[diagnostic::on_unimplemented(message = "this chain does not take `{In}`", label = "no step for `{In}`")]
pub trait Step<C, In>: Describe {
    /// The output.
    type Out;

    /// Runs the step.
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> Self::Out;
}

impl<C, In, F, M> Step<C, In> for Resolved<F, M>
where
    M: Mode,
    F: Callable<C, (In,), M>,
{
    type Out = F::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> F::Out {
        self.call(ctx, world, (input,))
    }
}

impl<C, In, Out> Step<C, In> for Box<dyn Step<C, In, Out = Out> + Send> {
    type Out = Out;

    #[inline]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: In) -> Out {
        (**self).run(ctx, world, input)
    }
}

impl<C, In: ?Sized, Out> Step<C, &In> for Box<dyn StepRef<C, In, Out = Out> + Send> {
    type Out = Out;

    #[inline]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: &In) -> Out {
        (**self).run_ref(ctx, world, input)
    }
}

impl<C, E, M: Mode> Step<C, E> for Stamp<C, E, M> {
    type Out = ();

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, event: E) {
        self.call(ctx, world, event);
    }
}
