//! What does a dispatch cost: a function, a handler, a pipeline, a DAG, a batch?
//!
//! `cargo run --release --example perf_pipeline`
//!
//! For a comparison with other libraries, see `bench/`. `cargo xtask asm` shows the machine code of such a dispatch.

mod perf;

use std::hint::black_box;

use nexus_rt::{DagStart, Handler, IntoHandler, PipelineStart, Res, ResMut, Virtual, WorldBuilder, fan_out};

use crate::perf::{begin, heading, row};

struct Fee(u64);
struct Total(u64);

#[inline(never)]
fn by_hand(x: u64) -> u64 {
    (x + 1).wrapping_mul(3) ^ 5
}

fn charge(fee: Res<Fee>, x: u64) -> u64 {
    x + fee.0
}

fn read(fee: Res<Fee>, x: u64) {
    black_box(fee.0 ^ x);
}

fn write(mut total: ResMut<Total>, x: u64) {
    total.0 = total.0.wrapping_add(x);
}

fn lent(mut total: ResMut<Total>, x: &u64) {
    total.0 ^= *x;
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Fee(3));
    builder.register(Total(0));
    let mut world = builder.build();
    let reg = world.registry();

    let mut bare = PipelineStart::<u64>::new()
        .then(|x: u64| x + 1, reg)
        .then(|x: u64| x.wrapping_mul(3), reg)
        .then(|x: u64| x ^ 5, reg)
        .build();
    let mut charging = PipelineStart::<u64>::new().then(charge, reg).then(charge, reg).then(charge, reg).build();
    let mut read = read.into_handler(reg);
    let mut add = write.into_handler(reg);
    let mut boxed: Virtual<u64> = black_box(Box::new(write.into_handler(reg)));
    let mut diamond = DagStart::<u64>::new()
        .root(|x: u64| x.wrapping_mul(7), reg)
        .fork()
        .arm(|arm| arm.then(|fee: Res<Fee>, x: &u64| x + fee.0, reg))
        .arm(|arm| arm.then(|x: &u64| x >> 3, reg))
        .merge(|a: &u64, b: &u64| a ^ b, reg)
        .then(write, reg)
        .build();
    let mut fan = fan_out!(lent.into_handler(reg), lent.into_handler(reg));
    let mut batch = PipelineStart::<u64>::new().then(charge, reg).then(write, reg).build_batch(100);
    let mut alone = PipelineStart::<u64>::new().then(charge, reg).then(write, reg).build();
    let mut slice = PipelineStart::<&u64>::borrowed()
        .then(|fee: Res<Fee>, x: &u64| x + fee.0, world.registry())
        .then(write, world.registry())
        .build();
    let items: Vec<u64> = (0..100).collect();
    let x = || black_box(7_u64);

    begin("runs one event, and each of the last three runs a hundred", "dispatch");
    row("plain function", || by_hand(x()));
    row("pipeline of 3 bare steps", || bare.run(&mut world, x()));
    row("pipeline of 3 steps with Res", || charging.run(&mut world, x()));
    row("handler with Res", || read.run(&mut world, x()));
    row("handler with ResMut", || add.run(&mut world, x()));
    row("handler with ResMut, boxed", || boxed.run(&mut world, x()));
    row("DAG of two arms", || diamond.run(&mut world, x()));
    row("fan_out of 2", || fan.run(&mut world, x()));
    heading("a hundred items");
    row("one by one", || items.iter().for_each(|x| alone.run(&mut world, *black_box(x))));
    row("a batch from its buffer", || {
        batch.input_mut().extend_from_slice(black_box(&items));
        batch.run(&mut world);
    });
    row("a slice, borrowed", || slice.run_each(&mut world, black_box(&items)));
}
