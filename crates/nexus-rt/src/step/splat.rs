//! `Splat` and `SplatRef`: a tuple becomes the arguments of a function, by value or by reference.

use super::into_step::{TakesRef, TakesValue};
use super::{Step, describe};
use crate::call::{All, Callable, Entered, Mode, Resolved};
use crate::describe::Describe;
use crate::sealed::Internal;
use crate::world::Registry;

/// Calls the function with the elements of the input as its arguments, for `()` without any.
#[derive(Clone, Debug)]
pub struct Splat<S>(pub(crate) S);

impl<C, Args, F, M> Step<C, Args> for Splat<Resolved<F, M>>
where
    M: Mode,
    F: Callable<C, Args, M>,
{
    type Out = F::Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: Args) -> F::Out {
        self.0.call(ctx, world, input)
    }
}

describe!(Splat<S> as Splat shows whole);

/// Calls the function with references to the elements of the input, a tuple or a reference to one.
#[derive(Clone, Debug)]
pub struct SplatRef<S>(pub(crate) S);

describe!(SplatRef<S> as Splat shows whole);

/// A function that a chain can run on the elements of a tuple `T`, or of the tuple that `T` refers to.
///
/// It takes them, or references to them, as its last arguments. `K`, which the compiler infers, says which. The
/// function takes params first: see [`Callable`].
#[diagnostic::on_unimplemented(
    message = "this function does not fit here: it would be given the elements of `{T}`",
    label = "its last arguments, after params, are neither the elements of `{T}` nor references to them",
    note = "first, at most 8 params, each by value (group more in a tuple or a `#[derive(Param)]` struct): `Res<T>`, \
            `ResMut<T>` or an `Option` of either with a `T: Send + 'static`, `Local<T>` with a `T: Default` besides, \
            `LastRun`, `Sequence`, `RegistryRef`; or, instead of all params, `&mut World`",
    note = "last, the elements of `{T}`: all by value, or all by reference; if it is a reference, by reference",
    note = "before all of these, `&mut {C}` may come: the context of this chain (`()`: none, see `with_context`)",
    note = "in a closure every argument needs its type: `|limit: Res<Limit>, order: Order| ..`"
)]
pub trait IntoSplat<C, T, K> {
    /// What the function returns.
    type Out;

    /// The step that it becomes.
    type Step: Describe;

    /// Resolves the function.
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[doc(hidden)]
    fn into_splat(self, registry: &Registry, _: Internal) -> Self::Step;
}

impl<C, T, F, M> IntoSplat<C, T, TakesValue<M>> for F
where
    M: Mode,
    F: Callable<C, T, M>,
{
    type Out = F::Out;
    type Step = Splat<Resolved<F, M>>;

    #[inline]
    #[track_caller]
    fn into_splat(self, registry: &Registry, _: Internal) -> Splat<Resolved<F, M>> {
        Splat(Resolved::new(self, registry))
    }
}

macro_rules! by_reference {
    ($($A:ident $index:tt),*) => {
        impl<C, F, M, Out, $($A),*> IntoSplat<C, ($($A,)*), TakesRef<M>> for F
        where
            M: Mode,
            F: for<'a> Callable<C, ($(&'a $A,)*), M, Out = Out, Received = All>,
        {
            type Out = Out;
            type Step = SplatRef<Resolved<F, M>>;

            #[inline]
            #[track_caller]
            fn into_splat(self, registry: &Registry, _: Internal) -> SplatRef<Resolved<F, M>> {
                SplatRef(Resolved::new(self, registry))
            }
        }

        impl<C, F, M, Out, $($A),*> Step<C, ($($A,)*)> for SplatRef<Resolved<F, M>>
        where
            M: Mode,
            F: for<'a> Callable<C, ($(&'a $A,)*), M, Out = Out>,
        {
            type Out = Out;

            #[inline(always)]
            fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: ($($A,)*)) -> Out {
                self.0.call(ctx, world, ($(&input.$index,)*))
            }
        }

        impl<'t, C, F, M, $($A),*> IntoSplat<C, &'t ($($A,)*), TakesRef<M>> for F
        where
            M: Mode,
            F: Callable<C, ($(&'t $A,)*), M>,
        {
            type Out = F::Out;
            type Step = SplatRef<Resolved<F, M>>;

            #[inline]
            #[track_caller]
            fn into_splat(self, registry: &Registry, _: Internal) -> SplatRef<Resolved<F, M>> {
                SplatRef(Resolved::new(self, registry))
            }
        }

        impl<'t, C, F, M, $($A),*> Step<C, &'t ($($A,)*)> for SplatRef<Resolved<F, M>>
        where
            M: Mode,
            F: Callable<C, ($(&'t $A,)*), M>,
        {
            type Out = F::Out;

            #[inline(always)]
            fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: &'t ($($A,)*)) -> F::Out {
                self.0.call(ctx, world, ($(&input.$index,)*))
            }
        }
    };
}

by_reference!(A0 0);
by_reference!(A0 0, A1 1);
by_reference!(A0 0, A1 1, A2 2);
by_reference!(A0 0, A1 1, A2 2, A3 3);
by_reference!(A0 0, A1 1, A2 2, A3 3, A4 4);
by_reference!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5);
by_reference!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6);
by_reference!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6, A7 7);
