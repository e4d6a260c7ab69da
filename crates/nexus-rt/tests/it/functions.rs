//! Every shape of function: arities, by value and by reference, closures, exclusive, with a context.

use nexus_rt::{Callback, Describe, Handler, IntoCallback, IntoHandler, Local, Res, ResMut, Sequence, World};

use crate::support::{Log, world};

type L<'w> = Local<'w, u64>;

#[test]
fn functions_take_up_to_eight_params() {
    fn p0(_: u64) {}
    fn p1(_: L, _: u64) {}
    fn p2(_: L, _: L, _: u64) {}
    fn p3(_: L, _: L, _: L, _: u64) {}
    fn p4(_: L, _: L, _: L, _: L, _: u64) {}
    fn p5(_: L, _: L, _: L, _: L, _: L, _: u64) {}
    fn p6(_: L, _: L, _: L, _: L, _: L, _: L, _: u64) {}
    fn p7(_: L, _: L, _: L, _: L, _: L, _: L, _: L, _: u64) {}
    fn p8(mut a: L, _: L, _: L, _: L, _: Res<u64>, _: Sequence, mut g: L, mut sum: ResMut<i64>, event: u64) {
        *a += event;
        *g += 2 * event;
        *sum = i64::try_from(*a + *g).unwrap();
    }
    let mut world = world();
    let reg = world.registry();
    let mut all: Vec<Box<dyn Handler<u64>>> = vec![
        Box::new(p0.into_handler(reg)),
        Box::new(p1.into_handler(reg)),
        Box::new(p2.into_handler(reg)),
        Box::new(p3.into_handler(reg)),
        Box::new(p4.into_handler(reg)),
        Box::new(p5.into_handler(reg)),
        Box::new(p6.into_handler(reg)),
        Box::new(p7.into_handler(reg)),
        Box::new(p8.into_handler(reg)),
    ];
    for handler in &mut all {
        handler.run(&mut world, 1);
        handler.run(&mut world, 2);
    }
    assert_eq!(*world.resource::<i64>(), 9);
}

#[test]
fn events_come_by_value_or_by_reference() {
    struct Owned(String);
    fn by_value(mut log: ResMut<Log>, event: Owned) {
        log.push(event.0);
    }
    fn by_reference(mut log: ResMut<Log>, event: &Owned) {
        log.push(event.0.clone());
    }
    fn by_slice(mut log: ResMut<Log>, event: &[u8]) {
        log.push(format!("{event:?}"));
    }
    fn by_struct(mut log: ResMut<Log>, event: Option<&str>) {
        log.push(format!("{event:?}"));
    }
    let mut world = world();
    by_value.into_handler(world.registry()).run(&mut world, Owned("a".into()));
    let mut handler = by_reference.into_handler(world.registry());
    for text in ["b", "c"] {
        let event = Owned(text.into());
        handler.run(&mut world, &event);
    }
    let mut handler: Box<dyn for<'a> Handler<&'a [u8]>> = Box::new(by_slice.into_handler(world.registry()));
    for n in [1, 2] {
        let bytes = vec![7; n];
        handler.run(&mut world, &bytes);
    }
    let mut handler: Box<dyn for<'a> Handler<Option<&'a str>>> = Box::new(by_struct.into_handler(world.registry()));
    let text = String::from("x");
    handler.run(&mut world, Some(&text));
    assert_eq!(*world.resource::<Log>(), ["a", "b", "c", "[7]", "[7, 7]", "Some(\"x\")"]);
}

#[test]
fn a_handler_may_write_through_a_mutable_event() {
    let mut world = world();
    let mut fill = (|limit: Res<u64>, out: &mut Vec<u64>| out.extend(0..*limit)).into_handler(world.registry());
    let mut out = Vec::new();
    fill.run(&mut world, &mut out);
    assert_eq!(out.len(), 10);
}

