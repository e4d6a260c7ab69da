//! Handlers and callbacks, by the number of their params, boxed or not.

use std::hint::black_box;

use bench::harness::Work;

use super::rt::{Handler, IntoCallback, IntoHandler, RegistryRef, Res, ResMut, World};
use super::{V, handle, numbers, opaque, sum, world};
use crate::loops;

#[inline(never)]
fn handle_slot<H: for<'a> Handler<&'a mut u64>>(handler: &mut H, world: &mut World, slot: &mut u64) {
    handler.run(world, slot);
}

macro_rules! read {
    ($($row:ident($($param:ident $n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            fn read($($param: Res<V<$n>>,)* slot: &mut u64) {
                *slot = slot.wrapping_add(1) $(^ $param.0.rotate_left($n))*;
            }
            let world = world();
            let handler = black_box(read.into_handler(world.registry()));
            let run: fn(&mut _, &mut World, &mut u64) = black_box(handle_slot);
            loops::slots((world, handler, run), |(world, handler, run), slot| run(handler, world, slot))
        }
    )*};
}

read! {
    read_0();
    read_1(a 0);
    read_2(a 0, b 1);
    read_3(a 0, b 1, c 2);
    read_4(a 0, b 1, c 2, d 3);
    read_5(a 0, b 1, c 2, d 3, e 4);
    read_6(a 0, b 1, c 2, d 3, e 4, f 5);
    read_7(a 0, b 1, c 2, d 3, e 4, f 5, g 6);
    read_8(a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
}

/// Each param is written differently, so that a write to the wrong place shows.
macro_rules! write {
    ($($row:ident, $latency:ident($($param:ident $n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            fn write($(mut $param: ResMut<V<$n>>,)* x: u64) {
                $($param.0 = x.rotate_left($n + 1);)*
            }
            numbers(|reg| write.into_handler(reg))
        }

        pub(crate) fn $latency() -> Box<dyn Work> {
            fn write($(mut $param: ResMut<V<$n>>,)* x: u64) {
                $($param.0 = $param.0.wrapping_mul(3).wrapping_add(x);)*
            }
            numbers(|reg| write.into_handler(reg))
        }
    )*};
}

write! {
    write_1, chase_1(a 0);
    write_2, chase_2(a 0, b 1);
    write_3, chase_3(a 0, b 1, c 2);
    write_4, chase_4(a 0, b 1, c 2, d 3);
    write_5, chase_5(a 0, b 1, c 2, d 3, e 4);
    write_6, chase_6(a 0, b 1, c 2, d 3, e 4, f 5);
    write_7, chase_7(a 0, b 1, c 2, d 3, e 4, f 5, g 6);
    write_8, chase_8(a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
}

pub(super) fn one_write(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = a.0.wrapping_mul(x);
}

/// A handler with one param read and one written.
pub(crate) fn handler() -> Box<dyn Work> {
    numbers(|reg| one_write.into_handler(reg))
}

/// A boxed handler.
pub(crate) fn boxed() -> Box<dyn Work> {
    let world = world();
    let handler: Box<dyn Handler<u64>> = black_box(Box::new(one_write.into_handler(world.registry())));
    loops::numbers((world, handler), |(world, handler), x| handler.run(world, x), |(world, _)| sum(world))
}

fn with_context(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx = x;
    b.0 = a.0.wrapping_mul(x);
}

/// A handler with its own context.
pub(crate) fn callback() -> Box<dyn Work> {
    let world = world();
    let callback = black_box(with_context.into_callback(0, world.registry()));
    loops::numbers(
        (world, callback, opaque(handle::<u64, _>)),
        |(world, callback, run), x| run(callback, world, x),
        |(world, callback, _)| sum(world).wrapping_add(callback.ctx),
    )
}

pub(crate) fn boxed_callback() -> Box<dyn Work> {
    let world = world();
    let callback: Box<dyn Handler<u64>> = black_box(Box::new(with_context.into_callback(0, world.registry())));
    loops::numbers((world, callback), |(world, callback), x| callback.run(world, x), |(world, _)| sum(world))
}

/// A handler that takes the whole world and writes a resource that it looks up.
pub(crate) fn exclusive() -> Box<dyn Work> {
    numbers(|reg| {
        fn write(world: &mut World, x: u64) {
            let a = world.resource::<V<0>>().0;
            world.resource_mut::<V<1>>().0 = a.wrapping_mul(x);
        }
        write.into_handler(reg)
    })
}

/// A handler that takes the registry and queries it.
pub(crate) fn registry() -> Box<dyn Work> {
    fn ask(registry: RegistryRef, mut b: ResMut<V<1>>, x: u64) {
        b.0 = x.wrapping_mul(u64::from(registry.contains::<V<0>>()));
    }
    numbers(|reg| ask.into_handler(reg))
}
