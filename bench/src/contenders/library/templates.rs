//! Stamping handlers over one library, and the timed loops.

use std::hint::black_box;

use bench::harness::Work;

use super::construction::{eight_params, four_params, one_param, two_params};
use super::rt::{
    CallbackTemplate, Handler, HandlerTemplate, IntoCallback, IntoHandler, RegistryRef, Res, ResMut,
    callback_blueprint, handler_blueprint,
};
use super::{V, handle, numbers, opaque, sum, world};
use crate::loops;

type R<const N: usize> = Res<'static, V<N>>;
type W<const N: usize> = ResMut<'static, V<N>>;

handler_blueprint!(One, Event = u64, Params = (W<0>,));
handler_blueprint!(Two, Event = u64, Params = (R<0>, W<1>));
handler_blueprint!(Four, Event = u64, Params = (R<0>, W<1>, R<2>, W<3>));
handler_blueprint!(Eight, Event = u64, Params = (R<0>, R<1>, R<2>, R<3>, W<4>, W<5>, W<6>, W<7>));
callback_blueprint!(TwoCtx, Context = u64, Event = u64, Params = (R<0>, W<1>));

callback_blueprint!(FourCtx, Context = u64, Event = u64, Params = (R<0>, W<1>, R<2>, W<3>));

fn two_ctx(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += x;
    b.0 = b.0.wrapping_add(ctx.wrapping_mul(a.0));
}

fn four_ctx(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, c: Res<V<2>>, mut d: ResMut<V<3>>, x: u64) {
    *ctx += x;
    b.0 ^= a.0 ^ *ctx;
    d.0 ^= c.0 ^ x;
}

macro_rules! stamped {
    ($($row:ident = $Template:ident<$Key:ident>($f:ident) $(, $ctx:expr)?;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            let world = world();
            let template = $Template::<$Key>::new($f, world.registry());
            loops::making(
                (world, template),
                |(_, template)| template.generate($($ctx)?),
                |(world, _), mut handler| handler.run(world, 5),
                |(world, _)| sum(world),
            )
        }
    )*};
}

stamped! {
    generate_1 = HandlerTemplate<One>(one_param);
    generate_2 = HandlerTemplate<Two>(two_params);
    generate_4 = HandlerTemplate<Four>(four_params);
    generate_8 = HandlerTemplate<Eight>(eight_params);
    generate_ctx_2 = CallbackTemplate<TwoCtx>(two_ctx), 7;
    generate_ctx_4 = CallbackTemplate<FourCtx>(four_ctx), 7;
}

/// A stamped handler, run repeatedly.
pub(crate) fn stamped_run() -> Box<dyn Work> {
    numbers(|reg| HandlerTemplate::<Two>::new(two_params, reg).generate())
}

fn make_by_registry(registry: RegistryRef, mut a: ResMut<V<2>>, x: u64) {
    black_box(&two_params.into_handler(&registry));
    a.0 = a.0.wrapping_add(x);
}

/// Each event makes a handler with the registry.
pub(crate) fn by_registry() -> Box<dyn Work> {
    numbers(|reg| make_by_registry.into_handler(reg))
}

fn make_by_template(template: &mut HandlerTemplate<Two>, mut a: ResMut<V<2>>, x: u64) {
    black_box(&template.generate());
    a.0 = a.0.wrapping_add(x);
}

/// Each event makes a handler from a template.
pub(crate) fn by_template() -> Box<dyn Work> {
    let world = world();
    let template = HandlerTemplate::<Two>::new(two_params, world.registry());
    let make = black_box(make_by_template.into_callback(template, world.registry()));
    let run = opaque(handle::<u64, _>);
    loops::numbers((world, make, run), |(world, make, run), x| run(make, world, x), |(world, ..)| sum(world))
}
