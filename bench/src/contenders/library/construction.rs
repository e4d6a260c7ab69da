//! The cost of resolving a function, as a handler and as a step.

use bench::harness::Work;

use super::super::Start;
use super::rt::{Handler, IntoHandler, Registry, Res, ResMut};
use super::{V, sum, world};
use crate::loops;

pub(super) fn one_param(mut a: ResMut<V<0>>, x: u64) {
    a.0 ^= x;
}

pub(super) fn two_params(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = b.0.wrapping_add(x.wrapping_mul(a.0));
}

pub(super) fn four_params(a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    b.0 ^= a.0 ^ x;
    d.0 ^= c.0 ^ x;
}

pub(super) fn eight_params(
    a: Res<V<0>>,
    b: Res<V<1>>,
    c: Res<V<2>>,
    d: Res<V<3>>,
    mut e: ResMut<V<4>>,
    mut f: ResMut<V<5>>,
    mut g: ResMut<V<6>>,
    mut h: ResMut<V<7>>,
    x: u64,
) {
    e.0 = e.0.wrapping_add(a.0 ^ b.0 ^ c.0 ^ d.0 ^ x);
    f.0 = f.0.wrapping_add(x);
    g.0 ^= x;
    h.0 = h.0.wrapping_mul(x | 1);
}

fn resolving<H: Handler<u64> + 'static>(make: fn(&Registry) -> H) -> Box<dyn Work> {
    loops::making(
        world(),
        move |world| make(world.registry()),
        |world, mut handler| handler.run(world, 5),
        |world| sum(world),
    )
}

pub(crate) fn into_handler_1() -> Box<dyn Work> {
    resolving(|reg| one_param.into_handler(reg))
}

pub(crate) fn into_handler_2() -> Box<dyn Work> {
    resolving(|reg| two_params.into_handler(reg))
}

pub(crate) fn into_handler_4() -> Box<dyn Work> {
    resolving(|reg| four_params.into_handler(reg))
}

pub(crate) fn into_handler_8() -> Box<dyn Work> {
    resolving(|reg| eight_params.into_handler(reg))
}

/// A step of two params, added to an empty chain.
pub(crate) fn then_2() -> Box<dyn Work> {
    loops::making(
        world(),
        |world| Start::<u64>::new().then(two_params, world.registry()),
        |world, chain| chain.build().run(world, 5),
        |world| sum(world),
    )
}
