//! What does it cost to create a handler or a step, by its number of params?
//!
//! `cargo run --release --example perf_construction`
//!
//! A program pays this once, when it is wired. Stamp handlers that are created later from a template: see
//! `perf_template`. For a comparison with other libraries, see `bench/`.

#[path = "perf/functions.rs"]
mod functions;
mod perf;
#[path = "perf/values.rs"]
mod values;

use std::hint::black_box;

use nexus_rt::scheduler::IntoSystem;
use nexus_rt::{IntoHandler, Local, PipelineStart, Registry, Res};

use crate::functions::{resolve_rows, two};
use crate::perf::{begin, row};
use crate::values::{V, builder};

fn step(a: Res<V<0>>, b: Res<V<1>>, x: u64) -> u64 {
    a.0 + b.0 + x
}

fn system(a: Res<V<0>>, b: Res<V<1>>, last: Local<u64>) -> bool {
    a.0 + b.0 > *last
}

fn main() {
    let world = builder().build();
    let registry = || -> &Registry { black_box(world.registry()) };

    begin("creates one item and drops it", "construction");
    row("into_handler, event only", || (|_: u64| ()).into_handler(registry()));
    resolve_rows(world.registry());
    row("into_system, 2 params and a local", || system.into_system(registry()));
    row("then, 2 params", || PipelineStart::<u64>::new().then(step, registry()));
    row("a pipeline of 3, built", || {
        let reg = registry();
        PipelineStart::<u64>::new().then(step, reg).then(step, reg).then(two, reg).build()
    });
    row("a box for a handler of 2 params", || Box::new(two.into_handler(registry())));
}
