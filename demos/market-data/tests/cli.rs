//! Runs the program as a user does: its figures for the real capture, and its handling of bad input.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{CAPTURE, capture, market_data, stderr};

/// Returns the JSON object on standard output, and standard error, of a successful run.
fn result(args: &[&str]) -> (Value, String) {
    let output = market_data(&[args, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(stdout.lines().count(), 1);
    (serde_json::from_str(&stdout).unwrap(), stderr(&output))
}

/// Writes a file in the folder of this test run.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Returns the figures of the capture that do not depend on the machine.
fn expected() -> Value {
    json!({
        "events": 41249, "depth": 3451, "book_ticker": 28040, "trade": 9757, "snapshot": 1,
        "applied": 3449, "stale": 2, "gaps": 0, "checked": 2893, "agree": 2893,
        "vwap": "61707.68161671", "volume": "212.03315000", "last_price": "61685.99000000",
        "best_bid": "61685.99000000", "best_bid_qty": "1.00870000",
        "best_ask": "61686.00000000", "best_ask_qty": "2.29327000",
        "bid_levels": 1209, "ask_levels": 2196, "bad_lines": 0,
        "duplicates": 0, "crossed": 0, "out_of_order": 0,
    })
}

fn assert_figures(result: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&result[key], value, "{key}");
    }
}

#[test]
fn the_capture_gives_the_known_figures() {
    let (result, stderr) = result(&[]);
    assert_figures(&result, &expected());
    assert_eq!(stderr, "", "no bar where no terminal is, and no problems");
    let keys: Vec<_> = result.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted: Vec<String> = expected().as_object().unwrap().keys().cloned().collect();
    wanted.extend(["events_per_sec".into(), "latency_ns".into()]);
    wanted.sort();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert!(result["events_per_sec"].as_u64() > Some(0));
    for what in ["decode", "dispatch"] {
        let at = |key: &str| result["latency_ns"][what][key].as_u64().unwrap();
        assert!(at("p50") <= at("p99") && at("p99") <= at("p99.9") && at("p99.9") <= at("max"), "{result}");
    }
}

#[test]
fn plain_text_repeats_and_any_pace_give_the_same_figures() {
    let plain = file("plain.txt", capture());
    assert_figures(&result(&["--input", &plain]).0, &expected());
    assert_figures(&result(&["--repeat", "2"]).0, &expected());
    assert_figures(&result(&["--pace", "100000x"]).0, &expected());
    let mut twice = GzEncoder::new(Vec::new(), Compression::fast());
    let text = capture();
    let (first, second) = text.split_at(1_000_000);
    twice.write_all(first.as_bytes()).unwrap();
    let mut members = twice.finish().unwrap();
    let mut twice = GzEncoder::new(Vec::new(), Compression::fast());
    twice.write_all(second.as_bytes()).unwrap();
    members.extend(twice.finish().unwrap());
    let members = file("members.gz", members);
    assert_figures(&result(&["--input", &members]).0, &expected());
}

#[test]
fn a_capture_in_several_files_gives_the_same_figures() {
    let capture = capture();
    let lines: Vec<&str> = capture.lines().collect();
    let [first, second, third] = [&lines[..5], &lines[5..20_000], &lines[20_000..]].map(|lines| lines.join("\n"));
    let files = [file("part_1.txt", first), file("part_2.txt", second), file("part_3.txt", third)];
    let inputs = files.iter().flat_map(|file| ["--input", file]);
    let (result, stderr) = result(&inputs.collect::<Vec<_>>());
    assert_figures(&result, &expected());
    assert_eq!(stderr, "");
}

#[test]
fn the_recorded_clock_is_kept() {
    let lines: String = capture().lines().take(12).map(|line| format!("{line}\n")).collect();
    let time = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    let span = Duration::from_nanos(time(lines.lines().last().unwrap()) - time(lines.lines().next().unwrap()));
    assert!(span > Duration::from_millis(200));
    let path = file("paced.txt", &lines);
    let started = Instant::now();
    result(&["--input", &path, "--pace", "real"]);
    assert!(started.elapsed() >= span);
    let started = Instant::now();
    result(&["--input", &path, "--pace", "2x"]);
    assert!(started.elapsed() >= span / 2);
}

