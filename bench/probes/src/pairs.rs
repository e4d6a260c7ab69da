//! Pairs of probes: one function over this library, and the same by hand.

use std::hint::black_box;

use nexus_rt::{
    Adapt, Broadcast, ByRef, Cloned, DagStart, Handler, HandlerTemplate, IntoCallback, IntoHandler, PipelineStart,
    Registry, Res, ResMut, TemplatedHandler, World, WorldBuilder, fan_out, handler_blueprint,
};

use crate::by_hand;

/// A resource type per number.
struct V<const N: usize>(u64);

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(V::<0>(1));
    builder.register(V::<1>(2));
    builder.register(V::<2>(3));
    builder.register(V::<3>(4));
    builder.register(V::<4>(5));
    builder.register(V::<5>(6));
    builder.register(V::<6>(7));
    builder.register(V::<7>(8));
    builder.build()
}

fn values(w: &World) -> [u64; 8] {
    [
        w.resource::<V<0>>().0,
        w.resource::<V<1>>().0,
        w.resource::<V<2>>().0,
        w.resource::<V<3>>().0,
        w.resource::<V<4>>().0,
        w.resource::<V<5>>().0,
        w.resource::<V<6>>().0,
        w.resource::<V<7>>().0,
    ]
}

fn read_1(a: Res<V<0>>, x: &mut u64) {
    *x ^= a.0;
}

fn read_4(a: Res<V<0>>, b: Res<V<1>>, c: Res<V<2>>, d: Res<V<3>>, x: &mut u64) {
    *x ^= a.0 ^ b.0 ^ c.0 ^ d.0;
}

type Four<'w, const A: usize, const B: usize, const C: usize, const D: usize> =
    (Res<'w, V<A>>, Res<'w, V<B>>, Res<'w, V<C>>, Res<'w, V<D>>);

fn read_8((a, b, c, d): Four<0, 1, 2, 3>, (e, f, g, h): Four<4, 5, 6, 7>, x: &mut u64) {
    *x ^= a.0 ^ b.0 ^ c.0 ^ d.0 ^ e.0 ^ f.0 ^ g.0 ^ h.0;
}

fn write_1(mut a: ResMut<V<0>>, x: u64) {
    a.0 = x;
}

type FourMut<'w, const A: usize, const B: usize, const C: usize, const D: usize> =
    (ResMut<'w, V<A>>, ResMut<'w, V<B>>, ResMut<'w, V<C>>, ResMut<'w, V<D>>);

fn write_4((mut a, mut b, mut c, mut d): FourMut<0, 1, 2, 3>, x: u64) {
    (a.0, b.0, c.0, d.0) = (x, x, x, x);
}

fn write_8(
    (mut a, mut b, mut c, mut d): FourMut<0, 1, 2, 3>,
    (mut e, mut f, mut g, mut h): FourMut<4, 5, 6, 7>,
    x: u64,
) {
    (a.0, b.0, c.0, d.0) = (x, x, x, x);
    (e.0, f.0, g.0, h.0) = (x, x, x, x);
}

fn handler(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = b.0.wrapping_add(x.wrapping_mul(a.0));
}

fn callback(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += x;
    b.0 = a.0.wrapping_mul(x);
}

fn watch(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    if a.is_changed() {
        b.0 = x;
    }
}

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

fn odd(x: &u64) -> bool {
    *x & 1 == 1
}

fn above(a: Res<V<0>>, x: &u64) -> bool {
    *x > a.0
}

struct Refused(u64);

fn check(a: Res<V<0>>, x: u64) -> Result<u64, Refused> {
    if x & 1 == 1 { Ok(x.wrapping_add(a.0)) } else { Err(Refused(x)) }
}

fn refuse(mut d: ResMut<V<3>>, refused: Refused) {
    d.0 = refused.0;
}

fn add_ref(a: Res<V<0>>, x: &u64) -> u64 {
    x.wrapping_add(a.0)
}

fn turn(b: Res<V<1>>, x: &u64) -> u64 {
    x.rotate_left(9) ^ b.0
}

fn keep(mut out: ResMut<V<4>>, x: u64) {
    out.0 = x;
}

fn merge_2(a: &u64, b: &u64) -> u64 {
    a ^ b
}

fn take<const N: usize>(mut own: ResMut<V<N>>, x: &u64) {
    own.0 = x.rotate_left(N as u32 + 1);
}

fn take_owned<const N: usize>(mut own: ResMut<V<N>>, x: u64) {
    own.0 = x.rotate_left(N as u32 + 1);
}

