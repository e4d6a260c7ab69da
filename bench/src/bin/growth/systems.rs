//! Systems and their edges.

use std::time::Duration;

use nexus_rt::plan::Plan;
use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, System, SystemId, SystemScheduler};
use nexus_rt::{Describe, ResMut, World, WorldBuilder};

use super::{Case, time};

const GROUP: &str = "systems";

fn step(mut n: ResMut<u64>) -> bool {
    *n = n.wrapping_mul(3).wrapping_add(1);
    true
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.build()
}

fn added(world: &World, count: usize) -> (SchedulerBuilder, Vec<SystemId>) {
    let mut systems = SchedulerBuilder::new();
    let ids = (0..count).map(|_| systems.add(step.into_system(world.registry()))).collect();
    (systems, ids)
}

/// Each system runs after the one before.
fn line(world: &World, count: usize) -> (SchedulerBuilder, Vec<SystemId>) {
    let (mut systems, ids) = added(world, count);
    ids.windows(2).for_each(|pair| _ = systems.after(pair[1], pair[0]));
    (systems, ids)
}

fn built(systems: SchedulerBuilder) -> SystemScheduler {
    systems.build().expect("there is no circle")
}

/// A description without functions.
struct Silent;

impl Describe for Silent {
    fn describe(&self, _: &mut dyn nexus_rt::plan::Visitor) {}
}

impl System for Silent {
    fn run(&mut self, _: &mut World) -> bool {
        true
    }
}

/// Rungs of two systems, each after both of the previous rung.
fn ladder(count: usize) -> Plan {
    let mut systems = SchedulerBuilder::new();
    let ids: Vec<_> = (0..count).map(|_| systems.add(Silent)).collect();
    for rungs in ids.chunks_exact(2).collect::<Vec<_>>().windows(2) {
        for (earlier, later) in rungs[0].iter().flat_map(|earlier| rungs[1].iter().map(move |later| (earlier, later))) {
            systems.after(*later, *earlier);
        }
    }
    built(systems).plan()
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time);
    vec![
        case("add", |count| {
            let world = world();
            time(|| added(&world, count))
        }),
        case("after, in a line", |count| {
            let (mut systems, ids) = added(&world(), count);
            time(|| {
                ids.windows(2).for_each(|pair| _ = systems.after(pair[1], pair[0]));
                systems
            })
        }),
        case("build, in a line", |count| {
            let (systems, _) = line(&world(), count);
            time(|| built(systems))
        }),
        case("build, in a circle", |count| {
            let (mut systems, ids) = line(&world(), count);
            systems.before(ids[count - 1], ids[0]);
            time(|| systems.build().expect_err("there is a circle"))
        }),
        case("run, in a line", |count| {
            let mut world = world();
            let mut scheduler = built(line(&world, count).0);
            time(|| scheduler.run(&mut world))
        }),
        case("plan, in a line", |count| {
            let scheduler = built(line(&world(), count).0);
            time(|| scheduler.plan())
        }),
        case("plan().to_string(), in a line", |count| {
            let plan = built(line(&world(), count).0).plan();
            time(|| plan.to_string())
        }),
        case("plan().to_json(), in a line", |count| {
            let plan = built(line(&world(), count).0).plan();
            time(|| plan.to_json())
        }),
        case("plan().to_dot(), in a line", |count| {
            let plan = built(line(&world(), count).0).plan();
            time(|| plan.to_dot())
        }),
        case("plan().to_mermaid(), in a line", |count| {
            let plan = built(line(&world(), count).0).plan();
            time(|| plan.to_mermaid())
        }),
        case("plan().to_string(), rungs of two", |count| {
            let plan = ladder(count);
            time(|| plan.to_string())
        }),
        case("plan().to_dot(), rungs of two", |count| {
            let plan = ladder(count);
            time(|| plan.to_dot())
        }),
    ]
}
