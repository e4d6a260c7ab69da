//! Lines in every form that JSON and editors produce: escapes, byte order marks, blank lines, and levels with extra
//! parts.

use serde_json::json;

use crate::support::{at, file, market_data, message, replay, run, snapshot};

/// A trade of stream `x`, which other lines write in other forms.
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
fn blank_lines_and_byte_order_marks_are_skipped() {
    let (one, mark) = (format!("{}\n", at(0, TRADE)), "\u{feff}");
    let two = one.replace(r#""t":1"#, r#""t":2"#);
    for (number, (name, text, trades)) in (0..).zip([
        ("a mark at the start", format!("{mark}{one}{two}"), 2),
        ("a blank line between", format!("{one}\n{two}"), 2),
        ("blank lines around", format!("\n\n\n{one}{two}\n\n"), 2),
        ("spaces and tabs", format!("{one} \t \n{two}\t"), 2),
        ("line ends of two bytes", format!("{one}\r\n\r\n{two}").replace("}\n", "}\r\n"), 2),
        ("nothing else", "\n\r\n  \n".into(), 0),
        ("only a mark", mark.into(), 0),
        ("a mark in a line of its own", format!("{mark}\n{one}{mark}\r\n{two}"), 2),
        ("files put together, each with a mark", format!("{mark}{one}{mark}{two}"), 2),
        ("a mark and a blank line", format!("{mark}\n\n{one}"), 1),
        ("no end of the last line", format!("{mark}{one}{}", two.trim_end()), 2),
        ("a form feed", format!("{one}\u{c}\n{two}"), 2),
    ]) {
        let (figures, problems) = replay(&[file(&format!("blank_{number}.txt"), text)], &[]);
        assert_eq!(problems, [""; 0], "{name}");
        assert_eq!((&figures["events"], &figures["bad_lines"]), (&json!(trades), &json!(0)), "{name}");
    }
}

#[test]
fn blank_lines_are_counted_in_the_numbers_of_lines() {
    let path = file("blank_numbers.txt", format!("\u{feff}\n\n{}\n\njunk\n\n\u{feff}junk\n", at(0, TRADE)));
    let (figures, problems) = replay(std::slice::from_ref(&path), &[]);
    assert_eq!(problems, ["line 5: no time at the start of the line", "line 7: no time at the start of the line"]);
    assert_eq!((&figures["events"], &figures["bad_lines"]), (&json!(1), &json!(2)));
    let output = market_data(&["--input", &path, "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "line 5: no time at the start of the line\n1 problem in the input\n");
}

#[test]
fn what_only_looks_blank_is_a_bad_line() {
    for (name, text) in
        [("zeros", "\0\0\0"), ("a mark of UTF-16", "\u{fffe}"), ("two marks", "\u{feff}\u{feff}"), ("a dash", "-")]
    {
        let (figures, problems) = replay(&[file("not_blank.txt", text)], &[]);
        assert_eq!(
            (problems, &figures["bad_lines"]),
            (vec!["line 1: no time at the start of the line".into()], &json!(1)),
            "{name}"
        );
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
        (r#"[["-1","1"]]"#, "`-1` is not a decimal in range: 8 digits after the point, at most 184467440737.09551615"),
    ] {
        let diff = message("depth", &format!(r#"{{"U":101,"u":101,"b":{bids},"a":[]}}"#));
        let outcome = run(&[book(), diff], None);
        assert_eq!(outcome.problems, [format!("line 2: {reason}")]);
        assert_eq!((&outcome.figures["bad_lines"], &outcome.figures["applied"]), (&json!(1), &json!(0)));
    }
}
