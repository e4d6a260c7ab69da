//! `cases!`: a route by a `match`, which the compiler checks for exhaustiveness.

use std::marker::PhantomData;

use super::{Chain, RouteStart, Routed};
use crate::step::{Branch, Given, LastBranch, Match, Start};

/// Creates the cases of a [`route`](crate::chain::Chain::route) from a `match`, which the compiler checks for
/// exhaustiveness: a variant without a case is an error that names it.
///
/// The argument is a closure whose body is the `match`. Each case has a pattern and, in parentheses, a value and the
/// arm that takes this value. All arms have the same output. Plans show the cases under the names of their variants.
///
/// ```
/// use nexus_rt::{PipelineStart, ResMut, WorldBuilder, cases};
///
/// enum Order {
///     New { price: u64, quantity: u64 },
///     Cancel(u64),
///     Heartbeat,
/// }
///
/// fn book(mut volume: ResMut<u64>, price: u64, quantity: u64) -> String {
///     *volume += price * quantity;
///     format!("booked {quantity} at {price}")
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut orders = PipelineStart::<Order>::new()
///     .route(cases!(|order: Order| match order {
///         Order::New { price, quantity } => ((price, quantity), |n| n.splat().then(book, reg)),
///         Order::Cancel(id) => (id, |id| id.then(|id: u64| format!("cancelled {id}"), reg)),
///         Order::Heartbeat => ((), |beat| beat.then(|(): ()| String::new(), reg)),
///     }))
///     .build();
/// assert_eq!(orders.run(&mut world, Order::New { price: 7, quantity: 6 }), "booked 6 at 7");
/// assert_eq!(orders.run(&mut world, Order::Cancel(4)), "cancelled 4");
/// assert_eq!(orders.run(&mut world, Order::Heartbeat), "");
/// assert_eq!(*world.resource::<u64>(), 42);
/// ```
///
/// # What a case may use
///
/// Patterns may have guards, and the `match` may be over a part of the value, as in `match order.side { .. }`.
/// Patterns, guards and values can use the value and the variables around it, but nothing of the world. A reference
/// with a named lifetime, as in `|topic: &'static str|`, is a value like any other.
///
/// # References
///
/// In a chain over a reference, such as an arm of a [`fork`](crate::chain::Chain::fork), the value is a reference, and
/// so is the value of each case:
///
/// ```
/// # use nexus_rt::{PipelineStart, WorldBuilder, cases};
/// # let mut world = WorldBuilder::new().build();
/// # let reg = world.registry();
/// # enum Order { New { quantity: u64 }, Heartbeat }
/// let mut quantities = PipelineStart::<&Order>::borrowed()
///     .route(cases!(|order: &Order| match order {
///         Order::New { quantity } => (quantity, |quantity| quantity.cloned()),
///         Order::Heartbeat => (&(), |beat| beat.then(|(): &()| 0, reg)),
///     }))
///     .build();
/// assert_eq!(quantities.run(&mut world, &Order::New { quantity: 5 }), 5);
/// assert_eq!(quantities.run(&mut world, &Order::Heartbeat), 0);
/// ```
///
/// If the value of a case is not a reference but borrows from the event, the compiler cannot infer its type for every
/// lifetime. Write the types of the cases' values, in order. In this form, the `match` is inside a function, so
/// patterns, guards and values can use the value, but no variable around it (E0434). The arms can.
///
/// ```
/// # use nexus_rt::{PipelineStart, WorldBuilder, cases};
/// # let mut world = WorldBuilder::new().build();
/// # let reg = world.registry();
/// enum Message<'a> {
///     Text { from: &'a str, text: &'a str },
///     Ping,
/// }
///
/// fn parse(line: &str) -> Message<'_> {
///     line.split_once(": ").map_or(Message::Ping, |(from, text)| Message::Text { from, text })
/// }
///
/// fn length(from: &str, text: &str) -> usize {
///     from.len() + text.len()
/// }
///
/// let mut lines = PipelineStart::<&str>::borrowed()
///     .then(parse, reg)
///     .route(cases!(for<'a> |message: Message<'a>| -> ((&'a str, &'a str), ()) {
///         match message {
///             Message::Text { from, text } => ((from, text), |m| m.splat().then(length, reg)),
///             Message::Ping => ((), |ping| ping.then(|(): ()| 0, reg)),
///         }
///     }))
///     .build();
/// assert_eq!(["ann: hello", "ping"].map(|line| lines.run(&mut world, line)), [8, 0]);
/// ```
///
/// # Limits
///
/// Up to eight cases run as a `match` written by hand does. With more cases, whose values are of different types, the
/// compiler makes a chain of comparisons. Where that matters, a table of boxed chains ([`Virtual`](crate::Virtual))
/// takes one look-up and one call through a pointer.
///
/// Under the default `recursion_limit`, 48 cases fit, and up to 61 if the `match` is over the value itself. With
/// `#![recursion_limit = "256"]` at the top of the crate, a hundred do. If the value is a reference and no types are
/// written, at most 32 fit under any limit.
#[macro_export]
macro_rules! cases {
    // Before the rule for any lifetime, since no other rule is tried once a type is expected where a lifetime stands.
    (|$value:ident: &$lt:lifetime $In:ty| match $($of_and_cases:tt)+) => {
        $crate::__cases!(find by_value [$value] [&$lt $In] [] $($of_and_cases)+)
    };
    (|$value:ident: &$In:ty| match $($of_and_cases:tt)+) => {
        $crate::__cases!(find by_ref [$value] [$In] [] $($of_and_cases)+)
    };
    (|$value:ident: $In:ty| match $($of_and_cases:tt)+) => {
        $crate::__cases!(find by_value [$value] [$In] [] $($of_and_cases)+)
    };
    (for<$($a:lifetime),+> |$value:ident: $In:ty| -> ($($P:ty),+ $(,)?) { match $($of_and_cases:tt)+ }) => {
        $crate::__cases!(find by_type [$value] [[$($a),+] $In; $($P),+] [] $($of_and_cases)+)
    };
    ($($other:tt)*) => {
        $crate::__private::core::compile_error!(
            "`cases!` takes a closure over a typed value, whose body is a `match`: \
             `|order: Order| match order { Order::New(new) => (new, |new| new.then(book, reg)), .. }`"
        )
    };
}

