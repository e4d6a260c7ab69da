//! Stamping handlers, over one library, and the loops to be timed.

use std::hint::black_box;

use super::library::{V, eight_params, four_params, one_param, one_write, sum, world};
use super::rt::{
    CallbackTemplate, Handler, HandlerTemplate, IntoCallback, IntoHandler, RegistryRef, Res, ResMut, World,
    callback_blueprint, handler_blueprint,
};

type R<const N: usize> = Res<'static, V<N>>;
type W<const N: usize> = ResMut<'static, V<N>>;

handler_blueprint!(One, Event = u64, Params = (W<0>,));
handler_blueprint!(Two, Event = u64, Params = (R<0>, W<1>));
handler_blueprint!(Four, Event = u64, Params = (R<0>, W<1>, R<2>, W<3>));
handler_blueprint!(Eight, Event = u64, Params = (R<0>, R<1>, R<2>, R<3>, W<4>, W<5>, W<6>, W<7>));
callback_blueprint!(TwoCtx, Context = u64, Event = u64, Params = (R<0>, W<1>));

fn one_write_ctx(ctx: &mut u64, a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
    *ctx += x;
    b.add(ctx.wrapping_mul(a.get()));
}

/// Makes a handler over and over; runs the last one, so that it is known to be right.
fn stamp_loop<H: Handler<u64>>(runs: u64, set_up: impl Fn(&World) -> Box<dyn Fn(u64) -> H>) -> impl FnMut() -> u64 {
    let mut world = world();
    let make = set_up(&world);
    move || {
        let make = black_box(&make);
        make(runs).run(&mut world, 5);
        sum(&world)
    }
}

macro_rules! stamped {
    ($($row:ident = $Template:ident<$Key:ident>($f:ident) $(, $ctx:expr)?;)*) => {$(
        pub(crate) fn $row(runs: u64) -> impl FnMut() -> u64 {
            stamp_loop(runs, |world| {
                let template = $Template::<$Key>::new($f, world.registry());
                Box::new(move |runs| {
                    for _ in 1..runs {
                        black_box(&black_box(&template).generate($($ctx)?));
                    }
                    template.generate($($ctx)?)
                })
            })
        }
    )*};
}

stamped! {
    generate_1 = HandlerTemplate<One>(one_param);
    generate_2 = HandlerTemplate<Two>(one_write);
    generate_4 = HandlerTemplate<Four>(four_params);
    generate_8 = HandlerTemplate<Eight>(eight_params);
    generate_ctx_2 = CallbackTemplate<TwoCtx>(one_write_ctx), 7;
}

/// A stamped handler, run over and over.
pub(crate) fn stamped_run(runs: u64) -> impl FnMut() -> u64 {
    let mut world = world();
    let mut handler = black_box(HandlerTemplate::<Two>::new(one_write, world.registry()).generate());
    move || {
        (0..runs).for_each(|x| black_box(&mut handler).run(&mut world, x));
        sum(&world)
    }
}

fn make_by_registry(registry: RegistryRef, mut a: ResMut<V<2>>, x: u64) {
    black_box(&one_write.into_handler(&registry));
    a.add(x);
}

/// An event that makes a handler by the registry.
pub(crate) fn by_registry(runs: u64) -> impl FnMut() -> u64 {
    let mut world = world();
    let mut make = make_by_registry.into_handler(world.registry());
    move || {
        (0..runs).for_each(|x| black_box(&mut make).run(&mut world, x));
        sum(&world)
    }
}

fn make_by_template(template: &mut HandlerTemplate<Two>, mut a: ResMut<V<2>>, x: u64) {
    black_box(&template.generate());
    a.add(x);
}

/// An event that makes a handler by a template.
pub(crate) fn by_template(runs: u64) -> impl FnMut() -> u64 {
    let mut world = world();
    let template = HandlerTemplate::<Two>::new(one_write, world.registry());
    let mut make = make_by_template.into_callback(template, world.registry());
    move || {
        (0..runs).for_each(|x| black_box(&mut make).run(&mut world, x));
        sum(&world)
    }
}
