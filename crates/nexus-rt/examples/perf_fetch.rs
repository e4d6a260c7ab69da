//! What does it cost to reach the values that a function works on, compared with other ways to find them?
//!
//! `cargo run --release --example perf_fetch`
//!
//! This library stores a typed pointer to each value, which it looks up once, when the function is resolved. The other
//! rows are alternatives.

mod perf;
#[path = "perf/values.rs"]
mod values;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hint::black_box;

use nexus_rt::{Handler, IntoHandler, Res, ResMut};

use crate::perf::{begin, heading, row};
use crate::values::{V, builder};

fn one(a: Res<V<0>>, mut sum: ResMut<u64>, x: u64) {
    *sum = sum.wrapping_add(a.0 ^ x);
}

fn four(a: Res<V<0>>, b: Res<V<1>>, c: Res<V<2>>, d: Res<V<3>>, mut sum: ResMut<u64>, x: u64) {
    *sum = sum.wrapping_add(a.0 ^ b.0 ^ c.0 ^ d.0 ^ x);
}

/// Values in separate boxes, as resources are, and several ways to find them.
struct Store {
    array: [Box<u64>; 8],
    #[expect(clippy::vec_box, reason = "each value in a heap cell of its own")]
    list: Vec<Box<u64>>,
    erased: Vec<Box<dyn Any>>,
    by_type: HashMap<TypeId, Box<dyn Any>>,
}

impl Store {
    fn new() -> Self {
        let mut by_type: HashMap<TypeId, Box<dyn Any>> = HashMap::new();
        by_type.insert(TypeId::of::<V<0>>(), Box::new(V::<0>(1)));
        by_type.insert(TypeId::of::<V<1>>(), Box::new(V::<1>(2)));
        by_type.insert(TypeId::of::<V<2>>(), Box::new(V::<2>(3)));
        by_type.insert(TypeId::of::<V<3>>(), Box::new(V::<3>(4)));
        Self {
            array: std::array::from_fn(|n| Box::new(n as u64 + 1)),
            list: (1..9).map(Box::new).collect(),
            erased: (1..9).map(|n: u64| Box::new(n) as Box<dyn Any>).collect(),
            by_type,
        }
    }

    fn of<const N: usize>(&self) -> u64 {
        let value = self.by_type.get(&TypeId::of::<V<N>>()).and_then(|value| value.downcast_ref::<V<N>>());
        value.expect("it was inserted").0
    }
}

fn main() {
    let mut builder = builder();
    builder.register(0_u64);
    let mut world = builder.build();
    let mut handlers = (one.into_handler(world.registry()), four.into_handler(world.registry()));
    let store = black_box(Store::new());
    // Known only at run time, like the place of a registered resource.
    let at: [usize; 4] = black_box([0, 1, 2, 3]);
    let mut sum = 0_u64;
    let mut add = |value: u64| sum = black_box(sum.wrapping_add(value ^ black_box(7)));

    begin("reads one or four values and adds them to another", "one value");
    row("typed pointer: a handler", || handlers.0.run(&mut world, black_box(7)));
    row("index, within bounds by a mask", || add(*store.array[at[0] & 7]));
    row("checked index", || add(*store.list[at[0]]));
    row("checked index and type", || add(*store.erased[at[0]].downcast_ref().expect("a u64")));
    row("hash map by type", || add(store.of::<0>()));
    heading("four values");
    row("typed pointers: a handler", || handlers.1.run(&mut world, black_box(7)));
    row("index, within bounds by a mask", || add(at.iter().fold(0, |sum, n| sum ^ *store.array[n & 7])));
    row("checked index", || add(at.iter().fold(0, |sum, n| sum ^ *store.list[*n])));
    row("checked index and type", || {
        add(at.iter().fold(0, |sum, n| sum ^ store.erased[*n].downcast_ref::<u64>().expect("a u64")));
    });
    row("hash map by type", || add(store.of::<0>() ^ store.of::<1>() ^ store.of::<2>() ^ store.of::<3>()));
    black_box(sum);
}
