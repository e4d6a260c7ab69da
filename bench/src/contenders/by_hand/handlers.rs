//! Handlers and callbacks.

use std::hint::black_box;

use bench::harness::Work;

use super::{World, numbers};
use crate::loops;

macro_rules! read {
    ($($row:ident($($n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            #[inline(never)]
            fn read(_w: &mut World, slot: &mut u64) {
                *slot = slot.wrapping_add(1) $(^ _w.read($n).rotate_left($n))*;
            }
            let read: fn(&mut World, &mut u64) = black_box(read);
            loops::slots((World::new(), read), |(world, read), slot| read(world, slot))
        }
    )*};
}

read! {
    read_0();
    read_1(0);
    read_2(0, 1);
    read_3(0, 1, 2);
    read_4(0, 1, 2, 3);
    read_5(0, 1, 2, 3, 4);
    read_6(0, 1, 2, 3, 4, 5);
    read_7(0, 1, 2, 3, 4, 5, 6);
    read_8(0, 1, 2, 3, 4, 5, 6, 7);
}

macro_rules! write {
    ($($row:ident, $latency:ident($($n:literal),*);)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            #[inline(never)]
            fn write(w: &mut World, x: u64) {
                $(w.write($n, x.rotate_left($n + 1));)*
            }
            numbers(write)
        }

        pub(crate) fn $latency() -> Box<dyn Work> {
            #[inline(never)]
            fn write(w: &mut World, x: u64) {
                $(w.write($n, w.read($n).wrapping_mul(3).wrapping_add(x));)*
            }
            numbers(write)
        }
    )*};
}

write! {
    write_1, chase_1(0);
    write_2, chase_2(0, 1);
    write_3, chase_3(0, 1, 2);
    write_4, chase_4(0, 1, 2, 3);
    write_5, chase_5(0, 1, 2, 3, 4);
    write_6, chase_6(0, 1, 2, 3, 4, 5);
    write_7, chase_7(0, 1, 2, 3, 4, 5, 6);
    write_8, chase_8(0, 1, 2, 3, 4, 5, 6, 7);
}

#[inline(never)]
fn one_write(w: &mut World, x: u64) {
    w.write(1, w.read(0).wrapping_mul(x));
}

pub(crate) fn handler() -> Box<dyn Work> {
    numbers(one_write)
}

/// A boxed closure.
pub(crate) fn boxed() -> Box<dyn Work> {
    type Closure = Box<dyn FnMut(&mut World, u64)>;
    let closure: Closure = black_box(Box::new(|w, x| w.write(1, w.read(0).wrapping_mul(x))));
    loops::numbers((World::new(), closure), |(world, closure), x| closure(world, x), |(world, _)| world.sum())
}

#[inline(never)]
fn with_context(ctx: &mut u64, w: &mut World, x: u64) {
    *ctx = x;
    w.write(1, w.read(0).wrapping_mul(x));
}

pub(crate) fn callback() -> Box<dyn Work> {
    let run: fn(&mut u64, &mut World, u64) = black_box(with_context);
    loops::numbers(
        (World::new(), 0, run),
        |(world, ctx, run), x| run(ctx, world, x),
        |(world, ctx, _)| world.sum().wrapping_add(*ctx),
    )
}

pub(crate) fn boxed_callback() -> Box<dyn Work> {
    type Closure = Box<dyn FnMut(&mut World, u64)>;
    let mut ctx = [0];
    let closure: Closure = black_box(Box::new(move |w, x| {
        ctx[0] = x;
        w.write(1, w.read(0).wrapping_mul(x));
    }));
    loops::numbers((World::new(), closure), |(world, closure), x| closure(world, x), |(world, _)| world.sum())
}
