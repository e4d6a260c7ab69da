//! The cost of preparing a system to run.

use bench::harness::Work;
use bevy_ecs::prelude::*;

use super::{V, sum, world};
use crate::loops;

/// Initialising a system borrows the world exclusively, so the loop keeps the world in a cell.
fn resolving<S: System<In = In<u64>, Out = ()> + 'static>(make: fn(&mut World) -> S) -> Box<dyn Work> {
    loops::making(
        std::cell::RefCell::new(world()),
        move |world| make(&mut world.borrow_mut()),
        |world, mut system| system.run(5, &mut world.borrow_mut()).expect("its resources are there"),
        |world| sum(&world.borrow()),
    )
}

fn ready<M, F>(f: F, world: &mut World) -> impl System<In = In<u64>, Out = ()> + use<M, F>
where
    F: IntoSystem<In<u64>, (), M>,
{
    let mut system = IntoSystem::into_system(f);
    system.initialize(world);
    system
}

fn one_param(In(x): In<u64>, mut a: ResMut<V<0>>) {
    a.0 ^= x;
}

fn four_params(In(x): In<u64>, a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>) {
    b.0 ^= a.0 ^ x;
    d.0 ^= c.0 ^ x;
}

pub(crate) fn into_handler_1() -> Box<dyn Work> {
    resolving(|world| ready(one_param, world))
}

pub(crate) fn into_handler_4() -> Box<dyn Work> {
    resolving(|world| ready(four_params, world))
}
