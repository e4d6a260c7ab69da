//! A capture has one symbol, in lower or upper case, which is the same in a message and in its stream.

use serde_json::json;

use crate::support::{at, run};

const TRADE: &str = r#""p":"1","q":"1""#;
const TICKER: &str = r#""u":1,"b":"1","B":"1","a":"2","A":"1""#;
const DEPTH: &str = r#""U":1,"u":1,"b":[],"a":[]"#;

fn message(stream: &str, data: &str) -> String {
    at(0, &format!(r#"{{"stream":"{stream}","data":{{{data}}}}}"#))
}

#[test]
fn the_symbol_is_the_same_in_small_letters_and_capitals() {
    for symbols in [
        ["BTCUSDT", "btcusdt"],
        ["btcusdt", "BTCUSDT"],
        ["btcusdt", "btcusdt"],
        ["BtcUsdt", "bTCuSDT"],
        ["1000pepeusdt", "1000PEPEUSDT"],
        ["币安usdt", "币安USDT"],
        ["btcusdt_240927", "BTCUSDT_240927"],
        ["btcusd_perp", "BTCUSD_PERP"],
        ["x", "X"],
        ["\\u0078usdt", "XUSDT"],
        ["xusdt", "\\u0058USDT"],
    ] {
        let streams = symbols.map(|symbol| message(&format!("{symbol}@trade"), TRADE));
        let outcome = run(&streams, None);
        assert_eq!(outcome.problems, [""; 0], "{symbols:?}");
        assert_eq!((&outcome.figures["trade"], &outcome.figures["bad_lines"]), (&json!(2), &json!(0)), "{symbols:?}");
    }
}

#[test]
fn another_symbol_is_a_problem() {
    let snapshot = |symbol: &str| at(0, &format!(r#"{{"lastUpdateId":1,"symbol":"{symbol}","bids":[],"asks":[]}}"#));
    let trade = |symbol: &str| message(&format!("{symbol}@trade"), TRADE);
    for (first, second, named) in [
        (trade("btcusdt"), trade("ethusdt"), ["ethusdt", "btcusdt"]),
        (trade("BTCUSDT"), trade("ethusdt"), ["ethusdt", "BTCUSDT"]),
        (trade("btcusdt"), trade("btcusd"), ["btcusd", "btcusdt"]),
        (trade("btcusd"), trade("btcusdt"), ["btcusdt", "btcusd"]),
        (trade("btcusdt"), trade("btcusdt_240927"), ["btcusdt_240927", "btcusdt"]),
        (trade("btcusdt"), trade(""), ["", "btcusdt"]),
        (trade("币安"), trade("币"), ["币", "币安"]),
        (message("x@bookTicker", TICKER), message("y@depth", DEPTH), ["y", "x"]),
        (message("x@depth", DEPTH), message("y@bookTicker", TICKER), ["y", "x"]),
        (trade("btcusd_perp"), snapshot("ETHUSD_PERP"), ["ETHUSD_PERP", "btcusd_perp"]),
        (snapshot("ETHUSD_PERP"), trade("btcusd_perp"), ["btcusd_perp", "ETHUSD_PERP"]),
    ] {
        let outcome = run(&[first, second], None);
        let [named, first] = named;
        assert_eq!(outcome.problems, [format!("line 2: `{named}` in a capture of `{first}`: one symbol at a time")]);
        assert_eq!((&outcome.figures["events"], &outcome.figures["bad_lines"]), (&json!(1), &json!(1)));
    }
    let outcome = run(&[trade("btcusd_perp"), snapshot("BTCUSD_PERP"), snapshot("btcusd_perp")], None);
    assert_eq!((outcome.problems.len(), &outcome.figures["snapshot"]), (0, &json!(2)));
}

#[test]
fn a_message_about_another_symbol_than_its_stream_is_a_problem() {
    for (stream, symbol, data) in [
        ("btcusdt@trade", "ETHUSDT", TRADE),
        ("btcusdt@bookTicker", "ETHUSDT", TICKER),
        ("btcusdt@depth", "ETHUSDT", DEPTH),
        ("btcusdt@depth@100ms", "ethusdt", DEPTH),
        ("btcusdt@trade", "BTCUSD", TRADE),
        ("btcusd@trade", "BTCUSDT", TRADE),
        ("btcusdt@trade", "", TRADE),
        ("btcusdt@trade", " BTCUSDT", TRADE),
        ("btcusdt@trade", "BTCUSDT@trade", TRADE),
        ("btcusdt@bookTicker", "B\u{422}CUSDT", TICKER),
        ("币安@depth", "币", DEPTH),
    ] {
        let good = message("other@trade", TRADE);
        let outcome = run(&[message(stream, &format!(r#""s":"{symbol}",{data}"#)), good], None);
        assert_eq!(outcome.problems, [format!("line 1: a message for `{symbol}` in the stream `{stream}`")]);
        // Nor does it set the symbol of the capture.
        assert_eq!((&outcome.figures["events"], &outcome.figures["bad_lines"]), (&json!(1), &json!(1)));
    }
    for (stream, symbol, data) in [
        ("btcusdt@trade", r#""s":"BTCUSDT","#, TRADE),
        ("btcusdt@trade", r#""s":"btcusdt","#, TRADE),
        ("BTCUSDT@depth", r#""s":"btcusdt","#, DEPTH),
        ("btcusdt@bookTicker", r#""s":null,"#, TICKER),
        ("btcusdt@bookTicker", "", TICKER),
    ] {
        assert_eq!(run(&[message(stream, &format!("{symbol}{data}"))], None).problems, [""; 0], "{stream} {symbol}");
    }
    let number = run(&[message("x@trade", &format!(r#""s":5,{TRADE}"#))], None);
    assert_eq!(number.problems, ["line 1: invalid type: integer `5`, expected a string"]);
}
