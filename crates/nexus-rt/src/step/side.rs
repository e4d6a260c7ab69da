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
///     .view::<AsLine, _, _>(|line| line.tap(log, reg).then(sizable, reg)) // a bool: a guard
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

/// Runs a side chain on a projection of the value. Its output decides how the value is passed on, as `K` says.
#[derive(Debug)]
pub struct View<V, S, K>(pub(crate) S, pub(crate) PhantomData<fn() -> (V, K)>);

impl<V, S: Clone, K> Clone for View<V, S, K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<C, T, V, S: ViewSide<C, T, V, K>, K> Step<C, T> for View<V, S, K> {
    type Out = S::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> S::Out {
        self.0.decide(ctx, world, input, Internal)
    }
}

impl<V, S: Describe, K> Describe for View<V, S, K> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::View
    }
}

/// The steps of a side chain over a view `V` of a `T`. `K`, which the compiler infers, says how they decide.
pub trait ViewSide<C, T, V, K>: Describe {
    /// How the value is passed on.
    type Out;

    /// Runs the steps, and passes the value on.
    #[doc(hidden)]
    fn decide(&mut self, ctx: &mut C, world: Entered<'_>, value: T, _: Internal) -> Self::Out;
}

/// The output is a [`Verdict`]. See [`ViewSide`].
#[derive(Debug)]
pub struct GivesVerdict;

/// The output is the view, and the value is passed on unchanged. See [`ViewSide`].
#[derive(Debug)]
pub struct GivesView;

/// The output is an `Option` of the view, and so is that of the value. See [`ViewSide`].
#[derive(Debug)]
pub struct MayGiveView;

impl<C, T, V, S, Out> ViewSide<C, T, V, GivesVerdict> for S
where
    V: for<'a> ViewAt<'a, T>,
    S: for<'a> Step<C, <V as ViewAt<'a, T>>::Item, Out = Out>,
    Out: Verdict<T>,
{
    type Out = Out::Out;

    #[inline(always)]
    fn decide(&mut self, ctx: &mut C, world: Entered<'_>, value: T, _: Internal) -> Out::Out {
        self.run(ctx, world, V::view(&value)).apply(value)
    }
}

impl<C, T, V, S> ViewSide<C, T, V, GivesView> for S
where
    S: Describe + for<'a> ReturnsView<'a, C, T, V, GivesView>,
{
    type Out = T;

    #[inline(always)]
    fn decide(&mut self, ctx: &mut C, world: Entered<'_>, value: T, _: Internal) -> T {
        self.returns_view(ctx, world, &value);
        value
    }
}

impl<C, T, V, S> ViewSide<C, T, V, MayGiveView> for S
where
    S: Describe + for<'a> ReturnsView<'a, C, T, V, MayGiveView>,
{
    type Out = Option<T>;

    #[inline(always)]
    fn decide(&mut self, ctx: &mut C, world: Entered<'_>, value: T, _: Internal) -> Option<T> {
        if self.returns_view(ctx, world, &value) { Some(value) } else { None }
    }
}

/// The steps of a side chain that return their view, or an `Option` of it, as `K` says: for one lifetime, since a bound
/// for all of them cannot name what comes out.
pub trait ReturnsView<'a, C, T: ?Sized, V, K, Implied = &'a T> {
    /// Runs the steps, and returns whether they returned the view.
    fn returns_view(&mut self, ctx: &mut C, world: Entered<'_>, value: &'a T) -> bool;
}

impl<'a, C, T: ?Sized, V, S> ReturnsView<'a, C, T, V, GivesView> for S
where
    V: ViewAt<'a, T>,
    S: Step<C, V::Item, Out = V::Item>,
{
    #[inline(always)]
    fn returns_view(&mut self, ctx: &mut C, world: Entered<'_>, value: &'a T) -> bool {
        self.run(ctx, world, V::view(value));
        true
    }
}

impl<'a, C, T: ?Sized, V, S> ReturnsView<'a, C, T, V, MayGiveView> for S
where
    V: ViewAt<'a, T>,
    S: Step<C, V::Item, Out = Option<V::Item>>,
{
    #[inline(always)]
    fn returns_view(&mut self, ctx: &mut C, world: Entered<'_>, value: &'a T) -> bool {
        self.run(ctx, world, V::view(value)).is_some()
    }
}

/// The steps of a side chain over a view that end with `End`: [`ViewSide`], with a message for the compiler.
#[diagnostic::on_unimplemented(
    message = "this side chain does not fit `view`: it ends with `{End}`, or does not take the view with every lifetime",
    label = "the side chain ends with `{End}`",
    note = "it may end with `()`, `bool`, `Option<()>` or `Result<(), E>`, or with the view or an `Option` of it",
    note = "its functions take the view with any lifetime, not with `'static` or another that has a name outside"
)]
pub trait EndsView<C, T, V, End, K>: ViewSide<C, T, V, K> {
    /// How the value is passed on.
    type Next;
}

#[diagnostic::do_not_recommend]
impl<C, T, V, End, K, S: ViewSide<C, T, V, K>> EndsView<C, T, V, End, K> for S {
    type Next = S::Out;
}

/// The output of a side chain over a view, which decides how the value is passed on.
///
/// It is unchanged after `()`, an `Option` after `bool` and `Option<()>`, and a `Result` after `Result<(), E>`.
pub trait Verdict<T>: Sealed {
    /// How the value is passed on.
    type Out;

    /// Passes the value on.
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
