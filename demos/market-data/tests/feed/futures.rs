//! Diffs of other markets and speeds: futures, whose ids have holes, name the previous diff by `pu`.

use serde_json::{Value, json};

use crate::support::{Case, check, diff, futures, message, run, snapshot};

/// Returns a snapshot with a bid of 10 and an ask of 11, at update 100.
fn book() -> String {
    snapshot(100, "10x1", "11x1")
}

fn figures(applied: u64, stale: u64, gaps: u64) -> Value {
    json!({"applied": applied, "stale": stale, "gaps": gaps, "bad_lines": 0})
}

fn gap(line: u64, first: u64, last: u64) -> String {
    format!("line {line}: a gap in the diffs: updates {first} to {last} are missing")
}

#[test]
fn diffs_of_futures_follow_the_one_that_they_name() {
    let f = |first, last, previous| futures(first, last, previous, "10x2", "");
    let plain = |first, last| diff(first, last, "10x2", "");
    let refused = |line: u64, last: u64, previous: u64| {
        format!("line {line}: a diff that follows update {previous} but ends at {last}")
    };
    let linked = |number: u64| f(100 + number * 10 + 5, 100 + number * 10 + 9, 100 + number * 10 - 1);
    let cases: &[Case] = &[
        ("with holes between", vec![book(), f(98, 104, 95), f(110, 119, 104), f(125, 130, 119)], figures(3, 0, 0), &[]),
        ("many of them", [vec![book()], (0..500).map(linked).collect()].concat(), figures(500, 0, 0), &[]),
        ("with a gap", vec![book(), f(98, 104, 95), f(125, 130, 119)], figures(2, 0, 1), &[&gap(3, 105, 119)]),
        ("with a gap of one", vec![book(), f(98, 104, 95), f(106, 107, 105)], figures(2, 0, 1), &[&gap(3, 105, 105)]),
        ("before the snapshot", vec![book(), f(80, 90, 70), f(95, 105, 90)], figures(1, 1, 0), &[]),
        ("up to the snapshot", vec![book(), f(80, 100, 70), f(103, 105, 100)], figures(1, 1, 0), &[]),
        ("late for the snapshot", vec![book(), f(105, 110, 103)], figures(1, 0, 1), &[&gap(2, 101, 103)]),
        (
            "waiting for the snapshot",
            vec![f(80, 90, 70), f(95, 105, 90), f(120, 125, 105), book()],
            figures(2, 1, 0),
            &[],
        ),
        ("that overlap", vec![book(), f(98, 104, 95), f(102, 109, 99), f(112, 115, 109)], figures(3, 0, 0), &[]),
        ("in which both ids are one", vec![book(), f(105, 105, 99), f(111, 111, 105)], figures(2, 0, 0), &[]),
        (
            "among those of the spot market",
            vec![book(), plain(101, 104), f(110, 119, 104), plain(120, 121)],
            figures(3, 0, 0),
            &[],
        ),
        (
            "the spot market has no holes",
            vec![book(), plain(98, 104), plain(110, 119)],
            figures(2, 0, 1),
            &[&gap(3, 105, 109)],
        ),
    ];
    check(cases);
    for (previous, name) in [(110, "itself"), (111, "a later one")] {
        let outcome = run(&[book(), f(105, 110, previous)], None);
        assert_eq!(outcome.problems, [refused(2, 110, previous)], "{name}");
        assert_eq!((&outcome.figures["bad_lines"], &outcome.figures["applied"]), (&json!(1), &json!(0)));
    }
}

#[test]
fn diffs_come_at_any_speed_and_whole() {
    let data = r#"{"U":101,"u":101,"b":[],"a":[]}"#;
    for channel in ["depth", "depth@0ms", "depth@100ms", "depth@250ms", "depth@500ms", "depth@1000ms"] {
        let outcome = run(&[book(), message(channel, data)], None);
        assert_eq!((outcome.problems.len(), &outcome.figures["applied"]), (0, &json!(1)), "{channel}");
    }
    for channel in
        ["depth5", "depth20@100ms", "depth@", "depth@ms", "depth@fastms", "depth@1s", "Depth", "depth@100ms@"]
    {
        let outcome = run(&[book(), message(channel, data)], None);
        assert_eq!(outcome.problems, [format!("line 2: unknown channel `{channel}`")]);
        assert_eq!(outcome.figures["applied"], 0);
    }
}
