//! Worlds of many resources, over one library.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::rt::{Handler, IntoHandler, Registry, Res, ResMut, World, WorldBuilder};

bench::many_types!(WorldBuilder);

/// The written resource, besides the many others.
type Written = V<10, 0, 0, 0>;

fn world(resources: usize) -> World {
    let mut builder = WorldBuilder::new();
    let all = &mut builder;
    match resources {
        1 => one::<0, 0, 0, 0>(all),
        10 => ten::<0, 0, 0>(all),
        100 => hundred::<0, 0>(all),
        1_000 => thousand::<0>(all),
        10_000 => {
            bench::each_digit!(thousand<>(all));
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

/// Resolves repeatedly, and runs the last handler.
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
