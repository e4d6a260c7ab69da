//! Loops over items.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::World;

/// Returns this many numbers.
pub(crate) fn items(size: u64) -> Vec<u64> {
    (0..size).map(|n| n.wrapping_mul(0x9e37_79b9) >> 7).collect()
}

fn bare(x: u64) -> u64 {
    (x ^ (x << 3)).min(1 << 20)
}

#[inline(never)]
fn add_all(w: &mut World, items: &[u64]) {
    for x in items {
        w.write(4, w.read(4).wrapping_add(bare(*x)));
    }
}

#[inline(never)]
fn add_all_scaled(w: &mut World, items: &[u64]) {
    for x in items {
        w.write(4, w.read(4).wrapping_add((x ^ (x << 3)).wrapping_mul(w.read(0))));
    }
}

#[inline(never)]
fn add_one(w: &mut World, x: u64) {
    w.write(4, w.read(4).wrapping_add(bare(x)));
}

#[inline(never)]
fn add_one_scaled(w: &mut World, x: u64) {
    w.write(4, w.read(4).wrapping_add((x ^ (x << 3)).wrapping_mul(w.read(0))));
}

/// The loop alone.
fn over_slice(size: u64, f: fn(&mut World, &[u64])) -> Box<dyn Work> {
    let f = black_box(f);
    work(
        (World::new(), items(size)),
        move |(world, items), runs| (0..runs).for_each(|_| f(world, black_box(items))),
        |(world, _)| world.sum(),
    )
}

/// Copies into a buffer first, as a driver fills one.
fn over_buffer(size: u64, f: fn(&mut World, &[u64])) -> Box<dyn Work> {
    let f = black_box(f);
    work(
        (World::new(), items(size), Vec::with_capacity(size as usize)),
        move |(world, items, buffer), runs| {
            for _ in 0..runs {
                buffer.extend_from_slice(black_box(items));
                f(world, buffer);
                buffer.clear();
            }
        },
        |(world, ..)| world.sum(),
    )
}

fn call_each(size: u64, f: fn(&mut World, u64)) -> Box<dyn Work> {
    let f = black_box(f);
    work(
        (World::new(), items(size)),
        move |(world, items), runs| (0..runs).for_each(|_| black_box(&*items).iter().for_each(|x| f(world, *x))),
        |(world, _)| world.sum(),
    )
}

pub(crate) fn slice(size: u64) -> Box<dyn Work> {
    over_slice(size, add_all)
}

pub(crate) fn slice_with_param(size: u64) -> Box<dyn Work> {
    over_slice(size, add_all_scaled)
}

pub(crate) fn buffer(size: u64) -> Box<dyn Work> {
    over_buffer(size, add_all)
}

pub(crate) fn buffer_with_param(size: u64) -> Box<dyn Work> {
    over_buffer(size, add_all_scaled)
}

pub(crate) fn one_by_one(size: u64) -> Box<dyn Work> {
    call_each(size, add_one)
}

pub(crate) fn one_by_one_with_param(size: u64) -> Box<dyn Work> {
    call_each(size, add_one_scaled)
}