#[test]
fn the_summary_reads_well() {
    let output = market_data(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    for row in [
        "  symbol             BTCUSDT\n",
        "  events             41,249: 3,451 depth, 28,040 book ticker, 9,757 trades, 1 snapshot\n",
        "  book               3,449 diffs applied, 2 stale, 0 gaps\n",
        "  checks             2,893 of 2,893 agree with the exchange's own top\n",
        "  best bid           61685.99000000 x 1.00870000\n",
        "  best ask           61686.00000000 x 2.29327000\n",
        "  levels             1,209 bid, 2,196 ask\n",
        "  trades             VWAP 61707.68161671, volume 212.03315000, last 61685.99000000\n",
        "  signals            2,854; microprice 61685.99305484, spread at most 23.13000000, mean imbalance -0.061, ",
        "  bad lines          0\n",
        "  odd messages       0 duplicates, 0 crossed, 0 out of order\n",
        "  latency, ns               p50        p99      p99.9        max\n",
    ] {
        assert!(text.contains(row), "{row} is not in\n{text}");
    }
}

/// Returns the capture with `extra` lines inserted after its 20th line, each bad in its own way.
fn with_lines(extra: &[&str]) -> String {
    let capture = capture();
    let mut lines: Vec<&str> = capture.lines().collect();
    lines.splice(20..20, extra.iter().copied());
    lines.join("\n")
}

#[test]
fn bad_lines_are_counted_reported_and_skipped() {
    let path = file(
        "bad_lines.txt",
        with_lines(&[
            r#"1723161255000000000 {"stream":"btcusdt@trade","data":{"p":"61837.6"#,
            r#"{"stream":"btcusdt@trade","data":{"p":"1","q":"1"}}"#,
            r#"17231612550x {"stream":"btcusdt@trade","data":{"p":"1","q":"1"}}"#,
            r#"1723161255000000000 {"stream":"btcusdt@trade","data":{"p":"999999999999","q":"1"}}"#,
            r#"1723161255000000000 {"stream":"btcusdt@trade","data":{"p":"1.123456789","q":"1"}}"#,
            r#"1723161255000000000 {"stream":"btcusdt@depth@100ms","data":{"U":1,"u":18446744073709551616,"b":[],"a":[]}}"#,
            r#"1723161255000000000 {"stream":"btcusdt@kline_1m","data":{}}"#,
            r#"1723161255000000000 {"error":"rate limit"}"#,
            r#"1723161255000000000 {"stream":"ethusdt@trade","data":{"p":"1","q":"1"}}"#,
            "",
            "{}",
        ]),
    );
    let (result, stderr) = result(&["--input", &path]);
    let mut figures = expected();
    figures["bad_lines"] = json!(10);
    assert_figures(&result, &figures);
    let reasons: Vec<&str> = stderr.lines().collect();
    for (line, reason) in [
        "line 21: EOF while parsing a string",
        "line 22: no time at the start of the line",
        "line 23: `17231612550x` is not a time in nanoseconds",
        "line 24: `999999999999` is not a decimal in range",
        "line 25: `1.123456789` is not a decimal in range",
        "line 26: ",
        "line 27: unknown channel `kline_1m`",
        "line 28: neither a stream message nor a snapshot",
        "line 29: `ethusdt` in a capture of `btcusdt`",
        "line 31: no time at the start of the line",
        "10 problems in the input",
    ]
    .iter()
    .enumerate()
    {
        assert!(reasons[line].starts_with(reason), "{stderr}");
    }
}

#[test]
fn the_first_ten_problems_are_shown_and_all_are_counted() {
    let path = file("many.txt", with_lines(&["junk"; 25]));
    let (result, stderr) = result(&["--input", &path]);
    assert_eq!(result["bad_lines"], 25);
    assert_eq!(stderr.lines().count(), 11);
    assert!(
        stderr.ends_with("line 30: no time at the start of the line\n.. and 15 more: 25 problems in the input\n"),
        "{stderr}"
    );
}

#[test]
fn a_gap_is_counted_and_the_rest_applied() {
    let capture = capture();
    let diffs: Vec<usize> =
        (0..).zip(capture.lines()).filter(|(_, line)| line.contains("@depth")).map(|(n, _)| n).collect();
    let without: String =
        (0..).zip(capture.lines()).filter(|(n, _)| *n != diffs[100]).map(|(_, line)| format!("{line}\n")).collect();
    let (result, stderr) = result(&["--input", &file("gap.txt", without)]);
    assert_eq!((&result["gaps"], &result["applied"], &result["events"]), (&json!(1), &json!(3448), &json!(41248)));
    assert_eq!((&result["bad_lines"], &result["vwap"]), (&json!(0), &expected()["vwap"]));
    assert!(stderr.starts_with(&format!("line {}: a gap in the diffs: updates ", diffs[101])), "{stderr}");
}

#[test]
fn without_a_snapshot_the_rest_is_processed() {
    let capture = capture();
    let without: String =
        capture.lines().filter(|line| !line.contains("lastUpdateId")).map(|line| format!("{line}\n")).collect();
    let (result, stderr) = result(&["--input", &file("no_snapshot.txt", without)]);
    assert_eq!((&result["snapshot"], &result["applied"], &result["checked"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!((&result["best_bid"], &result["vwap"]), (&Value::Null, &expected()["vwap"]));
    assert_eq!(stderr, "line 41248: no snapshot to the end: 3451 diffs waited for it\n1 problem in the input\n");
}

/// As the second of two files that were rotated at midnight: the snapshot is in the first.
#[test]
fn without_a_snapshot_all_diffs_are_counted_and_few_are_kept() {
    let line = |n| format!(r#"{n} {{"stream":"x@depth","data":{{"U":{n},"u":{n},"b":[],"a":[]}}}}"#) + "\n";
    let path = file("no_snapshot_for_long.txt", (1..=10_050).map(line).collect::<String>());
    let (result, stderr) = result(&["--input", &path]);
    assert_eq!((&result["depth"], &result["applied"]), (&json!(10_050), &json!(0)));
    let (dropped, rest) = stderr.split_once('\n').unwrap();
    assert_eq!(dropped, "line 10001: more than 10000 diffs wait for a snapshot: only the latest are kept for it");
    assert_eq!(rest, "line 10050: no snapshot to the end: 10050 diffs waited for it\n2 problems in the input\n");
}

#[test]
fn a_truncated_gzip_is_processed_as_far_as_it_goes() {
    let bytes = std::fs::read(CAPTURE).unwrap();
    let (result, stderr) = result(&["--input", &file("truncated.gz", &bytes[..bytes.len() / 2])]);
    let events = result["events"].as_u64().unwrap();
    assert!(events > 10_000 && result["checked"] == result["agree"], "{result}");
    let expected = format!("line {}: the gzip data ends too early: the file is truncated\n", events + 1);
    assert!(stderr.starts_with(&expected), "{stderr}");
}

#[test]
fn a_corrupt_gzip_is_a_problem_too() {
    let mut bytes = std::fs::read(CAPTURE).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    let output = market_data(&["--input", &file("corrupt.gz", &bytes)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains(" in the input"));
}

#[test]
fn strict_stops_at_the_first_problem() {
    let no_snapshot: String = capture().lines().take(5).map(|line| format!("{line}\n")).collect();
    let bytes = std::fs::read(CAPTURE).unwrap();
    for (path, reason) in [
        (file("strict_bad.txt", with_lines(&["junk", "junk"])), "line 21: no time at the start of the line\n"),
        (file("strict_none.txt", no_snapshot), "line 5: no snapshot to the end: 2 diffs waited for it\n"),
        (file("strict_cut.gz", &bytes[..1000]), "line "),
    ] {
        let output = market_data(&["--input", &path, "--strict", "--json"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let stderr = stderr(&output);
        assert!(stderr.starts_with(reason) && stderr.ends_with("\n1 problem in the input\n"), "{stderr}");
    }
    assert_eq!(market_data(&["--strict"]).status.code(), Some(0));
}

/// There is no second replay after a problem: all of them would take days.
#[test]
fn strict_stops_repeating_at_the_first_problem() {
    let path = file("strict_repeated.txt", "junk\njunk\n");
    let output = market_data(&["--input", &path, "--strict", "--repeat", "4000000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).ends_with("\n1 problem in the input\n"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_read_is_one_sentence() {
    let output = market_data(&["--input", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "market-data: cannot read /no/such/file: No such file or directory (os error 2)\n");
    let output = market_data(&["--input", env!("CARGO_TARGET_TMPDIR")]);
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
    let output = market_data(&["--pace", "fast"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("expected `max`, `real`, or a multiple"), "{}", stderr(&output));
}

#[test]
fn a_book_that_disagrees_with_the_exchange_is_a_problem() {
    let wrong =
        capture().replacen(r#""b":[["61837.63000000","3.78826000"]"#, r#""b":[["99999.00000000","1.00000000"]"#, 1);
    let path = file("wrong_book.txt", wrong);
    let (figures, stderr) = result(&["--input", &path]);
    assert!(figures["agree"].as_u64() < figures["checked"].as_u64(), "{figures}");
    let [crossed, disagrees] = [0, 1].map(|n| stderr.lines().nth(n).unwrap());
    assert!(crossed.contains("the book is crossed, bid 99999.00000000 and ask "), "{crossed}");
    assert!(
        disagrees.contains("the exchange has 61837.63000000 x ")
            && disagrees.contains(" but the book has 99999.00000000 x 1."),
        "{disagrees}"
    );
    assert_eq!(market_data(&["--input", &path, "--strict"]).status.code(), Some(1));
}

#[test]
fn a_second_snapshot_starts_anew_or_is_left_out() {
    let capture = capture();
    let snapshot = capture.lines().find(|line| line.contains("lastUpdateId")).unwrap();
    let (figures, stderr) = result(&["--input", &file("old_snapshot.txt", format!("{capture}{snapshot}\n"))]);
    assert!(stderr.starts_with("line 41250: a snapshot of update 50093239218 is older than the book, at "), "{stderr}");
    assert_eq!((&figures["best_bid"], &figures["snapshot"]), (&expected()["best_bid"], &json!(2)));
    let newer = r#"1723161999000000000 {"lastUpdateId":99999999999,"bids":[["5","0"],["1","2"]],"asks":[]}"#;
    let (figures, stderr) = result(&["--input", &file("new_snapshot.txt", format!("{capture}{newer}\n"))]);
    assert_eq!((&figures["best_bid"], &figures["best_ask"], &*stderr), (&json!("1.00000000"), &Value::Null, ""));
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let path = file("hostile.txt", "\u{1b}[31m {}\n1 {\"stream\":\"a@\u{1b}]0;x\u{7}\",\"data\":{}}\n");
    let (_, stderr) = result(&["--input", &path]);
    assert!(stderr.lines().count() == 3 && !stderr.contains('\u{1b}'), "{stderr:?}");
}

#[test]
fn sums_that_no_longer_fit_are_a_problem() {
    let trade = r#"1 {"stream":"x@trade","data":{"p":"184467440737.09551615","q":"184467440737.09551615"}}"#;
    let (figures, stderr) = result(&["--input", &file("huge.txt", format!("{trade}\n{trade}\n"))]);
    assert_eq!(figures["vwap"], "184467440737.09551615");
    assert!(stderr.starts_with("line 2: the volume would overflow with this trade"), "{stderr}");
}

#[test]
fn what_cannot_be_written_or_read_twice_is_one_sentence() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_market-data")).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("market-data: cannot write the result: "), "{}", stderr(&output));
    let output = market_data(&["--input", "/dev/null", "--repeat", "2"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "market-data: /dev/null is not a regular file: `--repeat` cannot read it twice\n");
    assert_eq!(market_data(&["--pace", "1e-300x"]).status.code(), Some(2));
}

#[test]
fn the_plan_of_what_runs_is_printed_in_every_form() {
    let plan = |format: &str| {
        let output = market_data(&["--plan", format]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = plan("text");
    for name in ["decode_line", "on_trade", "apply", "check_top", "changed_quote", "signal", "compare_with_flow"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(plan("mermaid").starts_with("flowchart TD\n"));
    let json: Value = serde_json::from_str(&plan("json")).unwrap();
    assert_eq!(json["name"], "market-data");
    // The picture in the repository shows exactly this plan.
    let picture = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plan.svg")).unwrap();
    let boxes = plan("dot").lines().filter(|line| line.contains("[label=") && !line.contains("->")).count();
    assert_eq!(picture.matches("class=\"node\"").count(), boxes);
    let dot = plan("dot");
    let labels = dot.lines().filter_map(|line| line.split_once("[label=\"")?.1.split_once('"'));
    for text in labels.flat_map(|(label, _)| label.split("\\n")) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('-', "&#45;");
        assert!(picture.contains(&text), "plan.svg has no `{text}`: the README has the command that draws it");
    }
}

#[test]
fn an_empty_file_and_a_file_without_line_ends_are_no_trouble() {
    let (empty, stderr) = result(&["--input", &file("empty.txt", "")]);
    assert_eq!((&empty["events"], &empty["vwap"], stderr.as_str()), (&json!(0), &Value::Null, ""));
    let (long, stderr) = result(&["--input", &file("long.txt", vec![b'x'; 5 << 20])]);
    assert_eq!(long["events"], 0);
    assert!(
        stderr.starts_with("line 1: a line of over 4194304 bytes: the rest of the input is not read\n"),
        "{stderr}"
    );
}
