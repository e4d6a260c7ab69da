//! What a person reads when something does not resolve: the whole text, at the caller's line.

use std::cell::Cell;

use nexus_rt::param::ResolveError;
use nexus_rt::{
    CallbackTemplate, Describe, Handler, HandlerTemplate, IntoCallback, IntoHandler, Local, Param, PipelineStart, Res,
    ResMut, World, WorldBuilder, callback_blueprint, handler_blueprint, no_event,
};

use crate::support::{panic_of, world};

mod orders {
    pub(crate) struct Book;
}

mod quotes {
    pub(crate) struct Book;
}

fn misses_two(_: Res<u64>, _: ResMut<orders::Book>, _: Local<u8>, _: Res<Vec<f64>>, _: ()) {}

fn writes_twice(_: ResMut<u64>, _: Res<i64>, _: Option<Res<u64>>, _: ()) {}

#[test]
fn missing_resources() {
    let world = world();
    let expected = "`it::errors::misses_two` cannot be resolved against this world:
  parameter 2 (`ResMut<Book>`): no `it::errors::orders::Book` is registered. Register one with \
                    `WorldBuilder::register`, or install the driver or plugin that brings it, before this call; or \
                    take an `Option`
  parameter 4 (`Res<Vec<f64>>`): no `alloc::vec::Vec<f64>` is registered. Register one with \
                    `WorldBuilder::register`, or install the driver or plugin that brings it, before this call; or \
                    take an `Option`";
    assert_eq!(panic_of(|| misses_two.into_handler(world.registry())), expected);
    let error: ResolveError = misses_two.try_into_handler(world.registry()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.function(), "it::errors::misses_two");
    let missing: Vec<_> = error.missing().iter().map(|missing| missing.resource()).collect();
    assert_eq!(missing, ["it::errors::orders::Book", "alloc::vec::Vec<f64>"]);
    assert!(error.conflicts().is_empty());
}

#[test]
fn a_type_of_the_same_name_is_pointed_at() {
    let mut builder = WorldBuilder::new();
    builder.register(quotes::Book);
    let error = (|_: Res<orders::Book>, _: ()| {}).try_into_handler(builder.registry()).unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("There is a `it::errors::quotes::Book`, which is another type"), "{text}");
}

#[test]
fn conflicting_access() {
    let world = world();
    let expected = "`it::errors::writes_twice` cannot be resolved against this world:
  parameter 1 (`ResMut<u64>`) writes `u64`, which parameter 3 (`Option<Res<u64>>`) reads. Keep one of the two; \
                    `ResMut<T>` can read too";
    assert_eq!(panic_of(|| writes_twice.into_handler(world.registry())), expected);
    let error = writes_twice.try_into_handler(world.registry()).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.conflicts()[0].resource()), (expected, "u64"));
}

