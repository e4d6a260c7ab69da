//! A book whose best bid is not below its best ask is reported as a problem once, and produces no signals.

use serde_json::json;

use crate::support::{Case, check, diff, file, market_data, snapshot, ticker};

const LINE_1: &str = "line 1: the book is crossed, bid 11.00000000 and ask 10.00000000: no signal \
                      until it is resolved";
const LINE_2: &str = "line 2: the book is crossed, bid 12.00000000 and ask 11.00000000: no signal \
                      until it is resolved";
const LOCKED: &str = "line 1: the book is crossed, bid 10.00000000 and ask 10.00000000: no signal \
                      until it is resolved";

/// Returns a snapshot with a bid of 10 and an ask of 11.
fn book() -> String {
    snapshot(100, "10x1", "11x1")
}

#[test]
fn a_snapshot_that_crosses_is_a_problem() {
    let cases: &[Case] = &[
        ("bid above ask", vec![snapshot(100, "11x1", "10x1")], json!({"crossed": 1, "signals": 0}), &[LINE_1]),
        ("bid at ask", vec![snapshot(100, "10x1", "10x1")], json!({"crossed": 1, "signals": 0}), &[LOCKED]),
        ("below the top too", vec![snapshot(100, "8x1 11x1 9x1", "12x1 10x1")], json!({"crossed": 1}), &[LINE_1]),
        ("sides apart", vec![book()], json!({"crossed": 0, "signals": 1}), &[]),
        ("the least apart", vec![snapshot(1, "10x1", "10.00000001x1")], json!({"crossed": 0, "signals": 1}), &[]),
        ("no bids", vec![snapshot(100, "", "10x1")], json!({"crossed": 0, "signals": 0}), &[]),
        ("no asks", vec![snapshot(100, "11x1", "")], json!({"crossed": 0, "signals": 0}), &[]),
        ("by a level of nothing", vec![snapshot(100, "11x0 9x1", "10x1")], json!({"crossed": 0, "signals": 1}), &[]),
        (
            "twice",
            vec![snapshot(100, "11x1", "10x1"), snapshot(101, "12x1", "11x1")],
            json!({"crossed": 2, "snapshot": 2, "signals": 0}),
            &[LINE_1, LINE_2],
        ),
        (
            "mended by another",
            vec![snapshot(100, "11x1", "10x1"), snapshot(101, "10x1", "11x1")],
            json!({"crossed": 1, "signals": 1}),
            &[LINE_1],
        ),
        (
            "mended by a diff that waited",
            vec![diff(99, 102, "11x0 9x1", ""), snapshot(100, "11x1", "10x1")],
            json!({"crossed": 1, "signals": 1, "best_bid": "9.00000000"}),
            &[&LINE_1.replace("line 1", "line 2")],
        ),
    ];
    check(cases);
}

#[test]
fn a_diff_that_crosses_is_a_problem_until_it_is_mended() {
    let crossed = |bid: &str, ask: &str| {
        format!("line 2: the book is crossed, bid {bid} and ask {ask}: no signal until it is resolved")
    };
    let (by_bid, by_ask) = (crossed("12.00000000", "11.00000000"), crossed("10.00000000", "9.00000000"));
    let (locked, both) = (crossed("11.00000000", "11.00000000"), crossed("12.00000000", "9.00000000"));
    let again = by_bid.replace("line 2", "line 4");
    let one = json!({"crossed": 1, "signals": 1, "applied": 1});
    let cases: &[Case] = &[
        ("by a bid", vec![book(), diff(101, 101, "12x1", "")], one.clone(), &[&by_bid]),
        ("by an ask", vec![book(), diff(101, 101, "", "9x1")], one.clone(), &[&by_ask]),
        ("by a bid at the ask", vec![book(), diff(101, 101, "11x1", "")], one.clone(), &[&locked]),
        ("by both sides", vec![book(), diff(101, 101, "12x1", "9x1")], one, &[&both]),
        ("not, as the ask moves", vec![book(), diff(101, 101, "12x1", "11x0 13x1")], json!({"crossed": 0}), &[]),
        ("not by a bid of nothing", vec![book(), diff(101, 101, "12x0", "")], json!({"crossed": 0}), &[]),
        ("not if it is stale", vec![book(), diff(99, 100, "12x1", "")], json!({"crossed": 0, "stale": 1}), &[]),
        (
            "and stays so",
            vec![book(), diff(101, 101, "12x1", ""), diff(102, 102, "8x1", ""), diff(103, 103, "", "20x1")],
            json!({"crossed": 1, "applied": 3, "signals": 1}),
            &[&by_bid],
        ),
        (
            "and is mended",
            vec![book(), diff(101, 101, "12x1", ""), diff(102, 102, "12x0", "")],
            json!({"crossed": 1, "signals": 2}),
            &[&by_bid],
        ),
        (
            "and is mended, and crosses again",
            vec![book(), diff(101, 101, "12x1", ""), diff(102, 102, "12x0", ""), diff(103, 103, "12x1", "")],
            json!({"crossed": 2, "signals": 2}),
            &[&by_bid, &again],
        ),
        (
            "and goes as a side empties",
            vec![book(), diff(101, 101, "12x1", ""), diff(102, 102, "", "11x0")],
            json!({"crossed": 1, "signals": 1, "best_ask": null}),
            &[&by_bid],
        ),
        (
            "and the exchange says otherwise",
            vec![book(), ticker(101, "10x1", "11x1"), diff(101, 101, "12x1", "")],
            json!({"crossed": 1, "checked": 1, "agree": 0}),
            &[
                "line 3: at update 101, the exchange has 10.00000000 x 1.00000000 / 11.00000000 x 1.00000000 but the \
                 book has 12.00000000 x 1.00000000 / 11.00000000 x 1.00000000",
                &by_bid.replace("line 2", "line 3"),
            ],
        ),
    ];
    check(cases);
}

