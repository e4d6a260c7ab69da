//! Everything that runs is measured, and stays what it was.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_gauge::{Board, Meter};
use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, System};
use nexus_rt::{
    Broadcast, CallbackTemplate, DagStart, Describe, Handler, IntoCallback, IntoHandler, PipelineStart, Res, ResMut,
    Virtual, World, WorldBuilder, callback_blueprint, fan_out,
};

fn add(mut sum: ResMut<u64>, x: u64) {
    *sum += x;
}

fn double(x: u64) -> u64 {
    2 * x
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    builder.build()
}

/// Runs and timed runs of the only meter.
fn seen(board: &Board) -> (u64, u64) {
    let [meter] = &board.meters()[..] else { panic!("{board:?}") };
    (meter.runs(), meter.latency().count())
}

callback_blueprint!(Counts, Context = u64, Event = u64, Params = ());

fn sum(world: &World) -> u64 {
    *world.resource::<u64>()
}

#[test]
fn a_handler() {
    let (mut world, board) = (world(), Board::new());
    let plain = add.into_handler(world.registry());
    let plan = plain.plan();
    let mut timed = board.timed(plain);
    (1..=3).for_each(|x| timed.run(&mut world, x));
    assert_eq!((sum(&world), seen(&board), timed.meter().name()), (6, (3, 3), "add"));
    assert_eq!(timed.plan().to_string(), plan.to_string());
    world.next_sequence();
    assert!(!timed.inputs_changed(&world));
}

#[test]
fn one_of_so_many_runs_is_timed_and_all_are_counted() {
    let (mut world, board) = (world(), Board::new());
    let mut timed = board.sampled(64, add.into_handler(world.registry()));
    (0..129).for_each(|_| timed.run(&mut world, 1));
    assert_eq!((sum(&world), seen(&board)), (129, (129, 3)));
}

#[test]
fn a_callback_a_template_and_their_clones_share_a_meter() {
    let (mut world, board) = (world(), Board::new());
    let count = |count: &mut u64, x: u64| *count += x;
    let mut first = board.timed(count.into_callback(0, world.registry()));
    let mut second = first.clone();
    first.run(&mut world, 1);
    second.run(&mut world, 2);
    assert_eq!((first.inner().ctx, second.inner().ctx, seen(&board)), (1, 2, (2, 2)));

    let template = CallbackTemplate::<Counts>::new(|count: &mut u64, x: u64| *count += x, world.registry());
    let board = Board::new();
    let mut stamped = board.named("stamped").timed(template.generate(5));
    stamped.run(&mut world, 1);
    assert_eq!((stamped.inner().ctx, seen(&board)), (6, (1, 1)));
}

#[test]
fn a_pipeline_as_a_handler_and_as_itself() {
    let (mut world, board) = (world(), Board::new());
    let reg = world.registry();
    let handler = PipelineStart::<u64>::new().then(double, reg).then(add, reg).build();
    let mut boxed: Virtual<u64> = Box::new(board.timed(handler));
    boxed.run(&mut world, 2);
    assert_eq!((sum(&world), seen(&board)), (4, (1, 1)));

    let board = Board::new();
    let reg = world.registry();
    let mut output = board.timed(PipelineStart::<u64>::new().then(double, reg).build()).into_pipeline();
    assert_eq!((output.run(&mut world, 4), seen(&board)), (8, (1, 1)));
    let mut plan = output.plan();
    board.annotate(&mut plan);
    assert!(plan.to_string().ends_with(", 1 runs\n"), "{plan}");
    let mut boxed = output.boxed();
    assert_eq!((boxed.run(&mut world, 5), seen(&board)), (10, (2, 2)));

    let board = Board::new();
    let length = |line: &str| line.len();
    let reg = world.registry();
    let lines = PipelineStart::<&str>::borrowed().then(length, reg).then(|n: usize| n > 0, reg).build();
    let mut lines = board.timed(lines).into_pipeline();
    for text in ["", "one"] {
        let line = text.to_owned();
        assert_eq!(lines.run(&mut world, &line), !text.is_empty());
    }
    assert_eq!(
        (seen(&board), &lines.boxed().plan().name[..]),
        ((2, 2), "closure in a_pipeline_as_a_handler_and_as_itself")
    );
}

