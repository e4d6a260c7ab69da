//! `no_event`: functions without an event, wherever a function goes.

use nexus_rt::{
    CallbackTemplate, DagStart, Describe, Handler, HandlerTemplate, IntoCallback, IntoHandler, Local, PipelineStart,
    Res, ResMut, World, callback_blueprint, handler_blueprint, no_event,
};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

fn count(mut n: ResMut<i64>) {
    *n += 1;
}

fn next(mut n: ResMut<i64>) -> i64 {
    *n += 1;
    *n
}

fn at_most_ten(n: Res<i64>) -> bool {
    *n <= 10
}

#[test]
fn a_handler_takes_any_event() {
    let mut world = world();
    let mut handler = no_event(count).into_handler(world.registry());
    handler.run(&mut world, "text");
    handler.run(&mut world, vec![1.5]);
    let mut boxed: Box<dyn Handler<u8>> =
        Box::new(no_event(|world: &mut World| *world.resource_mut::<i64>() += 10).into_handler(world.registry()));
    boxed.run(&mut world, 3);
    let mut borrowed: Box<dyn for<'a> Handler<&'a [u8]>> = Box::new(no_event(count).into_handler(world.registry()));
    let bytes = vec![1];
    borrowed.run(&mut world, &bytes);
    let mut nothing = no_event(|| {}).into_handler(world.registry());
    nothing.run(&mut world, ());
    assert_eq!(*world.resource::<i64>(), 13);
}

#[test]
fn a_callback_has_its_context() {
    let mut world = world();
    let reg = world.registry();
    let mut one = no_event(|seen: &mut Vec<i64>, n: Res<i64>| seen.push(*n)).into_callback(vec![], reg);
    let mut whole =
        no_event(|by: &mut i64, world: &mut World| *world.resource_mut::<i64>() += *by).into_callback(5, reg);
    one.run(&mut world, "a");
    whole.run(&mut world, 1_u8);
    one.run(&mut world, 2.5);
    assert_eq!((one.ctx, whole.ctx), (vec![0, 5], 5));
}

#[test]
fn captures_and_locals_are_kept() {
    let mut world = world();
    let mut runs = 0;
    let mut handler = no_event(|mut all: Local<i64>, mut n: ResMut<i64>| {
        runs += 1;
        *all += runs;
        *n = *all;
    })
    .into_handler(world.registry());
    for _ in 0..3 {
        handler.run(&mut world, ());
    }
    assert_eq!(*world.resource::<i64>(), 6);
}

#[test]
fn steps_ignore_values_of_every_kind() {
    let mut world = world();
    let reg = world.registry();
    let mut some = PipelineStart::<u8>::new()
        .tap(no_event(count), reg)
        .guard(no_event(at_most_ten), reg)
        .filter(no_event(at_most_ten), reg)
        .inspect(no_event(count), reg)
        .and_then(no_event(|| Some("x")), reg)
        .map(no_event(next), reg)
        .build();
    assert_eq!(some.run(&mut world, 7), Some(3));

    let reg = world.registry();
    let mut by_reference = PipelineStart::<&[u8]>::new()
        .then(no_event(next), reg)
        .scan(
            0,
            no_event(|n: Res<i64>, all: &mut i64| {
                *all += *n;
                *all
            }),
            reg,
        )
        .build();
    let bytes = vec![1];
    assert_eq!([by_reference.run(&mut world, &bytes), by_reference.run(&mut world, &[])], [4, 9]);

    let reg = world.registry();
    let mut spread = PipelineStart::<(u8,)>::new().splat().then(no_event(next), reg).build();
    let mut lent = PipelineStart::<&(u8,)>::borrowed().splat().then(no_event(next), reg).build();
    assert_eq!((spread.run(&mut world, (7,)), lent.run(&mut world, &(7,))), (6, 7));

    let reg = world.registry();
    let mut failing = PipelineStart::<Result<u8, String>>::new()
        .inspect_err(no_event(count), reg)
        .map_err(no_event(next), reg)
        .or_else(no_event(|| Err::<u8, _>('e')), reg)
        .catch(no_event(count), reg)
        .build();
    assert_eq!(failing.run(&mut world, Err("no".into())), None);
    assert_eq!(*world.resource::<i64>(), 10);
}

