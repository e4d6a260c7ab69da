//! The names of the cases of a `match` in plans.

use nexus_rt::{Describe, PipelineStart, cases};

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
