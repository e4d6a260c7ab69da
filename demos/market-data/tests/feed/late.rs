//! A trade whose second is over is in no bar, in particular not in that of another second.

use market_data::Bar;

use crate::support::{at, run, ticker, trade_at};

/// The second since 1970 from which the tests count.
const START: u64 = 1_723_161_240;

/// Second, open, high, low, close and number of trades. All prices and volumes are small integers.
type Shape = (u64, [u64; 4], u64);

fn shape(bar: &Bar) -> Shape {
    let whole = |decimal: market_data::Decimal| decimal.units() / 100_000_000;
    assert_eq!(whole(bar.volume), bar.trades);
    (bar.time - START, [bar.open, bar.high, bar.low, bar.close].map(whole), bar.trades)
}

/// Returns a trade of one unit, by its time in milliseconds, id and price.
fn one(ms: u64, id: u64, price: u64) -> String {
    trade_at(ms, id, &price.to_string(), "1")
}

/// Returns another message with a time.
fn tick(ms: u64) -> String {
    at(ms, ticker(1, "1x1", "2x1").split_once(' ').unwrap().1)
}

type Case<'a> = (&'a str, Vec<String>, &'a [Shape], &'a [&'a str]);

/// Compares the bars, the problems, and the number of trades that are in no bar.
fn check(cases: &[Case]) {
    assert!(cases.len() > 10, "too few cases");
    for (name, lines, bars, problems) in cases {
        let outcome = run(lines, None);
        assert_eq!(outcome.bars.iter().map(shape).collect::<Vec<_>>(), *bars, "{name}");
        assert_eq!(outcome.problems, *problems, "{name}");
        assert_eq!(outcome.figures["out_of_order"], problems.len(), "{name}");
        let trades = lines.iter().filter(|line| line.contains("@trade")).count();
        assert_eq!(outcome.figures["volume"], format!("{trades}.00000000"), "{name}: each counts");
    }
}

fn late(line: u64, second: u64, bar: u64) -> String {
    let (second, bar) = (START + second, START + bar);
    format!("line {line}: a trade of second {second} arrived after the bar of {bar}: counted, but in no bar")
}

#[test]
fn a_trade_of_a_second_that_is_over_is_a_problem_and_in_no_bar() {
    let cases: &[Case] = &[
        (
            "earlier than the bar that closed",
            vec![one(5_100, 1, 7), one(6_100, 2, 9), one(5_500, 3, 1), one(6_200, 4, 8)],
            &[(5, [7; 4], 1), (6, [9, 9, 8, 8], 2)],
            &[&late(3, 5, 6)],
        ),
        (
            "by one nanosecond",
            vec![one(6_000, 1, 7), at(5_999, r#"{"stream":"x@trade","data":{"t":2,"p":"1","q":"1"}}"#)],
            &[(6, [7; 4], 1)],
            &[&late(2, 5, 6)],
        ),
        ("by hours", vec![one(9_000_000, 1, 7), one(5_000, 2, 1)], &[(9_000, [7; 4], 1)], &[&late(2, 5, 9_000)]),
        (
            "after the next second began without a trade",
            vec![one(5_100, 1, 7), tick(6_000), one(5_500, 2, 1), one(6_500, 3, 8)],
            &[(5, [7; 4], 1), (6, [8; 4], 1)],
            &[&late(3, 5, 5)],
        ),
        (
            "more than one",
            vec![one(5_000, 1, 7), one(6_000, 2, 8), one(5_100, 3, 1), one(5_200, 4, 2), one(7_000, 5, 9)],
            &[(5, [7; 4], 1), (6, [8; 4], 1), (7, [9; 4], 1)],
            &[&late(3, 5, 6), &late(4, 5, 6)],
        ),
        (
            "of old by its id too",
            vec![one(5_100, 1, 7), one(6_100, 9, 9), one(5_500, 3, 1)],
            &[(5, [7; 4], 1), (6, [9; 4], 1)],
            &[&late(3, 5, 6)],
        ),
        (
            "of a second that had no trade, before the bar",
            vec![one(7_100, 1, 7), one(6_100, 2, 1)],
            &[(7, [7; 4], 1)],
            &[&late(2, 6, 7)],
        ),
        (
            "of a second that had no trade, before no bar",
            vec![one(5_100, 1, 7), tick(7_000), one(6_100, 2, 1), one(7_200, 3, 9)],
            &[(5, [7; 4], 1), (6, [1; 4], 1), (7, [9; 4], 1)],
            &[],
        ),
        (
            "not, if only other messages go back",
            vec![one(5_100, 1, 7), one(6_100, 2, 9), tick(5_500), one(6_200, 3, 8)],
            &[(5, [7; 4], 1), (6, [9, 9, 8, 8], 2)],
            &[],
        ),
        (
            "not, within its second",
            vec![one(5_900, 1, 7), one(5_100, 2, 1), one(5_500, 3, 5)],
            &[(5, [7, 7, 1, 5], 3)],
            &[],
        ),
        (
            "after a time far ahead",
            vec![one(5_100, 1, 7), one(90_000_000, 2, 9), one(5_200, 3, 1), one(90_000_100, 4, 8)],
            &[(5, [7; 4], 1), (90_000, [9, 9, 8, 8], 2)],
            &[&late(3, 5, 90_000)],
        ),
        (
            "after another message far ahead",
            vec![one(5_100, 1, 7), tick(90_000_000), one(6_200, 2, 9), one(7_300, 3, 8)],
            &[(5, [7; 4], 1), (6, [9; 4], 1), (7, [8; 4], 1)],
            &[],
        ),
    ];
    check(cases);
}

#[test]
fn open_and_close_are_by_id_within_a_second() {
    let old = |line: u64, id: u64, latest: u64| {
        format!("line {line}: trade {id} arrived after trade {latest}: counted, but not as the latest")
    };
    let cases: &[Case] = &[
        ("in order", vec![one(1, 1, 5), one(2, 2, 6)], &[(0, [5, 6, 5, 6], 2)], &[]),
        ("swapped", vec![one(1, 2, 6), one(2, 1, 5)], &[(0, [5, 6, 5, 6], 2)], &[&old(2, 1, 2)]),
        ("between", vec![one(1, 1, 5), one(2, 3, 6), one(3, 2, 9)], &[(0, [5, 9, 5, 6], 3)], &[&old(3, 2, 3)]),
        ("a high", vec![one(1, 3, 5), one(2, 1, 9)], &[(0, [9, 9, 5, 5], 2)], &[&old(2, 1, 3)]),
        ("a low", vec![one(1, 3, 5), one(2, 1, 2)], &[(0, [2, 5, 2, 5], 2)], &[&old(2, 1, 3)]),
        (
            "backwards",
            vec![one(1, 3, 5), one(2, 2, 6), one(3, 1, 7)],
            &[(0, [7, 7, 5, 5], 3)],
            &[&old(2, 2, 3), &old(3, 1, 3)],
        ),
        ("and on", vec![one(1, 3, 5), one(2, 1, 6), one(3, 4, 7)], &[(0, [6, 7, 5, 7], 3)], &[&old(2, 1, 3)]),
        (
            "in the second after",
            vec![one(1, 1, 5), one(1_001, 3, 6), one(1_002, 2, 7)],
            &[(0, [5; 4], 1), (1, [7, 7, 6, 6], 2)],
            &[&old(3, 2, 3)],
        ),
        (
            "older than the second before",
            vec![one(1, 5, 5), one(1_001, 6, 6), one(1_002, 2, 7)],
            &[(0, [5; 4], 1), (1, [7, 7, 6, 6], 2)],
            &[&old(3, 2, 6)],
        ),
        (
            "alone in its second",
            vec![one(1, 5, 5), one(1_001, 2, 7)],
            &[(0, [5; 4], 1), (1, [7; 4], 1)],
            &[&old(2, 2, 5)],
        ),
        ("with holes", vec![one(1, 10, 5), one(2, 1_000, 6)], &[(0, [5, 6, 5, 6], 2)], &[]),
    ];
    check(cases);
}
