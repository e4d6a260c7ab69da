//! The main job of this repository: a real exchange feed through nexus-rt.

mod args;
mod book;
mod decimal;
mod feed;
mod input;
mod message;
mod replay;
mod report;
mod state;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;
use crate::replay::{Latency, replay};
use crate::report::Report;
use crate::state::Problems;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("market-data: {} cannot be read: {error}", args.input.display());
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> io::Result<ExitCode> {
    let progress = progress_bar(args)?;
    let mut latency = Latency::new();
    let mut world = replay(args, &progress, &mut latency)?;
    for _ in 1..args.repeat {
        world = replay(args, &progress, &mut latency)?;
    }
    progress.finish_and_clear();

    let problems = world.resource::<Problems>();
    if problems.total() > 0 {
        eprint!("{problems}");
        if args.strict {
            return Ok(ExitCode::from(1));
        }
    }
    let report = Report::new(&world, &latency);
    let text = if args.json {
        serde_json::to_string(&report).expect("a report is JSON") + "\n"
    } else {
        format!("\n{report}")
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads may stop reading.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A bar over the bytes of the input, on standard error, if that is a terminal.
fn progress_bar(args: &Args) -> io::Result<ProgressBar> {
    let bytes = std::fs::metadata(&args.input)?.len() * u64::from(args.repeat);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes} of {total_bytes}  {elapsed}");
    Ok(ProgressBar::new(bytes).with_style(style.expect("the template is well-formed")))
}
