//! The names of the cases of a `match` in plans.

use std::any::type_name_of_val;

use nexus_rt::plan::Plan;
use nexus_rt::{Describe, IntoHandler, PipelineStart, cases};

use crate::support::world;

#[expect(dead_code, reason = "only its patterns count")]
enum Message {
    Set(bool),
    CancelReplaceRequest(u64),
    MassCancelRequest(u64),
    QuoteRequest(u64),
    QuoteStatusRequest(u64),
}

#[test]
fn cases_of_true_and_false_have_names_of_their_own() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<Message>::new()
        .route(cases!(|message: Message| match message {
            Message::Set(true) => ((), |x| x.then(|(): ()| 1, reg)),
            Message::Set(false) => ((), |x| x.then(|(): ()| 2, reg)),
            _ => ((), |x| x.then(|(): ()| 3, reg)),
        }))
        .then(|_: i32| (), reg)
        .build();
    let plan = chain.plan().to_string();
    assert!(plan.contains("case Set(true)") && plan.contains("case Set(false)"), "{plan}");
}

/// The compiler breaks a long pattern into lines.
#[test]
fn a_long_pattern_stays_in_its_line_and_loses_its_bindings() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<Message>::new()
        .route(cases!(|message: Message| match message {
            Message::CancelReplaceRequest(id)
            | Message::MassCancelRequest(id)
            | Message::QuoteRequest(id)
            | Message::QuoteStatusRequest(id) => (id, |id| id.then(|_: u64| 1, reg)),
            _ => ((), |x| x.then(|(): ()| 3, reg)),
        }))
        .then(|_: i32| (), reg)
        .build();
    let plan = chain.plan();
    let name = "CancelReplaceRequest | MassCancelRequest | QuoteRequest | QuoteStatusRequest";
    let (text, mermaid, dot, json) = (plan.to_string(), plan.to_mermaid(), plan.to_dot(), plan.to_json());
    assert!(text.contains(&format!("case {name}")), "{text}");
    assert!(mermaid.contains(&format!("|\"{name}\"|")), "{mermaid}");
    assert!(dot.contains(&format!("[label=\"{name}\"]")), "{dot}");
    assert!(json.contains("Message::CancelReplaceRequest(id) | Message::MassCancelRequest(id) | "), "{json}");
}

#[derive(Clone, Copy)]
enum Event {
    Trade(u64),
    Beat,
}

fn add(_: u64) {}

fn next((): ()) {}

/// Asserts that the arrows to the last box have these labels.
fn assert_ends(plan: &Plan, labels: &[&str]) {
    let mermaid = plan.to_mermaid();
    let arrows = mermaid.lines().filter(|line| line.contains("-->"));
    let to = arrows.clone().next_back().and_then(|arrow| arrow.rsplit(' ').next()).expect("there are arrows");
    let found: Vec<_> = arrows
        .filter(|arrow| arrow.ends_with(&format!(" {to}")))
        .map(|arrow| arrow.split('"').nth(1).unwrap_or_default())
        .collect();
    assert_eq!(found, labels, "{mermaid}");
}

/// Such a case continues from the place where the flow divides. The arrow still shows the case.
#[test]
fn a_case_without_steps_shows_its_name_wherever_its_route_is() {
    let mut world = world();
    let reg = world.registry();
    let start = PipelineStart::<Event>::new;
    let route = || {
        start().route(cases!(|event: Event| match event {
            Event::Trade(x) => (x, |x| x.then(add, reg)),
            Event::Beat => ((), |beat| beat),
        }))
    };
    assert_ends(&route().then(next, reg).build().plan(), &["()", "Beat"]);
    let mut dispatched = start().dispatch(route().build()).then(next, reg).build();
    assert_ends(&dispatched.plan(), &["()", "Beat"]);
    let in_an_arm = PipelineStart::<Option<Event>>::new()
        .route(cases!(|event: Option<Event>| match event {
            Some(event) => (event, |event| event.route(cases!(|event: Event| match event {
                Event::Trade(x) => (x, |x| x.then(add, reg)),
                Event::Beat => ((), |beat| beat),
            }))),
            None => ((), |none| none),
        }))
        .then(next, reg)
        .build();
    assert_ends(&in_an_arm.plan(), &["()", "Beat", "None"]);
    let joined = start()
        .fork()
        .arm(|event| {
            event.then(|event: &Event| *event, reg).route(cases!(|event: Event| match event {
                Event::Trade(x) => (x, |x| x.then(add, reg)),
                Event::Beat => ((), |beat| beat),
            }))
        })
        .arm(|event| event.then(|_: &Event| (), reg))
        .join()
        .then(next, reg)
        .build();
    assert_ends(&joined.plan(), &["()", "Beat", "()"]);
    dispatched.run_each(&mut world, [Event::Trade(1), Event::Beat]);
}

#[test]
fn a_nested_plan_without_functions_shows_that_it_is_a_case() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new().then(add, reg).then(next, reg).build();
    let full = add.into_handler(reg).plan();
    let mut empty = full.clone();
    empty.nodes.clear();
    assert_ends(&chain.plan().nest(type_name_of_val(&add), [full, empty]), &["()", "case"]);
}
