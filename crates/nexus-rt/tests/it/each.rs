//! `each`: what runs once for every part of a value.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_rt::{Describe, Handler, PipelineStart, Registry, Res, ResMut, World};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn first_words<'a>(limit: Res<u64>, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
    words(text).take(*limit as usize)
}

fn log(mut log: ResMut<Log>, text: &str) {
    log.push(text.to_owned());
}

fn add(mut sum: ResMut<i64>, x: i64) {
    *sum += x;
}

fn add_ref(sum: ResMut<i64>, x: &i64) {
    add(sum, *x);
}

fn parse(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn reject(mut log: ResMut<Log>, error: String) {
    log.push(error);
}

#[test]
fn an_arm_runs_for_each_part_in_order() {
    let mut world = world();
    let reg = world.registry();
    let mut array = PipelineStart::<[&str; 3]>::new().each(|x| x.then(log, reg)).build();
    let mut vec = PipelineStart::<Vec<String>>::new()
        .each(|x| x.then(|mut log: ResMut<Log>, x: String| log.push(x), reg))
        .then(|mut log: ResMut<Log>, (): ()| log.push("end".into()), reg)
        .build();
    let mut range = PipelineStart::<i64>::new().then(|n: i64| 1..=n, reg).each(|x| x.then(add, reg)).build();
    // Of an `Option`, the content: the parts of one that may be missing.
    let positive = |x: &Vec<i64>| x.iter().all(|x| *x > 0);
    let mut guarded =
        PipelineStart::<Vec<i64>>::new().guard(positive, reg).each(|x| x.each(|x| x.then(add, reg))).build();
    array.run(&mut world, ["a", "b", "c"]);
    vec.run(&mut world, vec!["d".into(), "e".into()]);
    vec.run(&mut world, vec![]);
    range.run(&mut world, 4);
    guarded.run(&mut world, vec![-1, 1000]);
    guarded.run(&mut world, vec![100, 1000]);
    assert_eq!(*world.resource::<Log>(), ["a", "b", "c", "d", "e", "end", "end"]);
    assert_eq!(*world.resource::<i64>(), 1110);
}

#[test]
fn an_arm_may_end_early_for_some_parts() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::borrowed()
        .then(words, reg)
        .each(|word| {
            word.then(parse, reg)
                .catch(reject, reg)
                .filter(|limit: Res<u64>, x: &i64| *x < limit.cast_signed(), reg)
                .map(add, reg)
        })
        .build();
    chain.run(&mut world, "1 two 3 40");
    assert_eq!((&world.resource::<Log>()[..], *world.resource::<i64>()), (&["two is no number".to_owned()][..], 4));
}

#[test]
fn parts_may_borrow_from_an_event_of_any_lifetime() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::borrowed().then(first_words, reg).each(|word| word.then(log, reg)).build();
    let mut boxed = PipelineStart::<&str>::borrowed().then(words, reg).each(|word| word.then(log, reg)).build().boxed();
    let mut handler: Box<dyn for<'a> Handler<&'a [i64]>> =
        Box::new(PipelineStart::<&[i64]>::borrowed().each(|x| x.then(add_ref, reg)).build());
    let mut lent = PipelineStart::<String>::new()
        .tee(|text| text.then(String::as_str, reg).then(words, reg).each(|word| word.then(log, reg)))
        .then(|text: String| text.len(), reg)
        .build();
    let mut buffer = String::new();
    for text in ["a b", " c"] {
        buffer.replace_range(.., text);
        chain.run(&mut world, &buffer);
        boxed.run(&mut world, &buffer);
        handler.run(&mut world, &[buffer.len() as i64; 2]);
    }
    assert_eq!(lent.run(&mut world, "d e".to_owned()), 3);
    assert_eq!(*world.resource::<Log>(), ["a", "b", "a", "b", "c", "c", "d", "e"]);
    assert_eq!(*world.resource::<i64>(), 10);
}

#[test]
fn it_stands_in_forks_routes_and_itself() {
    fn lines(text: &str) -> std::str::Lines<'_> {
        text.lines()
    }
    let mut world = world();
    let reg = world.registry();
    let mut forked = PipelineStart::<Vec<i64>>::new()
        .fork()
        .arm(|x| x.each(|x| x.then(add_ref, reg)))
        .arm(|x| x.each(|x| x.cloned().then(add, reg)))
        .join()
        .build();
    let mut routed = PipelineStart::<&str>::borrowed()
        .route(|r| {
            r.case(
                |text: &&str| text.contains('\n'),
                reg,
                |x| x.then(lines, reg).each(|line| line.then(words, reg).each(|word| word.then(log, reg))),
            )
            .or(|x| x.then(log, reg))
        })
        .build();
    forked.run(&mut world, vec![1, 2, 3]);
    routed.run(&mut world, "one line");
    routed.run(&mut world, "a b\nc\n");
    assert_eq!(*world.resource::<i64>(), 12);
    assert_eq!(*world.resource::<Log>(), ["one line", "a", "b", "c"]);
}

