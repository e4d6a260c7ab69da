//! The same logic as systems of `bevy_ecs`, run one by one.

use std::hint::black_box;

use bench::harness::Work;
use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemInput;

use crate::loops;

pub(crate) mod construction;
pub(crate) mod handlers;
pub(crate) mod systems;

#[derive(Resource)]
pub(crate) struct V<const N: usize>(u64);

fn world() -> World {
    let mut world = World::new();
    world.insert_resource(V::<0>(1));
    world.insert_resource(V::<1>(2));
    world.insert_resource(V::<2>(3));
    world.insert_resource(V::<3>(4));
    world.insert_resource(V::<4>(5));
    world.insert_resource(V::<5>(6));
    world.insert_resource(V::<6>(7));
    world.insert_resource(V::<7>(8));
    world
}

fn sum(w: &World) -> u64 {
    let (a, b, c, d) = (w.resource::<V<0>>(), w.resource::<V<1>>(), w.resource::<V<2>>(), w.resource::<V<3>>());
    let (e, f, g, h) = (w.resource::<V<4>>(), w.resource::<V<5>>(), w.resource::<V<6>>(), w.resource::<V<7>>());
    [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0].iter().fold(0, |sum, value| sum.wrapping_mul(31).wrapping_add(*value))
}

#[inline(never)]
fn call<S: System<In = In<u64>, Out = O>, O: 'static>(system: &mut S, world: &mut World, x: u64) -> O {
    system.run(x, world).expect("its resources are there")
}

#[inline(never)]
fn call_lent<S: System<In = InMut<'static, u64>, Out = ()>>(system: &mut S, world: &mut World, x: &mut u64) {
    system.run(x, world).expect("its resources are there");
}

fn system<I: SystemInput + 'static, O: 'static, M>(
    f: impl IntoSystem<I, O, M>,
) -> (World, impl System<In = I, Out = O>) {
    let mut world = world();
    let mut system = IntoSystem::into_system(f);
    system.initialize(&mut world);
    (world, black_box(system))
}

/// A system that takes numbers.
fn numbers<M>(f: impl IntoSystem<In<u64>, (), M> + 'static) -> Box<dyn Work>
where
    M: 'static,
{
    let (world, system) = system(f);
    let run: fn(&mut _, &mut World, u64) = black_box(call);
    loops::numbers((world, system, run), |(world, system, run), x| run(system, world, x), |(world, ..)| sum(world))
}