#[test]
fn a_ticker_that_is_crossed_is_left_out() {
    let over =
        |line: u64, bid: &str, ask: &str| format!("line {line}: a crossed ticker, bid {bid} and ask {ask}: ignored");
    let (crossed, locked) = (over(2, "12.00000000", "11.00000000"), over(2, "11.00000000", "11.00000000"));
    let step = || diff(101, 101, "9x1", "");
    let left_out = json!({"crossed": 1, "checked": 0, "agree": 0, "duplicates": 0, "out_of_order": 0});
    let agrees = json!({"crossed": 0, "checked": 1, "agree": 1});
    let one = json!({"crossed": 1, "checked": 1, "agree": 1});
    let good = || ticker(101, "10x1", "11x1");
    let cases: &[Case] = &[
        ("bid above ask", vec![book(), ticker(101, "12x1", "11x1"), step()], left_out.clone(), &[&crossed]),
        ("bid at ask", vec![book(), ticker(101, "11x1", "11x1"), step()], left_out.clone(), &[&locked]),
        ("bid of nothing", vec![book(), ticker(102, "12x0", "11x1"), step()], json!({"crossed": 0}), &[]),
        ("ask of nothing", vec![book(), ticker(102, "12x1", "11x0"), step()], json!({"crossed": 0}), &[]),
        ("sides apart", vec![book(), good(), step()], agrees, &[]),
        (
            "after a good one",
            vec![book(), good(), ticker(101, "12x1", "11x1"), step()],
            one.clone(),
            &[&over(3, "12.00000000", "11.00000000")],
        ),
        ("before a good one", vec![book(), ticker(101, "12x1", "11x1"), good(), step()], one, &[&crossed]),
        ("not reached", vec![book(), ticker(900, "12x1", "11x1"), step()], left_out.clone(), &[&crossed]),
        ("of old", vec![book(), ticker(1, "12x1", "11x1"), step()], left_out.clone(), &[&crossed]),
        (
            "as the book is",
            vec![snapshot(100, "11x1", "10x1"), ticker(101, "11x1", "10x1"), diff(101, 101, "", "")],
            json!({"crossed": 2, "checked": 0}),
            &[LINE_1, &over(2, "11.00000000", "10.00000000")],
        ),
        ("without a book", vec![ticker(101, "12x1", "11x1")], left_out, &[&over(1, "12.00000000", "11.00000000")]),
    ];
    check(cases);
}

#[test]
fn strict_stops_where_the_book_is_crossed() {
    for (name, lines) in [
        ("snapshot", vec![snapshot(100, "11x1", "10x1"), book()]),
        ("diff", vec![book(), diff(101, 101, "12x1", ""), diff(102, 102, "12x0", "")]),
    ] {
        let path = file(&format!("crossed_{name}.txt"), lines.join("\n"));
        let output = market_data(&["--input", &path, "--strict"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{name}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("the book is crossed") && stderr.ends_with("\n1 problem in the input\n"), "{stderr}");
    }
}