#[test]
fn closures_have_params_and_captures() {
    let mut world = world();
    let reg = world.registry();
    let name = String::from("n");
    let mut runs = 0;
    let mut plain = (|x: i64| assert_eq!(x, 2)).into_handler(reg);
    let mut capturing = (move |limit: Res<u64>, mut log: ResMut<Log>, x: i64| {
        runs += 1;
        log.push(format!("{name}{runs} {x} {}", *limit));
    })
    .into_handler(reg);
    let mut borrowed = 0;
    let mut borrowing = (|mut sum: ResMut<i64>, x: i64| {
        borrowed += x;
        *sum += borrowed;
    })
    .into_handler(reg);
    for x in [2, 2] {
        plain.run(&mut world, x);
        capturing.run(&mut world, x);
        borrowing.run(&mut world, x);
    }
    assert_eq!((borrowed, *world.resource::<i64>()), (4, 6));
    assert_eq!(*world.resource::<Log>(), ["n1 2 10", "n2 2 10"]);
}

#[test]
fn a_function_may_take_the_whole_world() {
    fn named(world: &mut World, x: i64) {
        let limit = *world.resource::<u64>();
        *world.resource_mut::<i64>() += x + i64::try_from(limit).unwrap();
    }
    let mut world = world();
    let mut handler = named.into_handler(world.registry());
    handler.run(&mut world, 1);
    let mut handler = (|world: &mut World, x: &i64| *world.resource_mut::<i64>() *= *x).into_handler(world.registry());
    handler.run(&mut world, &2);
    assert_eq!(*world.resource::<i64>(), 22);
}

#[test]
fn callbacks_own_a_context() {
    struct Session {
        seen: Vec<String>,
    }
    fn on_text(session: &mut Session, limit: Res<u64>, mut log: ResMut<Log>, text: &str) {
        session.seen.push(text.to_owned());
        log.push(format!("{text} {}", *limit));
    }
    fn exclusive(session: &mut Session, world: &mut World, n: usize) {
        session.seen.truncate(n);
        *world.resource_mut::<i64>() = 5;
    }
    let mut world = world();
    let reg = world.registry();
    let mut one = on_text.into_callback(Session { seen: vec![] }, reg);
    let mut two = on_text.into_callback(Session { seen: vec![] }, reg);
    let mut cut = exclusive.into_callback(Session { seen: vec!["a".into(), "b".into()] }, reg);
    let mut closure = (|sum: &mut u64, limit: Res<u64>, x: u64| *sum += x + *limit).into_callback(1, reg);
    let text = String::from("x");
    one.run(&mut world, &text);
    one.run(&mut world, "y");
    two.run(&mut world, "z");
    cut.run(&mut world, 1);
    closure.run(&mut world, 4);
    assert_eq!((one.ctx.seen.len(), two.ctx.seen.len(), cut.ctx.seen.len(), closure.ctx), (2, 1, 1, 15));
    assert_eq!((world.resource::<Log>().len(), *world.resource::<i64>()), (3, 5));
    let Callback { ctx, .. } = one;
    assert_eq!(ctx.seen, ["x", "y"]);
}

#[test]
fn names_are_those_of_the_functions() {
    fn tick(_: Res<u64>, _: ()) {}
    let world = world();
    let reg = world.registry();
    let handler = tick.into_handler(reg);
    assert_eq!(handler.name(), "it::functions::names_are_those_of_the_functions::tick");
    assert_eq!(tick.into_callback((), reg).name(), handler.name());
    let boxed: Box<dyn Handler<()>> = Box::new(handler);
    assert_eq!(boxed.name(), "it::functions::names_are_those_of_the_functions::tick");
    let closure = (|_: u8| {}).into_handler(reg);
    assert!(closure.name().ends_with("{{closure}}"));
    assert_eq!(format!("{closure:?}"), format!("Callback {{ name: {:?}, ctx: () }}", closure.name()));
}