#[test]
fn an_arm_shares_the_context() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&str>::borrowed()
        .with_context::<usize>()
        .then(words, reg)
        .each(|word| {
            word.tap(|seen: &mut usize, _: &&str| *seen += 1, reg)
                .then(|seen: &mut usize, word: &str| format!("{seen}: {word}"), reg)
                .then(|mut log: ResMut<Log>, line: String| log.push(line), reg)
        })
        .build()
        .into_callback(0);
    chain.run(&mut world, "a b");
    chain.run(&mut world, "c");
    assert_eq!((chain.ctx, &world.resource::<Log>()[..]), (3, &["1: a", "2: b", "3: c"].map(str::to_owned)[..]));
}

#[test]
fn an_arm_of_another_world_is_refused_and_none_may_replace_it() {
    let (mut a, b) = (world(), world());
    let chain = |outer: &Registry, inner: &Registry| {
        PipelineStart::<&str>::borrowed().then(words, outer).each(|word| word.then(log, inner)).build()
    };
    let text = panic_of(|| chain(a.registry(), b.registry()));
    assert!(text.contains("log") && text.contains("before it in the same chain"), "{text}");
    let mut foreign = chain(b.registry(), b.registry());
    refuses_world("words", || foreign.run(&mut a, "a"));

    fn replace(w: &mut World, _: i64) {
        *w = world();
    }
    let mut replaces = PipelineStart::<Vec<i64>>::new().each(|x| x.then(replace, a.registry())).build();
    replaces.run(&mut a, vec![]);
    notices_replacement("replace", || replaces.run(&mut a, vec![1, 2]));
}

#[test]
fn a_panic_ends_the_run_and_the_rest_is_dropped() {
    let mut world = world();
    let reg = world.registry();
    let part = std::rc::Rc::new(());
    let fail = |mut sum: ResMut<i64>, (x, _): (i64, std::rc::Rc<()>)| {
        assert_ne!(x, 2, "two");
        *sum += x;
    };
    let mut chain = PipelineStart::<Vec<_>>::new().each(|x| x.then(fail, reg)).build();
    let parts = |numbers: [i64; 3]| numbers.map(|x| (x, part.clone())).to_vec();
    let event = parts([1, 2, 3]);
    catch_unwind(AssertUnwindSafe(|| chain.run(&mut world, event))).expect_err("the second part panics");
    assert_eq!((*world.resource::<i64>(), std::rc::Rc::strong_count(&part)), (1, 1));
    chain.run(&mut world, parts([10, 20, 30]));
    assert_eq!(*world.resource::<i64>(), 61);
}

#[test]
fn a_plan_shows_it_with_its_arm() {
    let world = world();
    let reg = world.registry();
    let plan = PipelineStart::<&str>::borrowed()
        .then(words, reg)
        .each(|word| word.then(parse, reg).catch(reject, reg).map(add, reg))
        .then(|(): ()| 7, reg)
        .build()
        .plan();
    let rows: Vec<Vec<String>> =
        plan.to_string().lines().map(|l| l.split_whitespace().map(str::to_owned).collect()).collect();
    assert_eq!(rows[2], ["├─", "each", "->", "()"], "{plan}");
    assert_eq!(rows[3][..3], ["│", "├─", "parse"], "{plan}");
    let flow = r#"  n0 --> n1
  n1 -->|"SplitWhitespace"| n2
  n2 --> n3
  n3 -->|"Result&lt;i64, String&gt;"| n4
  n4 -->|"Option&lt;i64&gt;"| n5
  n2 -->|"()"| n6
"#;
    let mermaid = plan.to_mermaid();
    assert!(mermaid.contains("  n2{\"each\"}\n") && mermaid.ends_with(flow), "{mermaid}");
    let dot = plan.to_dot();
    assert!(dot.contains(r##"n2 [label="each", fillcolor="#f4f4f4", style=filled, shape=diamond];"##), "{dot}");
    assert!(dot.contains(r#"n2 -> n3 [label=""];"#) && dot.contains(r#"n2 -> n6 [label="()"];"#), "{dot}");
    let json: serde_json::Value = serde_json::from_str(&plan.to_json()).unwrap();
    let each = &json["nodes"][1];
    assert_eq!((&each["kind"], &each["output"]), (&"each".into(), &"()".into()));
    let arm: Vec<_> = each["nodes"].as_array().unwrap().iter().map(|node| node["kind"].as_str().unwrap()).collect();
    assert_eq!(arm, ["then", "catch", "map"]);
}
