//! Diffs that no longer follow the book: their ids go back, or never reach it.

use serde_json::{Value, json};

use crate::support::{Case, assert_figures, check, diff, run, snapshot};

/// Returns a snapshot with a bid of 10 and an ask of 11, at update 100.
fn book() -> String {
    snapshot(100, "10x1", "11x1")
}

/// Returns a diff of one update, whose number is the quantity of the best bid.
fn step(update: u64) -> String {
    diff(update, update, &format!("10x{update}"), "")
}

fn figures(applied: u64, stale: u64, gaps: u64, out_of_order: u64) -> Value {
    json!({"applied": applied, "stale": stale, "gaps": gaps, "out_of_order": out_of_order, "bad_lines": 0})
}

fn back(line: u64, before: u64, update: u64, book: u64) -> String {
    format!(
        "line {line}: the diffs go back from update {before} to {update}: the book stays at {book} until newer \
         diffs or a snapshot arrive"
    )
}

fn gap(line: u64, first: u64, last: u64) -> String {
    format!("line {line}: a gap in the diffs: updates {first} to {last} are missing")
}

fn steps(rows: &[std::ops::Range<u64>]) -> Vec<String> {
    [book()].into_iter().chain(rows.iter().cloned().flatten().map(step)).collect()
}

#[test]
fn diffs_that_go_back_are_a_problem() {
    let outdated = |line: u64, own: u64, book: u64| {
        format!("line {line}: a snapshot of update {own} is older than the book, at {book}: ignored")
    };
    let mended = || [steps(&[101..104, 50..53]), vec![snapshot(52, "10x52", "11x1")], vec![step(53)]].concat();
    let cases: &[Case] = &[
        ("below the snapshot for good", steps(&[101..104, 5..60]), figures(3, 55, 0, 1), &[&back(5, 103, 5, 103)]),
        ("by one", vec![book(), step(101), step(102), step(101)], figures(2, 1, 0, 1), &[&back(4, 102, 101, 102)]),
        ("and on again", steps(&[101..104, 102..106]), figures(5, 2, 0, 1), &[&back(5, 103, 102, 103)]),
        (
            "twice",
            steps(&[101..104, 102..106, 102..107]),
            figures(6, 6, 0, 2),
            &[&back(5, 103, 102, 103), &back(9, 105, 102, 105)],
        ),
        ("while they are stale", steps(&[50..55, 40..45]), figures(0, 10, 0, 1), &[&back(7, 54, 40, 100)]),
        ("to zero", vec![book(), step(101), step(0)], figures(1, 1, 0, 1), &[&back(3, 101, 0, 101)]),
        (
            "after one far ahead",
            vec![book(), step(900), step(101)],
            figures(1, 1, 1, 1),
            &[&gap(2, 101, 899), &back(3, 900, 101, 900)],
        ),
        (
            "while they wait for the snapshot",
            vec![step(101), step(103), step(102), book()],
            figures(2, 1, 1, 1),
            &[&gap(2, 102, 102), &back(3, 103, 102, 103)],
        ),
        ("and a snapshot mends it", mended(), figures(4, 3, 0, 1), &[&back(5, 103, 50, 103)]),
        ("not, if it is the last one again", vec![book(), step(101), step(101)], figures(1, 1, 0, 0), &[]),
        ("not, if they are behind the snapshot", steps(&[95..99, 99..104]), figures(3, 6, 0, 0), &[]),
        (
            "an old snapshot mends nothing that is right",
            vec![book(), step(101), snapshot(99, "1x1", ""), step(102)],
            figures(2, 0, 0, 0),
            &[&outdated(3, 99, 101)],
        ),
    ];
    check(cases);
    let outcome = run(&mended(), None);
    assert_eq!((&outcome.figures["best_bid_qty"], outcome.signals), (&json!("53.00000000"), 6));
}

#[test]
fn diffs_that_stay_behind_are_a_problem_once() {
    let behind = |line: u64, diffs: u64, update: u64| {
        format!(
            "line {line}: {diffs} diffs in a row are older than the book, the last up to update {update}: the \
             book stays at 5000 until newer diffs or a snapshot arrive"
        )
    };
    let far = || snapshot(5_000, "10x1", "11x1");
    let after = |rows: std::ops::Range<u64>| [vec![far()], rows.map(step).collect()].concat();
    let around = |before: std::ops::Range<u64>, after: std::ops::Range<u64>| {
        [before.map(step).collect(), vec![far()], after.map(step).collect()].concat()
    };
    let on_and_off = || [after(4_950..5_002), (1..2).map(|_| step(5_001)).collect()].concat();
    let cases: &[Case] = &[
        ("for good", after(1..400), figures(0, 399, 0, 0), &[&behind(102, 101, 101)]),
        ("by one too many", after(1..102), figures(0, 101, 0, 0), &[&behind(102, 101, 101)]),
        ("for as long as is usual", after(1..101), figures(0, 100, 0, 0), &[]),
        ("until they pass", after(4_700..5_005), figures(4, 301, 0, 0), &[&behind(102, 101, 4_800)]),
        ("until they pass soon", after(4_950..5_005), figures(4, 51, 0, 0), &[]),
        (
            "the same over and over",
            [vec![far()], vec![step(7); 150]].concat(),
            figures(0, 150, 0, 0),
            &[&behind(102, 101, 7)],
        ),
        ("having waited long", around(4_000..5_000, 5_000..5_003), figures(2, 1_001, 0, 0), &[]),
        ("having waited, for good", around(1..300, 300..500), figures(0, 499, 0, 0), &[&behind(401, 400, 400)]),
        ("having waited, and on", around(1..300, 300..320), figures(0, 319, 0, 0), &[]),
        ("in two rows", on_and_off(), figures(1, 52, 0, 0), &[]),
        (
            "after the next snapshot again",
            [after(1..400), after(400..600)].concat(),
            figures(0, 599, 0, 0),
            &[&behind(102, 101, 101), &behind(502, 101, 500)],
        ),
    ];
    check(cases);
}

#[test]
fn of_too_many_diffs_that_wait_only_the_latest_are_kept() {
    let room = 10_000;
    let none = |update| diff(update, update, "", "");
    let with = |rows: std::ops::RangeInclusive<u64>, last: u64| {
        rows.map(none).chain([snapshot(last, "10x1", "11x1"), none(room + 2)]).collect::<Vec<_>>()
    };
    let outcome = run(&with(1..=room, 0), None);
    assert_figures("as many as are kept", &outcome, &figures(room + 1, 0, 1, 0));
    assert_eq!(outcome.problems, [gap(room + 2, room + 1, room + 1)]);

    let dropped =
        format!("line {}: more than 10000 diffs wait for a snapshot: only the latest are kept for it", room + 1);
    let outcome = run(&with(1..=room + 1, 1), None);
    assert_figures("the snapshot has what was dropped", &outcome, &figures(room + 1, 0, 0, 0));
    assert_eq!(outcome.problems, [&*dropped]);

    let outcome = run(&with(1..=room + 1, 0), None);
    assert_figures("the snapshot needs what was dropped", &outcome, &figures(room + 1, 0, 1, 0));
    assert_eq!(outcome.problems, [dropped, gap(2, 1, 1)]);
}
