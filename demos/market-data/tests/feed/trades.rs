//! Every trade counts once, in whatever order trades arrive.

use serde_json::{Value, json};

use crate::support::{Case, check, message, trade};

/// Returns a trade of one unit, at a price equal to its id.
fn one(id: u64) -> String {
    trade(id, &id.to_string(), "1")
}

fn figures(volume: u64, duplicates: u64, out_of_order: u64) -> Value {
    let volume = format!("{volume}.00000000");
    json!({"volume": volume, "duplicates": duplicates, "out_of_order": out_of_order, "bad_lines": 0})
}

#[test]
fn a_trade_that_comes_again_is_dropped_and_counted() {
    let rerun = || (1..6).chain(3..9).map(one).collect();
    let unlike = |line: u64| format!("line {line}: a second trade 7 differs from the first: ignored");
    let (second, third) = (unlike(2), unlike(3));
    let without_id = || message("trade", r#"{"p":"7","q":"1"}"#);
    let seller = || message("trade", r#"{"t":7,"p":"7","q":"1","m":true}"#);
    let old = "line 2: trade 5 arrived after trade 7: counted, but not as the latest";
    let cases: &[Case] = &[
        ("at once", vec![one(7), one(7)], figures(1, 1, 0), &[]),
        ("three times", vec![one(7), one(7), one(7), one(7)], figures(1, 3, 0), &[]),
        ("after another", vec![one(7), one(8), one(7)], figures(2, 1, 0), &[]),
        ("after a hole", vec![one(7), one(99), one(7), one(99)], figures(2, 2, 0), &[]),
        (
            "the first of all",
            vec![one(1), trade(0, "1", "1"), trade(0, "1", "1"), one(1)],
            figures(2, 2, 1),
            &["line 2: trade 0 arrived after trade 1: counted, but not as the latest"],
        ),
        ("the last of all", vec![trade(u64::MAX, "1", "1"), trade(u64::MAX, "1", "1")], figures(1, 1, 0), &[]),
        ("a row of them", rerun(), figures(8, 3, 0), &[]),
        ("in other words", vec![one(7), trade(7, "7.0", "1.00")], figures(1, 1, 0), &[]),
        ("one that was old", vec![one(7), one(5), one(5), one(7)], figures(2, 2, 1), &[old]),
        ("without an id there is no again", vec![without_id(), without_id()], figures(2, 0, 0), &[]),
        ("at another price", vec![one(7), trade(7, "8", "1")], figures(1, 1, 0), &[&second]),
        ("of another quantity", vec![one(7), trade(7, "7", "2")], figures(1, 1, 0), &[&second]),
        ("by the other side", vec![one(7), seller()], figures(1, 1, 0), &[&second]),
        ("unlike, and again", vec![one(7), one(7), trade(7, "8", "1"), one(7)], figures(1, 3, 0), &[&third]),
    ];
    check(cases);
}

#[test]
fn a_trade_after_a_later_one_counts_and_is_a_problem() {
    let old = |line: u64, id: u64, latest: u64| {
        format!("line {line}: trade {id} arrived after trade {latest}: counted, but not as the latest")
    };
    let last = |volume: u64, out_of_order: u64, price: u64| {
        let mut figures = figures(volume, 0, out_of_order);
        figures["last_price"] = json!(format!("{price}.00000000"));
        figures
    };
    let without_id = || message("trade", r#"{"p":"4","q":"1"}"#);
    let cases: &[Case] = &[
        ("by one", vec![one(2), one(1)], last(2, 1, 2), &[&old(2, 1, 2)]),
        ("by many", vec![one(900), one(1)], last(2, 1, 900), &[&old(2, 1, 900)]),
        ("in a hole", vec![one(1), one(3), one(2)], last(3, 1, 3), &[&old(3, 2, 3)]),
        ("and then on", vec![one(1), one(3), one(2), one(4)], last(4, 1, 4), &[&old(3, 2, 3)]),
        ("backwards", vec![one(3), one(2), one(1)], last(3, 2, 3), &[&old(2, 2, 3), &old(3, 1, 3)]),
        ("in pairs", vec![one(2), one(1), one(4), one(3)], last(4, 2, 4), &[&old(2, 1, 2), &old(4, 3, 4)]),
        ("up again, but old", vec![one(5), one(1), one(2)], last(3, 2, 5), &[&old(2, 1, 5), &old(3, 2, 5)]),
        ("after the greatest", vec![trade(u64::MAX, "1", "1"), one(5)], last(2, 1, 1), &[&old(2, 5, u64::MAX)]),
        ("in order", vec![one(1), one(2), one(3)], last(3, 0, 3), &[]),
        ("with holes", vec![one(1), one(20), one(300)], last(3, 0, 300), &[]),
        ("one without an id is the latest", vec![one(3), without_id()], last(2, 0, 4), &[]),
    ];
    check(cases);
}

#[test]
fn a_trade_of_nothing_is_refused() {
    let refused = |quantity: &str, price: &str| format!("line 1: a trade of {quantity} at price {price}");
    let (no_price, nothing) = (refused("1.00000000", "0.00000000"), refused("0.00000000", "1.00000000"));
    let neither = refused("0.00000000", "0.00000000");
    let bad = json!({"bad_lines": 1, "trade": 0, "volume": "0.00000000", "vwap": null, "last_price": null});
    let then_good = json!({"bad_lines": 1, "trade": 1, "vwap": "7.00000000"});
    let least = json!({"bad_lines": 0, "trade": 1, "volume": "0.00000001", "vwap": "0.00000001"});
    let without_id = || message("trade", r#"{"p":"0","q":"1"}"#);
    let futures = || message("trade", r#"{"t":1,"p":"0","q":"0","X":"NA","m":true}"#);
    let cases: &[Case] = &[
        ("no price", vec![trade(1, "0", "1")], bad.clone(), &[&no_price]),
        ("no quantity", vec![trade(1, "1", "0")], bad.clone(), &[&nothing]),
        ("neither", vec![trade(1, "0", "0")], bad.clone(), &[&neither]),
        ("no price at eight digits", vec![trade(1, "0.00000000", "1")], bad.clone(), &[&no_price]),
        ("no quantity at eight digits", vec![trade(1, "1", "0.00000000")], bad.clone(), &[&nothing]),
        ("no quantity at twelve digits", vec![trade(1, "1", "0.000000000000")], bad.clone(), &[&nothing]),
        ("no price, no id", vec![without_id()], bad.clone(), &[&no_price]),
        ("what futures write of no market", vec![futures()], bad, &[&neither]),
        ("then a good one of its id", vec![trade(7, "0", "1"), one(7)], then_good.clone(), &[&no_price]),
        ("then a good one", vec![trade(1, "1", "0"), one(7)], then_good, &[&nothing]),
        ("the least there is", vec![trade(1, "0.00000001", "0.00000001")], least, &[]),
    ];
    check(cases);
}
