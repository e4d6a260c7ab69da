//! The functions of all rows over one library.

pub(crate) mod batches;
pub(crate) mod chains;
pub(crate) mod construction;
pub(crate) mod fans;
pub(crate) mod graphs;
pub(crate) mod handlers;
pub(crate) mod mix;
pub(crate) mod templates;

use super::rt;
use rt::{Handler, Registry, World, WorldBuilder};

/// One resource type per number.
pub(crate) struct V<const N: usize>(pub(crate) u64);

pub(crate) fn fill(builder: &mut WorldBuilder) {
    builder.register(V::<0>(1));
    builder.register(V::<1>(2));
    builder.register(V::<2>(3));
    builder.register(V::<3>(4));
    builder.register(V::<4>(5));
    builder.register(V::<5>(6));
    builder.register(V::<6>(7));
    builder.register(V::<7>(8));
}

pub(crate) fn world() -> World {
    let mut builder = WorldBuilder::new();
    fill(&mut builder);
    builder.build()
}

pub(crate) fn sum(w: &World) -> u64 {
    let (a, b, c, d) = (w.resource::<V<0>>(), w.resource::<V<1>>(), w.resource::<V<2>>(), w.resource::<V<3>>());
    let (e, f, g, h) = (w.resource::<V<4>>(), w.resource::<V<5>>(), w.resource::<V<6>>(), w.resource::<V<7>>());
    [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0].iter().fold(0, |sum, value| sum.wrapping_mul(31).wrapping_add(*value))
}

/// The function that calls a handler. It is called through its address, so that it is not optimised for its one caller.
pub(crate) type Handle<H, E> = fn(&mut H, &mut World, E);

pub(crate) fn opaque<H, E>(handle: Handle<H, E>) -> Handle<H, E> {
    std::hint::black_box(handle)
}

/// A single call separates the loop from the library, as for hand-written code.
#[inline(never)]
pub(crate) fn handle<E, H: Handler<E>>(handler: &mut H, world: &mut World, event: E) {
    handler.run(world, event);
}

#[inline(never)]
pub(crate) fn call<P: FnMut(&mut World, u64) -> u64>(pipeline: &mut P, world: &mut World, x: u64) -> u64 {
    pipeline(world, x)
}

/// Runs a handler of numbers in a world of its own.
pub(crate) fn numbers<H: Handler<u64> + 'static>(make: impl FnOnce(&Registry) -> H) -> Box<dyn bench::harness::Work> {
    let world = world();
    let handler = std::hint::black_box(make(world.registry()));
    let run = opaque(handle::<u64, H>);
    crate::loops::numbers(
        (world, handler, run),
        |(world, handler, run), x| run(handler, world, x),
        |(world, ..)| sum(world),
    )
}