#[test]
fn a_dag_a_fan_out_and_a_handler_within_a_chain() {
    let (mut world, board) = (world(), Board::new());
    let reg = world.registry();
    let twice = |x: &u64| 2 * *x;
    let merge = |mut sum: ResMut<u64>, a: &u64, b: &u64| *sum += a + b;
    let dag = DagStart::<u64>::new().root(double, reg).fork();
    let dag = dag.arm(|x| x.then(twice, reg)).arm(|x| x.then(twice, reg)).merge(merge, reg).build();
    let mut dag = board.timed(dag);
    dag.run(&mut world, 1);
    assert_eq!((sum(&world), seen(&board)), (8, (1, 1)));

    let (board, reg) = (Board::new(), world.registry());
    let more = |mut sum: ResMut<u64>, x: &u64| *sum += *x;
    let two = fan_out!(board.timed(more.into_handler(reg)), board.timed(more.into_handler(reg)));
    let mut chain = PipelineStart::<u64>::new().then(double, reg).dispatch(two).build();
    chain.run(&mut world, 1);
    assert_eq!((sum(&world), board.meters().iter().map(Meter::runs).collect::<Vec<_>>()), (12, vec![1, 1]));
}

#[test]
fn a_batch_as_a_whole_and_each_item() {
    let (mut world, board) = (world(), Board::new());
    let mut batch = board.timed(PipelineStart::<u64>::new().then(add, world.registry()).build_batch(4));
    batch.inner_mut().input_mut().extend([1, 2, 3]);
    batch.measure(&mut world, |batch, world| batch.run(world));
    assert_eq!((sum(&world), seen(&board)), (6, (1, 1)));

    let (board, reg) = (Board::new(), world.registry());
    let each = board.timed(add.into_handler(reg));
    let mut batch = PipelineStart::<u64>::new().dispatch(each).then(|()| (), reg).build_batch(4);
    batch.input_mut().extend([1, 2, 3]);
    batch.run(&mut world);
    assert_eq!((sum(&world), seen(&board)), (12, (3, 3)));
}

#[test]
fn a_system_alone_and_in_a_scheduler_which_is_a_handler() {
    fn small(sum: Res<u64>) -> bool {
        *sum < 2
    }
    fn more(mut sum: ResMut<u64>) {
        *sum += 1;
    }
    let (mut world, board) = (world(), Board::new());
    let mut alone = board.timed(small.into_system(world.registry()));
    assert!(System::run(&mut alone, &mut world));
    assert_eq!(seen(&board), (1, 1));

    let (board, reg) = (Board::new(), world.registry());
    let mut systems = SchedulerBuilder::new();
    let upstream = systems.add(board.timed(small.into_system(reg)));
    let downstream = systems.add(board.timed(PipelineStart::<()>::new().then(|()| (), reg).build()));
    let last = systems.add(board.timed(more.into_system(reg)));
    systems.after(downstream, upstream).after(last, downstream);
    let mut scheduler = board.named("all systems").timed(systems.build().unwrap());
    (0..5).for_each(|_| scheduler.run(&mut world, ()));
    let runs: Vec<_> = board.meters().iter().map(Meter::runs).collect();
    assert_eq!((sum(&world), runs), (2, vec![5, 2, 2, 5]));
}

#[test]
fn names_are_those_of_functions_and_never_two_of_a_kind() {
    let (world, board) = (world(), Board::new());
    let reg = world.registry();
    _ = [board.timed(add.into_handler(reg)), board.timed(add.into_handler(reg))];
    _ = board.named("mine").sampled(2, add.into_handler(reg));
    _ = board.named("mine").timed((|_: u64| {}).into_handler(reg));
    _ = board.timed((|_: u64| {}).into_handler(reg));
    let names: Vec<_> = board.meters().iter().map(|meter| meter.name().to_owned()).collect();
    let closure = "closure in names_are_those_of_functions_and_never_two_of_a_kind";
    assert_eq!(names, ["add", "add #2", "mine", "mine #2", closure]);
}

