//! From user functions to steps, by value or by reference as the signature says.

use std::marker::PhantomData;

use super::Lend;
use crate::call::{All, Callable, Mode, Resolved};
use crate::describe::Describe;
use crate::sealed::Internal;
use crate::world::Registry;

/// A function that a chain can run on a `T`: it takes the `T` or a `&T`.
///
/// `K`, which the compiler infers, says which. The function takes params first, then the value: see [`Callable`].
#[diagnostic::on_unimplemented(
    message = "this function does not fit here: it would be given `{T}`",
    label = "takes neither `{T}` nor a reference to it as its last argument, after params",
    note = "first, at most 8 params, each by value (group more in a tuple or a `#[derive(Param)]` struct): `Res<T>`, \
            `ResMut<T>` or an `Option` of either with a `T: Send + 'static`, `Local<T>` with a `T: Default` besides, \
            `LastRun`, `Sequence`, `RegistryRef`; or, instead of all params, `&mut World`",
    note = "last, `{T}` or `&{T}`; a function without it is wrapped: `no_event(f)`",
    note = "before all of these, `&mut {C}` may come: the context of this chain (`()`: none, see `with_context`)",
    note = "in a closure every argument needs its type: `|limit: Res<Limit>, order: Order| ..`"
)]
pub trait IntoStep<C, T, K> {
    /// What the function returns.
    type Out;

    /// The step that it becomes.
    type Step: Describe;

    /// Resolves the function.
    ///
    /// # Panics
    /// If a resource is missing or two params conflict.
    #[doc(hidden)]
    fn into_step(self, registry: &Registry, _: Internal) -> Self::Step;
}

/// The function takes the value. See [`IntoStep`].
#[derive(Debug)]
pub struct TakesValue<M>(PhantomData<M>);

/// The function takes a reference to the value. See [`IntoStep`].
#[derive(Debug)]
pub struct TakesRef<M>(PhantomData<M>);

impl<C, T, F, M> IntoStep<C, T, TakesValue<M>> for F
where
    M: Mode,
    F: Callable<C, (T,), M>,
{
    type Out = F::Out;
    type Step = Resolved<F, M>;

    #[inline]
    #[track_caller]
    fn into_step(self, registry: &Registry, _: Internal) -> Resolved<F, M> {
        Resolved::new(self, registry)
    }
}

impl<C, T, F, M, Out> IntoStep<C, T, TakesRef<M>> for F
where
    M: Mode,
    F: for<'a> Callable<C, (&'a T,), M, Out = Out, Received = All>,
{
    type Out = Out;
    type Step = Lend<Resolved<F, M>>;

    #[inline]
    #[track_caller]
    fn into_step(self, registry: &Registry, _: Internal) -> Lend<Resolved<F, M>> {
        Lend(Resolved::new(self, registry))
    }
}