/// So that the compiler can fit no function to its one caller, each is called by its address.
///
/// A handler behind a function that is not inlined, which the listing is of; it is run, and the world after it
/// compared.
macro_rules! handlers {
    ($($ours:ident = $by_hand:ident($event:ty): |$reg:ident| $make:expr;)*) => {$(
        #[inline(never)]
        fn $ours<H: Handler<$event>>(handler: &mut H, world: &mut World, event: $event) {
            handler.run(world, event);
        }
    )*

        pub(crate) fn run_handlers() {$({
            let (mut world, mut hand) = (world(), by_hand::World::new());
            let $reg: &Registry = world.registry();
            let mut handler = black_box($make);
            let ours = black_box($ours as fn(&mut _, &mut World, $event));
            let by_hand = black_box(by_hand::$by_hand as fn(&mut by_hand::World, $event));
            for x in black_box(0..100) {
                ours(&mut handler, &mut world, x);
                by_hand(&mut hand, x);
            }
            assert_eq!(values(&world), hand.cells.each_ref().map(|cell| cell.value), stringify!($ours));
        })*}
    };
}

handlers! {
    write_1_ours = write_1_by_hand(u64): |reg| write_1.into_handler(reg);
    write_4_ours = write_4_by_hand(u64): |reg| write_4.into_handler(reg);
    write_8_ours = write_8_by_hand(u64): |reg| write_8.into_handler(reg);
    handler_ours = handler_by_hand(u64): |reg| handler.into_handler(reg);
    watch_ours = watch_by_hand(u64): |reg| watch.into_handler(reg);
    diamond_ours = diamond_by_hand(u64): |reg| DagStart::<u64>::new()
        .root(|x: u64| x.wrapping_mul(7), reg)
        .fork()
        .arm(|arm| arm.then(add_ref, reg))
        .arm(|arm| arm.then(|x: &u64| x >> 3, reg))
        .merge(merge_2, reg)
        .then(keep, reg)
        .build();
    fork_4_ours = fork_4_by_hand(u64): |reg| DagStart::<u64>::new()
        .root(|x: u64| x.wrapping_mul(7), reg)
        .fork()
        .arm(|arm| arm.then(add_ref, reg))
        .arm(|arm| arm.then(|x: &u64| x >> 3, reg))
        .arm(|arm| arm.then(turn, reg))
        .arm(|arm| arm.then(|x: &u64| x.wrapping_mul(5), reg))
        .merge(|a: &u64, b: &u64, c: &u64, d: &u64| a ^ b.wrapping_add(*c) ^ d, reg)
        .then(keep, reg)
        .build();
    nested_ours = nested_by_hand(u64): |reg| DagStart::<u64>::new()
        .root(|x: u64| x.wrapping_mul(7), reg)
        .fork()
        .arm(|arm| arm
            .then(add_ref, reg)
            .fork()
            .arm(|arm| arm.then(|x: &u64| x >> 3, reg))
            .arm(|arm| arm.then(turn, reg))
            .merge(merge_2, reg))
        .arm(|arm| arm.then(|x: &u64| x.wrapping_mul(5), reg))
        .merge(merge_2, reg)
        .then(keep, reg)
        .build();
    fan_2_ours = fan_2_by_hand(u64): |reg| fan_out!(take::<0>.into_handler(reg), take::<1>.into_handler(reg));
    fan_4_ours = fan_4_by_hand(u64): |reg| fan_out!(
        take::<0>.into_handler(reg),
        take::<1>.into_handler(reg),
        take::<2>.into_handler(reg),
        take::<3>.into_handler(reg)
    );
    dispatch_ours = dispatch_by_hand(u64): |reg| PipelineStart::<u64>::new()
        .then(|x: u64| x.wrapping_mul(3), reg)
        .dispatch(take_owned::<0>.into_handler(reg))
        .build();
    by_ref_ours = by_ref_by_hand(u64): |reg| ByRef(take::<0>.into_handler(reg));
    adapt_ours = adapt_by_hand(u64): |reg| Adapt::new(
        |x: u64| if x & 7 == 0 { None } else { Some(x * 2) },
        take_owned::<0>.into_handler(reg),
    );
}

/// A pipeline that gives a value.
macro_rules! pipelines {
    ($($ours:ident = $by_hand:ident: |$reg:ident| $make:expr;)*) => {$(
        #[inline(never)]
        fn $ours<P: FnMut(&mut World, u64) -> u64>(pipeline: &mut P, world: &mut World, x: u64) -> u64 {
            pipeline(world, x)
        }
    )*

        pub(crate) fn run_pipelines() {$({
            let (mut world, mut hand) = (world(), by_hand::World::new());
            let $reg: &Registry = world.registry();
            let mut pipeline = $make;
            let mut pipeline = black_box(move |world: &mut World, x| pipeline.run(world, x));
            let ours = black_box($ours as fn(&mut _, &mut World, u64) -> u64);
            let by_hand = black_box(by_hand::$by_hand as fn(&mut by_hand::World, u64) -> u64);
            for x in black_box(0..100) {
                assert_eq!(ours(&mut pipeline, &mut world, x), by_hand(&mut hand, x));
            }
            assert_eq!(values(&world), hand.cells.each_ref().map(|cell| cell.value), stringify!($ours));
        })*}
    };
}

