//! `Merge` and `Join`: arms that look at one value, with and without outputs.

use super::{Finished, Step, StepRef};
use crate::call::Entered;
use crate::describe::{Describe, Kind, Visitor, describe_within};
use crate::sealed::Internal;

/// Lends the value to each arm in turn, then runs the step on their outputs, as a tuple.
#[derive(Clone, Debug)]
pub struct Merge<Arms, S>(pub(crate) Arms, pub(crate) S);

/// Lends the value to each arm in turn, then drops it.
#[derive(Clone, Debug)]
pub struct Join<Arms>(pub(crate) Arms);

macro_rules! arms {
    ($($A:ident $Out:ident $index:tt),*) => {
        impl<C, T, S, $($A, $Out),*> Step<C, T> for Merge<($($A,)*), S>
        where
            $($A: StepRef<C, T, Out = $Out>,)*
            S: Step<C, ($($Out,)*)>,
        {
            type Out = S::Out;

            #[inline(always)]
            fn run(&mut self, ctx: &mut C, mut world: Entered<'_>, input: T) -> S::Out {
                let given = ($(self.0.$index.run_ref(ctx, world.reborrow(), &input),)*);
                self.1.run(ctx, world, given)
            }
        }

        impl<S: Describe, $($A: Describe),*> Describe for Merge<($($A,)*), S> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                $(describe_within(visitor, Kind::Arm, &self.0.$index);)*
                describe_within(visitor, Kind::Merge, &self.1);
            }

            fn step_kind(_: Internal) -> Kind {
                Kind::Fork
            }
        }

        impl<C, T, $($A, $Out: Finished),*> Step<C, T> for Join<($($A,)*)>
        where
            $($A: StepRef<C, T, Out = $Out>,)*
        {
            type Out = ();

            #[inline(always)]
            fn run(&mut self, ctx: &mut C, mut world: Entered<'_>, input: T) {
                $(self.0.$index.run_ref(ctx, world.reborrow(), &input);)*
            }
        }

        impl<$($A: Describe),*> Describe for Join<($($A,)*)> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                $(describe_within(visitor, Kind::Arm, &self.0.$index);)*
            }

            fn step_kind(_: Internal) -> Kind {
                Kind::Fork
            }
        }
    };
}

arms!(A0 Out0 0, A1 Out1 1);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5, A6 Out6 6);
arms!(A0 Out0 0, A1 Out1 1, A2 Out2 2, A3 Out3 3, A4 Out4 4, A5 Out5 5, A6 Out6 6, A7 Out7 7);
