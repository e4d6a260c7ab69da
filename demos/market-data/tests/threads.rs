//! Two threads have the same output as one, except timings, and the same exit code, whatever the input.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{CAPTURE, capture, market_data, stderr};

/// The rows of the summary that differ from run to run.
const TIMINGS: [&str; 7] =
    ["events per second", "whole replay", "two threads", "inbox", "latency, ns", "decode", "dispatch"];

/// The keys of the JSON object that differ.
const TIMING_KEYS: [&str; 3] = ["events_per_sec", "latency_ns", "threads"];

/// The result of a run without timings: exit code, standard output and standard error.
type Outcome = (Option<i32>, String, String);

fn run(threads: &str, args: &[&str]) -> Outcome {
    let output = market_data(&[&["--threads", threads], args].concat());
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let figures = if args.contains(&"--json") && !stdout.is_empty() {
        let mut result: Value = serde_json::from_str(&stdout).unwrap();
        let keys = result.as_object_mut().unwrap();
        TIMING_KEYS.iter().for_each(|key| _ = keys.remove(*key));
        result.to_string()
    } else {
        let is_figure = |row: &&str| !TIMINGS.iter().any(|timing| row.trim_start().starts_with(timing));
        stdout.lines().filter(is_figure).map(|row| format!("{row}\n")).collect()
    };
    (output.status.code(), figures, stderr(&output))
}

/// Runs both, and returns their common result.
fn same(args: &[&str]) -> Outcome {
    let [one, two] = ["1", "2"].map(|threads| run(threads, args));
    assert_eq!(one, two, "{args:?}");
    one
}

/// Writes a file in the folder of this test run.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("threads_{name}"));
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Returns the arguments for these inputs.
fn inputs<'a>(paths: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    paths.iter().flat_map(|path| ["--input", path]).chain(more.iter().copied()).collect()
}

#[test]
fn the_capture_gives_the_same_in_every_form() {
    same(&["--json"]);
    let start: String = capture().lines().take(6_000).map(|line| format!("{line}\n")).collect();
    let start = [file("start.txt", start)];
    for more in [
        &[][..],
        &["--bars"],
        &["--bars-json"],
        &["--repeat", "3"],
        &["--pace", "100000x"],
        &["--time-unit", "ns"],
        &["--time-unit", "s"],
        &["--plan", "json"],
    ] {
        same(&inputs(&start, more));
    }
    let (code, figures, problems) = same(&["--strict"]);
    assert_eq!((code, &*problems), (Some(0), ""));
    for figure in [
        "  events             41,249: 3,451 depth, 28,040 book ticker, 9,757 trades, 1 snapshot\n",
        "VWAP 61707.68161671, volume 212.03315000, last 61685.99000000\n",
        "  symbol             BTCUSDT\n",
    ] {
        assert!(figures.contains(figure), "{figures}");
    }
}

