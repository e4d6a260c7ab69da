//! Pipelines whose type is forgotten, and plans of what is chosen at run time.

use std::any::type_name_of_val;

use nexus_rt::chain::ByReference;
use nexus_rt::{BoxedPipeline, Describe, Handler, PipelineStart, Registry, Res, ResMut, World};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

fn check(limit: Res<u64>, x: u64) -> Result<u64, String> {
    if x <= *limit { Ok(x) } else { Err(format!("{x} is too much")) }
}

fn drop_error(_: String) {}

fn note(mut log: ResMut<Log>, line: &str) -> usize {
    log.push(line.into());
    line.len()
}

fn checked(reg: &Registry) -> BoxedPipeline<u64, Result<u64, String>> {
    PipelineStart::<u64>::new().then(check, reg).map(|x: u64| x + 1, reg).build().boxed()
}

#[test]
fn a_boxed_pipeline_runs_and_shows_what_it_did_before() {
    fn assert_send<T: Send>(_: &T) {}
    let mut world = world();
    let pipeline = PipelineStart::<u64>::new().then(check, world.registry()).ok().build();
    let boxed: BoxedPipeline<u64, Option<u64>> = pipeline.clone().boxed();
    assert_eq!((boxed.plan(), boxed.name()), (pipeline.plan(), pipeline.name()));
    let mut table = [checked(world.registry()), checked(world.registry())];
    assert_eq!([3, 10, 11].map(|x| table[1].run(&mut world, x).ok()), [Some(4), Some(11), None]);
    assert_send(&table);
}

#[test]
fn it_borrows_anew_for_each_run_and_takes_a_context_from_outside() {
    let mut world = world();
    let reg = world.registry();
    let count = |lines: &mut usize, n: usize| {
        *lines += 1;
        n
    };
    let pipeline = PipelineStart::<&str>::borrowed().with_context::<usize>().then(note, reg).then(count, reg).build();
    let mut pipeline: BoxedPipeline<str, usize, usize, ByReference> = pipeline.boxed();
    let (mut line, mut lines) = (String::new(), 0);
    for text in ["one", "three"] {
        line.replace_range(.., text);
        assert_eq!(pipeline.run_with(&mut lines, &mut world, &line), text.len());
    }
    assert_eq!((lines, world.resource::<Log>().len()), (2, 2));
}

#[test]
fn it_is_a_handler_a_callback_and_a_step_as_others_are() {
    let mut world = world();
    let reg = world.registry();
    let add = |mut sum: ResMut<i64>, x: u64| *sum += x.cast_signed();
    let adding = || PipelineStart::<u64>::new().then(add, reg).build().boxed();
    let mut handlers: Vec<Box<dyn Handler<u64>>> = vec![Box::new(adding()), Box::new(adding())];
    let chain = PipelineStart::<u64>::new().then(check, reg).ok().map(|x: u64| x, reg).unwrap_or(1);
    let mut last = chain.dispatch(adding()).build();
    let counting = |n: &mut u64, x: u64| *n += x;
    let counting = PipelineStart::<u64>::new().with_context::<u64>().then(counting, reg).build().boxed();
    let mut callback = counting.into_callback(5);
    handlers.iter_mut().for_each(|handler| handler.run(&mut world, 2));
    last.run(&mut world, 8);
    last.run(&mut world, 80);
    callback.run(&mut world, 2);
    assert_eq!((*world.resource::<i64>(), callback.ctx), (2 + 2 + 8 + 1, 7));
    assert!(last.plan().to_string().contains("dispatch"));
}

#[test]
fn it_keeps_to_its_world() {
    let (mut here, mut there) = (world(), world());
    let mut boxed = checked(here.registry());
    refuses_world("check", || _ = boxed.run(&mut there, 1));
    let swap = move |world: &mut World, _: u64| std::mem::swap(world, &mut there);
    let mut swapping = PipelineStart::<u64>::new().then(swap, here.registry()).build().boxed();
    notices_replacement("it_keeps_to_its_world", || swapping.run(&mut here, 1));
}

#[test]
fn a_plan_takes_the_plans_of_what_a_function_chooses_from() {
    let world = world();
    let reg = world.registry();
    let mut table = [checked(reg), checked(reg)];
    let plans: Vec<_> = table.iter().map(Describe::plan).collect();
    let choose = move |world: &mut World, (place, x): (usize, u64)| table[place].run(world, x);
    let name = type_name_of_val(&choose);
    let chain = PipelineStart::<(usize, u64)>::new().then(choose, reg).catch(drop_error, reg).build();
    let plan = chain.plan().nest(name, plans);
    let text = plan.to_string();
    assert_eq!(text.matches("case").count(), 2, "{text}");
    assert_eq!(text.matches("├─ check").count(), 2, "{text}");
    assert!(!text.contains("the whole world"), "{text}");
    // The rest is as it was, and each form draws it.
    assert!(text.contains("catch") && plan.to_dot().contains("check") && plan.to_json().contains("\"case\""));
    let text = panic_of(|| chain.plan().nest("choose", []));
    assert!(text.starts_with("0 functions of `closure in a_plan_takes") && text.contains("are `choose`"), "{text}");
}

#[test]
fn a_plan_refuses_a_name_that_stands_in_it_twice_and_draws_a_route_without_cases() {
    let world = world();
    let reg = world.registry();
    let choose = |_: &mut World, x: u64| x;
    let chain = PipelineStart::<u64>::new().then(|x: u64| x + 1, reg).then(choose, reg).build();
    let text = panic_of(|| chain.plan().nest(type_name_of_val(&choose), []));
    assert!(text.starts_with("2 functions of `closure in a_plan_refuses"), "{text}");
    let named = PipelineStart::<u64>::new().then(check, reg).ok().build();
    let graph = named.plan().nest(type_name_of_val(&check), []).to_mermaid();
    assert!(graph.contains("n1 --> n2") || graph.contains("n1 -->"), "{graph}");
}
