//! Pipelines: bare steps, steps with params, `Option` and `Result`.

use std::hint::black_box;

use bench::harness::Work;

use super::rt::{Registry, Res, ResMut, World};
use super::{V, call, sum, world};
use crate::contenders::by_hand::chains::Refused;
use crate::loops;

pub(super) use super::super::Start;

fn add(a: Res<V<0>>, x: u64) -> u64 {
    x.wrapping_add(a.0)
}

fn multiply(b: Res<V<1>>, x: u64) -> u64 {
    x.wrapping_mul(b.0)
}

fn store(mut c: ResMut<V<2>>, x: u64) -> u64 {
    c.0 = x;
    x
}

fn mix(d: Res<V<3>>, x: u64) -> u64 {
    x ^ d.0
}

fn turn(e: Res<V<4>>, x: u64) -> u64 {
    x.rotate_left(5).wrapping_add(e.0)
}

fn odd(x: &u64) -> bool {
    *x & 1 == 1
}

fn above(a: Res<V<0>>, x: &u64) -> bool {
    *x > a.0
}

fn check(a: Res<V<0>>, x: u64) -> Result<u64, Refused> {
    if x & 1 == 1 { Ok(x.wrapping_add(a.0)) } else { Err(Refused(x)) }
}

fn refuse(mut d: ResMut<V<3>>, refused: Refused) {
    d.0 = refused.0;
}

/// A pipeline in its world, and the function that calls it: through its address, as for handlers.
type State<P> = (World, P, fn(&mut P, &mut World, u64) -> u64);

type Loop<P> = fn(State<P>) -> Box<dyn Work>;

fn throughput<P: FnMut(&mut World, u64) -> u64 + 'static>(state: State<P>) -> Box<dyn Work> {
    loops::throughput(state, |(world, pipeline, call), x| call(pipeline, world, x), |(world, ..)| sum(world))
}

fn latency<P: FnMut(&mut World, u64) -> u64 + 'static>(state: State<P>) -> Box<dyn Work> {
    loops::latency(state, |(world, pipeline, call), x| call(pipeline, world, x), |(world, ..)| sum(world))
}

/// Only odd numbers or only even ones, so that a branch is always or never taken.
fn taken<P: FnMut(&mut World, u64) -> u64 + 'static>(state: State<P>) -> Box<dyn Work> {
    loops::throughput(state, |(world, pipeline, call), x| call(pipeline, world, 2 * x + 1), |(world, ..)| sum(world))
}

fn not_taken<P: FnMut(&mut World, u64) -> u64 + 'static>(state: State<P>) -> Box<dyn Work> {
    loops::throughput(state, |(world, pipeline, call), x| call(pipeline, world, 2 * x), |(world, ..)| sum(world))
}

fn start<P: FnMut(&mut World, u64) -> u64>(make: impl FnOnce(&Registry) -> P, run: Loop<P>) -> Box<dyn Work> {
    let world = world();
    let pipeline = black_box(make(world.registry()));
    run((world, pipeline, black_box(call)))
}

macro_rules! pipelines {
    ($($row:ident, $reg:ident, $run:ident: $chain:expr;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            start(
                |$reg| {
                    let mut pipeline = finish!($chain);
                    move |world: &mut World, x| pipeline.run(world, x)
                },
                $run,
            )
        }
    )*};
}

macro_rules! bare_3 {
    ($chain:expr, $reg:ident) => {
        $chain
            .then(|x: u64| x.wrapping_add(1), $reg)
            .then(|x: u64| x.wrapping_mul(3), $reg)
            .then(|x: u64| x ^ 0x55, $reg)
    };
}

macro_rules! with_params_5 {
    ($chain:expr, $reg:ident) => {
        $chain.then(add, $reg).then(multiply, $reg).then(store, $reg).then(mix, $reg).then(turn, $reg)
    };
}

macro_rules! option {
    ($reg:ident) => {
        Start::<u64>::new()
            .then(|x: u64| x.wrapping_mul(5), $reg)
            .guard(odd, $reg)
            .map(multiply, $reg)
            .filter(above, $reg)
            .map(store, $reg)
            .unwrap_or(7)
    };
}

macro_rules! result {
    ($reg:ident) => {
        Start::<u64>::new().then(check, $reg).map(multiply, $reg).catch(refuse, $reg).map(store, $reg).unwrap_or(7)
    };
}

pipelines! {
    bare_3, reg, throughput: bare_3!(Start::<u64>::new(), reg);
    bare_5, reg, throughput: bare_3!(Start::<u64>::new(), reg)
        .then(|x: u64| x.rotate_left(3), reg)
        .then(|x: u64| x.wrapping_sub(9), reg);
    bare_10, reg, throughput: bare_3!(bare_3!(bare_3!(Start::<u64>::new(), reg), reg), reg)
        .then(|x: u64| x.rotate_left(3), reg);
    bare_3_latency, reg, latency: bare_3!(Start::<u64>::new(), reg);
    bare_10_latency, reg, latency: bare_3!(bare_3!(bare_3!(Start::<u64>::new(), reg), reg), reg)
        .then(|x: u64| x.rotate_left(3), reg);
    params_3, reg, throughput: Start::<u64>::new().then(add, reg).then(multiply, reg).then(store, reg);
    params_5, reg, throughput: with_params_5!(Start::<u64>::new(), reg);
    params_10, reg, throughput: with_params_5!(with_params_5!(Start::<u64>::new(), reg), reg);
    params_3_latency, reg, latency: Start::<u64>::new().then(add, reg).then(multiply, reg).then(store, reg);
    params_10_latency, reg, latency: with_params_5!(with_params_5!(Start::<u64>::new(), reg), reg);
    option_taken, reg, taken: option!(reg);
    option_not_taken, reg, not_taken: option!(reg);
    option_mixed, reg, throughput: option!(reg);
    result_taken, reg, taken: result!(reg);
    result_not_taken, reg, not_taken: result!(reg);
    result_mixed, reg, throughput: result!(reg);
}
