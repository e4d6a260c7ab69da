//! Compares the one-second bars with the trades of the capture.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use serde_json::{Value, json};

use crate::support::{capture, market_data, stderr};

/// Returns the bars that the program prints.
fn bars(args: &[&str]) -> Vec<Value> {
    let output = market_data(&[args, &["--bars-json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the bars computed directly from the trades of the capture, without a clock or a timer.
fn bars_of_trades() -> Vec<Value> {
    let mut bars: Vec<(u64, Vec<(u64, u64)>)> = Vec::new();
    for line in capture().lines() {
        let (time, json) = line.split_once(' ').unwrap();
        let message: Value = serde_json::from_str(json).unwrap();
        if message["stream"] != "btcusdt@trade" {
            continue;
        }
        let units = |field: &str| {
            let (whole, fraction) = message["data"][field].as_str().unwrap().split_once('.').unwrap();
            format!("{whole}{fraction}").parse::<u64>().unwrap()
        };
        let second = time.parse::<u64>().unwrap() / 1_000_000_000;
        if bars.last().is_none_or(|(last, _)| *last != second) {
            bars.push((second, Vec::new()));
        }
        bars.last_mut().unwrap().1.push((units("p"), units("q")));
    }
    let decimal = |units: u64| format!("{}.{:08}", units / 100_000_000, units % 100_000_000);
    let bar = |(second, trades): &(u64, Vec<(u64, u64)>)| {
        let prices = || trades.iter().map(|(price, _)| *price);
        json!({
            "time": second,
            "open": decimal(prices().next().unwrap()), "high": decimal(prices().max().unwrap()),
            "low": decimal(prices().min().unwrap()), "close": decimal(prices().next_back().unwrap()),
            "volume": decimal(trades.iter().map(|(_, quantity)| quantity).sum()), "trades": trades.len(),
        })
    };
    bars.iter().map(bar).collect()
}

#[test]
fn bars_are_those_of_the_trades_at_every_pace() {
    let expected = bars_of_trades();
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(expected.iter().map(|bar| bar["trades"].as_u64().unwrap()).sum::<u64>(), 9757);
    for pace in ["max", "1000000x", "200x"] {
        assert_eq!(bars(&["--pace", pace]), expected, "{pace}");
    }
}

#[test]
fn bars_are_drawn() {
    let output = market_data(&["--bars"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains('\u{2588}') && text.contains("bars to a column"), "{text}");
    assert_eq!(text.lines().filter(|line| line.trim_start().starts_with("17")).count(), bars_of_trades().len());
    assert_eq!(market_data(&["--bars", "--json"]).status.code(), Some(2));
}
