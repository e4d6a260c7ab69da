//! Several inputs, in their order, form one capture.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{at, diff, file, market_data, replay, snapshot, ticker, trade_at};

/// Returns a capture in which everything continues across the middle: snapshot, diffs, tickers, trades, and a second
/// with trades.
fn capture() -> Vec<String> {
    let timed = |ms: u64, line: String| at(ms, line.split_once(' ').unwrap().1);
    vec![
        timed(100, diff(99, 101, "9x1", "")),
        timed(200, snapshot(100, "10x1", "11x1")),
        timed(300, ticker(102, "10x2", "11x1")),
        trade_at(400, 1, "10", "1"),
        timed(500, diff(102, 102, "10x2", "")),
        trade_at(600, 2, "11", "3"),
        timed(700, ticker(103, "10x2", "11x5")),
        timed(800, diff(103, 103, "", "11x5")),
        trade_at(1_100, 3, "12", "1"),
        timed(1_200, diff(104, 104, "8x1", "")),
    ]
}

/// Returns the expected figures, however the capture is cut.
fn expected() -> Value {
    json!({
        "events": 10, "depth": 4, "book_ticker": 2, "trade": 3, "snapshot": 1, "applied": 4, "stale": 0, "gaps": 0,
        "checked": 2, "agree": 2, "vwap": "11.00000000", "volume": "5.00000000", "last_price": "12.00000000",
        "best_bid": "10.00000000", "best_ask_qty": "5.00000000", "bid_levels": 3, "ask_levels": 1, "bad_lines": 0,
        "duplicates": 0, "crossed": 0, "out_of_order": 0,
    })
}

fn assert_expected(name: &str, files: &[String]) {
    let (figures, problems) = replay(files, &[]);
    assert_eq!(problems, [""; 0], "{name}");
    for (key, value) in expected().as_object().unwrap() {
        assert_eq!(&figures[key], value, "{name}: {key}");
    }
}

/// Writes the capture as files that end before these lines.
fn cut(name: &str, ends: &[usize]) -> Vec<String> {
    let mut ends = ends.to_vec();
    ends.push(10);
    let starts = [0].into_iter().chain(ends.clone());
    let part =
        |(start, end): (usize, &usize)| file(&format!("{name}_{start}_{end}.txt"), capture()[start..*end].join("\n"));
    starts.zip(&ends).map(part).collect()
}

