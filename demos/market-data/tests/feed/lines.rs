//! Lines in every form that JSON knows: escapes, levels of many parts.

use serde_json::json;

use crate::support::{at, message, run, snapshot};

/// A trade of stream `x`, in other words.
const TRADE: &str = r#"{"stream":"x@trade","data":{"t":1,"p":"1.5","q":"2"}}"#;

#[test]
fn json_may_be_written_with_escapes() {
    for (name, json) in [
        ("the whole symbol", r#"{"stream":"\u5e01\u5b89@trade","data":{"s":"\u5e01\u5b89","t":1,"p":"1.5","q":"2"}}"#),
        ("plain", TRADE),
        (
            "symbol as it is and escaped",
            r#"{"stream":"币安@trade","data":{"s":"\u5e01\u5b89","t":1,"p":"1.5","q":"2"}}"#,
        ),
        (
            "symbol escaped and as it is",
            r#"{"stream":"\u5e01\u5b89@trade","data":{"s":"币安","t":1,"p":"1.5","q":"2"}}"#,
        ),
        ("a pair of surrogates", r#"{"stream":"\ud83d\ude80usdt@trade","data":{"t":1,"p":"1.5","q":"2"}}"#),
        ("the at sign", r#"{"stream":"x\u0040trade","data":{"t":1,"p":"1.5","q":"2"}}"#),
        ("the channel", r#"{"stream":"x@\u0074rade","data":{"t":1,"p":"1.5","q":"2"}}"#),
        ("letters", r#"{"stream":"\u0078@trade","data":{"s":"\u0058","t":1,"p":"1.5","q":"2"}}"#),
        ("a slash", r#"{"stream":"x\/y@trade","data":{"s":"X\/Y","t":1,"p":"1.5","q":"2"}}"#),
        ("a price", r#"{"stream":"x@trade","data":{"t":1,"p":"1\u002e5","q":"\u0032"}}"#),
        ("names", r#"{"str\u0065am":"x@trade","d\u0061ta":{"\u0074":1,"\u0070":"1.5","q":"2"}}"#),
        ("with the data first", r#"{"data":{"q":"2","p":"1.5","t":1},"stream":"\u0078@trade"}"#),
        ("with spaces", "{ \"stream\" : \"x@trade\" ,\t\"data\" : { \"t\" : 1, \"p\" : \"1.5\", \"q\" : \"2\" } }  \r"),
        (
            "with fields of no use",
            r#"{"id":[{}],"stream":"x@trade","data":{"t":1,"p":"1.5","q":"2","m":false,"z":"\n"}}"#,
        ),
    ] {
        let outcome = run(&[at(0, json)], None);
        assert_eq!(outcome.problems, [""; 0], "{name}");
        assert_eq!(
            (&outcome.figures["trade"], &outcome.figures["volume"]),
            (&json!(1), &json!("2.00000000")),
            "{name}"
        );
        assert_eq!(outcome.figures["vwap"], "1.50000000", "{name}");
    }
    for (reason, json) in [
        ("invalid escape", r#"{"stream":"\x@trade","data":{"t":1,"p":"1.5","q":"2"}}"#),
        ("unexpected end of hex escape", r#"{"stream":"\ud83d@trade","data":{"t":1,"p":"1.5","q":"2"}}"#),
        ("invalid escape", r#"{"stream":"x@trade","data":{"t":1,"p":"1.\u00z5","q":"2"}}"#),
    ] {
        assert_eq!(run(&[at(0, json)], None).problems, [format!("line 1: {reason}")]);
    }
}

#[test]
fn levels_may_have_more_than_two_parts() {
    let book = || snapshot(100, "9x1", "12x1");
    for (name, bids) in [
        ("two", r#"[["10","1"]]"#),
        ("an empty list", r#"[["10","1",[]]]"#),
        ("in all of them", r#"[["10","1",[]],["8","1",[]],["7","0",[]]]"#),
        ("in some of them", r#"[["10","1"],["8","1",[]]]"#),
        ("a number", r#"[["10","1",5]]"#),
        ("text", r#"[["10","1","5"]]"#),
        ("an object", r#"[["10","1",{"orders":[1,2]}]]"#),
        ("nothing", r#"[["10","1",null]]"#),
        ("many", r#"[["10","1",[],"x",3,[[]]]]"#),
        ("with spaces", r#"[ [ "10" , "1" , [ ] ] ]"#),
        ("a list that is not empty", r#"[["10","1",["a"]]]"#),
    ] {
        let diff = message("depth", &format!(r#"{{"U":101,"u":101,"b":{bids},"a":[["11","2",[]]]}}"#));
        let snapshot = at(0, &format!(r#"{{"lastUpdateId":200,"bids":{bids},"asks":[["11","2",[]]]}}"#));
        for lines in [vec![book(), diff], vec![snapshot]] {
            let outcome = run(&lines, None);
            assert_eq!(outcome.problems, [""; 0], "{name}");
            assert_eq!(
                (&outcome.figures["best_bid"], &outcome.figures["best_bid_qty"]),
                (&json!("10.00000000"), &json!("1.00000000"))
            );
            assert_eq!(outcome.figures["best_ask"], "11.00000000", "{name}");
        }
    }
    for (bids, reason) in [
        (r#"[["10"]]"#, "invalid length 1, expected a price and a quantity"),
        ("[[]]", "invalid length 0, expected a price and a quantity"),
        (r#"["10","1"]"#, "invalid type: string \"10\", expected a price and a quantity"),
        (r#"[["10",1]]"#, "invalid type: integer `1`, expected a decimal as text"),
        (r#"[[10,"1"]]"#, "invalid type: integer `10`, expected a decimal as text"),
        (r#"[[[],"10","1"]]"#, "invalid type: sequence, expected a decimal as text"),
        (r#"[{"p":"10","q":"1"}]"#, "invalid type: map, expected a price and a quantity"),
        ("null", "invalid type: null, expected a sequence"),
        (r#"[null]"#, "invalid type: null, expected a price and a quantity"),
        (r#"[["-1","1"]]"#, "`-1` is not a decimal that fits: 8 digits after the point, up to 184467440737.09551615"),
    ] {
        let diff = message("depth", &format!(r#"{{"U":101,"u":101,"b":{bids},"a":[]}}"#));
        let outcome = run(&[book(), diff], None);
        assert_eq!(outcome.problems, [format!("line 2: {reason}")]);
        assert_eq!((&outcome.figures["bad_lines"], &outcome.figures["applied"]), (&json!(1), &json!(0)));
    }
}