#[test]
fn broken_lines_are_the_same_problems_at_the_same_lines() {
    let capture = capture();
    let lines: Vec<&str> = capture.lines().take(4_000).collect();
    let last = lines.len();
    let bad = r#"1723161255000000000 {"stream":"btcusdt@trade","data":{"p":"61837.6"#;
    let ether = r#"1723161255000000000 {"stream":"ethusdt@trade","data":{"p":"1","q":"1"}}"#;
    for (number, (place, line)) in
        (0..).zip([(0, bad), (2_000, bad), (2_000, ether), (last, bad), (2_000, "\n\n"), (1, "\u{feff}")])
    {
        let mut lines = lines.clone();
        lines.insert(place, line);
        let path = [file(&format!("broken_{number}.txt"), lines.join("\n"))];
        let (_, figures, problems) = same(&inputs(&path, &["--json"]));
        if line == bad {
            assert!(problems.starts_with(&format!("line {}: EOF while parsing a string", place + 1)), "{problems}");
            assert!(figures.contains(r#""bad_lines":1,"#), "{figures}");
        }
        let (code, ..) = same(&inputs(&path, &["--strict"]));
        assert_eq!(code, Some(i32::from(place != 1 && line != "\n\n")), "{line}");
        same(&inputs(&path, &["--bars-json"]));
    }
    let many = [file("many.txt", format!("{}\n{}", "junk\n".repeat(30), lines.join("\n")))];
    let (_, _, problems) = same(&inputs(&many, &["--json"]));
    assert!(problems.ends_with(".. and 20 more: 30 problems in the input\n"), "{problems}");
}

#[test]
fn what_is_known_only_at_the_end_is_the_same() {
    let capture = capture();
    let without: String =
        capture.lines().filter(|line| !line.contains("lastUpdateId")).map(|line| format!("{line}\n")).collect();
    let path = [file("no_snapshot.txt", without)];
    let (_, _, problems) = same(&inputs(&path, &["--json"]));
    assert_eq!(problems, "line 41248: no snapshot to the end: 3451 diffs waited for it\n1 problem in the input\n");
    assert_eq!(same(&inputs(&path, &["--strict"])).0, Some(1));
    for (name, text) in [("empty.txt", vec![]), ("blank.txt", b"\n \n\n".to_vec()), ("long.txt", vec![b'x'; 5 << 20])] {
        same(&inputs(&[file(name, text)], &[]));
    }
}

#[test]
fn broken_gzip_is_read_as_far() {
    let mut bytes = std::fs::read(CAPTURE).unwrap();
    let middle = bytes.len() / 2;
    let cut = [file("cut.gz", &bytes[..middle])];
    bytes[middle..middle + 64].fill(0xff);
    let corrupt = [file("corrupt.gz", &bytes)];
    for path in [&cut, &corrupt] {
        let (code, _, problems) = same(&inputs(path, &[]));
        assert!(code == Some(0) && problems.ends_with(" in the input\n"), "{problems}");
        assert_eq!(same(&inputs(path, &["--strict"])).0, Some(1));
    }
    same(&inputs(&[cut[0].clone(), CAPTURE.into()], &["--json"]));
}

#[test]
fn several_inputs_and_a_missing_one_end_the_same() {
    let capture = capture();
    let lines: Vec<&str> = capture.lines().take(6_000).collect();
    let parts: Vec<String> = [&lines[..5], &lines[5..2_500], &["junk"], &lines[2_500..]]
        .iter()
        .enumerate()
        .map(|(number, part)| file(&format!("part_{number}.txt"), part.join("\n")))
        .collect();
    let (_, _, problems) = same(&inputs(&parts, &["--json"]));
    assert_eq!(problems, format!("{} line 1: no time at the start of the line\n1 problem in the input\n", parts[2]));
    assert_eq!(same(&inputs(&parts, &["--strict"])).0, Some(1));
    same(&inputs(&[parts[3].clone(), parts[0].clone(), parts[1].clone()], &["--repeat", "2"]));

    let missing = "/no/such/file".to_owned();
    let error = "market-data: cannot read /no/such/file: No such file or directory (os error 2)\n";
    for paths in [vec![missing.clone()], vec![parts[0].clone(), missing.clone()], vec![missing, parts[0].clone()]] {
        let (code, figures, problems) = same(&inputs(&paths, &["--strict"]));
        assert_eq!((code, &*figures, &*problems), (Some(2), "", error));
    }
    // A folder can be found but not read, which is noticed when it is opened, or not at all.
    let folder = env!("CARGO_TARGET_TMPDIR").to_owned();
    let (code, _, problems) = same(&inputs(&[parts[1].clone(), folder.clone()], &[]));
    assert!(code == Some(2) && problems.starts_with(&format!("market-data: cannot read {folder}: ")), "{problems}");
    let (code, _, problems) = same(&inputs(&[parts[2].clone(), folder], &["--strict"]));
    assert_eq!((code, problems.lines().count()), (Some(1), 2), "{problems}");
}

/// Pseudorandom numbers, by Marsaglia's xorshift of 64 bits.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn any_disorder_in_any_number_of_files_is_the_same() {
    let capture = capture();
    let whole: Vec<&str> = capture.lines().take(3_000).collect();
    let mut random = Random(99);
    for round in 0..20 {
        let mut lines = whole[..1 + random.below(whole.len())].to_vec();
        for _ in 0..random.below(12) {
            let (one, other) = (random.below(lines.len()), random.below(lines.len()));
            match random.below(4) {
                0 => lines.swap(one, other),
                1 => lines[one] = &lines[one][..lines[one].len() / 2],
                2 => lines.insert(one, lines[other]),
                _ => lines[one] = "",
            }
        }
        let (first, second) = lines.split_at(random.below(lines.len()));
        let files = [first, second].map(|lines| lines.join("\n"));
        let files = [0, 1].map(|number| file(&format!("disorder_{number}.txt"), &files[number]));
        for more in [&["--json"][..], &["--bars-json"], &["--strict"]] {
            let outcome = same(&inputs(&files, more));
            assert!(outcome.0.is_some(), "round {round}: {outcome:?}");
        }
    }
}

#[test]
fn a_line_from_a_pipe_is_dispatched_before_the_next_is_there() {
    for text in ["junk\n", "junk\n\n \n\u{feff}\n", "\njunk\n17"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_market-data"))
            .args(["--threads", "2", "--strict", "--input", "/dev/stdin"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = program.stdin.take().unwrap();
        pipe.write_all(text.as_bytes()).unwrap();
        // It ends because of that line, although the pipe stays open and its reader waits for more.
        let code = program.wait().unwrap().code();
        let problems = std::io::read_to_string(program.stderr.take().unwrap()).unwrap();
        let line = 1 + text.find("junk").unwrap();
        let expected = format!("line {line}: no time at the start of the line\n1 problem in the input\n");
        assert_eq!((code, problems), (Some(1), expected), "{text:?}");
        drop(pipe);
    }
}

#[test]
fn both_rates_and_the_deepest_fill_are_reported() {
    let text = String::from_utf8(market_data(&["--threads", "2"]).stdout).unwrap();
    let row = |name: &str| text.lines().find_map(|row| row.trim().strip_prefix(name)).unwrap().trim();
    assert!(row("two threads").contains(" lines decoded per second, "), "{text}");
    assert!(row("two threads").ends_with(" events dispatched per second"), "{text}");
    assert!(row("inbox").starts_with("at most ") && row("inbox").ends_with(" waiting, with room for 1,024"), "{text}");
    let result: Value = serde_json::from_slice(&market_data(&["--threads", "2", "--json"]).stdout).unwrap();
    let threads = |key: &str| result["threads"][key].as_u64().unwrap();
    assert!(threads("lines_per_sec") > 0 && threads("events_per_sec") > 0, "{result}");
    assert!((1..=1_024).contains(&threads("inbox_deepest")) && threads("inbox_room") == 1_024, "{result}");
    let one = String::from_utf8(market_data(&["--threads", "1"]).stdout).unwrap();
    assert!(one.contains("\n  whole replay ") && !one.contains("two threads") && !one.contains("inbox"), "{one}");
}

#[test]
fn any_other_number_of_threads_is_refused() {
    for number in ["0", "3", "two", ""] {
        let output = market_data(&["--threads", number]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        let expected = format!(
            "error: invalid value '{number}' for '--threads <N>': expected `1`, or `2` to decode and dispatch on \
             separate threads\n\nFor more information, try '--help'.\n"
        );
        assert_eq!(stderr(&output), expected);
    }
}
