//! `Enclose`: something around each function of a chain.

use super::{
    Around, Branch, Case, Dispatch, Join, LastBranch, Match, Merge, Otherwise, Scan, Splat, SplatRef, Surrounded, Then,
    View,
};
use crate::call::{Mode, Resolved};
use crate::describe::Describe;
use crate::sealed::Internal;

/// Makes what runs around a function.
type Make<'m, W> = &'m dyn Fn(&dyn Describe) -> W;

/// Steps that can run code around each of their functions: see [`Pipeline::around_each`](crate::Pipeline::around_each).
///
/// All steps can, except [`boxed`](crate::Pipeline::boxed) ones and those that something is around already.
pub trait Enclose {
    /// The steps with a `W` around each function.
    type With<W: Around>: Describe;

    /// Puts around each function what `make` makes for it.
    #[doc(hidden)]
    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W>;
}

/// Implements the trait for a step that has functions `within`, `nothing` of its own, or is surrounded as a `whole`.
macro_rules! enclose {
    (nothing [$($P:tt)*] $Step:ty) => {
        impl<$($P)*> $crate::step::Enclose for $Step {
            type With<W: $crate::step::Around> = Self;

            fn enclose<W: $crate::step::Around>(
                self,
                _: &dyn Fn(&dyn $crate::describe::Describe) -> W,
                _: $crate::sealed::Internal,
            ) -> Self {
                self
            }
        }
    };
    (whole [$($P:tt)*] $Step:ty) => {
        impl<$($P)*> Enclose for $Step {
            type With<W: Around> = Surrounded<W, Self>;

            fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Surrounded<W, Self> {
                Surrounded::new(make(&self), self)
            }
        }
    };
    (within $Step:ident) => {
        impl<S: $crate::step::Enclose> $crate::step::Enclose for $Step<S> {
            type With<W: $crate::step::Around> = $Step<S::With<W>>;

            fn enclose<W: $crate::step::Around>(
                self,
                make: &dyn Fn(&dyn $crate::describe::Describe) -> W,
                internal: $crate::sealed::Internal,
            ) -> Self::With<W> {
                $Step(self.0.enclose(make, internal))
            }
        }
    };
}

pub(crate) use enclose;

enclose!(whole [F, M: Mode] Resolved<F, M>);
enclose!(whole [F, M: Mode] Splat<Resolved<F, M>>);
enclose!(whole [F, M: Mode] SplatRef<Resolved<F, M>>);
enclose!(whole [Acc, S: Describe, K] Scan<Acc, S, K>);
enclose!(nothing [H: Describe] Dispatch<H>);
enclose!(within Otherwise);

impl<A: Enclose, B: Enclose, Out> Enclose for Then<A, B, Out> {
    type With<W: Around> = Then<A::With<W>, B::With<W>, Out>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        let (first, then) = self.into_parts();
        let first = first.enclose(make, Internal);
        Then::new(first, then.enclose(make, Internal))
    }
}

impl<P: Enclose, A: Enclose, R: Enclose> Enclose for Case<P, A, R> {
    type With<W: Around> = Case<P::With<W>, A::With<W>, R::With<W>>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        let predicate = self.predicate.enclose(make, Internal);
        let arm = self.arm.enclose(make, Internal);
        Case { predicate, arm, rest: self.rest.enclose(make, Internal) }
    }
}

impl<F, B: Enclose> Enclose for Match<F, B> {
    type With<W: Around> = Match<F, B::With<W>>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        Match { split: self.split, branches: self.branches.enclose(make, Internal) }
    }
}

impl<N: Fn() -> &'static str, A: Enclose, R: Enclose> Enclose for Branch<N, A, R> {
    type With<W: Around> = Branch<N, A::With<W>, R::With<W>>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        let arm = self.arm.enclose(make, Internal);
        Branch { pattern: self.pattern, arm, rest: self.rest.enclose(make, Internal) }
    }
}

impl<N: Fn() -> &'static str, A: Enclose> Enclose for LastBranch<N, A> {
    type With<W: Around> = LastBranch<N, A::With<W>>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        LastBranch { pattern: self.pattern, arm: self.arm.enclose(make, Internal) }
    }
}

impl<V, S: Enclose, K> Enclose for View<V, S, K> {
    type With<W: Around> = View<V, S::With<W>, K>;

    fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
        View(self.0.enclose(make, Internal), self.1)
    }
}

/// Implements the trait for forks with this number of arms.
macro_rules! arms {
    ($($A:ident $index:tt),*) => {
        impl<S: Enclose, $($A: Enclose),*> Enclose for Merge<($($A,)*), S> {
            type With<W: Around> = Merge<($($A::With<W>,)*), S::With<W>>;

            fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
                let arms = ($(self.0.$index.enclose(make, Internal),)*);
                Merge(arms, self.1.enclose(make, Internal))
            }
        }

        impl<$($A: Enclose),*> Enclose for Join<($($A,)*)> {
            type With<W: Around> = Join<($($A::With<W>,)*)>;

            fn enclose<W: Around>(self, make: Make<'_, W>, _: Internal) -> Self::With<W> {
                Join(($(self.0.$index.enclose(make, Internal),)*))
            }
        }
    };
}

arms!(A0 0, A1 1);
arms!(A0 0, A1 1, A2 2);
arms!(A0 0, A1 1, A2 2, A3 3);
arms!(A0 0, A1 1, A2 2, A3 3, A4 4);
arms!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5);
arms!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6);
arms!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6, A7 7);
