//! Chains, whose steps are types.

use std::time::Duration;

use nexus_rt::{Describe, Handler, PipelineStart, Registry, ResMut, World, WorldBuilder};

use super::{Case, time};

const GROUP: &str = "chains";

const SIZES: &[(&str, usize)] = &[("100", 100), ("10", 10)];

/// The number of repetitions of a short operation.
const TIMES: u32 = 100;

fn step(mut n: ResMut<u64>, x: u64) -> u64 {
    *n = n.wrapping_mul(3).wrapping_add(x);
    *n
}

/// Adds ten steps.
macro_rules! ten {
    ($chain:expr, $reg:ident) => {
        $chain
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
            .then(step, $reg)
    };
}

fn chain(reg: &Registry, count: usize) -> Box<dyn Handler<u64>> {
    let end = |_: u64| {};
    match count {
        10 => Box::new(ten!(PipelineStart::<u64>::new(), reg).then(end, reg).build()),
        100 => {
            let fifty = ten!(ten!(ten!(ten!(ten!(PipelineStart::<u64>::new(), reg), reg), reg), reg), reg);
            Box::new(ten!(ten!(ten!(ten!(ten!(fifty, reg), reg), reg), reg), reg).then(end, reg).build())
        }
        _ => panic!("one of the sizes"),
    }
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.build()
}

/// Returns the time of one of many repetitions.
fn one<R>(mut f: impl FnMut() -> R) -> Duration {
    time(|| (0..TIMES).map(|_| f()).collect::<Vec<_>>()) / TIMES
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time).of_sizes(SIZES);
    vec![
        case("build", |count| {
            let world = world();
            one(|| chain(world.registry(), count))
        }),
        case("run", |count| {
            let mut world = world();
            let mut chain = chain(world.registry(), count);
            one(|| chain.run(&mut world, 1))
        }),
        case("inputs_changed", |count| {
            let world = world();
            let chain = chain(world.registry(), count);
            one(|| chain.inputs_changed(&world))
        }),
        case("plan", |count| {
            let chain = chain(world().registry(), count);
            one(|| chain.plan())
        }),
        case("plan().to_string()", |count| {
            let plan = chain(world().registry(), count).plan();
            one(|| plan.to_string())
        }),
        case("plan().to_json()", |count| {
            let plan = chain(world().registry(), count).plan();
            one(|| plan.to_json())
        }),
        case("plan().to_dot()", |count| {
            let plan = chain(world().registry(), count).plan();
            one(|| plan.to_dot())
        }),
    ]
}
