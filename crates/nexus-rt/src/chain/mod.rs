//! The builder of chains: each combinator once, in the file of the values that it is for.
#![expect(clippy::type_complexity, reason = "the type of a chain is the list of its steps")]

mod any;
mod boolean;
mod cases;
mod each;
mod fork;
mod inside;
mod option;
mod result;
mod route;
mod side;

use std::fmt;
use std::marker::PhantomData;

pub use any::SplatBuilder;
pub use fork::ForkBuilder;
pub use route::{RouteBuilder, RouteStart, Routed};

pub use crate::call::{Callable, Mode, Resolved};
use crate::describe::Describe;
use crate::sealed::Sealed;
pub use crate::step::{Around, Enclose, Finished, IntoSplat, IntoStep, Surrounded, Verdict, ViewAt};
use crate::step::{Splat, Start, Step, StepRef, Then};

/// A chain being built: it takes an `In` (with `K = ByReference`, a `&In`) and gives an `Out` so far.
///
/// [`PipelineStart`](crate::PipelineStart) begins one. A function takes params first, then the value: owned or by
/// reference, as its signature says ([`IntoStep`]), but always by reference where the chain keeps the value (`guard`,
/// `filter`, `tap`, `inspect`, the predicates of `route`). In a chain over `&T`, that is a `&&T`.
#[must_use = "a chain does nothing until it is built and run"]
pub struct Chain<C, In: ?Sized, Out, S, K = ByValue> {
    pub(crate) steps: S,
    types: PhantomData<fn(&mut C, &In, K) -> Out>,
}

/// A chain that takes its input by value. See [`Input`].
#[derive(Debug)]
pub struct ByValue;

/// A chain that takes its input by reference, of any lifetime. See [`Input`].
#[derive(Debug)]
pub struct ByReference;

/// What follows from how a chain takes its input.
pub trait Input<In: ?Sized>: Sealed {
    /// What `run` takes: an `In` or a `&In`.
    type At<'a>
    where
        In: 'a;

    /// The steps, type-erased.
    type Boxed<C, Out>: Describe;
}

impl Sealed for ByValue {}
impl Sealed for ByReference {}

impl<In> Input<In> for ByValue {
    type At<'a>
        = In
    where
        In: 'a;
    type Boxed<C, Out> = Box<dyn Step<C, In, Out = Out> + Send>;
}

impl<In: ?Sized> Input<In> for ByReference {
    type At<'a>
        = &'a In
    where
        In: 'a;
    type Boxed<C, Out> = Box<dyn StepRef<C, In, Out = Out> + Send>;
}

impl<C, In: ?Sized, T, K> Chain<C, In, T, Start, K> {
    pub(crate) fn start() -> Self {
        Self { steps: Start, types: PhantomData }
    }
}

impl<C, In: ?Sized, Out, S, K> Chain<C, In, Out, S, K> {
    /// Adds a step whose output is known to be `Next`.
    #[inline]
    fn push<Next, B>(self, step: B) -> Pushed<C, In, S, K, B, Next> {
        Chain { steps: Then::new(self.steps, step), types: PhantomData }
    }
}

/// A chain with one step more.
type Pushed<C, In, S, K, B, Next> = Chain<C, In, Next, Then<S, B, Next>, K>;

/// A function that takes nothing but params.
type Producer<F, M> = Splat<Resolved<F, M>>;

/// A chain that starts from a reference to a `T`, as arms and side chains do.
type Lending<'a, C, T> = Chain<C, T, &'a T, Start, ByReference>;

impl<C, In: ?Sized, Out, S, K> fmt::Debug for Chain<C, In, Out, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} -> {})", std::any::type_name::<In>(), std::any::type_name::<Out>())
    }
}
