//! Pipelines: every combinator, by value and by reference, with params, closures, the whole world and a context.

use nexus_rt::{Describe, Handler, Pipeline, PipelineStart, Res, ResMut, Virtual, World};

use crate::support::{Log, world};

fn double(x: u64) -> u64 {
    2 * x
}

fn add_limit(limit: Res<u64>, x: &u64) -> u64 {
    *x + *limit
}

fn log_it(mut log: ResMut<Log>, x: &u64) {
    log.push(x.to_string());
}

#[test]
fn then_takes_values_references_closures_and_the_world() {
    let mut world = world();
    let reg = world.registry();
    let bias = 1;
    let mut chain = PipelineStart::<u64>::new()
        .then(double, reg)
        .then(add_limit, reg)
        .then(|x: u64| x + bias, reg)
        .then(|limit: Res<u64>, x: &u64| *x * *limit, reg)
        .then(
            |world: &mut World, x: u64| {
                *world.resource_mut::<i64>() += 1;
                x
            },
            reg,
        )
        .then(|world: &mut World, x: &u64| *x + world.resource::<i64>().unsigned_abs(), reg)
        .build();
    assert_eq!(chain.run(&mut world, 4), 191);
    assert_eq!(chain.run(&mut world, 0), 112);
}

#[test]
fn option_combinators() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .guard(|x: &u64| *x != 0, reg)
        .map(double, reg)
        .map(add_limit, reg)
        .filter(|limit: Res<u64>, x: &u64| *x > *limit + 2, reg)
        .and_then(|x: u64| x.checked_sub(14), reg)
        .and_then(|x: &u64| Some(*x + 1), reg)
        .tap(|mut log: ResMut<Log>, x: &Option<u64>| log.push(format!("{x:?}")), reg)
        .ok_or("nothing")
        .build();
    let results: Vec<_> = [0, 1, 2, 3].map(|x| chain.run(&mut world, x)).into();
    assert_eq!(results, [Err("nothing"), Err("nothing"), Ok(1), Ok(3)]);
    assert_eq!(*world.resource::<Log>(), ["None", "None", "Some(1)", "Some(3)"]);
}

#[test]
fn result_combinators() {
    fn parse(text: &str) -> Result<u64, String> {
        text.parse().map_err(|_| format!("not a number: {text}"))
    }
    fn limit(limit: Res<u64>, x: u64) -> Result<u64, String> {
        if x <= *limit { Ok(x) } else { Err(format!("{x} is too much")) }
    }
    fn even(x: &u64) -> Result<u64, String> {
        if x.is_multiple_of(2) { Ok(*x) } else { Err(format!("{x} is odd")) }
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::borrowed()
        .then(parse, reg)
        .and_then(limit, reg)
        .and_then(even, reg)
        .map(double, reg)
        .map(add_limit, reg)
        .catch(|mut log: ResMut<Log>, error: String| log.push(error), reg)
        .map(|mut sum: ResMut<i64>, x: u64| *sum += i64::try_from(x).unwrap(), reg)
        .build();
    for text in ["4", "11", "7", "x", "10"] {
        let text = String::from(text);
        chain.run(&mut world, &text);
    }
    assert_eq!(*world.resource::<i64>(), 48);
    assert_eq!(*world.resource::<Log>(), ["11 is too much", "7 is odd", "not a number: x"]);

    let reg = world.registry();
    let mut or_default = PipelineStart::<&str>::borrowed().then(parse, reg).unwrap_or(7).build();
    assert_eq!((or_default.run(&mut world, "3"), or_default.run(&mut world, "y")), (3, 7));
    let reg = world.registry();
    let mut by_reference = PipelineStart::<Result<u64, String>>::new()
        .catch(|mut log: ResMut<Log>, error: &String| log.push(error.clone()), reg)
        .unwrap_or(8)
        .build();
    assert_eq!((by_reference.run(&mut world, Ok(1)), by_reference.run(&mut world, Err("e".into()))), (1, 8));
}

#[test]
fn outputs_may_borrow_from_the_event() {
    fn words(line: &str) -> std::str::SplitWhitespace<'_> {
        line.split_whitespace()
    }
    fn first<'a>(limit: Res<u64>, words: std::str::SplitWhitespace<'a>) -> Option<&'a str> {
        words.take(usize::try_from(*limit).unwrap()).next()
    }
    fn remember(mut log: ResMut<Log>, word: &str) {
        log.push(word.to_owned());
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::borrowed().then(words, reg).then(first, reg).map(remember, reg).build();
    let mut line = String::new();
    for text in ["a b", "", "c"] {
        line.clear();
        line.push_str(text);
        chain.run(&mut world, &line);
    }
    let mut boxed: Box<dyn for<'a> Handler<&'a str>> = Box::new(chain);
    line.clear();
    line.push('d');
    boxed.run(&mut world, &line);
    assert_eq!(*world.resource::<Log>(), ["a", "c", "d"]);
}

