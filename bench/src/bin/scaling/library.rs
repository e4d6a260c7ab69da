//! Worlds of many resources, over one library.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::rt::{Handler, IntoHandler, Registry, Res, ResMut, World, WorldBuilder};

/// A type per number of four digits.
pub(crate) struct V<const A: usize, const B: usize, const C: usize, const D: usize>(u64);

/// What is written, besides the many.
type Written = V<10, 0, 0, 0>;

/// Calls a function for every digit in the last place.
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

fn one<const A: usize, const B: usize, const C: usize, const D: usize>(builder: &mut WorldBuilder) {
    builder.register(V::<A, B, C, D>(1));
}

fn ten<const A: usize, const B: usize, const C: usize>(builder: &mut WorldBuilder) {
    each_digit!(one < A, B, C > (builder));
}

fn hundred<const A: usize, const B: usize>(builder: &mut WorldBuilder) {
    each_digit!(ten < A, B > (builder));
}

fn thousand<const A: usize>(builder: &mut WorldBuilder) {
    each_digit!(hundred<A>(builder));
}

fn world(resources: usize) -> World {
    let mut builder = WorldBuilder::new();
    let all = &mut builder;
    match resources {
        1 => one::<0, 0, 0, 0>(all),
        10 => ten::<0, 0, 0>(all),
        100 => hundred::<0, 0>(all),
        1_000 => thousand::<0>(all),
        10_000 => {
            each_digit!(thousand<>(all));
        }
        _ => panic!("a power of ten up to 10,000"),
    }
    builder.register::<Written>(V(1));
    builder.build()
}

fn step(read: Res<V<0, 0, 0, 0>>, mut written: ResMut<Written>, x: u64) {
    written.0 = written.0.wrapping_mul(3).wrapping_add(read.0 ^ x);
}

#[inline(never)]
fn run<H: Handler<u64>>(handler: &mut H, world: &mut World, x: u64) {
    handler.run(world, x);
}

pub(crate) fn handler(resources: usize) -> Box<dyn Work> {
    let world = world(resources);
    let handler = black_box(step.into_handler(world.registry()));
    let run: fn(&mut _, &mut World, u64) = black_box(run);
    work(
        (world, handler, run),
        |(world, handler, run), runs| (0..runs).for_each(|x| run(handler, world, x)),
        |(world, ..)| world.resource::<Written>().0,
    )
}

/// Resolves over and over, and runs the last one.
pub(crate) fn into_handler(resources: usize) -> Box<dyn Work> {
    fn make(registry: &Registry) -> impl Handler<u64> + use<> {
        step.into_handler(registry)
    }
    work(
        world(resources),
        |world, runs| {
            for _ in 1..runs {
                black_box(&make(black_box(world.registry())));
            }
            make(world.registry()).run(world, 5);
        },
        |world| world.resource::<Written>().0,
    )
}
