//! `fork`: arms that look at one value, merged or joined.

use std::fmt;
use std::marker::PhantomData;

use super::{ByReference, Chain, Lending, Pushed};
use crate::sealed::Internal;
use crate::step::{Finished, IntoSplat, Join, Merge, StepRef};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Passes a reference to the value to two to eight arms, which run in the order in which they are written.
    ///
    /// A function [merges](ForkBuilder::merge) their outputs. Arms without an output are [joined](ForkBuilder::join).
    ///
    /// ```
    /// use nexus_rt::{DagStart, ResMut, WorldBuilder};
    ///
    /// struct Quote {
    ///     bid: u64,
    ///     ask: u64,
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut quotes = DagStart::<(u64, u64)>::new()
    ///     .root(|(bid, ask): (u64, u64)| Quote { bid, ask }, reg)
    ///     .fork()
    ///     .arm(|q| q.then(|q: &Quote| q.ask - q.bid, reg))
    ///     .arm(|q| q.then(|q: &Quote| (q.ask + q.bid) / 2, reg))
    ///     .merge(|mut last: ResMut<u64>, spread: &u64, mid: &u64| {
    ///         *last = *mid;
    ///         *spread * 10_000 / *mid
    ///     }, reg)
    ///     .build();
    /// assert_eq!(quotes.run(&mut world, (99, 101)), 200);
    /// assert_eq!(*world.resource::<u64>(), 100);
    /// ```
    ///
    /// An arm is itself a chain, with all combinators, including forks. Its output must not borrow from the value.
    pub fn fork(self) -> ForkBuilder<C, In, T, S, K, (), ()> {
        ForkBuilder { chain: self, arms: (), outputs: PhantomData }
    }
}

/// A fork being built: see [`Chain::fork`].
#[must_use = "a fork needs two arms, then `merge` or `join`"]
pub struct ForkBuilder<C, In: ?Sized, T, S, K, Arms, Outs> {
    chain: Chain<C, In, T, S, K>,
    arms: Arms,
    outputs: PhantomData<fn() -> Outs>,
}

impl<C, In: ?Sized, T, S, K, Arms, Outs> fmt::Debug for ForkBuilder<C, In, T, S, K, Arms, Outs> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with arms to {}", self.chain, std::any::type_name::<Outs>())
    }
}

/// What may follow some arms: another (`arm`), or, after two, the end (`end`). Each example has as many arms as its
/// method expects; the numbers after `arm` are those of the arms in it.
macro_rules! after {
    ($($A:ident $Out:ident $index:tt $name:ident),* => arm 0 $($shown:tt)*) => {
        impl<C, In: ?Sized, T, S, K, $($A, $Out),*> ForkBuilder<C, In, T, S, K, ($($A,)*), ($($Out,)*)> {
            /// Adds an arm: a chain that starts from a reference to the value.
            ///
            /// ```
            /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
            ///
            /// fn note<const ARM: u8>(mut ran: ResMut<Vec<u8>>, _: &u64) {
            ///     ran.push(ARM);
            /// }
            ///
            /// let mut builder = WorldBuilder::new();
            /// builder.register(Vec::<u8>::new());
            /// let mut world = builder.build();
            /// let reg = world.registry();
            /// let mut chain = PipelineStart::<u64>::new()
            ///     .fork()
            ///     .arm(|x| x.then(note::<0>, reg))
            #[doc = concat!(
                $("    .arm(|x| x.then(note::<", $shown, ">, reg))\n",)*
                "    .join()\n",
                "    .build();\n",
                "chain.run(&mut world, 10);\n",
                "assert_eq!(*world.resource::<Vec<u8>>(), [0", $(", ", $shown,)* "]);",
            )]
            /// ```
            pub fn arm<'a, A, Out>(
                self,
                arm: impl FnOnce(Lending<'a, C, T>) -> Chain<C, T, Out, A, ByReference>,
            ) -> ForkBuilder<C, In, T, S, K, ($($A,)* A,), ($($Out,)* Out,)>
            where
                T: 'a,
                A: StepRef<C, T, Out = Out>,
            {
                let arm = arm(Chain::start()).steps;
                ForkBuilder { chain: self.chain, arms: ($(self.arms.$index,)* arm,), outputs: PhantomData }
            }
        }
    };
    ($($A:ident $Out:ident $index:tt $name:ident),* => end) => {
        impl<C, In: ?Sized, T, S, K, $($A, $Out),*> ForkBuilder<C, In, T, S, K, ($($A,)*), ($($Out,)*)> {
            /// Passes the outputs of all arms to a function, in order, and passes its output on.
            ///
            /// The function takes all of them by value or all of them by reference.
            ///
            /// ```
            /// use nexus_rt::{PipelineStart, Res, WorldBuilder};
            ///
            /// fn plus<const N: u64>(x: &u64) -> u64 {
            ///     *x + N
            /// }
            ///
            /// let mut builder = WorldBuilder::new();
            /// builder.register(5_u64);
            /// let mut world = builder.build();
            /// let reg = world.registry();
            #[doc = concat!(
                "let sum = |fee: Res<u64>", $(", ", stringify!($name), ": u64",)* "| {\n",
                "    *fee", $(" + ", stringify!($name),)* "\n",
                "};\n",
                "let mut chain = PipelineStart::<u64>::new()\n",
                "    .fork()\n",
                $("    .arm(|x| x.then(plus::<", $index, ">, reg))\n",)*
                "    .merge(sum, reg)\n",
                "    .build();\n",
                "assert_eq!(chain.run(&mut world, 10), 5", $(" + 1", $index,)* ");",
            )]
            /// ```
            ///
            /// # Panics
            /// If a resource is missing or two params conflict.
            #[track_caller]
            pub fn merge<F, L>(
                self,
                f: F,
                registry: &Registry,
            ) -> Pushed<C, In, S, K, Merge<($($A,)*), F::Step>, F::Out>
            where
                F: IntoSplat<C, ($($Out,)*), L>,
            {
                self.chain.push(Merge(self.arms, f.into_splat(registry, Internal)))
            }

            /// Ends arms without an output, and passes on `()`. See [`arm`](Self::arm) for an example.
            pub fn join(self) -> Pushed<C, In, S, K, Join<($($A,)*)>, ()>
            where
                $($Out: Finished,)*
            {
                self.chain.push(Join(self.arms))
            }
        }
    };
}

after!(=> arm 0 1);
after!(A0 Out0 0 a => arm 0 1);
after!(A0 Out0 0 a, A1 Out1 1 b => arm 0 1 2);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c => arm 0 1 2 3);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d => arm 0 1 2 3 4);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e => arm 0 1 2 3 4 5);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e, A5 Out5 5 f => arm 0 1 2 3 4 5 6);
after!(
    A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e, A5 Out5 5 f, A6 Out6 6 g
    => arm 0 1 2 3 4 5 6 7
);

after!(A0 Out0 0 a, A1 Out1 1 b => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e, A5 Out5 5 f => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e, A5 Out5 5 f, A6 Out6 6 g => end);
after!(A0 Out0 0 a, A1 Out1 1 b, A2 Out2 2 c, A3 Out3 3 d, A4 Out4 4 e, A5 Out5 5 f, A6 Out6 6 g, A7 Out7 7 h => end);
