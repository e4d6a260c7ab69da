//! `fork`: arms that look at one value, merged or joined.

use std::fmt;
use std::marker::PhantomData;

use super::{ByReference, Chain, Lending, Pushed};
use crate::sealed::Internal;
use crate::step::{Finished, IntoSplat, Join, Merge, StepRef};
use crate::world::Registry;

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Passes a reference to the value to two to eight arms, in the order in which they are written. A function
    /// [merges](ForkBuilder::merge) their outputs, or arms without an output are [joined](ForkBuilder::join).
    ///
    /// An arm is a chain of its own, with all combinators, including forks. Its output must not borrow from the value.
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

/// What may follow some arms: another (`arm`), or, after two, the end (`end`).
macro_rules! after {
    ($($A:ident $Out:ident $index:tt),* => arm) => {
        impl<C, In: ?Sized, T, S, K, $($A, $Out),*> ForkBuilder<C, In, T, S, K, ($($A,)*), ($($Out,)*)> {
            /// Adds an arm, a chain that starts from a reference to the value.
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
    ($($A:ident $Out:ident $index:tt),* => end) => {
        impl<C, In: ?Sized, T, S, K, $($A, $Out),*> ForkBuilder<C, In, T, S, K, ($($A,)*), ($($Out,)*)> {
            /// Passes the outputs of the arms, in order, to a function that takes them or references to them; its
            /// output goes on.
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

            /// Ends arms without an output: `()` goes on.
            pub fn join(self) -> Pushed<C, In, S, K, Join<($($A,)*)>, ()>
            where
                $($Out: Finished,)*
            {
                self.chain.push(Join(self.arms))
            }
        }
    };
}

after!(=> arm);
after!(A0 Out0 0 => arm);
after!(A0 Out0 0, A1 Out1 1 => arm);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2 => arm);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3 => arm);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4 => arm);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5 => arm);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5, A6 Out6 6 => arm);

after!(A0 Out0 0, A1 Out1 1 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5, A6 Out6 6 => end);
after!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5, A6 Out6 6, A7 Out7 7 => end);
