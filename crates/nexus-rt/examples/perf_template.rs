//! What does it cost to create a handler at run time: resolved each time, or stamped from a template?
//!
//! `cargo run --release --example perf_template`
//!
//! For a comparison with other libraries, see `bench/`.

#[path = "perf/functions.rs"]
mod functions;
mod perf;
#[path = "perf/values.rs"]
mod values;

use std::hint::black_box;

use nexus_rt::{
    CallbackTemplate, Handler, HandlerTemplate, IntoCallback, IntoHandler, PipelineStart, RegistryRef, Res, ResMut,
    callback_blueprint, handler_blueprint,
};

use crate::functions::{eight, four, one, resolve_rows, two, with_context};
use crate::perf::{begin, heading, row};
use crate::values::{V, builder};

type R<const N: usize> = Res<'static, V<N>>;
type W<const N: usize> = ResMut<'static, V<N>>;

handler_blueprint!(One, Event = u64, Params = (W<0>,));
handler_blueprint!(Two, Event = u64, Params = (R<0>, W<1>));
handler_blueprint!(Four, Event = u64, Params = (R<0>, W<1>, R<2>, W<3>));
handler_blueprint!(Eight, Event = u64, Params = (R<0>, R<1>, R<2>, R<3>, W<4>, W<5>, W<6>, W<7>));
callback_blueprint!(TwoCtx, Context = u64, Event = u64, Params = (R<0>, W<1>));

/// Creates a handler through the registry.
fn by_registry(registry: RegistryRef, mut made: ResMut<V<2>>, x: u64) {
    let _ = black_box(two.into_handler(&registry));
    made.0 = made.0.wrapping_add(x);
}

/// Creates a handler through a template in the context.
fn by_template(template: &mut HandlerTemplate<Two>, mut made: ResMut<V<2>>, x: u64) {
    let _ = black_box(template.generate());
    made.0 = made.0.wrapping_add(x);
}

fn main() {
    let mut world = builder().build();
    let reg = world.registry();

    begin("creates one item and drops it", "resolved each time");
    resolve_rows(reg);

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

    heading("created inside an event, which counts it");
    let mut registry = by_registry.into_handler(reg);
    let mut template = by_template.into_callback(t2, reg);
    let mut stamped = t2.generate();
    let mut resolved = two.into_handler(reg);
    row("by the registry", || registry.run(black_box(&mut world), 1));
    row("by a template", || template.run(black_box(&mut world), 1));

    heading("run, once created");
    row("a resolved handler, 2 params", || resolved.run(black_box(&mut world), 1));
    row("a stamped handler, 2 params", || black_box(&mut stamped).run(black_box(&mut world), 1));
}
