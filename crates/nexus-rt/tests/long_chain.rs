//! Chains of 60 steps and arms eight deep: that they compile in about the time of as many short ones is what this crate
//! shows.
//!
//! `touch crates/nexus-rt/tests/long_chain.rs && time cargo check -p nexus-rt --test long_chain`

use nexus_rt::{PipelineStart, Res, Virtual, World, WorldBuilder};

struct Bias(u64);

fn by_ref<const N: u64>(bias: Res<Bias>, x: &u64) -> u64 {
    *x + bias.0 + N
}

fn by_value<const N: u64>(bias: Res<Bias>, x: u64) -> u64 {
    x + bias.0 + N
}

fn by_ref_option<const N: u64>(bias: Res<Bias>, x: &u64) -> Option<u64> {
    Some(*x + bias.0 + N)
}

/// Adds the steps that `$add` makes for 0..60.
macro_rules! sixty {
    ($add:ident $start:expr) => {
        sixty!(@ $add $start; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59)
    };
    (@ $add:ident $chain:expr; $n:tt $($rest:tt)*) => { sixty!(@ $add $add!($chain, $n); $($rest)*) };
    (@ $add:ident $chain:expr;) => { $chain };
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(Bias(1));
    builder.register(Vec::<u64>::new());
    builder.build()
}

#[test]
fn sixty_steps_by_reference() {
    let mut world = world();
    let reg = world.registry();
    macro_rules! add {
        ($chain:expr, $n:literal) => {
            $chain.then(by_ref::<$n>, reg)
        };
    }
    let mut chain = sixty!(add PipelineStart::<u64>::new()).build();
    assert_eq!(chain.run(&mut world, 0), 60 + 59 * 30);
}

#[test]
fn sixty_steps_by_reference_as_a_handler() {
    let mut world = world();
    let reg = world.registry();
    macro_rules! add {
        ($chain:expr, $n:literal) => {
            $chain.then(by_ref::<$n>, reg)
        };
    }
    let chain = sixty!(add PipelineStart::<u64>::new());
    let mut chain: Virtual<u64> = Box::new(chain.then(|x: u64| assert_eq!(x, 60 + 59 * 30), reg).build());
    chain.run(&mut world, 0);
}

#[test]
fn sixty_mixed_steps() {
    let mut world = world();
    let reg = world.registry();
    macro_rules! add {
        ($chain:expr, 0) => {
            $chain.then(by_ref_option::<0>, reg)
        };
        ($chain:expr, 20) => {
            $chain.map(by_value::<20>, reg)
        };
        ($chain:expr, 40) => {
            $chain.filter(|x: &u64| *x < 10_000, reg)
        };
        ($chain:expr, $n:literal) => {
            $chain.and_then(by_ref_option::<$n>, reg)
        };
    }
    let mut chain = sixty!(add PipelineStart::<u64>::new()).build();
    assert_eq!(chain.run(&mut world, 0), Some(59 + 59 * 30 - 40));
}

/// Arms within arms, one level for each `*`.
macro_rules! nested {
    ($x:ident, $reg:ident;) => { $x.then(by_ref::<0>, $reg) };
    ($x:ident, $reg:ident; * $($rest:tt)*) => {
        $x.then(by_ref::<1>, $reg)
            .fork()
            .arm(|x| nested!(x, $reg; $($rest)*))
            .arm(|x| x.then(by_ref::<2>, $reg))
            .merge(|a: &u64, b: &u64| a + b, $reg)
    };
}

#[test]
fn arms_eight_deep() {
    let mut world = world();
    let reg = world.registry();
    let start = PipelineStart::<u64>::new();
    let mut dag = nested!(start, reg; * * * * * * * *).build();
    let plain = |x: u64| {
        fn level(depth: u32, x: u64) -> u64 {
            if depth == 0 { x + 1 } else { level(depth - 1, x + 2) + x + 2 + 3 }
        }
        level(8, x)
    };
    assert_eq!(dag.run(&mut world, 5), plain(5));
}
