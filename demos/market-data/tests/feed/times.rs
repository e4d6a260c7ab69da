//! Times that do not look like nanoseconds are refused, or read in the unit named on the command line.

use market_data::TimeUnit;
use serde_json::json;

use crate::support::{file, market_data, replay, run};

const TRADE: &str = r#"{"stream":"x@trade","data":{"p":"1","q":"1"}}"#;

fn line(time: &str) -> String {
    format!("{time} {TRADE}")
}

fn refusal(time: &str, name: &str, short: &str) -> String {
    format!(
        "line 1: `{time}` looks like a time in {name}, not in nanoseconds: pass `--time-unit {short}`, or \
         `--time-unit ns` to accept it"
    )
}

#[test]
fn a_time_in_another_unit_is_refused_by_name() {
    for (time, name, short) in [
        ("1723161253937", "milliseconds", "ms"),
        ("1723161253937085", "microseconds", "us"),
        ("1723161253", "seconds", "s"),
        ("1000000000", "seconds", "s"),
        ("99999999999", "seconds", "s"),
        ("100000000000", "milliseconds", "ms"),
        ("946684800000", "milliseconds", "ms"),
        ("99999999999999", "milliseconds", "ms"),
        ("100000000000000", "microseconds", "us"),
        ("4102444800000000", "microseconds", "us"),
        ("99999999999999999", "microseconds", "us"),
        ("00001723161253937", "milliseconds", "ms"),
    ] {
        let outcome = run(&[line(time)], None);
        assert_eq!(outcome.problems, [refusal(time.trim_start_matches('0'), name, short)]);
        assert_eq!((&outcome.figures["bad_lines"], outcome.bars.len()), (&json!(1), 0), "{time}");
    }
    for time in ["1723161253937085768", "100000000000000000", "18446744073709551615", "0", "1", "999999999"] {
        let outcome = run(&[line(time)], None);
        assert_eq!((outcome.problems.len(), outcome.bars.len()), (0, 1), "{time}");
    }
}

#[test]
fn a_refused_time_moves_no_clock() {
    let ns = |ms: u64| format!("{}", 1_723_161_253_100_000_000 + ms * 1_000_000);
    for odd in ["1723161253937", "1723161253", "x", "", "99999999999999999999", "-1", "1.5"] {
        let outcome = run(&[line(&ns(0)), line(odd), line(&ns(100)), line(&ns(1_000))], None);
        assert_eq!(outcome.figures["bad_lines"], 1, "{odd}");
        let bars: Vec<(u64, u64)> = outcome.bars.iter().map(|bar| (bar.time, bar.trades)).collect();
        assert_eq!(bars, [(1_723_161_253, 2), (1_723_161_254, 1)], "{odd}");
    }
    // Nor does a line that is refused for another reason move the clock.
    for odd in [r#"{"stream":"x@trade"}"#, "junk", "{}", r#"{"stream":"y@trade","data":{"p":"1","q":"1"}}"#] {
        let lines = [line(&ns(0)), format!("{} {odd}", ns(9_000)), line(&ns(100)), line(&ns(1_000))];
        let outcome = run(&lines, None);
        let bars: Vec<(u64, u64)> = outcome.bars.iter().map(|bar| (bar.time, bar.trades)).collect();
        assert_eq!(bars, [(1_723_161_253, 2), (1_723_161_254, 1)], "{odd}");
    }
}

#[test]
fn times_are_read_in_the_unit_that_is_named() {
    let bar = 1_723_161_253;
    for (unit, time, second) in [
        (TimeUnit::Seconds, "1723161253", bar),
        (TimeUnit::Milliseconds, "1723161253937", bar),
        (TimeUnit::Microseconds, "1723161253937085", bar),
        (TimeUnit::Nanoseconds, "1723161253937085768", bar),
        (TimeUnit::Nanoseconds, "1723161253937", 1_723),
        (TimeUnit::Nanoseconds, "1723161253", 1),
        (TimeUnit::Seconds, "7", 7),
        (TimeUnit::Milliseconds, "0", 0),
        (TimeUnit::Seconds, "18446744073", 18_446_744_073),
        (TimeUnit::Milliseconds, "18446744073709", 18_446_744_073),
        (TimeUnit::Microseconds, "18446744073709551", 18_446_744_073),
    ] {
        let outcome = run(&[line(time)], Some(unit));
        assert_eq!(outcome.problems, [""; 0]);
        assert_eq!(outcome.bars[0].time, second, "{unit:?} {time}");
    }
    for (unit, time, reason) in [
        (TimeUnit::Seconds, "18446744074", "`18446744074` is too large for a time in seconds"),
        (TimeUnit::Seconds, "1723161253937", "`1723161253937` is too large for a time in seconds"),
        (TimeUnit::Milliseconds, "18446744073710", "`18446744073710` is too large for a time in milliseconds"),
        (TimeUnit::Milliseconds, "1723161253937085", "`1723161253937085` is too large for a time in milliseconds"),
        (
            TimeUnit::Microseconds,
            "1723161253937085768",
            "`1723161253937085768` is too large for a time in microseconds",
        ),
        (TimeUnit::Milliseconds, "12.5", "`12.5` is not a time in milliseconds"),
        (TimeUnit::Seconds, "now", "`now` is not a time in seconds"),
        (TimeUnit::Microseconds, "", "`` is not a time in microseconds"),
        (TimeUnit::Nanoseconds, "99999999999999999999", "`99999999999999999999` is not a time in nanoseconds"),
        (TimeUnit::Nanoseconds, "-1", "`-1` is not a time in nanoseconds"),
        (TimeUnit::Seconds, "\u{feff}1", "`\\xef\\xbb\\xbf1` is not a time in seconds"),
    ] {
        let outcome = run(&[line(time)], Some(unit));
        assert_eq!(outcome.problems, [format!("line 1: {reason}")]);
        assert_eq!((&outcome.figures["bad_lines"], outcome.bars.len()), (&json!(1), 0));
    }
}

#[test]
fn the_command_line_names_the_unit() {
    let lines: String = (0..3).map(|ms| line(&format!("{}", 1_723_161_253_000_u64 + ms * 500)) + "\n").collect();
    let path = file("milliseconds.txt", lines);
    let (figures, problems) = replay(std::slice::from_ref(&path), &[]);
    assert_eq!((&figures["bad_lines"], &figures["events"], problems.len()), (&json!(3), &json!(0), 3));
    assert_eq!(problems[0], refusal("1723161253000", "milliseconds", "ms"));
    assert_eq!(market_data(&["--input", &path, "--strict"]).status.code(), Some(1));

    let (figures, problems) = replay(std::slice::from_ref(&path), &["--time-unit", "ms"]);
    assert_eq!((&figures["bad_lines"], &figures["trade"], problems.len()), (&json!(0), &json!(3), 0));
    let output = market_data(&["--input", &path, "--time-unit", "ms", "--strict", "--bars-json"]);
    assert_eq!((output.status.code(), output.stdout.iter().filter(|byte| **byte == b'\n').count()), (Some(0), 2));

    let output = market_data(&["--input", &path, "--time-unit", "minutes"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("[possible values: s, ms, us, ns]"), "{stderr}");
}
