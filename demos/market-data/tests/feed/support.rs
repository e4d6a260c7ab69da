//! Messages as the exchange writes them, and what the feed makes of a row of them.

use std::path::Path;
use std::process::{Command, Output};

use market_data::{Bar, Bars, Feed, Latency, Line, Problems, Recorded, Report, TimeUnit, Times, feed, world};
use serde_json::Value;

/// What came of a capture.
pub(crate) struct Outcome {
    pub(crate) figures: Value,
    /// One by one, with their lines.
    pub(crate) problems: Vec<String>,
    pub(crate) bars: Vec<Bar>,
}

/// Sends lines through the feed.
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
    Outcome {
        figures: serde_json::to_value(&report).unwrap(),
        problems: reasons(&world.resource::<Problems>().to_string()),
        bars: world.resource::<Bars>().done().to_vec(),
    }
}

/// Problems without their number at the end.
pub(crate) fn reasons(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.ends_with(" in the input")).map(str::to_owned).collect()
}

/// A file in the folder of this test run.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The program with these arguments.
pub(crate) fn market_data(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_market-data")).args(args).output().unwrap()
}

/// The program over files: its figures, and its problems.
pub(crate) fn replay(files: &[String], args: &[&str]) -> (Value, Vec<String>) {
    let inputs = files.iter().flat_map(|file| ["--input", file]);
    let output = market_data(&inputs.chain(args.iter().copied()).chain(["--json"]).collect::<Vec<_>>());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (serde_json::from_slice(&output.stdout).unwrap(), reasons(&stderr))
}
