//! DAGs: forks, arms, merges and joins.

use std::collections::BTreeMap;

use nexus_rt::{Dag, DagStart, Describe, Handler, Local, PipelineStart, Res, ResMut, Virtual, World};

use crate::support::{Log, notices_replacement, refuses_world, world};

/// Neither `Clone` nor `Copy`: arms borrow it.
struct Event(u64);

fn add(x: &Event) -> u64 {
    x.0 + 1
}

fn times(limit: Res<u64>, x: &Event) -> u64 {
    x.0 * *limit
}

#[test]
fn arms_borrow_and_merge() {
    let mut world = world();
    let reg = world.registry();
    let mut dag: Dag<u64, _> = DagStart::<u64>::new()
        .root(Event, reg)
        .fork()
        .arm(|e| e.then(add, reg).then(|x: u64| x.to_string(), reg))
        .arm(|e| e.then(times, reg))
        .merge(
            |mut log: ResMut<Log>, a: &String, b: &u64| {
                log.push(format!("{a} {b}"));
                *b
            },
            reg,
        )
        .then(|x: u64| x + 1, reg)
        .build();
    assert_eq!([1, 2].map(|x| dag.run(&mut world, x)), [11, 21]);
    assert_eq!(*world.resource::<Log>(), ["2 10", "3 20"]);
}

#[test]
fn forks_have_two_to_eight_arms() {
    let mut world = world();
    macro_rules! forks {
        ($($n:literal: $($arm:ident)*;)*) => {$(
            let reg = world.registry();
            let mut dag = DagStart::<u64>::new()
                .root(Event, reg)
                .fork()
                $(.arm(|e| e.then(|e: &Event| { let _ = stringify!($arm); e.0 }, reg)))*
                .merge(|$($arm: &u64),*| 0 $(+ *$arm)*, reg)
                .build();
            assert_eq!(dag.run(&mut world, 3), 3 * $n);
        )*};
    }

    forks! {
        2: a b;
        3: a b c;
        4: a b c d;
        5: a b c d e;
        6: a b c d e f;
        7: a b c d e f g;
        8: a b c d e f g h;
    }
}

