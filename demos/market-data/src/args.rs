//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use nexus_rt::plan::PlanFormat;

use crate::time::TimeUnit;

/// Replays a captured exchange feed through nexus-rt: decodes every line, rebuilds the order book from snapshot and
/// diffs, checks it against the exchange's own top of book, and reports how long each event took.
#[derive(Parser, Debug)]
#[command(name = "market-data", version)]
pub struct Args {
    /// A capture: lines of `<nanoseconds since the epoch> <json>`, gzip or plain; `/dev/stdin` reads standard input.
    /// Repeat the option to read several files as one capture, in this order
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/btcusdt_20240808.gz"))]
    pub input: Vec<PathBuf>,

    /// The unit of the times. By default, times are nanoseconds, and a time that looks like another unit is refused
    #[arg(long, value_name = "UNIT", value_enum)]
    pub time_unit: Option<TimeUnit>,

    /// The speed of the replay: `max`, `real` (as recorded), or a multiple of it such as `10x`
    #[arg(long, default_value = "max")]
    pub pace: Pace,

    /// The number of threads: `1` does everything; with `2`, one reads and decodes while the other dispatches, with the
    /// same figures. The levels of a diff are then allocated on one thread and freed on the other
    #[arg(long, value_name = "N", default_value = "1")]
    pub threads: Threads,

    /// Replay the capture this many times, each into a fresh world; rates and latencies cover all replays
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,

    /// Run this many strategies over the capture, as reactors. They watch the best bid, the best ask, the trades, the
    /// one-second bars, and from the fifth on a band of prices each. `--replay` needs the number that was recorded
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub strategies: u32,

    /// Record the decoded events, as they are dispatched, in a journal in this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["repeat", "plan"])]
    pub journal: Option<PathBuf>,

    /// Replay a journal instead of a capture, and check that the result is the same
    #[arg(long, value_name = "DIR",
          conflicts_with_all = ["input", "journal", "pace", "plan", "repeat", "threads", "time_unit"])]
    pub replay: Option<PathBuf>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,

    /// Print the trades as one-second bars, with a chart, instead of the result
    #[arg(long, conflicts_with_all = ["json", "bars_json"])]
    pub bars: bool,

    /// Print the bars as JSON, one per line, instead of the result
    #[arg(long, conflicts_with = "json")]
    pub bars_json: bool,

    /// Print the plan of the functions that a line runs through, without running them (but see `--measured`): text,
    /// dot, mermaid or json
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["bars", "bars_json", "json", "strategies"])]
    pub plan: Option<PlanFormat>,

    /// With `--plan`: replay the capture first, and print how often each function ran and how long it took
    #[arg(long, requires = "plan", conflicts_with_all = ["bars", "bars_json", "profile", "repeat"])]
    pub measured: bool,

    /// Time every run of every function, and print at the end what each one cost, for each thread
    #[arg(long, conflicts_with_all = ["bars", "bars_json", "plan", "repeat"])]
    pub profile: bool,

    /// Stop at the first problem in the input, with exit code 1
    #[arg(long)]
    pub strict: bool,
}

/// The speed of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as possible.
    Max,
    /// Paced by the recorded times, this many times as fast.
    Times(f64),
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            "real" => Ok(Self::Times(1.0)),
            _ => match text.strip_suffix('x').and_then(|number| number.parse().ok()) {
                Some(times) if (0.001..=1e9).contains(&times) => Ok(Self::Times(times)),
                _ => {
                    Err("expected `max`, `real`, or a multiple such as `10x` or `0.5x`, from 0.001x to 1000000000x"
                        .into())
                }
            },
        }
    }
}

/// The number of threads of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threads {
    /// One thread does everything.
    One,
    /// One thread reads and decodes, and the other dispatches.
    Two,
}

impl FromStr for Threads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err("expected `1`, or `2` to decode and dispatch on separate threads".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_max_real_or_a_multiple() {
        assert_eq!("max".parse(), Ok(Pace::Max));
        assert_eq!("real".parse(), Ok(Pace::Times(1.0)));
        assert_eq!("0.5x".parse(), Ok(Pace::Times(0.5)));
        for text in ["", "x", "0x", "-1x", "infx", "NaNx", "10", "1e-300x"] {
            assert!(text.parse::<Pace>().is_err(), "{text}");
        }
    }
}
