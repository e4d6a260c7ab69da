//! Thousands of types, for worlds of many resources.

/// Calls a function for every value of the last digit.
#[macro_export]
macro_rules! each_digit {
    ($f:ident<$($P:ident),*>($builder:ident)) => {
        $f::<$($P,)* 0>($builder);
        $f::<$($P,)* 1>($builder);
        $f::<$($P,)* 2>($builder);
        $f::<$($P,)* 3>($builder);
        $f::<$($P,)* 4>($builder);
        $f::<$($P,)* 5>($builder);
        $f::<$($P,)* 6>($builder);
        $f::<$($P,)* 7>($builder);
        $f::<$($P,)* 8>($builder);
        $f::<$($P,)* 9>($builder);
    };
}

/// Defines one type per four-digit number, and functions that register one, ten, a hundred and a thousand of them.
#[macro_export]
macro_rules! many_types {
    ($WorldBuilder:ty) => {
        /// One type per four-digit number.
        pub(crate) struct V<const A: usize, const B: usize, const C: usize, const D: usize>(u64);

        fn one<const A: usize, const B: usize, const C: usize, const D: usize>(builder: &mut $WorldBuilder) {
            builder.register(V::<A, B, C, D>(1));
        }

        fn ten<const A: usize, const B: usize, const C: usize>(builder: &mut $WorldBuilder) {
            $crate::each_digit!(one<A, B, C>(builder));
        }

        fn hundred<const A: usize, const B: usize>(builder: &mut $WorldBuilder) {
            $crate::each_digit!(ten<A, B>(builder));
        }

        fn thousand<const A: usize>(builder: &mut $WorldBuilder) {
            $crate::each_digit!(hundred<A>(builder));
        }
    };
}