#[test]
fn values_that_are_not_copy_are_lent_and_moved() {
    struct Order(String);
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Order>::new()
        .tap(|mut log: ResMut<Log>, order: &Order| log.push(order.0.clone()), reg)
        .guard(|order: &Order| !order.0.is_empty(), reg)
        .map(|order: Order| order.0.len(), reg)
        .build();
    assert_eq!(chain.run(&mut world, Order("abc".into())), Some(3));
    assert_eq!(chain.run(&mut world, Order(String::new())), None);
}

#[test]
fn a_chain_with_a_context_takes_it_where_it_wants() {
    #[derive(Default)]
    struct Connection {
        bytes: usize,
        errors: usize,
    }
    fn count(connection: &mut Connection, frame: &[u8]) -> Result<usize, ()> {
        connection.bytes += frame.len();
        if frame.is_empty() { Err(()) } else { Ok(frame.len()) }
    }
    fn complain(connection: &mut Connection, mut log: ResMut<Log>, (): ()) {
        connection.errors += 1;
        log.push(format!("error {}", connection.errors));
    }
    fn store(world: &mut World, n: usize) {
        *world.resource_mut::<i64>() += i64::try_from(n).unwrap();
    }
    let mut world = world();
    let reg = world.registry();
    let chain = || {
        PipelineStart::<&[u8]>::borrowed()
            .with_context::<Connection>()
            .then(count, reg)
            .catch(complain, reg)
            .filter(|connection: &mut Connection, n: &usize| connection.bytes >= *n, reg)
            .map(store, reg)
            .build()
    };
    let (kept, mut lent) = (chain(), chain());

    let mut callback = kept.into_callback(Connection::default());
    for n in [3, 0, 4] {
        let frame = vec![0; n];
        callback.run(&mut world, &frame);
    }
    assert_eq!((callback.ctx.bytes, callback.ctx.errors, *world.resource::<i64>()), (7, 1, 7));

    let mut connections = [Connection::default(), Connection::default()];
    for (n, connection) in connections.iter_mut().enumerate() {
        lent.run_with(connection, &mut world, &[1, 2, 3][..n]);
    }
    assert_eq!((connections[0].errors, connections[1].bytes), (1, 1));
}

#[test]
fn a_pipeline_is_a_handler() {
    let mut world = world();
    let reg = world.registry();
    let unit = PipelineStart::<u64>::new().then(add_limit, reg).then(log_it, reg).build();
    let optional = PipelineStart::<u64>::new().guard(|x: &u64| *x > 1, reg).map(log_it, reg).build();
    assert!(unit.name().ends_with("add_limit"), "{}", unit.name());
    assert_eq!(format!("{unit:?}"), "Pipeline<u64>(it::chains::add_limit)");
    let mut all: Vec<Virtual<u64>> = vec![Box::new(unit), Box::new(optional)];
    for handler in &mut all {
        handler.run(&mut world, 1);
        handler.run(&mut world, 2);
    }
    assert_eq!(*world.resource::<Log>(), ["11", "12", "2"]);
}

#[test]
fn a_function_can_return_a_pipeline() {
    fn logger(world: &World) -> impl Handler<u64> + use<> {
        PipelineStart::<u64>::new().then(log_it, world.registry()).build()
    }
    let mut world = world();
    let mut handler = logger(&world);
    handler.run(&mut world, 5);
    assert_eq!(*world.resource::<Log>(), ["5"]);
}

#[test]
fn a_pipeline_of_no_params_runs_too() {
    let mut world = world();
    let mut chain = PipelineStart::<u64>::new().then(double, world.registry()).then(double, world.registry()).build();
    assert_eq!(chain.run(&mut world, 3), 12);
}

#[test]
fn mutable_events_pass_through() {
    let mut world = world();
    let mut chain: Pipeline<&mut Vec<u64>, _> = PipelineStart::<&mut Vec<u64>>::new()
        .then(
            |limit: Res<u64>, out: &mut Vec<u64>| {
                out.push(*limit);
            },
            world.registry(),
        )
        .build();
    let mut out = vec![];
    chain.run(&mut world, &mut out);
    assert_eq!(out, [10]);
}