#[test]
fn forks_nest_and_carry_options_and_results() {
    let mut world = world();
    let reg = world.registry();
    let mut dag = DagStart::<u64>::new()
        .root(Event, reg)
        .fork()
        .arm(|e| {
            e.then(|e: &Event| e.0, reg)
                .fork()
                .arm(|x| x.then(|x: &u64| *x + 1, reg))
                .arm(|x| {
                    x.then(|x: &u64| vec![*x; 2], reg)
                        .fork()
                        .arm(|v| v.then(|v: &Vec<u64>| v.len() as u64, reg))
                        .arm(|v| v.then(|v: &Vec<u64>| v.iter().sum::<u64>(), reg))
                        .merge(|a: &u64, b: &u64| *a + *b, reg)
                })
                .merge(|a: &u64, b: &u64| *a * *b, reg)
        })
        .arm(|e| {
            e.then(|e: &Event| (e.0 > 1).then_some(e.0), reg)
                .map(|x: u64| x * 2, reg)
                .ok_or("small")
                .inspect_err(|mut log: ResMut<Log>, e: &&str| log.push((*e).into()), reg)
        })
        .merge(|a: &u64, b: &Result<u64, &'static str>| b.map(|b| *a + b), reg)
        .unwrap_or(0)
        .build();
    assert_eq!([1, 3].map(|x| dag.run(&mut world, x)), [0, 38]);
    assert_eq!(*world.resource::<Log>(), ["small"]);
}

#[test]
fn arms_that_give_nothing_are_joined() {
    let mut world = world();
    let reg = world.registry();
    let dag = DagStart::<u64>::new()
        .root(Event, reg)
        .fork()
        .arm(|e| e.then(add, reg).then(|mut log: ResMut<Log>, x: u64| log.push(format!("a{x}")), reg))
        .arm(|e| {
            e.then(times, reg)
                .guard(|x: &u64| *x > 10, reg)
                .map(|mut log: ResMut<Log>, x: &u64| log.push(format!("b{x}")), reg)
        })
        .join()
        .then(|mut log: ResMut<Log>, (): ()| log.push("end".into()), reg)
        .build();
    let mut handler: Virtual<u64> = Box::new(dag);
    handler.run(&mut world, 1);
    handler.run(&mut world, 2);
    assert_eq!(*world.resource::<Log>(), ["a2", "end", "a3", "b20", "end"]);
}

#[test]
fn a_dag_of_borrowed_events_and_one_with_a_context() {
    let mut world = world();
    let reg = world.registry();
    let mut words = DagStart::<&str>::borrowed()
        .root(|text: &str| text.len(), reg)
        .fork()
        .arm(|n| n.then(|n: &usize| *n * 2, reg))
        .arm(|n| n.then(|n: &usize| *n + 1, reg))
        .merge(|a: &usize, b: &usize| a + b, reg)
        .build();
    for text in ["a", "abc"] {
        let text = text.to_owned();
        assert_eq!(words.run(&mut world, &text), text.len() * 3 + 1);
    }
    let reg = world.registry();
    let dag = DagStart::<u64>::new()
        .with_context::<Vec<u64>>()
        .root(
            |seen: &mut Vec<u64>, x: u64| {
                seen.push(x);
                x
            },
            reg,
        )
        .fork()
        .arm(|x| x.then(|seen: &mut Vec<u64>, x: &u64| seen.push(*x + 1), reg))
        .arm(|x| x.then(|seen: &mut Vec<u64>, limit: Res<u64>, x: &u64| seen.push(*x * *limit), reg))
        .join()
        .build();
    let mut callback = dag.into_callback(vec![]);
    callback.run(&mut world, 4);
    assert_eq!(callback.ctx, [4, 5, 40]);
}

#[test]
fn a_pipeline_may_fork_and_a_dag_is_one() {
    let mut world = world();
    let reg = world.registry();
    let chain: nexus_rt::Pipeline<u64, _> = PipelineStart::<u64>::new()
        .fork()
        .arm(|x| x.then(|x: &u64| *x, reg))
        .arm(|x| x.cloned().then(|x: u64| x + 1, reg))
        .merge(|mut log: ResMut<Log>, a: &u64, b: &u64| log.push((a + b).to_string()), reg)
        .build();
    assert!(chain.name().contains("a_pipeline_may_fork"));
    let mut chain: Virtual<u64> = Box::new(chain);
    chain.run(&mut world, 1);
    assert_eq!(*world.resource::<Log>(), ["3"]);
}

#[test]
fn an_arm_that_replaces_the_world_is_noticed_before_the_next_runs() {
    fn replace(w: &mut World, _: &u64) {
        *w = world();
    }
    let mut world = world();
    let reg = world.registry();
    let mut dag = PipelineStart::<u64>::new()
        .fork()
        .arm(|x| x.then(replace, reg))
        .arm(|x| x.then(|mut log: ResMut<Log>, x: &u64| log.push(x.to_string()), reg))
        .join()
        .build();
    notices_replacement("replace", || dag.run(&mut world, 1));
    assert!(world.resource::<Log>().is_empty());
}

#[test]
fn an_arm_of_another_world_is_refused_when_built() {
    let (a, b) = (world(), world());
    let text = crate::support::panic_of(|| {
        PipelineStart::<u64>::new()
            .fork()
            .arm(|x| x.then(|x: &u64| *x, a.registry()))
            .arm(|x| x.then(|x: &u64| *x, b.registry()))
            .merge(|a: &u64, b: &u64| a + b, a.registry())
            .build()
    });
    assert!(text.contains("before it in the same chain"), "{text}");
}

#[test]
fn a_dag_runs_on_its_own_world_only() {
    let here = world();
    let reg = here.registry();
    let note = |mut log: ResMut<Log>, e: &Event| log.push(e.0.to_string());
    let mut dag = DagStart::<u64>::new()
        .root(Event, reg)
        .fork()
        .arm(|e| e.then(note, reg))
        .arm(|e| e.then(times, reg))
        .merge(|mut log: ResMut<Log>, (): &(), b: &u64| log.push(b.to_string()), reg)
        .build();
    let mut batch = DagStart::<u64>::new()
        .root(Event, reg)
        .fork()
        .arm(|e| e.then(note, reg))
        .arm(|e| e.then(note, reg))
        .join()
        .build_batch(4);
    batch.input_mut().extend([1, 2]);
    drop(here);
    let mut other = world();
    refuses_world("it::dag::", || dag.run(&mut other, 1));
    refuses_world("it::dag::", || batch.run(&mut other));
    assert!(other.resource::<Log>().is_empty());
}

#[test]
fn an_arm_opens_an_option_or_a_result_that_it_is_lent() {
    let mut world = world();
    let reg = world.registry();
    let add = |x: &u64| *x + 1;
    let mut option = DagStart::<u64>::new()
        .root(|x: u64| (x > 5).then_some(x), reg)
        .fork()
        .arm(|x| x.as_ref().map(add, reg).unwrap_or(0))
        .arm(|x| x.cloned())
        .merge(|a: &u64, b: &Option<u64>| (*a, *b), reg)
        .build();
    assert_eq!((option.run(&mut world, 7), option.run(&mut world, 3)), ((8, Some(7)), (0, None)));
    let mut result = DagStart::<u64>::new()
        .root(|x: u64| if x > 5 { Ok(x) } else { Err("small") }, world.registry())
        .fork()
        .arm(|x| x.as_ref().map(add, world.registry()).ok())
        .arm(|x| x.then(|x: &Result<u64, &str>| x.is_err(), world.registry()))
        .merge(|a: &Option<u64>, b: &bool| (*a, *b), world.registry())
        .build();
    assert_eq!((result.run(&mut world, 7), result.run(&mut world, 3)), ((Some(8), false), (None, true)));
}

#[test]
fn arms_over_a_buffer_keep_state_of_their_own() {
    type OverBytes = Box<dyn for<'a> Handler<&'a [u8]>>;
    fn whole(bytes: &[u8]) -> &[u8] {
        bytes
    }
    fn count(mut seen: Local<u64>, bytes: &&[u8]) -> String {
        *seen += 1;
        format!("{} of {}", bytes.len(), *seen)
    }
    let mut world = world();
    let reg = world.registry();
    let sum = |sum: &mut usize, length: usize| {
        *sum += length;
        *sum
    };
    let dag = DagStart::<&[u8]>::new()
        .root(whole, reg)
        .fork()
        .arm(|bytes| bytes.then(count, reg))
        .arm(|bytes| bytes.then(count, reg).then(|_: String| 0, reg))
        .arm(|bytes| bytes.then(|bytes: &&[u8]| bytes.len(), reg).scan(0, sum, reg))
        .merge(|mut log: ResMut<Log>, a: &String, _: &i32, sum: &usize| log.push(format!("{a}, {sum} in all")), reg)
        .build();
    let pipeline = PipelineStart::<&[u8]>::new().then(|mut log: ResMut<Log>, b: &[u8]| log.push(format!("{b:?}")), reg);
    let mut by_kind: BTreeMap<u8, OverBytes> = BTreeMap::new();
    by_kind.insert(0, Box::new(dag));
    by_kind.insert(1, Box::new(pipeline.build()));
    for length in [3, 2] {
        let buffer = vec![7; length]; // dropped before the next one
        for handler in by_kind.values_mut() {
            handler.run(&mut world, &buffer);
        }
    }
    assert_eq!(*world.resource::<Log>(), ["3 of 1, 3 in all", "[7, 7, 7]", "2 of 2, 5 in all", "[7, 7]"]);
}

#[test]
fn merge_takes_the_outputs_or_references_to_them() {
    struct Owned(String);
    let mut world = world();
    let reg = world.registry();
    let chain = || {
        DagStart::<String>::new()
            .root(|text: String| text, reg)
            .fork()
            .arm(|text| text.then(|text: &String| Owned(text.to_uppercase()), reg))
            .arm(|text| text.then(|text: &String| text.len(), reg))
    };
    let mut by_value = chain().merge(|text: Owned, length: usize| format!("{} {length}", text.0), reg).build();
    let mut by_reference = chain().merge(|text: &Owned, length: &usize| format!("{} {length}", text.0), reg).build();
    assert_eq!(by_value.run(&mut world, "abc".into()), "ABC 3");
    assert_eq!(by_reference.run(&mut world, "abc".into()), "ABC 3");
}