pipelines! {
    bare_3_ours = bare_3_by_hand: |reg| PipelineStart::<u64>::new()
        .then(|x: u64| x.wrapping_add(1), reg)
        .then(|x: u64| x.wrapping_mul(3), reg)
        .then(|x: u64| x ^ 0x55, reg)
        .build();
    params_4_ours = params_4_by_hand: |reg| PipelineStart::<u64>::new()
        .then(add, reg)
        .then(multiply, reg)
        .then(store, reg)
        .then(mix, reg)
        .build();
    option_ours = option_by_hand: |reg| PipelineStart::<u64>::new()
        .then(|x: u64| x.wrapping_mul(5), reg)
        .guard(odd, reg)
        .map(multiply, reg)
        .filter(above, reg)
        .map(store, reg)
        .unwrap_or(7)
        .build();
    result_ours = result_by_hand: |reg| PipelineStart::<u64>::new()
        .then(check, reg)
        .map(multiply, reg)
        .catch(refuse, reg)
        .map(store, reg)
        .unwrap_or(7)
        .build();
}

/// Handlers whose events are references.
macro_rules! lent {
    ($($ours:ident = $by_hand:ident($($mutable:ident)?): |$reg:ident| $make:expr;)*) => {$(
        #[inline(never)]
        fn $ours<H: for<'a> Handler<&'a $($mutable)? u64>>(handler: &mut H, world: &mut World, x: & $($mutable)? u64) {
            handler.run(world, x);
        }
    )*

        pub(crate) fn run_lent() {$({
            let (mut world, mut hand) = (world(), by_hand::World::new());
            let $reg: &Registry = world.registry();
            let mut handler = black_box($make);
            let ($($mutable)? x, $($mutable)? y) = (black_box(5), black_box(5));
            let ours = black_box($ours as fn(&mut _, &mut World, & $($mutable)? u64));
            let by_hand = black_box(by_hand::$by_hand as fn(&mut by_hand::World, & $($mutable)? u64));
            ours(&mut handler, &mut world, & $($mutable)? x);
            by_hand(&mut hand, & $($mutable)? y);
            assert_eq!((x, values(&world)), (y, hand.cells.each_ref().map(|cell| cell.value)), stringify!($ours));
        })*}
    };
}

lent! {
    read_1_ours = read_1_by_hand(mut): |reg| read_1.into_handler(reg);
    read_4_ours = read_4_by_hand(mut): |reg| read_4.into_handler(reg);
    read_8_ours = read_8_by_hand(mut): |reg| read_8.into_handler(reg);
    cloned_ours = cloned_by_hand(): |reg| Cloned(take_owned::<0>.into_handler(reg));
}

#[inline(never)]
fn callback_ours<H: Handler<u64>>(handler: &mut H, world: &mut World, x: u64) {
    handler.run(world, x);
}

#[inline(never)]
fn broadcast_ours(broadcast: &mut Broadcast<u64>, world: &mut World, x: u64) {
    Handler::<u64>::run(broadcast, world, x);
}

handler_blueprint!(OnNumber, Event = u64, Params = (Res<'static, V<0>>, ResMut<'static, V<1>>));

#[inline(never)]
fn stamped_ours(stamped: &mut TemplatedHandler<OnNumber>, world: &mut World, x: u64) {
    stamped.run(world, x);
}

/// The pairs that keep something of their own.
pub(crate) fn run_others() {
    let (mut world, mut hand) = (world(), by_hand::World::new());
    let mut ours = black_box(callback.into_callback(0, world.registry()));
    let mut ctx = 0;
    let mut broadcast = Broadcast::new();
    broadcast.add(take::<0>.into_handler(world.registry()));
    broadcast.add(take::<1>.into_handler(world.registry()));
    let mut closures = black_box(by_hand::closures());
    let mut stamped = black_box(HandlerTemplate::<OnNumber>::new(handler, world.registry()).generate());
    let mut by_address = black_box(by_hand::Stamped(by_hand::handler_by_hand));
    let stamped_ours = black_box(stamped_ours as fn(&mut _, &mut World, u64));
    let stamped_by_hand = black_box(by_hand::stamped_by_hand as fn(&mut by_hand::Stamped, &mut by_hand::World, u64));
    let callback_ours = black_box(callback_ours as fn(&mut _, &mut World, u64));
    let callback_by_hand = black_box(by_hand::callback_by_hand as fn(&mut u64, &mut by_hand::World, u64));
    let broadcast_ours = black_box(broadcast_ours as fn(&mut Broadcast<u64>, &mut World, u64));
    let broadcast_by_hand =
        black_box(by_hand::broadcast_by_hand as fn(&mut [by_hand::Closure], &mut by_hand::World, u64));
    for x in black_box(0..100) {
        callback_ours(&mut ours, &mut world, x);
        callback_by_hand(&mut ctx, &mut hand, x);
        broadcast_ours(&mut broadcast, &mut world, x);
        broadcast_by_hand(&mut closures, &mut hand, x);
        stamped_ours(&mut stamped, &mut world, x);
        stamped_by_hand(&mut by_address, &mut hand, x);
    }
    assert_eq!((ours.ctx, values(&world)), (ctx, hand.cells.each_ref().map(|cell| cell.value)));
}
