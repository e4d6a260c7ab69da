//! Systems by the number of their resources.

use std::hint::black_box;

use bench::harness::Work;
use bevy_ecs::prelude::*;
use bevy_ecs::system::BoxedSystem;

use super::{V, call, call_lent, numbers, sum, system, world};
use crate::loops;

macro_rules! read {
    ($($row:ident($($param:ident $n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            fn read(InMut(slot): InMut<u64>, $($param: Res<V<$n>>),*) {
                *slot = slot.wrapping_add(1) $(^ $param.0.rotate_left($n))*;
            }
            let (world, system) = system(read);
            let run: fn(&mut _, &mut World, &mut u64) = black_box(call_lent);
            loops::slots((world, system, run), |(world, system, run), slot| run(system, world, slot))
        }
    )*};
}

read! {
    read_0();
    read_1(a 0);
    read_2(a 0, b 1);
    read_4(a 0, b 1, c 2, d 3);
    read_8(a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
}

macro_rules! write {
    ($($row:ident, $latency:ident($($param:ident $n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            fn write(In(x): In<u64>, $(mut $param: ResMut<V<$n>>),*) {
                $($param.0 = x.rotate_left($n + 1);)*
            }
            numbers(write)
        }

        pub(crate) fn $latency() -> Box<dyn Work> {
            fn write(In(x): In<u64>, $(mut $param: ResMut<V<$n>>),*) {
                $($param.0 = $param.0.wrapping_mul(3).wrapping_add(x);)*
            }
            numbers(write)
        }
    )*};
}

write! {
    write_1, chase_1(a 0);
    write_2, chase_2(a 0, b 1);
    write_4, chase_4(a 0, b 1, c 2, d 3);
    write_8, chase_8(a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
}

fn one_write(In(x): In<u64>, a: Res<V<0>>, mut b: ResMut<V<1>>) {
    b.0 = a.0.wrapping_mul(x);
}

pub(crate) fn handler() -> Box<dyn Work> {
    numbers(one_write)
}

pub(crate) fn boxed() -> Box<dyn Work> {
    let mut world = world();
    let mut system: BoxedSystem<In<u64>> = Box::new(IntoSystem::into_system(one_write));
    system.initialize(&mut world);
    loops::numbers(
        (world, black_box(system)),
        |(world, system), x| system.run(x, world).expect("its resources are there"),
        |(world, _)| sum(world),
    )
}

/// A system with access to the whole world.
pub(crate) fn exclusive() -> Box<dyn Work> {
    fn write(In(x): In<u64>, world: &mut World) {
        let a = world.resource::<V<0>>().0;
        world.resource_mut::<V<1>>().0 = a.wrapping_mul(x);
    }
    numbers(write)
}

fn add(In(x): In<u64>, a: Res<V<0>>) -> u64 {
    x.wrapping_add(a.0)
}

fn multiply(In(x): In<u64>, b: Res<V<1>>) -> u64 {
    x.wrapping_mul(b.0)
}

fn store(In(x): In<u64>, mut c: ResMut<V<2>>) -> u64 {
    c.0 = x;
    x
}

/// Three systems piped into each other.
pub(crate) fn params_3() -> Box<dyn Work> {
    let (world, piped) = system(add.pipe(multiply).pipe(store));
    let run: fn(&mut _, &mut World, u64) -> u64 = black_box(call);
    loops::throughput((world, piped, run), |(world, system, run), x| run(system, world, x), |(world, ..)| sum(world))
}
