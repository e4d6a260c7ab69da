//! The board as text, for programs and for people.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use nexus_gauge::Board;
use nexus_rt::{Handler, IntoHandler, WorldBuilder};
use serde_json::Value;

/// A board with a bit of everything, and names that need escapes.
fn board() -> Board {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    for (name, runs) in [("plain", 3), ("with \"quotes\", a \\ and a\nline", 1), ("never", 0)] {
        let mut handler = board.named(name).timed((|_: u64| {}).into_handler(world.registry()));
        (0..runs).for_each(|x| handler.run(&mut world, x));
    }
    for why in ["silent", "a \"reason\"\\\n"] {
        board.counter_with("connections_ended", "Why they ended,\nin \\ words.", &[("why", why)]).add(7);
        // Numbers of one name stand together, wherever they were made.
        board.gauge("timers", "Timers that are set.").set(-1.5);
    }
    board.gauge_with("odd_ratio", "Not finite.", &[("of", "this"), ("by", "that")]).set(f64::INFINITY);
    board.gauge("no_ratio", "Not a number.").set(f64::NAN);
    board
}

#[test]
fn prometheus_takes_the_text() {
    let text = board().prometheus();
    check(&text);
    let mut tool = Command::new("promtool");
    let tool = tool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut tool) = tool.spawn() else { return };
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

/// Holds the text to the format, as far as this library writes it.
fn check(text: &str) {
    assert!(text.ends_with('\n'));
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut family = (String::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family.0 = help.split(' ').next().unwrap().into();
            assert!(families.insert(family.0.clone()), "{line} again");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family.0);
            family.1 = kind.into();
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (key, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            assert!(series.insert(key.to_owned()), "{key} again");
            let (name, labels) = key.split_once('{').map_or((key, None), |(name, rest)| (name, Some(rest)));
            let ending = name.strip_prefix(&family.0[..]).unwrap_or_else(|| panic!("{line} in {family:?}"));
            let endings: &[_] = if family.1 == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(endings.contains(&ending), "{line}");
            if let Some(labels) = labels {
                check_labels(labels.strip_suffix('}').unwrap());
            }
        }
    }
}

fn check_labels(mut rest: &str) {
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{rest}");
        let mut escaped = false;
        let end = value.find(|c| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        });
        rest = &value[end.unwrap() + 1..];
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return assert_eq!(rest, ""),
        }
    }
}

#[test]
fn buckets_end_in_seconds_and_add_up() {
    let text = board().prometheus();
    let buckets: Vec<(f64, u64)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("nexus_handler_seconds_bucket{handler=\"plain\",le=\""))
        .map(|rest| rest.split_once("\"} ").unwrap())
        .map(|(le, count)| (le.parse().unwrap(), count.parse().unwrap()))
        .collect();
    assert!(buckets.is_sorted() && buckets.iter().map(|(_, count)| *count).is_sorted());
    assert_eq!((buckets[0].0, buckets[buckets.len() - 1]), (127e-9, (f64::INFINITY, 3)));
    assert!(text.contains("nexus_handler_seconds_count{handler=\"plain\"} 3\n"));
    assert!(text.contains("nexus_handler_max_seconds{handler=\"plain\"} "));
    assert!(!text.contains("nexus_handler_max_seconds{handler=\"never\"} "), "it has not run");
    assert!(!text.contains("nexus_handler_seconds_count{handler=\"never\"} "), "it has not run");
    assert!(text.contains("connections_ended_total{why=\"a \\\"reason\\\"\\\\\\n\"} 7\n"));
    assert!(text.contains("# HELP connections_ended_total Why they ended,\\nin \\\\ words.\n"));
}

#[test]
fn json_parses_to_the_same_numbers() {
    let json = board().json();
    assert!(json.contains("\"with \\\"quotes\\\", a \\\\ and a\\u000aline\""), "{json}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let handlers = json["handlers"].as_array().unwrap();
    assert_eq!(handlers[1]["name"], "with \"quotes\", a \\ and a\nline");
    assert_eq!((&handlers[0]["runs"], &handlers[0]["timed"]), (&Value::from(3), &Value::from(3)));
    assert!(handlers[0]["p50"].as_u64() <= handlers[0]["max"].as_u64());
    assert_eq!(handlers[2]["mean"].as_f64(), Some(0.0));
    // Numbers are in order of their names and labels.
    let counters: Vec<_> =
        json["counters"].as_array().unwrap().iter().map(|counter| &counter["labels"]["why"]).collect();
    assert_eq!(counters, ["a \"reason\"\\\n", "silent"]);
    assert_eq!(json["counters"][0]["value"], 7);
    let gauges: Vec<_> = json["gauges"].as_array().unwrap().iter().map(|gauge| &gauge["value"]).collect();
    assert_eq!(gauges, [&Value::Null, &Value::Null, &Value::from(-1.5)]);
    assert_eq!(Board::new().json(), "{\"handlers\":[],\"counters\":[],\"gauges\":[]}");
}

#[test]
fn labels_have_no_order_and_each_has_one_value() {
    let board = Board::new();
    board.counter_with("orders", "Orders.", &[("side", "buy"), ("book", "a")]).add(1);
    board.counter_with("orders", "Orders.", &[("book", "a"), ("side", "buy")]).add(2);
    assert!(board.prometheus().contains("orders_total{book=\"a\",side=\"buy\"} 3\n"));
    board.gauge("low", "Low.").set(f64::NEG_INFINITY);
    assert!(board.prometheus().contains("low -Inf\n"));
    let refused = |labels: &[(&str, &str)]| {
        let refused = catch_unwind(AssertUnwindSafe(|| board.gauge_with("depth", "Depth.", labels))).unwrap_err();
        *refused.downcast::<String>().unwrap()
    };
    assert_eq!(refused(&[("a", "1"), ("b", "2"), ("a", "3")]), "`a` is there twice: a label has one value");
    assert!(refused(&[("__name__", "other")]).contains("is reserved"));
    // The last two would be `nexus_handler_total`, which is the board's own.
    for name in ["", "_total", "nexus_handler", "nexus_handler_total"] {
        assert!(catch_unwind(AssertUnwindSafe(|| board.counter(name, "No name."))).is_err());
    }
    assert!(!board.prometheus().contains("depth"));
}

#[test]
fn a_number_that_exists_is_returned_again() {
    let board = Board::new();
    board.counter("orders", "Orders.").add(1);
    board.clone().counter("orders_total", "Orders.").add(2);
    assert_eq!(board.counter("orders", "").get(), 3);
    board.gauge("depth", "Depth.").set(0.25);
    assert_eq!(board.gauge("depth", "Depth.").get().to_bits(), 0.25_f64.to_bits());
}

#[test]
#[should_panic(expected = "`late ms` is not a valid name: use letters, digits and underscores")]
fn a_name_with_a_space_is_refused() {
    _ = Board::new().gauge("late ms", "");
}

#[test]
#[should_panic(expected = "`orders_total` is already a Counter, so it cannot be a Gauge: use another name")]
fn a_counter_is_no_gauge() {
    let board = Board::new();
    _ = board.counter("orders", "");
    _ = board.gauge("orders_total", "");
}
