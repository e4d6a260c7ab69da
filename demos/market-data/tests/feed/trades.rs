//! Trades of nothing.

use serde_json::json;

use crate::support::{Case, check, message, trade};

/// A trade of one unit at a price of its id.
fn one(id: u64) -> String {
    trade(id, &id.to_string(), "1")
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