#[test]
fn a_conflict_inside_one_parameter() {
    #[derive(Param)]
    #[expect(dead_code, reason = "never resolved")]
    struct Bundle<'w>(Res<'w, u64>, ResMut<'w, u64>);
    let world = world();
    let text = panic_of(|| (|_: Res<i64>, _: Bundle, _: ()| {}).into_handler(world.registry()));
    let expected = "\n  parameter 2 (`Bundle`): it reads `u64` and also writes it. Keep one of the two; `ResMut<T>` \
                    can read too";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn everything_is_reported_at_once() {
    fn wrong(_: ResMut<u64>, _: ResMut<u64>, _: Res<u8>, _: Res<u16>, _: Res<u32>, _: ()) {}
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    let error = wrong.try_into_handler(builder.registry()).unwrap_err();
    assert_eq!(error.missing().len(), 3);
    assert_eq!(error.conflicts().len(), 1, "{error}");
}

#[test]
fn the_context_counts_as_a_parameter() {
    let world = world();
    let text = panic_of(|| (|_: &mut u8, _: Res<u16>, _: ()| {}).into_callback(0, world.registry()));
    assert!(text.contains("parameter 2 (`Res<u16>`): no `u16` is registered"), "{text}");
}

#[test]
fn a_foreign_world() {
    fn tick(_: Res<u64>, (): ()) {}
    let (home, mut away) = (world(), world());
    let mut handler = tick.into_handler(home.registry());
    let text = panic_of(|| handler.run(&mut away, ()));
    assert_eq!(
        text,
        format!(
            "`it::errors::a_foreign_world::tick` was resolved against world {} and was given world {}: build it from \
             the registry of the world that it runs on",
            home.world_id(),
            away.world_id()
        )
    );
}

#[test]
fn a_replaced_world() {
    fn replace(w: &mut World, (): ()) {
        *w = world();
    }
    let mut home = world();
    let id = home.world_id();
    let mut handler = replace.into_handler(home.registry());
    let text = panic_of(|| handler.run(&mut home, ()));
    assert_eq!(
        text,
        format!(
            "`it::errors::a_replaced_world::replace` was handed world {id} and left world {} in its place: everything \
             resolved against the first is cut off from it. Change a world in place, or keep the other one in a resource",
            home.world_id()
        )
    );
}

#[test]
fn a_foreign_key() {
    let (home, mut away) = (world(), world());
    let key = home.registry().key::<u64>();
    let expected = format!(
        "a `Key<u64>` of world {} was used with world {}: take the key from the builder of the world that it is used with",
        home.world_id(),
        away.world_id()
    );
    assert_eq!(panic_of(|| *key.get(&away)), expected);
    assert_eq!(panic_of(|| *key.get_mut(&mut away)), expected);
}

#[test]
fn a_chain_of_two_worlds() {
    fn first(x: u64) -> u64 {
        x
    }
    fn second(limit: Res<u64>, x: u64) -> u64 {
        x + *limit
    }
    let (a, b) = (world(), world());
    let text = panic_of(|| PipelineStart::<u64>::new().then(first, a.registry()).then(second, b.registry()).build());
    assert_eq!(
        text,
        format!(
            "`it::errors::a_chain_of_two_worlds::second` was resolved against world {}, but \
             `it::errors::a_chain_of_two_worlds::first`, before it in the same chain, against world {}: use the same \
             registry for all of it",
            b.world_id(),
            a.world_id()
        )
    );
}

#[test]
fn a_chain_without_functions() {
    assert_eq!(
        panic_of(|| PipelineStart::<Option<u8>>::new().unwrap_or(1).build()),
        "nothing in this chain was resolved against a world: add a function with `then` before `build`"
    );
}

/// Every panic at build time points at the line of the call, here in this file.
#[test]
#[rustfmt::skip]
fn panics_are_located_at_the_callers_line() {
    type Nothing = u128;
    fn tick(_: u8) {}
    fn case<R>(line: u32, f: impl FnOnce(&World) -> R) {
        let world = world();
        LAST_PANIC.set(None);
        panic_of(|| f(&world));
        assert_eq!(LAST_PANIC.take(), Some((file!().to_owned(), line)));
    }
    handler_blueprint!(OnTick, Event = u8, Params = (Res<'static, Nothing>,));
    callback_blueprint!(OnCall, Context = (), Event = u8, Params = (Res<'static, Nothing>,));
    thread_local! {
        static LAST_PANIC: Cell<Option<(String, u32)>> = const { Cell::new(None) };
    }
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        LAST_PANIC.set(info.location().map(|location| (location.file().to_owned(), location.line())));
        previous(info);
    }));

    case(line!(), |w| misses_two.into_handler(w.registry()));
    case(line!(), |w| no_event(|_: Res<Nothing>| {}).into_handler(w.registry()));
    case(line!(), |w| no_event(|_: &mut u8, _: Res<Nothing>| {}).into_callback(0, w.registry()));
    case(line!(), |w| tick.into_handler(world().registry()).into_handler(w.registry()));
    case(line!(), |w| tick.into_handler(world().registry()).try_into_handler(w.registry()).is_ok());
    case(line!(), |w| (|_: &mut u8, _: Res<Nothing>, _: ()| {}).into_callback(0, w.registry()));
    case(line!(), |w| HandlerTemplate::<OnTick>::new(|_: Res<Nothing>, _: u8| {}, w.registry()));
    case(line!(), |w| CallbackTemplate::<OnCall>::new(|(): &mut (), _: Res<Nothing>, _: u8| {}, w.registry()));
    case(line!(), |w| PipelineStart::<()>::new().then(misses_two, w.registry()));
    case(line!(), |w| PipelineStart::<()>::new().then(|_: Res<Nothing>, (): &()| {}, w.registry()));
    case(line!(), |w| PipelineStart::<()>::new().guard(|_: Res<Nothing>, (): &()| true, w.registry()));
    case(line!(), |w| PipelineStart::<()>::new().tap(|_: Res<Nothing>, (): &()| {}, w.registry()));
    case(line!(), |w| PipelineStart::<Option<()>>::new().map(misses_two, w.registry()));
    case(line!(), |w| PipelineStart::<Option<u8>>::new().and_then(|_: Res<Nothing>, x: u8| Some(x), w.registry()));
    case(line!(), |w| PipelineStart::<Option<()>>::new().filter(|_: Res<Nothing>, (): &()| true, w.registry()));
    case(line!(), |w| PipelineStart::<Result<(), u8>>::new().map(misses_two, w.registry()));
    case(line!(), |w| PipelineStart::<Result<u8, ()>>::new().and_then(|_: Res<Nothing>, x: u8| Ok(x), w.registry()));
    case(line!(), |w| PipelineStart::<Result<u8, ()>>::new().catch(misses_two, w.registry()));
    case(line!(), |_| PipelineStart::<Option<u8>>::new().unwrap_or(1).build());
    case(line!(), |w| *w.resource::<Nothing>());
    case(line!(), |w| w.changed_at::<Nothing>());
    case(line!(), |w| w.id::<Nothing>());
    case(line!(), |w| w.registry().key::<Nothing>());
    case(line!(), |_| WorldBuilder::new().key::<Nothing>());
    case(line!(), |_| { let mut b = WorldBuilder::new(); b.register(1_u8); b.register(2_u8) });
    case(line!(), |_| { let mut b = WorldBuilder::new(); b.register(0_u8); b.register_default::<u8>() });
    case(line!(), |w| tick.into_handler(w.registry()).run(&mut world(), 1));
    case(line!(), |w| PipelineStart::<u8>::new().then(tick, w.registry()).build().run(&mut world(), 1));
    case(line!(), |w| tick.into_handler(w.registry()).inputs_changed(&world()));
    case(line!(), |w| *w.registry().key::<u64>().get(&world()));
}