#[test]
fn a_capture_may_be_cut_anywhere() {
    assert_expected("whole", &cut("whole", &[]));
    for end in 1..10 {
        assert_expected(&format!("cut before line {end}"), &cut("in_two", &[end]));
    }
    assert_expected("in three", &cut("in_three", &[3, 6]));
    assert_expected("a line each", &cut("each", &[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_expected("with empty files", &cut("empty", &[0, 0, 4, 4, 10]));
    let bars = |files: &[String]| {
        let inputs = files.iter().flat_map(|file| ["--input", file]);
        market_data(&inputs.chain(["--bars-json", "--strict"]).collect::<Vec<_>>()).stdout
    };
    assert_eq!(bars(&cut("bars", &[5])), bars(&cut("whole", &[])));
    assert_eq!(bars(&cut("bars", &[5])).iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn each_file_has_its_own_form() {
    let [first, second] = [&capture()[..5], &capture()[5..]].map(|lines| lines.join("\n"));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(second.as_bytes()).unwrap();
    let packed = file("packed.gz", gzip.finish().unwrap());
    assert_expected("plain, then gzip", &[file("plain_first.txt", &first), packed.clone()]);
    let marked = file("marked.txt", format!("\u{feff}{second}\n\n"));
    assert_expected("each with a mark", &[file("marked_first.txt", format!("\u{feff}{first}")), marked]);
    let (figures, _) = replay(&[file("plain_first.txt", &first), packed], &["--repeat", "3"]);
    assert_eq!(figures["applied"], 4);
}

#[test]
fn problems_name_the_file_and_its_own_line() {
    let [first, second] = [&capture()[..5], &capture()[5..]].map(|lines| lines.join("\n"));
    let one = file("problems_1.txt", format!("{first}\njunk"));
    let two = file("problems_2.txt", format!("\n{second}\njunk\n"));
    let (_, problems) = replay(&[one.clone(), two.clone()], &[]);
    let junk = "no time at the start of the line";
    assert_eq!(problems, [format!("{one} line 6: {junk}"), format!("{two} line 7: {junk}")]);
    let (_, problems) = replay(std::slice::from_ref(&one), &[]);
    assert_eq!(problems, [format!("line 6: {junk}")]);

    let output = market_data(&["--input", &one, "--input", &two, "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("{one} line 6: {junk}\n1 problem in the input\n"));
}

#[test]
fn files_in_the_wrong_order_or_twice_are_noticed() {
    let files = cut("order", &[5]);
    let [first, second] = [&files[0], &files[1]];
    let (_, problems) = replay(&[second.clone(), first.clone()], &[]);
    for (problem, (file, reason)) in problems.iter().zip([
        (second, "a gap in the diffs: updates 101 to 102 are missing"),
        (first, "the diffs go back from update 104 to 101: "),
        (first, "a trade of second 1723161240 arrived after the bar of 1723161241: "),
    ]) {
        assert!(problem.starts_with(&format!("{file} line ")) && problem.contains(reason), "{problems:?}");
    }
    assert_eq!(problems.len(), 3);

    let whole = cut("twice", &[]);
    let (figures, problems) = replay(&[whole[0].clone(), whole[0].clone()], &[]);
    assert_eq!((&figures["volume"], &figures["duplicates"]), (&json!("5.00000000"), &json!(3)));
    let place = |line: u64| format!("{} line {line}: ", whole[0]);
    assert!(problems[0].starts_with(&format!("{}the diffs go back from update 104 to 101", place(1))), "{problems:?}");
    // The next snapshot starts the book over, without the diff before it.
    assert!(problems[1].ends_with("line 5: a gap in the diffs: updates 101 to 101 are missing"), "{problems:?}");
    assert_eq!((problems.len(), &figures["best_bid"]), (2, &json!("10.00000000")));

    let (figures, problems) = replay(&[files[0].clone(), cut("hole", &[8])[1].clone()], &[]);
    assert_eq!((&figures["gaps"], problems.len()), (&json!(1), 1));
    assert!(problems[0].ends_with("a gap in the diffs: updates 103 to 103 are missing"), "{problems:?}");
}

#[test]
fn a_file_of_another_symbol_is_noticed() {
    let files = cut("symbols", &[5]);
    let other = std::fs::read_to_string(&files[1]).unwrap().replace("x@", "y@");
    let (figures, problems) = replay(&[files[0].clone(), file("symbols_other.txt", other)], &[]);
    assert_eq!((&figures["bad_lines"], problems.len()), (&json!(5), 5));
    assert!(problems[0].ends_with("symbols_other.txt line 1: `y` in a capture of `x`: one symbol at a time"));
}

#[test]
fn the_rest_is_read_if_a_file_breaks_off() {
    let files = cut("broken", &[5]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(std::fs::read(&files[0]).unwrap().as_slice()).unwrap();
    gzip.write_all(b"\n1").unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 4);
    let broken = file("broken.gz", bytes);
    let (figures, problems) = replay(&[broken.clone(), files[1].clone()], &[]);
    assert!(problems[0].starts_with(&format!("{broken} line ")), "{problems:?}");
    assert!(problems[0].ends_with("the gzip data ends too early: the file is truncated"), "{problems:?}");
    assert_eq!(figures["last_price"], "12.00000000");
    let inputs = ["--input", &broken, "--input", &files[1], "--strict"];
    assert_eq!(market_data(&inputs).status.code(), Some(1));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let whole = cut("named", &[]);
    for inputs in [["/no/such/file", &whole[0]], [&whole[0], "/no/such/file"]] {
        let output = market_data(&["--input", inputs[0], "--input", inputs[1]]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stderr, "market-data: cannot read /no/such/file: No such file or directory (os error 2)\n");
    }
    let folder = env!("CARGO_TARGET_TMPDIR");
    let output = market_data(&["--input", &whole[0], "--input", folder]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.starts_with(&format!("market-data: cannot read {folder}: ")));
    let output = market_data(&["--input", &whole[0], "--input", "/dev/null", "--repeat", "2"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "market-data: /dev/null is not a regular file: `--repeat` cannot read it twice\n");
}
