//! Something around each function of a pipeline: in every kind of step, once, and nothing else is another.

use std::cell::RefCell;
use std::rc::Rc;

use nexus_rt::chain::{Around, ViewAt};
use nexus_rt::plan::{Node, Plan};
use nexus_rt::{Describe, IntoHandler, PipelineStart, ResMut, Sequence, World, WorldBuilder};

type Log = Rc<RefCell<Vec<&'static str>>>;

/// Notes each run of a function by its name.
struct Note(&'static str, Log);

impl Around for Note {
    fn around<Out>(&mut self, _: Sequence, run: impl FnOnce() -> Out) -> Out {
        self.1.borrow_mut().push(self.0);
        run()
    }

    fn mark(&self) -> Option<u64> {
        Some(7)
    }
}

/// A note for each function, by the last part of its name.
fn noting(log: &Log) -> impl Fn(&dyn Describe) -> Note + use<> {
    struct Shown<'f>(&'f dyn Describe);
    impl Describe for Shown<'_> {
        fn describe(&self, visitor: &mut dyn nexus_rt::plan::Visitor) {
            self.0.describe(visitor);
        }
    }
    let log = log.clone();
    move |function| Note(Shown(function).name().rsplit("::").next().unwrap_or_default(), log.clone())
}

/// How many functions a plan has, and how many of them are marked.
fn marked(nodes: &[Node]) -> (usize, usize) {
    nodes.iter().fold((0, 0), |(all, marked_so_far), node| match node {
        Node::Function(function) => (all + 1, marked_so_far + usize::from(function.mark.is_some())),
        Node::Part { nodes, .. } => {
            let (inside, of_them) = marked(nodes);
            (all + inside, marked_so_far + of_them)
        }
        _ => (all, marked_so_far),
    })
}

fn forms(plan: &Plan) -> [String; 4] {
    [plan.to_string(), plan.to_dot(), plan.to_mermaid(), plan.to_json()]
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    builder.build()
}

fn even(x: &u64) -> bool {
    x.is_multiple_of(2)
}

fn half(x: u64) -> Result<u64, String> {
    if x > 100 { Err("large".into()) } else { Ok(x / 2) }
}

fn large(_: String) {}

fn same(x: &u64) -> u64 {
    *x
}

fn next(x: &u64) -> u64 {
    x + 1
}

fn both(one: &u64, two: &u64) -> (u64, u64) {
    (*one, *two)
}

fn product(one: u64, two: u64) -> u64 {
    one * two
}

fn sum(sum: &mut u64, x: u64) -> u64 {
    *sum += x;
    *sum
}

fn look(_: &u64) {}

fn viewed(_: u64) {}

fn add(mut total: ResMut<u64>, x: u64) {
    *total += x;
}

struct Whole;

impl<'a> ViewAt<'a, u64> for Whole {
    type Item = u64;

    fn view(value: &'a u64) -> u64 {
        *value
    }
}

#[test]
fn every_function_is_enclosed_once_and_the_plan_and_the_outputs_are_as_they_were() {
    let mut world = world();
    let reg = world.registry();
    let build = || {
        PipelineStart::<u64>::new()
            .route(|r| {
                r.case(even, reg, |x| x.then(half, reg).catch(large, reg)).or(|x| x.then(|_: u64| None::<u64>, reg))
            })
            .inspect(look, reg)
            .unwrap_or(1)
            .fork()
            .arm(|x| x.then(same, reg))
            .arm(|x| x.then(next, reg))
            .merge(both, reg)
            .splat()
            .then(product, reg)
            .scan(0, sum, reg)
            .tee(|x| x.then(look, reg))
            .view::<Whole, _, _>(|x| x.then(viewed, reg))
            .build()
    };
    let (mut plain, log) = (build(), Log::default());
    let mut noted = build().around_each(noting(&log));
    assert_eq!(forms(&plain.plan()), forms(&noted.plan()));
    let (functions, with_mark) = marked(&noted.plan().nodes);
    assert_eq!((functions, with_mark, marked(&plain.plan().nodes)), (12, 12, (12, 0)));

    assert_eq!([6, 7, 102].map(|x| plain.run(&mut world, x)), [12, 14, 16]);
    assert_eq!(noted.run(&mut world, 6), 12);
    let rest = ["same", "next", "both", "product", "sum", "look", "viewed"];
    assert_eq!(log.take(), [&["even", "half", "look"][..], &rest].concat());
    assert_eq!(noted.run(&mut world, 7), 14);
    assert_eq!(log.take(), [&["even", "{{closure}}"][..], &rest].concat());
    assert_eq!(noted.run(&mut world, 102), 16);
    assert_eq!(log.take(), [&["even", "half", "large"][..], &rest].concat());
}

#[test]
fn handlers_that_are_dispatched_to_and_borrowed_events_are_left_as_they_are() {
    let mut world = world();
    let reg = world.registry();
    let log = Log::default();
    let chain = PipelineStart::<&u64>::borrowed().then(next, reg).dispatch(add.into_handler(reg)).build();
    let mut chain = chain.around_each(noting(&log));
    for x in [1, 2] {
        chain.run(&mut world, &x);
    }
    assert_eq!((*world.resource::<u64>(), log.take()), (5, vec!["next", "next"]));
    assert_eq!(marked(&chain.plan().nodes), (2, 1));
}
