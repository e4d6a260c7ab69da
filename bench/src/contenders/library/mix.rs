//! A hundred boxed handlers, each of its own type, over a hundred resources, in random order.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::V;
use super::rt::{Handler, IntoHandler, Res, ResMut, WorldBuilder};
use crate::contenders::by_hand::mix::{Order, hundred};

/// Each function has its own code, which contains its number.
fn step<const N: usize, const FROM: usize, const TO: usize>(from: Res<V<FROM>>, mut to: ResMut<V<TO>>, x: u64) {
    to.0 = to.0.wrapping_add(from.0.rotate_left(N as u32) ^ x.wrapping_mul(2 * N as u64 + 1));
}

type Boxed = Box<dyn Handler<u64>>;

pub(crate) fn hundred_boxed() -> Box<dyn Work> {
    let mut builder = WorldBuilder::new();
    macro_rules! register {
        ($($n:literal $from:literal $to:literal,)*) => { $(builder.register(V::<$n>($n));)* };
    }
    hundred!(register);
    let world = builder.build();
    let reg = world.registry();
    macro_rules! handlers {
        ($($n:literal $from:literal $to:literal,)*) => { vec![$(Box::new(step::<$n, $from, $to>.into_handler(reg)) as Boxed),*] };
    }
    let handlers: Vec<Boxed> = black_box(hundred!(handlers));
    work(
        (world, handlers, Order::new()),
        |(world, handlers, order), runs| {
            for x in 0..runs {
                handlers[order.next()].run(world, x);
            }
        },
        |(world, ..)| {
            macro_rules! sum {
                ($($n:literal $from:literal $to:literal,)*) => { [$(world.resource::<V<$n>>().0),*] };
            }
            hundred!(sum).iter().fold(0, |sum: u64, value| sum.wrapping_mul(31).wrapping_add(*value))
        },
    )
}
