//! Writes messages as the exchange does, and runs lines of them through the feed.

use std::path::Path;
use std::process::{Command, Output};

use market_data::{Bar, Bars, Feed, Latency, Line, Problems, Recorded, Report, TimeUnit, Times, feed, world};
use serde_json::Value;

/// The result of a capture.
pub(crate) struct Outcome {
    pub(crate) figures: Value,
    /// The problems, one by one, with their lines.
    pub(crate) problems: Vec<String>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) signals: u64,
}

/// Runs lines through the feed.
pub(crate) fn run<L: AsRef<[u8]>>(lines: &[L], unit: Option<TimeUnit>) -> Outcome {
    let (mut world, timers) = world();
    world.resource_mut::<Times>().0 = unit;
    let Feed { mut decode, mut dispatch, .. } = feed(world.registry());
    let mut recorded = Recorded::new(timers);
    for (number, text) in (1..).zip(lines) {
        let line = Line { number, text: text.as_ref().to_vec() };
        if let Some(event) = decode(&mut world, &line) {
            recorded.reach(&mut world, event.time_ns());
            world.next_sequence();
            dispatch(&mut world, event);
        }
    }
    recorded.end(&mut world);
    let report = Report::new(&world, &Latency::default());
    let text = report.to_string();
    let signals = text.lines().find_map(|line| line.trim().strip_prefix("signals")?.split(';').next()).unwrap();
    Outcome {
        figures: serde_json::to_value(&report).unwrap(),
        problems: reasons(&world.resource::<Problems>().to_string()),
        bars: world.resource::<Bars>().done().to_vec(),
        signals: signals.trim().parse().unwrap(),
    }
}

/// Returns the problems without their total.
pub(crate) fn reasons(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.ends_with(" in the input")).map(str::to_owned).collect()
}

/// A named input, its expected figures, and the problems that must be reported.
pub(crate) type Case<'a> = (&'a str, Vec<String>, Value, &'a [&'a str]);

/// Runs cases. Compares the figures that they name, and all problems.
pub(crate) fn check(cases: &[Case]) {
    assert!(cases.len() > 10, "too few cases");
    for (name, lines, figures, problems) in cases {
        let outcome = run(lines, None);
        assert_eq!(outcome.problems, *problems, "{name}");
        assert_figures(name, &outcome, figures);
    }
}

pub(crate) fn assert_figures(name: &str, outcome: &Outcome, figures: &Value) {
    for (key, value) in figures.as_object().unwrap() {
        let own = if key == "signals" { &Value::from(outcome.signals) } else { &outcome.figures[key] };
        assert_eq!(own, value, "{name}: {key}");
    }
}

/// Formats `10x1 9x2` as levels of a price and a quantity each.
fn levels(text: &str) -> String {
    let level = |level: &str| level.split_once('x').map(|(price, quantity)| format!(r#"["{price}","{quantity}"]"#));
    format!("[{}]", text.split_whitespace().map(|text| level(text).unwrap()).collect::<Vec<_>>().join(","))
}

/// Returns a message with a time, in milliseconds after a full minute.
pub(crate) fn at(ms: u64, json: &str) -> String {
    format!("{} {json}", (1_723_161_240_000 + ms) * 1_000_000)
}

pub(crate) fn snapshot(last: u64, bids: &str, asks: &str) -> String {
    at(0, &format!(r#"{{"lastUpdateId":{last},"bids":{},"asks":{}}}"#, levels(bids), levels(asks)))
}

/// Returns a message of a stream of `x`.
pub(crate) fn message(channel: &str, data: &str) -> String {
    at(0, &format!(r#"{{"stream":"x@{channel}","data":{data}}}"#))
}

pub(crate) fn diff(first: u64, last: u64, bids: &str, asks: &str) -> String {
    let (bids, asks) = (levels(bids), levels(asks));
    message("depth@100ms", &format!(r#"{{"U":{first},"u":{last},"b":{bids},"a":{asks}}}"#))
}

/// Returns a diff of futures, which follows the one that ended with update `previous`.
pub(crate) fn futures(first: u64, last: u64, previous: u64, bids: &str, asks: &str) -> String {
    let (bids, asks) = (levels(bids), levels(asks));
    message("depth@0ms", &format!(r#"{{"U":{first},"u":{last},"pu":{previous},"b":{bids},"a":{asks}}}"#))
}

pub(crate) fn ticker(update: u64, bid: &str, ask: &str) -> String {
    let ((bid, bids), (ask, asks)) = (bid.split_once('x').unwrap(), ask.split_once('x').unwrap());
    message("bookTicker", &format!(r#"{{"u":{update},"b":"{bid}","B":"{bids}","a":"{ask}","A":"{asks}"}}"#))
}

pub(crate) fn trade(id: u64, price: &str, quantity: &str) -> String {
    trade_at(0, id, price, quantity)
}

pub(crate) fn trade_at(ms: u64, id: u64, price: &str, quantity: &str) -> String {
    at(ms, &format!(r#"{{"stream":"x@trade","data":{{"t":{id},"p":"{price}","q":"{quantity}"}}}}"#))
}

/// Writes a file in the folder of this test run.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the program with these arguments.
pub(crate) fn market_data(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_market-data")).args(args).output().unwrap()
}

/// Runs the program on files. Returns its figures and its problems.
pub(crate) fn replay(files: &[String], args: &[&str]) -> (Value, Vec<String>) {
    let inputs = files.iter().flat_map(|file| ["--input", file]);
    let output = market_data(&inputs.chain(args.iter().copied()).chain(["--json"]).collect::<Vec<_>>());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (serde_json::from_slice(&output.stdout).unwrap(), reasons(&stderr))
}

/// Pseudorandom numbers, by Marsaglia's xorshift of 64 bits.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
