//! Side chains: `Tee` over the value, `View` over a projection of it.

use std::marker::PhantomData;

use super::{Finished, Step, StepRef, step};
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor};
use crate::sealed::{Internal, Sealed};

step! {
    /// Shows the value to a side chain and passes it on.
    adapter Tee;
    [T, S: StepRef<C, T, Out: Finished>,] T => T: |self, ctx, world, input| {
        self.0.run_ref(ctx, world, &input);
        input
    };
}

/// A projection of `T`, such as a part of it, for a side chain to work on.
///
/// `Item` may borrow from the `T`. It ends with the side chain, so no step can keep it.
///
/// ```
/// use nexus_rt::chain::ViewAt;
/// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
///
/// struct Order {
///     symbol: String,
///     quantity: u32,
/// }
///
/// struct Line<'a> {
///     symbol: &'a str,
///     quantity: u32,
/// }
///
/// struct AsLine;
///
/// impl<'a> ViewAt<'a, Order> for AsLine {
///     type Item = Line<'a>;
///
///     fn view(order: &'a Order) -> Line<'a> {
///         Line { symbol: &order.symbol, quantity: order.quantity }
///     }
/// }
///
/// fn log(mut log: ResMut<Vec<String>>, line: &Line) {
///     log.push(format!("{} {}", line.quantity, line.symbol));
/// }
///
/// fn sizable(line: Line) -> bool {
///     line.quantity >= 10
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Vec::<String>::new());
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut orders = PipelineStart::<Order>::new()
///     .view::<AsLine, _, _>(|line| line.tap(log, reg).then(sizable, reg)) // returns a bool: a guard
///     .map(|order: Order| order.quantity, reg)
///     .build();
/// assert_eq!(orders.run(&mut world, Order { symbol: "BTC".into(), quantity: 12 }), Some(12));
/// assert_eq!(orders.run(&mut world, Order { symbol: "ETH".into(), quantity: 1 }), None);
/// assert_eq!(*world.resource::<Vec<String>>(), ["12 BTC", "1 ETH"]);
/// ```
pub trait ViewAt<'a, T: ?Sized, Implied = &'a T> {
    /// The input of the side chain.
    type Item;

    /// Makes the projection.
    fn view(value: &'a T) -> Self::Item;
}

/// Runs a side chain over a projection of the value; its output decides how the value goes on.
#[derive(Debug)]
pub struct View<V, S>(pub(crate) S, pub(crate) PhantomData<fn() -> V>);

impl<V, S: Clone> Clone for View<V, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<C, T, V, S, Out> Step<C, T> for View<V, S>
where
    V: for<'a> ViewAt<'a, T>,
    S: for<'a> Step<C, <V as ViewAt<'a, T>>::Item, Out = Out>,
    Out: Verdict<T>,
{
    type Out = Out::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Out::Out {
        self.0.run(ctx, world, V::view(&input)).apply(input)
    }
}

impl<V, S: Describe> Describe for View<V, S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::View
    }
}

/// The output of a side chain over a view, which decides how the value goes on: unchanged after `()`, as an `Option`
/// after `bool` and `Option<()>`, as a `Result` after `Result<(), E>`.
#[diagnostic::on_unimplemented(
    message = "a side chain over a view cannot end with `{Self}`",
    label = "ends with `{Self}`",
    note = "end it with `()`, `bool`, `Option<()>` or `Result<(), E>`"
)]
pub trait Verdict<T>: Sealed {
    /// How the value goes on.
    type Out;

    /// Lets the value go on.
    #[doc(hidden)]
    fn apply(self, value: T) -> Self::Out;
}

impl<T> Verdict<T> for () {
    type Out = T;

    #[inline(always)]
    fn apply(self, value: T) -> T {
        value
    }
}

impl<T> Verdict<T> for bool {
    type Out = Option<T>;

    #[inline(always)]
    fn apply(self, value: T) -> Option<T> {
        if self { Some(value) } else { None }
    }
}

impl<T> Verdict<T> for Option<()> {
    type Out = Option<T>;

    #[inline(always)]
    fn apply(self, value: T) -> Option<T> {
        self.map(|()| value)
    }
}

impl<T, E> Verdict<T> for Result<(), E> {
    type Out = Result<T, E>;

    #[inline(always)]
    fn apply(self, value: T) -> Result<T, E> {
        self.map(|()| value)
    }
}
