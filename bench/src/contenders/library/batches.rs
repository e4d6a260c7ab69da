//! Batches over their own buffers, and the same chain called for each item.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::rt::{Res, ResMut};
use super::{V, sum, world};
use crate::contenders::by_hand::batches::items;

pub(super) use super::super::Start;

fn scale(a: Res<V<0>>, x: u64) -> u64 {
    x.wrapping_mul(a.0)
}

fn add(mut total: ResMut<V<4>>, x: u64) {
    total.0 = total.0.wrapping_add(x);
}

macro_rules! chain {
    ($reg:ident) => {
        Start::<u64>::new().then(|x: u64| x ^ (x << 3), $reg).then(|x: u64| x.min(1 << 20), $reg).then(add, $reg)
    };
}

macro_rules! chain_with_param {
    ($reg:ident) => {
        Start::<u64>::new().then(|x: u64| x ^ (x << 3), $reg).then(scale, $reg).then(add, $reg)
    };
}

macro_rules! buffer {
    ($($row:ident: $chain:ident;)*) => {$(
        pub(crate) fn $row(size: u64) -> Box<dyn Work> {
            let world = world();
            let reg = world.registry();
            let batch = $chain!(reg).build_batch(size as usize);
            work(
                (world, batch, items(size)),
                |(world, batch, items), runs| {
                    for _ in 0..runs {
                        batch.input_mut().extend_from_slice(black_box(items));
                        batch.run(world);
                    }
                },
                |(world, ..)| sum(world),
            )
        }
    )*};
}

buffer! {
    buffer: chain;
    buffer_with_param: chain_with_param;
}

macro_rules! one_by_one {
    ($($row:ident: $chain:ident;)*) => {$(
        pub(crate) fn $row(size: u64) -> Box<dyn Work> {
            let world = world();
            let reg = world.registry();
            let pipeline = black_box($chain!(reg).build());
            let run = super::opaque(super::handle::<u64, _>);
            work(
                (world, pipeline, items(size), run),
                |(world, pipeline, items, run), runs| {
                    for _ in 0..runs {
                        for x in black_box(&*items) {
                            run(pipeline, world, *x);
                        }
                    }
                },
                |(world, ..)| sum(world),
            )
        }
    )*};
}

one_by_one! {
    one_by_one: chain;
    one_by_one_with_param: chain_with_param;
}