#[test]
fn arms_cases_and_side_chains_ignore_the_value() {
    let mut world = world();
    let reg = world.registry();
    let mut dag = DagStart::<String>::new()
        .root(no_event(next), reg)
        .fork()
        .arm(|x| x.then(no_event(next), reg))
        .arm(|x| x.then(no_event(|n: Res<u64>| *n), reg))
        .merge(|a: &i64, b: &u64| (*a, *b), reg)
        .build();
    assert_eq!(dag.run(&mut world, "x".into()), (2, 10));

    let reg = world.registry();
    let mut joined = PipelineStart::<u8>::new()
        .tee(|x| x.then(no_event(count), reg))
        .fork()
        .arm(|x| x.then(no_event(count), reg))
        .arm(|x| x.guard(no_event(at_most_ten), reg).map(no_event(count), reg))
        .join()
        .then(no_event(next), reg)
        .build();
    assert_eq!(joined.run(&mut world, 1), 6);

    let reg = world.registry();
    let mut routed = PipelineStart::<u8>::new()
        .route(|r| {
            r.case(no_event(at_most_ten), reg, |x| x.then(no_event(next), reg))
                .or(|x| x.then(|x: u8| i64::from(x), reg))
        })
        .build();
    assert_eq!(routed.run(&mut world, 50), 7);
    *world.resource_mut::<i64>() = 11;
    assert_eq!(routed.run(&mut world, 50), 50);
}

#[test]
fn a_step_has_the_context_of_its_chain() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::new()
        .with_context::<Vec<i64>>()
        .then(no_event(next), reg)
        .then(no_event(|seen: &mut Vec<i64>, n: Res<i64>| seen.push(*n)), reg)
        .build()
        .into_callback(vec![]);
    chain.run(&mut world, "a");
    chain.run(&mut world, "b");
    assert_eq!(chain.ctx, [1, 2]);
}

#[test]
fn templates_stamp_it() {
    handler_blueprint!(OnAny, Event = u64, Params = (ResMut<'static, i64>,));
    callback_blueprint!(OnName, Context = String, Event = &'static str, Params = (ResMut<'static, Log>,));
    let mut world = world();
    let template = HandlerTemplate::<OnAny>::new(no_event(count), world.registry());
    template.generate().run(&mut world, 5);
    let log = |name: &mut String, mut log: ResMut<Log>| log.push(std::mem::take(name));
    let template = CallbackTemplate::<OnName>::new(no_event(log), world.registry());
    template.generate("ann".into()).run(&mut world, "x");
    assert_eq!((*world.resource::<i64>(), world.resource::<Log>()[0].as_str()), (1, "ann"));
}

/// Names, plans and messages are those of the function inside.
#[test]
fn the_function_is_shown_without_its_wrapper() {
    handler_blueprint!(OnAny, Event = u64, Params = (ResMut<'static, i64>,));
    let mut here = world();
    let reg = here.registry();
    let handler = no_event(count).into_handler(reg);
    assert_eq!((handler.name(), handler.name()), ("it::no_event::count", std::any::type_name_of_val(&count)));
    assert_eq!(handler.plan().to_string(), "count\n└─ count  writes i64\n");
    assert_eq!(HandlerTemplate::<OnAny>::new(no_event(count), reg).name(), "it::no_event::count");
    let closure = no_event(|_: Res<i64>| {}).into_handler(reg);
    assert!(closure.name().starts_with("it::no_event::") && closure.name().ends_with("{{closure}}"));
    let chain = PipelineStart::<u8>::new().then(no_event(next), reg).build();
    assert_eq!(chain.plan().to_string(), "next\n└─ next  writes i64  -> i64\n");

    let missing = panic_of(|| no_event(lacks).into_handler(here.registry()));
    assert!(missing.starts_with("`it::no_event::lacks` cannot be resolved"), "{missing}");
    let error = no_event(lacks).try_into_handler(here.registry()).unwrap_err();
    assert_eq!((error.function(), error.missing().len()), ("it::no_event::lacks", 1));
    refuses_world("`it::no_event::count`", || no_event(count).into_handler(here.registry()).run(&mut world(), ()));
    let mut replaces = no_event(replaces).into_handler(here.registry());
    notices_replacement("`it::no_event::replaces`", || replaces.run(&mut here, ()));
}

fn lacks(_: Res<u128>) {}

fn replaces(there: &mut World) {
    *there = world();
}
