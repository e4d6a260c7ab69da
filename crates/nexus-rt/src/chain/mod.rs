//! Chains: functions that pass a value on, with combinators between them. The main type is [`Chain`].
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

/// A chain that is being built: it takes an `In` and passes on an `Out` so far.
///
/// [`PipelineStart`](crate::PipelineStart) begins one, and [`build`](Self::build) ends it:
///
/// ```
/// use std::num::ParseIntError;
///
/// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
///
/// fn count(mut errors: ResMut<u32>, _: ParseIntError) {
///     *errors += 1;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u32);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut double = PipelineStart::<&str>::borrowed()
///     .then(|text: &str| text.parse::<u64>(), reg) // -> Result<u64, ParseIntError>
///     .catch(count, reg) // -> Option<u64>
///     .map(|x: u64| 2 * x, reg)
///     .build();
/// assert_eq!(["4", "x"].map(|text| double.run(&mut world, text)), [Some(8), None]);
/// assert_eq!(*world.resource::<u32>(), 1);
/// ```
///
/// | the value is | combinators |
/// |---|---|
/// | anything | [`then`](Self::then), [`tap`](Self::tap), [`guard`](Self::guard), [`dedup`](Self::dedup), [`scan`](Self::scan), [`dispatch`](Self::dispatch) |
/// | an `Option` or a `Result` | [`map`](Self::map), [`and_then`](Self::and_then), [`inspect`](Self::inspect), [`unwrap_or`](Self::unwrap_or) |
/// | an `Option` | [`filter`](Self::filter), [`on_none`](Self::on_none), [`ok_or`](Self::ok_or), [`ok_or_else`](Self::ok_or_else), `unwrap_or_else` |
/// | a `Result` | [`catch`](Self::catch), [`map_err`](Self::map_err), [`or_else`](Self::or_else), [`inspect_err`](Self::inspect_err), [`ok`](Self::ok), `unwrap_or_else` |
/// | a `bool` | [`not`](Self::not), [`and`](Self::and), [`or`](Self::or), [`xor`](Self::xor) |
/// | a tuple | [`splat`](Self::splat) |
/// | a reference | [`cloned`](Self::cloned), `as_ref` |
/// | an iterator or a list | [`each`](Self::each) |
/// | for other chains | [`route`](Self::route), [`fork`](Self::fork), [`tee`](Self::tee), [`view`](Self::view) |
///
/// A function takes params first, then the value: owned or by reference, as its signature says ([`IntoStep`]). Where
/// the chain keeps the value, the function takes a reference: in `guard`, `filter`, `tap`, `inspect`, `inspect_err` and
/// the predicates of `route`. In a chain over `&T`, that is a `&&T`. With `K = ByReference`, the chain takes a `&In`.
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

/// How a chain takes its input: by value or by reference.
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