/// The rules of `cases!` that are not for users. A case is `[[pattern] value, arm]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    // Finds the cases, which stand last.
    (find $how:ident $value:tt $In:tt [$($of:tt)+] { $($cases:tt)+ }) => {
        $crate::__cases!($how $value $In [$($of)+] $($cases)+)
    };
    (find $how:ident $value:tt $In:tt [$($of:tt)*] $next:tt $($rest:tt)+) => {
        $crate::__cases!(find $how $value $In [$($of)* $next] $($rest)+)
    };
    // The type of a `match` whose cases have values of these types.
    (sum $P:ty) => { $P };
    (sum $P:ty, $($Q:ty),+) => { $crate::__private::Given<$P, $crate::__cases!(sum $($Q),+)> };
    // The value of that type for a case that comes after so many others.
    (given [] last $given:expr) => { $given };
    (given [] $given:expr) => { $crate::__private::Given::Here($given) };
    (given [$_:tt $($before:tt)*] $($given:tt)+) => {
        $crate::__private::Given::Later($crate::__cases!(given [$($before)*] $($given)+))
    };
    // The `match`, a case at a time.
    (match [$of:expr] [$($done:tt)*] [$($before:tt)*] [[$($pattern:tt)+] $given:expr, $arm:expr]) => {
        match $of { $($done)* $($pattern)+ => $crate::__cases!(given [$($before)*] last $given), }
    };
    (match [$of:expr] [$($done:tt)*] [$($before:tt)*] [[$($pattern:tt)+] $given:expr, $arm:expr] $($more:tt)+) => {
        $crate::__cases!(match
            [$of]
            [$($done)* $($pattern)+ => $crate::__cases!(given [$($before)*] $given),]
            [$($before)* +]
            $($more)+
        )
    };
    // The arms, each with the arms of the cases after it.
    (arms $rest:ident [[$($pattern:tt)+] $given:expr, $arm:expr]) => {
        $rest.last(|| $crate::__private::core::stringify!($($pattern)+), $arm)
    };
    (arms $rest:ident [[$($pattern:tt)+] $given:expr, $arm:expr] $($more:tt)+) => {
        $rest.case(
            || $crate::__private::core::stringify!($($pattern)+),
            $arm,
            |rest| $crate::__cases!(arms rest $($more)+),
        )
    };
    (route [$split:expr] $($cases:tt)+) => {
        |route| route.cases($split, |rest| $crate::__cases!(arms rest $($cases)+))
    };
    // A function that tells the compiler that the values of the cases borrow from the value of the chain.
    (lent [$($P:ident)+] [$($_:ident)*]) => {
        fn __cases_lent<T: ?Sized, $($P: ?Sized,)+ F>(split: F) -> F
        where
            F: for<'a> $crate::__private::core::ops::FnMut(&'a T) -> $crate::__cases!(sum $(&'a $P),+),
        {
            split
        }
    };
    (lent [$($P:ident)*] [] $($cases:tt)+) => {
        $crate::__private::core::compile_error!("write the types of what the cases give, where there are more than 32")
    };
    (lent [$($P:ident)*] [$Next:ident $($Free:ident)*] $case:tt $($cases:tt)*) => {
        $crate::__cases!(lent [$($P)* $Next] [$($Free)*] $($cases)*);
    };
    (@ by_value [$value:ident] [$In:ty] [$of:expr] $($cases:tt)+) => {
        $crate::__cases!(route [move |$value: $In| $crate::__cases!(match [$of] [] [] $($cases)+)] $($cases)+)
    };
    (@ by_ref [$value:ident] [$In:ty] [$of:expr] $($cases:tt)+) => {{
        $crate::__cases!(lent [] [
            P0 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 P24 P25 P26 P27 P28
            P29 P30 P31
        ] $($cases)+);
        $crate::__cases!(route [__cases_lent(move |$value: &$In| $crate::__cases!(match [$of] [] [] $($cases)+))] $($cases)+)
    }};
    (@ by_type [$value:ident] [[$($a:lifetime),+] $In:ty; $($P:ty),+] [$of:expr] $($cases:tt)+) => {{
        fn __cases_split<$($a),+>($value: $In) -> $crate::__cases!(sum $($P),+) {
            $crate::__cases!(match [$of] [] [] $($cases)+)
        }
        $crate::__cases!(route [__cases_split] $($cases)+)
    }};
    ($how:ident $value:tt $In:tt $of:tt $($pattern:pat $(if $guard:expr)? => ($given:expr, $arm:expr)),+ $(,)?) => {
        $crate::__cases!(@ $how $value $In $of $([[$pattern $(if $guard)?] $given, $arm])+)
    };
}

