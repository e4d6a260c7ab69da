//! What does it cost to create a handler while the program runs: resolved each time, or stamped from a template?
//!
//! `cargo run --release --example perf_template`. For a comparison with other libraries, see `bench/`.

mod perf;

use std::hint::black_box;

use nexus_rt::{
    CallbackTemplate, Handler, HandlerTemplate, IntoCallback, IntoHandler, PipelineStart, RegistryRef, Res, ResMut,
    WorldBuilder, callback_blueprint, handler_blueprint,
};

use crate::perf::{heading, row};

/// One resource type per number.
struct V<const N: usize>(u64);

type R<const N: usize> = Res<'static, V<N>>;
type W<const N: usize> = ResMut<'static, V<N>>;

handler_blueprint!(One, Event = u64, Params = (W<0>,));
handler_blueprint!(Two, Event = u64, Params = (R<0>, W<1>));
handler_blueprint!(Four, Event = u64, Params = (R<0>, W<1>, R<2>, W<3>));
handler_blueprint!(Eight, Event = u64, Params = (R<0>, R<1>, R<2>, R<3>, W<4>, W<5>, W<6>, W<7>));
callback_blueprint!(TwoCtx, Context = u64, Event = u64, Params = (R<0>, W<1>));

fn one(mut a: ResMut<V<0>>, x: u64) {
    a.0 += x;
}

fn two(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    b.0 = b.0.wrapping_add(a.0 ^ x);
}

fn four(a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    b.0 += a.0 + x;
    d.0 += c.0 + x;
}

fn eight(
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

fn with_context(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += a.0;
    b.0 += x;
}

/// Events that create a handler: through the registry, or through a template in their context.
fn by_registry(registry: RegistryRef, mut made: ResMut<V<2>>, x: u64) {
    let _ = black_box(two.into_handler(&registry));
    made.0 = made.0.wrapping_add(x);
}

fn by_template(template: &mut HandlerTemplate<Two>, mut made: ResMut<V<2>>, x: u64) {
    let _ = black_box(template.generate());
    made.0 = made.0.wrapping_add(x);
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(V::<0>(1));
    builder.register(V::<1>(1));
    builder.register(V::<2>(1));
    builder.register(V::<3>(1));
    builder.register(V::<4>(1));
    builder.register(V::<5>(1));
    builder.register(V::<6>(1));
    builder.register(V::<7>(1));
    let mut world = builder.build();
    let reg = world.registry();
    println!("Each row makes the thing and drops it. `nothing` is what the clock itself takes.");

    heading("resolved each time");
    row("nothing", || ());
    row("into_handler, 1 param", || one.into_handler(black_box(reg)));
    row("into_handler, 2 params", || two.into_handler(black_box(reg)));
    row("into_handler, 4 params", || four.into_handler(black_box(reg)));
    row("into_handler, 8 params", || eight.into_handler(black_box(reg)));
    row("into_callback, 2 params", || with_context.into_callback(0, black_box(reg)));

    heading("stamped");
    let (t1, t2) = (HandlerTemplate::<One>::new(one, reg), HandlerTemplate::<Two>::new(two, reg));
    let (t4, t8) = (HandlerTemplate::<Four>::new(four, reg), HandlerTemplate::<Eight>::new(eight, reg));
    let ctx = CallbackTemplate::<TwoCtx>::new(with_context, reg);
    row("generate, 1 param", || black_box(&t1).generate());
    row("generate, 2 params", || black_box(&t2).generate());
    row("generate, 4 params", || black_box(&t4).generate());
    row("generate, 8 params", || black_box(&t8).generate());
    row("generate with context, 2 params", || black_box(&ctx).generate(0));
    let pipeline = PipelineStart::<u64>::new().then(|x: u64| x + 1, reg).then(two, reg).build();
    row("a pipeline of 2, cloned", || black_box(&pipeline).clone());

    heading("inside an event, which counts it");
    let mut registry = by_registry.into_handler(reg);
    let mut template = by_template.into_callback(t2, reg);
    let mut stamped = t2.generate();
    let mut resolved = two.into_handler(reg);
    row("made by the registry", || registry.run(black_box(&mut world), 1));
    row("made by a template", || template.run(black_box(&mut world), 1));

    heading("run");
    row("a resolved handler, 2 params", || resolved.run(black_box(&mut world), 1));
    row("a stamped handler, 2 params", || black_box(&mut stamped).run(black_box(&mut world), 1));
}
