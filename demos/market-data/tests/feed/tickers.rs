//! Tickers in any order: the book is compared with the newest one that it has reached, and never with an older one.

use serde_json::{Value, json};

use crate::support::{Case, assert_figures, check, diff, run, snapshot, ticker};

/// Returns a snapshot with a bid of 10 and an ask of 11, at update 100.
fn book() -> String {
    snapshot(100, "10x1", "11x1")
}

/// Returns a ticker whose bid has the quantity that the book has after the diff to its update.
fn told(update: u64) -> String {
    ticker(update, &format!("10x{update}"), "11x1")
}

/// Returns a diff of one update, whose number is the quantity of the best bid.
fn step(update: u64) -> String {
    diff(update, update, &format!("10x{update}"), "")
}

fn figures(checked: u64, agree: u64, duplicates: u64, out_of_order: u64) -> Value {
    json!({"checked": checked, "agree": agree, "duplicates": duplicates, "out_of_order": out_of_order})
}

#[test]
fn the_newest_ticker_that_the_book_has_reached_is_compared() {
    let cases: &[Case] = &[
        ("newer first", vec![book(), told(101), told(100), step(101)], figures(1, 1, 0, 1), &[]),
        ("in order", vec![book(), told(100), told(101), step(101)], figures(1, 1, 0, 0), &[]),
        ("far apart", vec![book(), told(101), told(5), step(101)], figures(1, 1, 0, 1), &[]),
        (
            "backwards",
            vec![book(), told(103), told(102), told(101), diff(101, 103, "10x103", "")],
            figures(1, 1, 0, 2),
            &[],
        ),
        (
            "backwards, step by step",
            vec![book(), told(103), told(102), told(101), step(101), step(102), step(103)],
            figures(3, 3, 0, 2),
            &[],
        ),
        ("older than one compared", vec![book(), told(101), step(101), told(100), step(102)], figures(1, 1, 0, 1), &[]),
        (
            "older, with a newer one",
            vec![book(), told(101), step(101), told(100), told(102), step(102)],
            figures(2, 2, 0, 1),
            &[],
        ),
        (
            "one that is never reached",
            vec![book(), ticker(u64::MAX, "10x1", "11x1"), told(101), step(101)],
            figures(1, 1, 0, 1),
            &[],
        ),
        ("none that is reached", vec![book(), told(103), told(102), step(101)], figures(0, 0, 0, 1), &[]),
        (
            "between diffs",
            vec![book(), step(101), told(101), step(102), told(102)],
            figures(1, 0, 0, 0),
            &["line 4: at update 101, the exchange has 10.00000000 x 101.00000000 / 11.00000000 x 1.00000000 but \
                 the book has 10.00000000 x 102.00000000 / 11.00000000 x 1.00000000"],
        ),
        (
            "from before the next snapshot",
            vec![book(), told(150), told(140), snapshot(200, "10x201", "11x1"), told(145), told(201), step(201)],
            figures(1, 1, 0, 2),
            &[],
        ),
        ("without a book", vec![told(101), told(100)], figures(0, 0, 0, 0), &[]),
    ];
    check(cases);
}

#[test]
fn a_ticker_that_comes_again_changes_nothing() {
    let other = |update| ticker(update, "10x7", "11x1");
    let unlike = |line: u64| format!("line {line}: a second ticker of update 101 differs from the first: ignored");
    let (third, fourth) = (unlike(3), unlike(4));
    let cases: &[Case] = &[
        ("at once", vec![book(), told(101), told(101), step(101)], figures(1, 1, 1, 0), &[]),
        ("thrice", vec![book(), told(101), told(101), told(101), step(101)], figures(1, 1, 2, 0), &[]),
        ("after it was compared", vec![book(), told(101), step(101), told(101), step(102)], figures(1, 1, 1, 0), &[]),
        ("after a newer one", vec![book(), told(101), told(102), told(101), step(101)], figures(1, 1, 1, 0), &[]),
        (
            "in other words",
            vec![book(), told(101), ticker(101, "10.0x101", "11.00x1"), step(101)],
            figures(1, 1, 1, 0),
            &[],
        ),
        ("unlike the first", vec![book(), told(101), other(101), step(101)], figures(1, 1, 1, 0), &[&third]),
        ("unlike that compared", vec![book(), told(101), step(101), other(101)], figures(1, 1, 1, 0), &[&fourth]),
        (
            "with another ask",
            vec![book(), told(101), ticker(101, "10x101", "12x1"), step(101)],
            figures(1, 1, 1, 0),
            &[&third],
        ),
        (
            "with an ask of nothing",
            vec![book(), told(101), ticker(101, "10x101", "0x0"), step(101)],
            figures(1, 1, 1, 0),
            &[&third],
        ),
        (
            "unlike one behind it",
            vec![book(), told(101), told(102), other(101), step(101)],
            figures(1, 1, 1, 0),
            &[&fourth],
        ),
        (
            "the same top at the next update",
            vec![book(), other(101), other(102), diff(101, 102, "10x7", "")],
            figures(1, 1, 0, 0),
            &[],
        ),
    ];
    check(cases);
}

#[test]
fn tickers_that_are_old_for_good_are_a_problem_once() {
    let mut lines = vec![book(), told(5_000)];
    lines.extend((1_000..1_100).map(told));
    assert_eq!(run(&lines, None).problems, [""; 0]);
    lines.extend((1_100..1_300).map(told));
    let outcome = run(&lines, None);
    assert_eq!(
        outcome.problems,
        ["line 103: 101 tickers in a row are older than that of update 5000: few or none are compared"]
    );
    assert_eq!(outcome.figures["out_of_order"], 300);
}

#[test]
fn of_too_many_tickers_that_the_book_does_not_reach_only_the_newest_are_kept() {
    let room = 10_000;
    let mut lines = vec![book()];
    lines.extend((101..=100 + room).map(told));
    assert_eq!(run(&lines, None).problems, [""; 0]);
    lines.extend([told(101 + room), told(102 + room), step(101), step(102), step(103)]);
    let outcome = run(&lines, None);
    assert_eq!(
        outcome.problems,
        ["line 10002: more than 10000 tickers are newer than the book: only the newest are kept to be compared"]
    );
    assert_figures("of 101 and 102, no ticker is left", &outcome, &figures(1, 1, 0, 0));
}
