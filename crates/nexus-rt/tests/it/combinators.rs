//! Combinators beyond those of `chains`: what they do with values, references, params, the whole world and a context.

use nexus_rt::{Handler, PipelineStart, Res, ResMut, World};

use crate::support::{Log, world};

#[test]
fn option_has_all_of_its_combinators() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Option<u64>>::new()
        .inspect(|mut log: ResMut<Log>, x: &u64| log.push(format!("some {x}")), reg)
        .on_none(|mut log: ResMut<Log>| log.push("none".into()), reg)
        .ok_or_else(|limit: Res<u64>| format!("nothing below {}", *limit), reg)
        .build();
    assert_eq!(chain.run(&mut world, Some(3)), Ok(3));
    assert_eq!(chain.run(&mut world, None), Err("nothing below 10".into()));
    assert_eq!(*world.resource::<Log>(), ["some 3", "none"]);

    let reg = world.registry();
    let mut or_limit = PipelineStart::<Option<u64>>::new().unwrap_or_else(|limit: Res<u64>| *limit, reg).build();
    assert_eq!((or_limit.run(&mut world, Some(1)), or_limit.run(&mut world, None)), (1, 10));
}

#[test]
fn result_has_all_of_its_combinators() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Result<u64, u8>>::new()
        .inspect(|mut log: ResMut<Log>, x: &u64| log.push(format!("ok {x}")), reg)
        .inspect_err(|mut log: ResMut<Log>, e: &u8| log.push(format!("err {e}")), reg)
        .map_err(|limit: Res<u64>, e: u8| u64::from(e) + *limit, reg)
        .or_else(|e: &u64| if *e < 12 { Ok(*e) } else { Err(format!("{e}")) }, reg)
        .build();
    let results = [Ok(1), Err(1), Err(9)].map(|x| chain.run(&mut world, x));
    assert_eq!(results, [Ok(1), Ok(11), Err("19".into())]);
    assert_eq!(*world.resource::<Log>(), ["ok 1", "err 1", "err 9"]);

    let reg = world.registry();
    let mut ok = PipelineStart::<Result<u64, u8>>::new().ok().map(|x: u64| x, reg).build();
    assert_eq!((ok.run(&mut world, Ok(1)), ok.run(&mut world, Err(1))), (Some(1), None));
    let reg = world.registry();
    let mut or_error = PipelineStart::<Result<u64, u8>>::new().unwrap_or_else(|e: u8| u64::from(e) * 100, reg).build();
    assert_eq!((or_error.run(&mut world, Ok(1)), or_error.run(&mut world, Err(2))), (1, 200));
}

#[test]
fn bool_has_all_of_its_combinators() {
    let mut world = world();
    let reg = world.registry();
    let say = |mut log: ResMut<Log>, limit: Res<u64>| {
        log.push("asked".into());
        *limit == 10
    };
    let mut and = PipelineStart::<bool>::new().and(say, reg).build();
    let mut or = PipelineStart::<bool>::new().not().or(say, reg).build();
    let mut xor = PipelineStart::<bool>::new().xor(|world: &mut World| world.contains::<u64>(), reg).build();
    assert_eq!([false, true].map(|x| and.run(&mut world, x)), [false, true]);
    assert_eq!(world.resource::<Log>().len(), 1, "asked only when it matters");
    assert_eq!([false, true].map(|x| or.run(&mut world, x)), [true, true]);
    assert_eq!(world.resource::<Log>().len(), 2);
    assert_eq!([false, true].map(|x| xor.run(&mut world, x)), [true, false]);
}

#[test]
fn cloned_owns_what_was_borrowed() {
    let mut world = world();
    let reg = world.registry();
    let mut plain = PipelineStart::<&String>::borrowed().cloned().then(|s: String| s + "!", reg).build();
    let mut option = PipelineStart::<Option<&u64>>::new().cloned().map(|x: u64| x + 1, reg).build();
    let mut result = PipelineStart::<Result<&u64, u8>>::new().cloned().map(|x: u64| x + 1, reg).build();
    for text in ["a", "b"] {
        let text = text.to_owned();
        assert_eq!(plain.run(&mut world, &text), format!("{text}!"));
    }
    assert_eq!((option.run(&mut world, Some(&1)), option.run(&mut world, None)), (Some(2), None));
    assert_eq!((result.run(&mut world, Ok(&1)), result.run(&mut world, Err(3))), (Ok(2), Err(3)));
}

#[test]
fn dedup_lets_only_changes_through() {
    let mut world = world();
    let mut chain = PipelineStart::<&str>::borrowed()
        .then(|s: &str| s.to_owned(), world.registry())
        .dedup()
        .map(|mut log: ResMut<Log>, s: String| log.push(s), world.registry())
        .build();
    let passed = ["a", "a", "b", "b", "a"].map(|s| chain.run(&mut world, s).is_some());
    assert_eq!(passed, [true, false, true, false, true]);
    assert_eq!(*world.resource::<Log>(), ["a", "b", "a"]);
}

