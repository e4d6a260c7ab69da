//! What does it cost to create a handler or a step, depending on its number of params?
//!
//! `cargo run --release --example perf_construction`. This cost is paid once, when the program is wired. Handlers that
//! are created while it runs are better stamped from a template (`perf_template`). For a comparison with other
//! libraries, see `bench/`.

mod perf;

use std::hint::black_box;

use nexus_rt::scheduler::IntoSystem;
use nexus_rt::{IntoCallback, IntoHandler, Local, PipelineStart, Registry, Res, ResMut, WorldBuilder};

use crate::perf::{heading, row};

/// One resource type per number.
struct V<const N: usize>(u64);

fn one(mut a: ResMut<V<0>>, x: u64) {
    a.0 += x;
}

fn two(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 += a.0 + x;
}

fn four(a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    b.0 += a.0 + x;
    d.0 += c.0 + x;
}

fn eight(
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
    [e.0, f.0, g.0, h.0] = [a.0 + x, b.0 + x, c.0 + x, d.0 + x];
}

fn with_context(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += a.0;
    b.0 += x;
}

fn step(a: Res<V<0>>, b: Res<V<1>>, x: u64) -> u64 {
    a.0 + b.0 + x
}

fn system(a: Res<V<0>>, b: Res<V<1>>, last: Local<u64>) -> bool {
    a.0 + b.0 > *last
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(V::<0>(1));
    builder.register(V::<1>(1));
    builder.register(V::<2>(1));
    builder.register(V::<3>(1));
    builder.register(V::<4>(1));
    builder.register(V::<5>(1));
    builder.register(V::<6>(1));
    builder.register(V::<7>(1));
    let world = builder.build();
    let registry = || -> &Registry { black_box(world.registry()) };

    println!("Each row makes the thing and drops it. `nothing` is what the clock itself takes.");
    heading("construction");
    row("nothing", || ());
    row("into_handler, event only", || (|_: u64| ()).into_handler(registry()));
    row("into_handler, 1 param", || one.into_handler(registry()));
    row("into_handler, 2 params", || two.into_handler(registry()));
    row("into_handler, 4 params", || four.into_handler(registry()));
    row("into_handler, 8 params", || eight.into_handler(registry()));
    row("into_callback, 2 params", || with_context.into_callback(0, registry()));
    row("into_system, 2 params and a local", || system.into_system(registry()));
    row("then, 2 params", || PipelineStart::<u64>::new().then(step, registry()));
    row("a pipeline of 3, built", || {
        let reg = registry();
        PipelineStart::<u64>::new().then(step, reg).then(step, reg).then(two, reg).build()
    });
    row("a box for a handler of 2 params", || Box::new(two.into_handler(registry())));
}