#[test]
#[should_panic(expected = "one run in 60 cannot be timed: use a power of two, such as 64")]
fn one_in_sixty_is_no_sample() {
    let world = world();
    _ = Board::new().sampled(60, add.into_handler(world.registry()));
}

#[test]
fn a_run_that_panics_is_counted_and_not_timed() {
    let (mut world, board) = (world(), Board::new());
    let mut timed = board.timed((|x: u64| assert_ne!(x, 2)).into_handler(world.registry()));
    for x in 1..=3 {
        assert_eq!(catch_unwind(AssertUnwindSafe(|| timed.run(&mut world, x))).is_err(), x == 2);
    }
    assert_eq!(seen(&board), (3, 2));
}

#[test]
fn a_plan_tells_two_runs_of_one_function_apart() {
    let (mut world, board) = (world(), Board::new());
    let reg = world.registry();
    let mut often = board.sampled(1 << 20, add.into_handler(reg));
    let chain = PipelineStart::<u64>::new()
        .tee(|x| x.dispatch(nexus_rt::Cloned(add.into_handler(reg))))
        .then(double, reg)
        .dispatch(often.clone())
        .build();
    let mut whole = board.named("whole").sampled(1 << 20, chain);
    (0..1_233).for_each(|_| often.run(&mut world, 1));
    whole.run(&mut world, 1);
    let mut plan = whole.plan();
    board.annotate(&mut plan);
    let text = plan.to_string();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("add")).collect();
    assert!(lines[1].contains("3 functions: p50 ") && lines[1].ends_with(", 1 runs"), "{text}");
    assert!(lines[2].contains("  p50 ") && lines[2].ends_with("s, 1,234 runs"), "{text}");
    assert!(!text.contains("double     p50"), "{text}");
    // What shows no function leaves its mark to no other.
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new().tee(|x| x.dispatch(board.timed(Broadcast::<u64>::new()))).then(double, reg);
    let mut plan = chain.build().plan();
    board.annotate(&mut plan);
    assert!(!plan.to_string().contains("runs"), "{plan}");
    // Another board knows nothing of it.
    let mut plan = whole.plan();
    Board::new().annotate(&mut plan);
    assert_eq!(plan, whole.plan());
}

/// A handler that uses its board while it is described, as it may.
struct Curious(Board);

impl Describe for Curious {
    fn describe(&self, _: &mut dyn nexus_rt::plan::Visitor) {
        self.0.counter("described", "How often.").add(1);
        assert!(self.0.meters().len() < 2 && !self.0.json().is_empty());
    }
}

#[test]
fn a_handler_may_use_the_board_while_it_is_described() {
    let board = Board::new();
    let timed = board.named("curious").timed(Curious(board.clone()));
    assert_eq!(timed.meter().name(), "curious");
    assert!(catch_unwind(AssertUnwindSafe(|| board.named("odd").sampled(3, Curious(board.clone())))).is_err());
    let odd = board.named("odd").timed(Curious(board.clone()));
    assert_eq!((odd.meter().name(), board.meters().len()), ("odd", 2), "what was refused took no name");
}

#[test]
fn what_has_not_run_has_no_figures() {
    let (world, board) = (world(), Board::new());
    let timed = board.timed(add.into_handler(world.registry()));
    let probe = board.probe(&PipelineStart::<u64>::new().then(double, world.registry()).build());
    let mut plan = timed.plan();
    board.annotate(&mut plan);
    assert!(plan.to_string().contains("0 runs") && !plan.to_string().contains("p50"), "{plan}");
    assert_eq!(board.meters().iter().map(Meter::name).collect::<Vec<_>>(), ["add", "double"]);
    assert!(board.table().lines().skip(1).all(|line| line.ends_with("0.0 %")), "{}", board.table());
    drop(probe);
}