#[test]
fn scan_keeps_its_accumulator() {
    let mut world = world();
    let reg = world.registry();
    let mut by_value = PipelineStart::<u64>::new()
        .scan(
            100,
            |limit: Res<u64>, sum: &mut u64, x: u64| {
                *sum += x + *limit;
                *sum
            },
            reg,
        )
        .build();
    let mut by_reference = PipelineStart::<String>::new()
        .scan(
            String::new(),
            |all: &mut String, s: &String| {
                all.push_str(s);
                all.len()
            },
            reg,
        )
        .build();
    assert_eq!([1, 2].map(|x| by_value.run(&mut world, x)), [111, 123]);
    assert_eq!(["ab", "c"].map(|s| by_reference.run(&mut world, s.into())), [2, 3]);
}

#[test]
fn splat_spreads_tuples() {
    let mut world = world();
    let reg = world.registry();
    let mut three = PipelineStart::<u64>::new()
        .then(|x: u64| (x, x + 1, format!("{x}")), reg)
        .splat()
        .then(|limit: Res<u64>, a: u64, b: u64, c: String| format!("{a} {b} {c} {}", *limit), reg)
        .build();
    assert_eq!(three.run(&mut world, 1), "1 2 1 10");
    let mut exclusive = PipelineStart::<(u64, u64)>::new()
        .splat()
        .then(|w: &mut World, a: u64, b: u64| a + b + *w.resource::<u64>(), world.registry())
        .build();
    assert_eq!(exclusive.run(&mut world, (1, 2)), 13);
}

fn describe(limit: Res<u64>, name: &String, quantity: &u64) -> String {
    format!("{name} {quantity} of {}", *limit)
}

fn first<'a>(name: &'a String, _: &u64) -> &'a str {
    name
}

#[test]
fn splat_spreads_tuples_by_reference() {
    let mut world = world();
    let reg = world.registry();
    let pair = || ("a".to_owned(), 7_u64);
    // A tuple that the chain owns, and then drops.
    let mut owned = PipelineStart::<(String, u64)>::new().splat().then(describe, reg).build();
    assert_eq!(owned.run(&mut world, pair()), "a 7 of 10");
    // A tuple that the chain holds a reference to, at the start of arms and later.
    let reg = world.registry();
    let mut arms = PipelineStart::<(String, u64)>::new()
        .tee(|pair| pair.splat().then(|mut sum: ResMut<i64>, _: &String, x: &u64| *sum += x.cast_signed(), reg))
        .fork()
        .arm(|pair| pair.splat().then(describe, reg))
        .arm(|pair| {
            pair.then(|pair: &(String, u64)| (pair.1, pair.1 + 1), reg).splat().then(|a: u64, b: u64| a * b, reg)
        })
        .merge(|text: String, product: u64| (text, product), reg)
        .build();
    assert_eq!(arms.run(&mut world, pair()), ("a 7 of 10".into(), 56));
    assert_eq!(*world.resource::<i64>(), 7);
    // What comes out may borrow from a tuple that outlives the chain's run.
    let mut borrowed = PipelineStart::<&(String, u64)>::borrowed()
        .splat()
        .then(first, world.registry())
        .then(|name: &str| name.len(), world.registry())
        .build();
    for length in [1, 2] {
        assert_eq!(borrowed.run(&mut world, &("a".repeat(length), 0)), length);
    }
}

#[test]
fn splat_by_reference_takes_eight_with_a_context_or_the_world() {
    type Eight = (u8, u8, u8, u8, u8, u8, u8, u8);
    fn sum(w: &mut World, a: &u8, b: &u8, c: &u8, d: &u8, e: &u8, f: &u8, g: &u8, h: &u8) -> u64 {
        *w.resource::<u64>() + [a, b, c, d, e, f, g, h].into_iter().map(|x| u64::from(*x)).sum::<u64>()
    }
    let mut world = world();
    let reg = world.registry();
    let mut eight = PipelineStart::<&Eight>::borrowed().splat().then(sum, reg).build();
    assert_eq!(eight.run(&mut world, &(1, 2, 3, 4, 5, 6, 7, 8)), 46);
    let push = |seen: &mut Vec<u64>, limit: Res<u64>, x: &u64| seen.push(*x + *limit);
    let chain = PipelineStart::<&(u64,)>::borrowed().with_context::<Vec<u64>>().splat().then(push, world.registry());
    let mut chain = chain.build().into_callback(vec![]);
    chain.run(&mut world, &(5,));
    assert_eq!(chain.ctx, [15]);
}

