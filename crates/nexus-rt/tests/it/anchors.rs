//! No way of adding a function to a chain hides it: one that belongs to another world is found when the chain is built.
//! It is what lets a chain compare identities once per run.

use nexus_rt::chain::ViewAt;
use nexus_rt::{
    Cloned, DagStart, HandlerTemplate, IntoHandler, PipelineStart, Registry, Res, ResMut, cases, handler_blueprint,
};

use crate::support::{Log, panic_of, world};

struct Whole;

impl<'a> ViewAt<'a, u64> for Whole {
    type Item = &'a u64;

    fn view(value: &'a u64) -> &'a u64 {
        value
    }
}

handler_blueprint!(Stamped, Event = u64, Params = (ResMut<'static, Log>,));

fn to_u64(_: Res<u64>) -> u64 {
    1
}

fn to_bool(_: Res<u64>) -> bool {
    true
}

fn value(_: Res<u64>, x: u64) -> u64 {
    x
}

fn look(_: Res<u64>, _: &u64) {}

fn holds(_: Res<u64>, _: &u64) -> bool {
    true
}

fn option(_: Res<u64>, x: u64) -> Option<u64> {
    Some(x)
}

fn result(_: Res<u64>, x: u64) -> Result<u64, u64> {
    Ok(x)
}

fn ignore(_: Res<u64>, _: u64) {}

fn note(mut log: ResMut<Log>, x: u64) {
    log.push(x.to_string());
}

type Builds = fn(&Registry, &Registry);

/// Each begins with a function of the first world and adds one of the second, and of the first again.
const CHAINS: &[(&str, Builds)] = &[
    ("then", |a, b| _ = PipelineStart::<u64>::new().then(value, a).then(value, b).build()),
    ("then, by reference", |a, b| _ = PipelineStart::<u64>::new().then(value, a).then(look, b).build()),
    ("then, the first of all", |a, b| _ = PipelineStart::<u64>::new().then(value, b).then(value, a).build()),
    ("tap", |a, b| _ = PipelineStart::<u64>::new().then(value, a).tap(look, b).build()),
    ("guard", |a, b| _ = PipelineStart::<u64>::new().then(value, a).guard(holds, b).build()),
    ("tee", |a, b| _ = PipelineStart::<u64>::new().then(value, a).tee(|t| t.then(look, b)).build()),
    ("view", |a, b| _ = PipelineStart::<u64>::new().then(value, a).view::<Whole, _, _>(|v| v.then(look, b)).build()),
    ("scan", |a, b| {
        let scan = |sum: &mut u64, x: u64| *sum + x;
        _ = PipelineStart::<u64>::new().then(value, a).scan(0, scan, b).build();
    }),
    ("splat", |a, b| {
        let two = |_: Res<u64>, x: u64, y: u64| x + y;
        _ = PipelineStart::<u64>::new().then(|_: Res<u64>, x: u64| (x, x), a).splat().then(two, b).build();
    }),
    ("dispatch", |a, b| {
        _ = PipelineStart::<u64>::new().then(value, a).dispatch(note.into_handler(b)).build();
    }),
    ("dispatch of a stamped handler", |a, b| {
        let stamped = HandlerTemplate::<Stamped>::new(note, b).generate();
        _ = PipelineStart::<u64>::new().then(value, a).dispatch(stamped).build();
    }),
    ("dispatch through an adapter", |a, b| {
        _ = PipelineStart::<&u64>::borrowed()
            .tap(|_: Res<u64>, _: &&u64| {}, a)
            .dispatch(Cloned(note.into_handler(b)))
            .build();
    }),
    ("map", |a, b| _ = PipelineStart::<u64>::new().then(option, a).map(value, b).build()),
    ("and_then", |a, b| _ = PipelineStart::<u64>::new().then(option, a).and_then(option, b).build()),
    ("filter", |a, b| _ = PipelineStart::<u64>::new().then(option, a).filter(holds, b).build()),
    ("inspect", |a, b| _ = PipelineStart::<u64>::new().then(option, a).inspect(look, b).build()),
    ("on_none", |a, b| _ = PipelineStart::<u64>::new().then(option, a).on_none(|_: Res<u64>| {}, b).build()),
    ("ok_or_else", |a, b| _ = PipelineStart::<u64>::new().then(option, a).ok_or_else(to_u64, b).build()),
    ("unwrap_or_else", |a, b| _ = PipelineStart::<u64>::new().then(option, a).unwrap_or_else(to_u64, b).build()),
    ("map of a result", |a, b| _ = PipelineStart::<u64>::new().then(result, a).map(value, b).build()),
    ("and_then of a result", |a, b| _ = PipelineStart::<u64>::new().then(result, a).and_then(result, b).build()),
    ("inspect of a result", |a, b| _ = PipelineStart::<u64>::new().then(result, a).inspect(look, b).build()),
    ("catch", |a, b| _ = PipelineStart::<u64>::new().then(result, a).catch(ignore, b).build()),
    ("map_err", |a, b| _ = PipelineStart::<u64>::new().then(result, a).map_err(value, b).build()),
    ("or_else", |a, b| _ = PipelineStart::<u64>::new().then(result, a).or_else(result, b).build()),
    ("inspect_err", |a, b| _ = PipelineStart::<u64>::new().then(result, a).inspect_err(look, b).build()),
    ("unwrap_or_else of a result", |a, b| {
        _ = PipelineStart::<u64>::new().then(result, a).unwrap_or_else(value, b).build();
    }),
    ("and", |a, b| _ = PipelineStart::<u64>::new().then(holds, a).and(to_bool, b).build()),
    ("or", |a, b| _ = PipelineStart::<u64>::new().then(holds, a).or(to_bool, b).build()),
    ("xor", |a, b| _ = PipelineStart::<u64>::new().then(holds, a).xor(to_bool, b).build()),
    ("the predicate of a case", |a, b| {
        _ = PipelineStart::<u64>::new().then(value, a).route(|r| r.case(holds, b, |x| x).or(|x| x)).build();
    }),
    ("a case", |a, b| {
        let chain = PipelineStart::<u64>::new().then(value, a);
        _ = chain.route(|r| r.case(holds, a, |x| x.then(value, b)).or(|x| x)).build();
    }),
    ("the last case", |a, b| {
        let chain = PipelineStart::<u64>::new().then(value, a);
        _ = chain.route(|r| r.case(holds, a, |x| x).or(|x| x.then(value, b))).build();
    }),
    ("the first case of a match", |a, b| {
        let chain = PipelineStart::<u64>::new().then(value, a);
        _ = chain
            .route(cases!(|x: u64| match x {
                0 => (x, |x| x.then(value, b)),
                _ => (x, |x| x),
            }))
            .build();
    }),
    ("the last case of a match", |a, b| {
        let chain = PipelineStart::<u64>::new().then(value, a);
        _ = chain
            .route(cases!(|x: u64| match x {
                0 => (x, |x| x),
                _ => (x, |x| x.then(value, b)),
            }))
            .build();
    }),
    ("the first arm", |a, b| {
        let fork = DagStart::<u64>::new().root(value, a).fork();
        _ = fork.arm(|x| x.then(look, b)).arm(|x| x.then(look, a)).join().build();
    }),
    ("the last arm", |a, b| {
        let fork = DagStart::<u64>::new().root(value, a).fork();
        _ = fork.arm(|x| x.then(look, a)).arm(|x| x.then(look, a)).arm(|x| x.then(look, b)).join().build();
    }),
    ("merge", |a, b| {
        let fork = DagStart::<u64>::new().root(value, a).fork().arm(|x| x.then(holds, a)).arm(|x| x.then(holds, a));
        _ = fork.merge(|_: Res<u64>, x: &bool, y: &bool| *x && *y, b).build();
    }),
    ("a batch", |a, b| _ = PipelineStart::<u64>::new().then(value, a).then(ignore, b).build_batch(4)),
    ("a chain with a context", |a, b| {
        let first = |_: &mut u8, _: Res<u64>, x: u64| x;
        let second = |_: &mut u8, _: Res<u64>, _: u64| {};
        _ = PipelineStart::<u64>::new().with_context::<u8>().then(first, a).then(second, b).build();
    }),
];

#[test]
fn a_function_of_another_world_is_found_wherever_it_stands() {
    let (a, b) = (world(), world());
    for (name, builds) in CHAINS {
        let text = panic_of(|| builds(a.registry(), b.registry()));
        assert!(text.contains("in the same chain"), "{name}: {text}");
        // With one world each of them builds.
        builds(a.registry(), a.registry());
    }
}
