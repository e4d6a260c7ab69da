//! Functions of one to eight params, and the cost of making handlers of them.

use std::hint::black_box;

use nexus_rt::{IntoCallback, IntoHandler, Registry, Res, ResMut};

use crate::perf::row;
use crate::values::V;

pub(crate) fn one(mut a: ResMut<V<0>>, x: u64) {
    a.0 += x;
}

pub(crate) fn two(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = b.0.wrapping_add(a.0 ^ x);
}

pub(crate) fn four(a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    b.0 += a.0 + x;
    d.0 += c.0 + x;
}

pub(crate) fn eight(
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
    [e.0, f.0, g.0, h.0] = [a.0 + x, b.0 + x, c.0 + x, d.0 + x];
}

pub(crate) fn with_context(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += a.0;
    b.0 += x;
}

/// Prints what it costs to resolve each of these functions.
pub(crate) fn resolve_rows(registry: &Registry) {
    row("into_handler, 1 param", || one.into_handler(black_box(registry)));
    row("into_handler, 2 params", || two.into_handler(black_box(registry)));
    row("into_handler, 4 params", || four.into_handler(black_box(registry)));
    row("into_handler, 8 params", || eight.into_handler(black_box(registry)));
    row("into_callback, 2 params", || with_context.into_callback(0, black_box(registry)));
}