#[test]
fn route_takes_the_first_case_that_holds() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .route(|r| {
            r.case(|x: &u64| *x == 0, reg, |x| x.then(|_: u64| "zero".to_owned(), reg))
                .case(
                    |limit: Res<u64>, x: &u64| x > &*limit,
                    reg,
                    |x| {
                        x.tap(|mut log: ResMut<Log>, x: &u64| log.push(x.to_string()), reg)
                            .then(|x: u64| format!("{x}!"), reg)
                    },
                )
                .case(
                    |w: &mut World, x: &u64| *x + 1 == *w.resource::<u64>(),
                    reg,
                    |x| x.then(|_: &u64| "near".into(), reg),
                )
                .or(|x| x.then(|x: u64| x.to_string(), reg))
        })
        .then(|s: String| s.to_uppercase(), reg)
        .build();
    assert_eq!([0, 3, 9, 12].map(|x| chain.run(&mut world, x)), ["ZERO", "3", "NEAR", "12!"]);
    assert_eq!(*world.resource::<Log>(), ["12"]);
}

#[test]
fn route_moves_values_that_are_not_copy() {
    struct Owned(Vec<u8>);
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Owned>::new()
        .route(|r| {
            r.case(|o: &Owned| o.0.is_empty(), reg, |o| o.then(|_: Owned| None, reg))
                .or(|o| o.then(|o: Owned| Some(o.0), reg))
        })
        .build();
    assert_eq!(chain.run(&mut world, Owned(vec![])), None);
    assert_eq!(chain.run(&mut world, Owned(vec![1])), Some(vec![1]));
}

/// A context that has what ran.
type Ran = Vec<&'static str>;

#[test]
fn combinators_of_options_and_results_take_the_context() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .with_context::<Ran>()
        .guard(
            |ran: &mut Ran, x: &u64| {
                ran.push("guard");
                *x > 0
            },
            reg,
        )
        .inspect(|ran: &mut Ran, _: &u64| ran.push("inspect"), reg)
        .on_none(|ran: &mut Ran| ran.push("on_none"), reg)
        .ok_or_else(
            |ran: &mut Ran| {
                ran.push("ok_or_else");
                7_u64
            },
            reg,
        )
        .inspect_err(|ran: &mut Ran, _: &u64| ran.push("inspect_err"), reg)
        .map_err(
            |ran: &mut Ran, e: u64| {
                ran.push("map_err");
                e
            },
            reg,
        )
        .or_else(
            |ran: &mut Ran, e: u64| {
                ran.push("or_else");
                Err::<u64, u64>(e)
            },
            reg,
        )
        .unwrap_or_else(
            |ran: &mut Ran, e: u64| {
                ran.push("unwrap_or_else");
                e
            },
            reg,
        )
        .build();
    let mut ran = Ran::new();
    assert_eq!(chain.run_with(&mut ran, &mut world, 1), 1);
    assert_eq!(ran, ["guard", "inspect"]);
    ran.clear();
    assert_eq!(chain.run_with(&mut ran, &mut world, 0), 7);
    assert_eq!(ran, ["guard", "on_none", "ok_or_else", "inspect_err", "map_err", "or_else", "unwrap_or_else"]);
}

#[test]
fn combinators_of_any_value_take_the_context() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .with_context::<Ran>()
        .scan(
            0,
            |ran: &mut Ran, n: &mut u64, x: u64| {
                ran.push("scan");
                *n += x;
                (*n, x)
            },
            reg,
        )
        .splat()
        .then(
            |ran: &mut Ran, _limit: Res<u64>, n: u64, x: u64| {
                ran.push("splat");
                n + x
            },
            reg,
        )
        .tee(|x| x.then(|ran: &mut Ran, _: &u64| ran.push("tee"), reg))
        .route(|r| {
            r.case(
                |ran: &mut Ran, x: &u64| {
                    ran.push("case");
                    *x > 100
                },
                reg,
                |x| x.then(|x: u64| x, reg),
            )
            .or(|x| {
                x.then(
                    |ran: &mut Ran, x: u64| {
                        ran.push("or");
                        x
                    },
                    reg,
                )
            })
        })
        .build();
    let mut ran = Ran::new();
    assert_eq!(chain.run_with(&mut ran, &mut world, 1), 2);
    assert_eq!(ran, ["scan", "splat", "tee", "case", "or"]);
}

#[test]
fn arms_and_what_follows_them_take_the_context() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .with_context::<Ran>()
        .fork()
        .arm(|x| {
            x.then(
                |ran: &mut Ran, x: &u64| {
                    ran.push("arm");
                    *x
                },
                reg,
            )
        })
        .arm(|x| {
            x.then(
                |ran: &mut Ran, w: &mut World, x: &u64| {
                    ran.push("world");
                    *x + *w.resource::<u64>()
                },
                reg,
            )
        })
        .merge(
            |ran: &mut Ran, a: &u64, b: &u64| {
                ran.push("merge");
                *a < *b
            },
            reg,
        )
        .and(
            |ran: &mut Ran| {
                ran.push("and");
                true
            },
            reg,
        )
        .build();
    let mut ran = Ran::new();
    assert!(chain.run_with(&mut ran, &mut world, 1));
    assert_eq!(ran, ["arm", "world", "merge", "and"]);
}
