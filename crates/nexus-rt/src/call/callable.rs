//! The one trait over user functions, and the one macro that implements it for every arity.

use super::mode::{Exclusive, Mode, Plain, WithCtx};
use crate::param::Param;
use crate::sealed::Internal;
use crate::world::World;

/// A function or closure that can be called with a context `C`, what `M` fetches from the world, and `Args`.
///
/// Implemented for every `FnMut([&mut C,] params.., args..)` with up to 8 params and for every
/// `FnMut([&mut C,] &mut World, args..)`. The compiler infers `M` from the signature.
///
/// A closure must name the type of every argument, as in `|fee: Res<Fee>, x: u64| x * fee.0`. It may capture anything.
/// Its return value cannot borrow from its arguments, which is the compiler's limit for closures; that of a named
/// function can.
#[diagnostic::on_unimplemented(
    message = "this function cannot be called with params from the world and then `{Args}`",
    label = "its arguments are not params followed by `{Args}`",
    note = "first, at most 8 params, each by value (group more in a tuple or a `#[derive(Param)]` struct): `Res<T>`, \
            `ResMut<T>` or an `Option` of either with a `T: Send + 'static`, `Local<T>` with a `T: Default` besides, \
            `LastRun`, `Sequence`, `RegistryRef`; or, instead of all params, `&mut World`",
    note = "last, what it receives: `{Args}`, where `_` stands for any type, such as the event's; a value that a chain still \
            needs (`guard`, `tap`, `inspect` ..) is passed by reference; a function that takes no event, or nothing of a \
            chain, is wrapped: `no_event(f)`",
    note = "before all of these, `&mut` context, but only in `into_callback` and in a chain with a context",
    note = "in a closure every argument needs its type: `|limit: Res<Limit>, order: Order| ..`"
)]
pub trait Callable<C, Args, M: Mode> {
    /// What the function returns.
    type Out;

    /// What reaches the function of the arguments. What accepts a value or a reference to it, as the signature says,
    /// asks this of the latter, since a [`NoEvent`](crate::NoEvent) could be called with either.
    #[doc(hidden)]
    type Received;

    /// Calls the function.
    #[doc(hidden)]
    fn invoke<'w>(&'w mut self, ctx: &mut C, item: M::Item<'w>, args: Args, _: Internal) -> Self::Out;
}

/// All arguments reach the function. See [`Callable::Received`].
#[derive(Debug)]
pub struct All;

/// All arguments but the last, which is dropped. See [`Callable::Received`].
#[derive(Debug)]
pub struct AllButLast;

/// Implements the trait for every number of arguments with every number of params, and with the whole world.
///
/// Params use Bevy's double bound: the first half lets the compiler infer the params from the signature, the second
/// says that the function takes them with the lifetime of a run.
macro_rules! callable {
    (@[$($P:ident)*] [$($A:ident)*]) => {
        impl<C, F, Out, $($P: Param,)* $($A,)*> Callable<C, ($($A,)*), Plain<($($P,)*)>> for F
        where
            for<'w> &'w mut F: FnMut($($P,)* $($A,)*) -> Out + FnMut($($P::Item<'w>,)* $($A,)*) -> Out,
        {
            type Out = Out;
            type Received = All;

            #[inline(always)]
            #[allow(non_snake_case, reason = "one name for a type and its value")]
            fn invoke<'w>(
                &'w mut self,
                _: &mut C,
                ($($P,)*): <($($P,)*) as Param>::Item<'w>,
                ($($A,)*): ($($A,)*),
                _: Internal,
            ) -> Out {
                /// Selects the second half of the bound, with one lifetime.
                #[inline(always)]
                fn call<Out, $($P,)* $($A,)*>(
                    mut f: impl FnMut($($P,)* $($A,)*) -> Out,
                    $($P: $P,)*
                    $($A: $A,)*
                ) -> Out {
                    f($($P,)* $($A,)*)
                }
                call(self, $($P,)* $($A,)*)
            }
        }

        impl<C, F, Out, $($P: Param,)* $($A,)*> Callable<C, ($($A,)*), WithCtx<($($P,)*)>> for F
        where
            for<'w> &'w mut F:
                FnMut(&mut C, $($P,)* $($A,)*) -> Out + FnMut(&mut C, $($P::Item<'w>,)* $($A,)*) -> Out,
        {
            type Out = Out;
            type Received = All;

            #[inline(always)]
            #[allow(non_snake_case, reason = "one name for a type and its value")]
            fn invoke<'w>(
                &'w mut self,
                ctx: &mut C,
                ($($P,)*): <($($P,)*) as Param>::Item<'w>,
                ($($A,)*): ($($A,)*),
                _: Internal,
            ) -> Out {
                #[inline(always)]
                fn call<C, Out, $($P,)* $($A,)*>(
                    mut f: impl FnMut(&mut C, $($P,)* $($A,)*) -> Out,
                    ctx: &mut C,
                    $($P: $P,)*
                    $($A: $A,)*
                ) -> Out {
                    f(ctx, $($P,)* $($A,)*)
                }
                call(self, ctx, $($P,)* $($A,)*)
            }
        }
    };
    (@world [$($A:ident)*]) => {
        impl<C, F, Out, $($A,)*> Callable<C, ($($A,)*), Exclusive<0>> for F
        where
            F: FnMut(&mut World, $($A,)*) -> Out,
        {
            type Out = Out;
            type Received = All;

            #[inline(always)]
            #[allow(non_snake_case, reason = "one name for a type and its value")]
            fn invoke<'w>(&'w mut self, _: &mut C, world: &'w mut World, ($($A,)*): ($($A,)*), _: Internal) -> Out {
                self(world, $($A,)*)
            }
        }

        impl<C, F, Out, $($A,)*> Callable<C, ($($A,)*), Exclusive<1>> for F
        where
            F: FnMut(&mut C, &mut World, $($A,)*) -> Out,
        {
            type Out = Out;
            type Received = All;

            #[inline(always)]
            #[allow(non_snake_case, reason = "one name for a type and its value")]
            fn invoke<'w>(&'w mut self, ctx: &mut C, world: &'w mut World, ($($A,)*): ($($A,)*), _: Internal) -> Out {
                self(ctx, world, $($A,)*)
            }
        }
    };
    ($([$($A:ident)*])*) => {$(
        callable!(@[] [$($A)*]);
        callable!(@[P0] [$($A)*]);
        callable!(@[P0 P1] [$($A)*]);
        callable!(@[P0 P1 P2] [$($A)*]);
        callable!(@[P0 P1 P2 P3] [$($A)*]);
        callable!(@[P0 P1 P2 P3 P4] [$($A)*]);
        callable!(@[P0 P1 P2 P3 P4 P5] [$($A)*]);
        callable!(@[P0 P1 P2 P3 P4 P5 P6] [$($A)*]);
        callable!(@[P0 P1 P2 P3 P4 P5 P6 P7] [$($A)*]);
        callable!(@world [$($A)*]);
    )*};
}

callable! {
    []
    [A0]
    [A0 A1]
    [A0 A1 A2]
    [A0 A1 A2 A3]
    [A0 A1 A2 A3 A4]
    [A0 A1 A2 A3 A4 A5]
    [A0 A1 A2 A3 A4 A5 A6]
    [A0 A1 A2 A3 A4 A5 A6 A7]
}
