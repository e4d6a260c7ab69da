//! The hand-written pipelines.

use std::hint::black_box;

use bench::harness::Work;

use super::World;
use crate::loops;

/// The error of a step that refuses.
pub(crate) struct Refused(pub(crate) u64);

type Function = fn(&mut World, u64) -> u64;

fn throughput(f: Function) -> Box<dyn Work> {
    loops::throughput((World::new(), black_box(f)), |(world, f), x| f(world, x), |(world, _)| world.sum())
}

fn latency(f: Function) -> Box<dyn Work> {
    loops::latency((World::new(), black_box(f)), |(world, f), x| f(world, x), |(world, _)| world.sum())
}

fn taken(f: Function) -> Box<dyn Work> {
    loops::throughput((World::new(), black_box(f)), |(world, f), x| f(world, 2 * x + 1), |(world, _)| world.sum())
}

fn not_taken(f: Function) -> Box<dyn Work> {
    loops::throughput((World::new(), black_box(f)), |(world, f), x| f(world, 2 * x), |(world, _)| world.sum())
}

macro_rules! rows {
    ($($row:ident, $run:ident: $f:ident;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            $run($f)
        }
    )*};
}

rows! {
    bare_3, throughput: three;
    bare_5, throughput: five;
    bare_10, throughput: ten;
    bare_3_latency, latency: three;
    bare_10_latency, latency: ten;
    params_3, throughput: three_params;
    params_5, throughput: five_params;
    params_10, throughput: ten_params;
    params_3_latency, latency: three_params;
    params_10_latency, latency: ten_params;
    option_taken, taken: option;
    option_not_taken, not_taken: option;
    option_mixed, throughput: option;
    result_taken, taken: result;
    result_not_taken, not_taken: result;
    result_mixed, throughput: result;
}

fn step_3(x: u64) -> u64 {
    x.wrapping_add(1).wrapping_mul(3) ^ 0x55
}

#[inline(never)]
fn three(_: &mut World, x: u64) -> u64 {
    step_3(x)
}

#[inline(never)]
fn five(_: &mut World, x: u64) -> u64 {
    step_3(x).rotate_left(3).wrapping_sub(9)
}

#[inline(never)]
fn ten(_: &mut World, x: u64) -> u64 {
    step_3(step_3(step_3(x))).rotate_left(3)
}

#[inline(never)]
fn three_params(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, x);
    x
}

#[inline(always)]
fn step_5(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, x);
    (x ^ w.read(3)).rotate_left(5).wrapping_add(w.read(4))
}

#[inline(never)]
fn five_params(w: &mut World, x: u64) -> u64 {
    step_5(w, x)
}

#[inline(never)]
fn ten_params(w: &mut World, x: u64) -> u64 {
    let x = step_5(w, x);
    step_5(w, x)
}

#[inline(never)]
fn option(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_mul(5);
    if x & 1 == 0 {
        return 7;
    }
    let x = x.wrapping_mul(w.read(1));
    if x <= w.read(0) {
        return 7;
    }
    w.write(2, x);
    x
}

#[inline(never)]
fn result(w: &mut World, x: u64) -> u64 {
    if x & 1 == 0 {
        w.write(3, x);
        return 7;
    }
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, x);
    x
}