impl<C, T> RouteStart<C, T> {
    /// Adds the cases of a `match`: see [`cases!`](crate::cases).
    #[doc(hidden)]
    pub fn cases<F, P, B, Out>(
        self,
        split: F,
        branches: impl FnOnce(Remaining<C, P, Out>) -> B,
    ) -> Routed<Match<F, B>, Out>
    where
        F: FnMut(T) -> P,
    {
        Routed::new(Match { split, branches: branches(Remaining(PhantomData)) })
    }
}

/// The cases of a `match` that have no arm yet. The value of the next one is a `P`.
#[derive(Debug)]
#[doc(hidden)]
pub struct Remaining<C, P, Out>(PhantomData<fn(&mut C, P) -> Out>);

impl<C, P, Q, Out> Remaining<C, Given<P, Q>, Out> {
    /// Adds the arm of the next case, then those of the rest.
    #[doc(hidden)]
    pub fn case<N, A, L, R>(
        self,
        pattern: N,
        arm: impl FnOnce(Chain<C, P, P, Start>) -> Chain<C, P, Out, A, L>,
        rest: impl FnOnce(Remaining<C, Q, Out>) -> R,
    ) -> Branch<N, A, R> {
        let arm = arm(Chain::start()).steps;
        Branch { pattern, arm, rest: rest(Remaining(PhantomData)) }
    }
}

impl<C, P, Out> Remaining<C, P, Out> {
    /// Adds the arm of the last case.
    #[doc(hidden)]
    pub fn last<N, A, L>(
        self,
        pattern: N,
        arm: impl FnOnce(Chain<C, P, P, Start>) -> Chain<C, P, Out, A, L>,
    ) -> LastBranch<N, A> {
        LastBranch { pattern, arm: arm(Chain::start()).steps }
    }
}
