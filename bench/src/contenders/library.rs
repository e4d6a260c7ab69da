//! The functions of all rows over one library, and the loops to be timed.

use std::hint::black_box;

use super::Start;
use super::rt::{Handler, IntoHandler, Registry, Res, ResMut, World, WorldBuilder};

/// A resource type per value.
pub(crate) struct V<const N: usize>(u64);

impl<const N: usize> V<N> {
    pub(super) fn add(&mut self, x: u64) {
        self.0 = self.0.wrapping_add(x);
    }

    pub(super) fn get(&self) -> u64 {
        self.0
    }
}

pub(super) fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(V::<0>(1));
    builder.register(V::<1>(2));
    builder.register(V::<2>(3));
    builder.register(V::<3>(4));
    builder.register(V::<4>(5));
    builder.register(V::<5>(6));
    builder.register(V::<6>(7));
    builder.register(V::<7>(8));
    builder.build()
}

pub(super) fn sum(w: &World) -> u64 {
    let (a, b, c, d) = (w.resource::<V<0>>(), w.resource::<V<1>>(), w.resource::<V<2>>(), w.resource::<V<3>>());
    let (e, f, g, h) = (w.resource::<V<4>>(), w.resource::<V<5>>(), w.resource::<V<6>>(), w.resource::<V<7>>());
    [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0].iter().fold(0, |sum, value| sum.wrapping_mul(31).wrapping_add(*value))
}

pub(super) fn one_param(mut a: ResMut<V<0>>, x: u64) {
    a.0 ^= x;
}

pub(super) fn one_write(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = b.0.wrapping_add(x.wrapping_mul(a.0));
}

pub(super) fn four_params(a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    b.0 ^= a.0 ^ x;
    d.0 ^= c.0 ^ x;
}

pub(super) fn eight_params(
    a: Res<V<0>>,
    b: Res<V<1>>,
    c: Res<V<2>>,
    d: Res<V<3>>,
    mut e: ResMut<V<4>>,
    mut f: ResMut<V<5>>,
    mut g: ResMut<V<6>>,
    mut h: ResMut<V<7>>,
    x: u64,
) {
    e.0 = e.0.wrapping_add(a.0 ^ b.0 ^ c.0 ^ d.0 ^ x);
    f.0 = f.0.wrapping_add(x);
    g.0 ^= x;
    h.0 = h.0.wrapping_mul(x | 1);
}

fn add(a: Res<V<0>>, x: u64) -> u64 {
    x.wrapping_add(a.0)
}

fn multiply(b: Res<V<1>>, x: u64) -> u64 {
    x.wrapping_mul(b.0)
}

fn store(mut c: ResMut<V<2>>, x: u64) -> u64 {
    c.0 = c.0.wrapping_add(x);
    x
}

fn mix(d: Res<V<3>>, x: u64) -> u64 {
    x ^ d.0
}

fn above(a: Res<V<0>>, x: &u64) -> bool {
    *x > a.0
}

/// One call that is not inlined stands between the loop and the library, as it does for code by hand.
#[inline(never)]
fn handle<H: Handler<u64>>(handler: &mut H, world: &mut World, x: u64) {
    handler.run(world, x);
}

#[inline(never)]
fn call<P: FnMut(&mut World, u64) -> u64>(pipeline: &mut P, world: &mut World, x: u64) -> u64 {
    pipeline(world, x)
}

fn handler_loop<H: Handler<u64>>(runs: u64, make: impl Fn(&Registry) -> H) -> impl FnMut() -> u64 {
    let mut world = world();
    let mut handler = black_box(make(world.registry()));
    move || {
        (0..runs).for_each(|x| handle(&mut handler, &mut world, x));
        sum(&world)
    }
}

pub(crate) fn handler_2(runs: u64) -> impl FnMut() -> u64 {
    handler_loop(runs, |reg| one_write.into_handler(reg))
}

pub(crate) fn handler_8(runs: u64) -> impl FnMut() -> u64 {
    handler_loop(runs, |reg| eight_params.into_handler(reg))
}

pub(crate) fn boxed(runs: u64) -> impl FnMut() -> u64 {
    let mut world = world();
    let mut handler: Box<dyn Handler<u64>> = black_box(Box::new(one_write.into_handler(world.registry())));
    move || {
        (0..runs).for_each(|x| handler.run(&mut world, x));
        sum(&world)
    }
}

fn pipeline_loop<P: FnMut(&mut World, u64) -> u64>(runs: u64, make: impl Fn(&Registry) -> P) -> impl FnMut() -> u64 {
    let mut world = world();
    let mut pipeline = black_box(make(world.registry()));
    move || {
        let total = (0..runs).fold(0_u64, |total, x| total.wrapping_add(call(&mut pipeline, &mut world, x)));
        total.wrapping_add(sum(&world))
    }
}

pub(crate) fn pipeline_3_bare(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, |reg| {
        let mut pipeline = finish!(
            Start::<u64>::new()
                .then(|x: u64| x.wrapping_add(1), reg)
                .then(|x: u64| x.wrapping_mul(3), reg)
                .then(|x: u64| x ^ 0x55, reg)
        );
        move |world: &mut World, x| pipeline.run(world, x)
    })
}

pub(crate) fn pipeline_4_params(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, |reg| {
        let mut pipeline =
            finish!(Start::<u64>::new().then(add, reg).then(multiply, reg).then(store, reg).then(mix, reg));
        move |world: &mut World, x| pipeline.run(world, x)
    })
}

pub(crate) fn pipeline_option(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, |reg| {
        let mut pipeline = finish!(
            Start::<u64>::new()
                .then(|x: u64| x.wrapping_mul(5), reg)
                .guard(|x: &u64| *x & 1 == 1, reg)
                .map(multiply, reg)
                .filter(above, reg)
                .map(store, reg)
                .unwrap_or(7)
        );
        move |world: &mut World, x| pipeline.run(world, x)
    })
}

/// Builds a handler over and over; runs the last one, so that it is known to be right.
fn resolve_loop<H: Handler<u64>>(runs: u64, make: impl Fn(&Registry) -> H) -> impl FnMut() -> u64 {
    let mut world = world();
    move || {
        for _ in 1..runs {
            black_box(&make(black_box(world.registry())));
        }
        make(world.registry()).run(&mut world, 5);
        sum(&world)
    }
}

pub(crate) fn into_handler_1(runs: u64) -> impl FnMut() -> u64 {
    resolve_loop(runs, |reg| one_param.into_handler(reg))
}

pub(crate) fn into_handler_4(runs: u64) -> impl FnMut() -> u64 {
    resolve_loop(runs, |reg| four_params.into_handler(reg))
}

pub(crate) fn into_handler_8(runs: u64) -> impl FnMut() -> u64 {
    resolve_loop(runs, |reg| eight_params.into_handler(reg))
}
