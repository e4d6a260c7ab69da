//! An empty side of the book, as the exchange writes it: a quantity of zero, usually at price zero.

use serde_json::{Value, json};

use crate::support::{Case, check, diff, snapshot, ticker};

/// Returns a snapshot, a ticker, and the diff that triggers the check.
fn lines(bids: &str, asks: &str, bid: &str, ask: &str) -> Vec<String> {
    vec![snapshot(100, bids, asks), ticker(101, bid, ask), diff(101, 101, "", "")]
}

fn checked(agree: u64) -> Value {
    json!({"checked": 1, "agree": agree, "bad_lines": 0})
}

#[test]
fn an_empty_side_agrees_with_a_ticker_of_nothing() {
    let disagrees = |exchange: &str, own: &str| {
        format!("line 3: at update 101, the exchange has {exchange} but the book has {own}")
    };
    let (bid, ask) = ("10.00000000 x 1.00000000", "11.00000000 x 1.00000000");
    let cases: &[Case] = &[
        ("no asks", lines("10x1", "", "10x1", "0x0"), checked(1), &[]),
        ("no bids", lines("", "11x1", "0x0", "11x1"), checked(1), &[]),
        ("nothing at all", lines("", "", "0x0", "0x0"), checked(1), &[]),
        ("at eight digits", lines("10x1", "", "10x1", "0.00000000x0.00000000"), checked(1), &[]),
        ("at a price", lines("10x1", "", "10x1", "11x0"), checked(1), &[]),
        ("at a price that crosses", lines("10x1", "", "10x1", "9x0"), checked(1), &[]),
        ("at a bid's price", lines("", "11x1", "12x0.00", "11x1"), checked(1), &[]),
        ("levels of nothing", lines("10x1", "11x0 12x0", "10x1", "0x0"), checked(1), &[]),
        (
            "asks that the exchange does not have",
            lines("10x1", "11x1", "10x1", "0x0"),
            checked(0),
            &[&disagrees(&format!("{bid} / nothing"), &format!("{bid} / {ask}"))],
        ),
        (
            "bids that the exchange does not have",
            lines("10x1", "11x1", "0x0", "11x1"),
            checked(0),
            &[&disagrees(&format!("nothing / {ask}"), &format!("{bid} / {ask}"))],
        ),
        (
            "asks that only the exchange has",
            lines("10x1", "", "10x1", "11x1"),
            checked(0),
            &[&disagrees(&format!("{bid} / {ask}"), &format!("{bid} / nothing"))],
        ),
        (
            "a side that empties",
            vec![snapshot(100, "10x1", "11x1"), ticker(101, "10x1", "0x0"), diff(101, 101, "", "11x0")],
            checked(1),
            &[],
        ),
        (
            "a side that fills",
            vec![snapshot(100, "10x1", ""), ticker(101, "10x1", "11x1"), diff(101, 101, "", "11x1")],
            checked(1),
            &[],
        ),
    ];
    check(cases);
}

#[test]
fn a_quantity_without_a_price_is_refused() {
    let book = || snapshot(100, "10x1", "11x1");
    let (first, second) = ("line 1: a quantity at price 0", "line 2: a quantity at price 0");
    let refused = json!({"bad_lines": 1});
    let fine = json!({"bad_lines": 0});
    let cases: &[Case] = &[
        ("ticker's bid", vec![book(), ticker(101, "0x1", "11x1")], refused.clone(), &[second]),
        ("ticker's ask", vec![book(), ticker(101, "10x1", "0x1")], refused.clone(), &[second]),
        ("ticker, both", vec![book(), ticker(101, "0x1", "0x1")], refused.clone(), &[second]),
        ("diff's bid", vec![book(), diff(101, 101, "0x1", "")], refused.clone(), &[second]),
        ("diff's ask", vec![book(), diff(101, 101, "", "0x1")], refused.clone(), &[second]),
        ("diff, among others", vec![book(), diff(101, 101, "9x1 0.0x1 8x1", "")], refused.clone(), &[second]),
        ("snapshot's bid", vec![snapshot(1, "0x1", "")], refused.clone(), &[SNAPSHOT]),
        ("snapshot's ask", vec![snapshot(1, "10x1", "0x0.00000001")], refused.clone(), &[SNAPSHOT]),
        ("without a book", vec![diff(101, 101, "", "0.00000000x1")], refused, &[first]),
        ("nothing at no price in a diff", vec![book(), diff(101, 101, "0x0", "0x0")], fine.clone(), &[]),
        ("the least price", vec![snapshot(1, "0.00000001x1", "")], fine, &[]),
    ];
    check(cases);
}

const SNAPSHOT: &str = "line 1: neither a stream message nor a snapshot: a quantity at price 0";
