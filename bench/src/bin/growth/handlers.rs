//! Adding and removing handlers of a `Broadcast`, and its plans.

use std::hint::black_box;
use std::time::Duration;

use nexus_rt::{Broadcast, BroadcastKey, Describe, Handler, IntoHandler, ResMut, World, WorldBuilder};

use super::{Case, ORDERS, time};

const GROUP: &str = "Broadcast";

fn add(mut sum: ResMut<u64>, x: &u64) {
    *sum = sum.wrapping_mul(3).wrapping_add(*x);
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.build()
}

fn broadcast(world: &World, count: usize) -> (Broadcast<u64>, Vec<BroadcastKey>) {
    let mut broadcast = Broadcast::new();
    let keys = (0..count).map(|_| broadcast.add(add.into_handler(world.registry()))).collect();
    (broadcast, keys)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time);
    let mut cases = vec![case("add", |count| {
        let world = world();
        time(|| broadcast(&world, count))
    })];
    for (name, order) in [("remove, oldest first", 0), ("remove, newest first", 1), ("remove, in leaps", 2)] {
        cases.push(Case::new(GROUP, name, move |count| {
            let (mut broadcast, keys) = broadcast(&world(), count);
            let order = ORDERS[order];
            time(|| {
                (0..count).for_each(|n| _ = black_box(broadcast.remove(keys[order(n, count)])));
                broadcast
            })
        }));
    }
    cases.extend([
        case("run", |count| {
            let mut world = world();
            let (mut broadcast, _) = broadcast(&world, count);
            time(|| broadcast.run(&mut world, &1))
        }),
        case("run after a tenth was removed", |count| {
            let mut world = world();
            let (mut broadcast, keys) = broadcast(&world, count);
            keys.iter().step_by(10).for_each(|key| _ = broadcast.remove(*key));
            time(|| broadcast.run(&mut world, &1))
        }),
        case("plan", |count| {
            let (broadcast, _) = broadcast(&world(), count);
            time(|| broadcast.plan())
        }),
        case("inputs_changed", |count| {
            let world = world();
            let (broadcast, _) = broadcast(&world, count);
            time(|| broadcast.inputs_changed(&world))
        }),
        case("plan().to_string()", |count| {
            let plan = broadcast(&world(), count).0.plan();
            time(|| plan.to_string())
        }),
        case("plan().to_dot()", |count| {
            let plan = broadcast(&world(), count).0.plan();
            time(|| plan.to_dot())
        }),
    ]);
    cases
}
