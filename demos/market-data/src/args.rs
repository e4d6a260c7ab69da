//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use nexus_rt::plan::PlanFormat;

use crate::time::TimeUnit;

/// Replays a captured exchange feed through nexus-rt: decodes every line, rebuilds the order book from snapshot and
/// diffs, checks it against the exchange's own top of book, and tells how long each event took.
#[derive(Parser, Debug)]
#[command(name = "market-data", version)]
pub struct Args {
    /// The capture: lines of `<nanoseconds since the epoch> <json>`, gzip or plain; `/dev/stdin` reads standard input.
    /// Given several times, the files are one capture, in this order
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/btcusdt_20240808.gz"))]
    pub input: Vec<PathBuf>,

    /// In which unit the times are; without it, in nanoseconds, and times that by their size are in another are refused
    #[arg(long, value_name = "UNIT", value_enum)]
    pub time_unit: Option<TimeUnit>,

    /// How fast: `max`, `real` (by the recorded clock), or a multiple of it such as `10x`
    #[arg(long, default_value = "max")]
    pub pace: Pace,

    /// On how many threads: `1` does everything; with `2`, one reads and decodes, and the other dispatches, with the
    /// same figures. The levels of a diff are then allocated on one thread and freed on the other
    #[arg(long, value_name = "N", default_value = "1")]
    pub threads: Threads,

    /// Replay the capture this often, each time into a fresh world; rates and latencies are over all of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,

    /// Run this many strategies over the capture, as reactors: the best bid, the best ask, the trades, the bars of one
    /// second, and a band of prices for each of the others. `--replay` needs as many as were recorded
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub strategies: u32,

    /// Write down what is decoded, as it is dispatched, into a journal in this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["repeat", "plan"])]
    pub journal: Option<PathBuf>,

    /// Run again what a journal has, without the capture, and check that everything is as it was
    #[arg(long, value_name = "DIR",
          conflicts_with_all = ["input", "journal", "pace", "plan", "repeat", "threads", "time_unit"])]
    pub replay: Option<PathBuf>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,

    /// Print the trades as bars of one second, with a chart, instead of the result
    #[arg(long, conflicts_with_all = ["json", "bars_json"])]
    pub bars: bool,

    /// Print the bars as JSON, a line each, instead of the result
    #[arg(long, conflicts_with = "json")]
    pub bars_json: bool,

    /// Print the plan of what a line runs through, and run nothing (but see `--measured`): text, dot, mermaid
    /// or json
    #[arg(long, value_name = "FORMAT")]
    pub plan: Option<PlanFormat>,

    /// With `--plan`: run the capture first, and print beside each function how often it ran and how long it took
    #[arg(long, requires = "plan", conflicts_with_all = ["bars", "bars_json", "profile", "repeat"])]
    pub measured: bool,

    /// Time every run of every function, and print at the end what each one costs, for each thread
    #[arg(long, conflicts_with_all = ["bars", "bars_json", "plan", "repeat"])]
    pub profile: bool,

    /// Stop at the first problem in the input, with exit code 1
    #[arg(long)]
    pub strict: bool,
}

/// How fast to replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as it goes.
    Max,
    /// By the recorded clock, this many times as fast.
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
                    Err("write `max`, `real`, or a multiple such as `10x` or `0.5x`, from 0.001x to 1000000000x".into())
                }
            },
        }
    }
}

/// On how many threads to replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threads {
    /// One does everything.
    One,
    /// One reads and decodes, the other dispatches.
    Two,
}

impl FromStr for Threads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err("write `1`, or `2` for one that decodes and one that dispatches".into()),
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
