//! DAGs: a line, a fork of two, a fork of four, and a fork within a fork.

use std::hint::black_box;

use bench::harness::Work;

use super::super::Graph;
use super::rt::{Handler, Registry, Res, ResMut};
use super::{V, numbers};

fn root(x: u64) -> u64 {
    x.wrapping_mul(7)
}

fn add(a: Res<V<0>>, x: &u64) -> u64 {
    x.wrapping_add(a.0)
}

fn shift(x: &u64) -> u64 {
    x >> 3
}

fn turn(b: Res<V<1>>, x: &u64) -> u64 {
    x.rotate_left(9) ^ b.0
}

fn scale(x: &u64) -> u64 {
    x.wrapping_mul(5)
}

fn keep(mut out: ResMut<V<4>>, x: &u64) {
    out.0 = *x;
}

fn merge_2(a: &u64, b: &u64) -> u64 {
    a ^ b
}

fn merge_4(a: &u64, b: &u64, c: &u64, d: &u64) -> u64 {
    a ^ b.wrapping_add(*c) ^ d
}

fn graph<H: Handler<u64> + 'static>(make: impl FnOnce(&Registry) -> H) -> Box<dyn Work> {
    numbers(|reg| black_box(make(reg)))
}

pub(crate) fn line() -> Box<dyn Work> {
    graph(|reg| {
        Graph::<u64>::new().root(root, reg).then(add, reg).then(shift, reg).then(turn, reg).then(keep, reg).build()
    })
}

pub(crate) fn diamond() -> Box<dyn Work> {
    graph(|reg| {
        Graph::<u64>::new()
            .root(root, reg)
            .fork()
            .arm(|arm| arm.then(add, reg))
            .arm(|arm| arm.then(shift, reg))
            .merge(merge_2, reg)
            .then(keep, reg)
            .build()
    })
}

pub(crate) fn fork_4() -> Box<dyn Work> {
    graph(|reg| {
        Graph::<u64>::new()
            .root(root, reg)
            .fork()
            .arm(|arm| arm.then(add, reg))
            .arm(|arm| arm.then(shift, reg))
            .arm(|arm| arm.then(turn, reg))
            .arm(|arm| arm.then(scale, reg))
            .merge(merge_4, reg)
            .then(keep, reg)
            .build()
    })
}

pub(crate) fn nested() -> Box<dyn Work> {
    graph(|reg| {
        Graph::<u64>::new()
            .root(root, reg)
            .fork()
            .arm(|arm| {
                arm.then(add, reg)
                    .fork()
                    .arm(|arm| arm.then(shift, reg))
                    .arm(|arm| arm.then(turn, reg))
                    .merge(merge_2, reg)
            })
            .arm(|arm| arm.then(scale, reg))
            .merge(merge_2, reg)
            .then(keep, reg)
            .build()
    })
}
