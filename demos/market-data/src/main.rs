//! The program: reads the command line and the input, and prints the result.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use market_data::{Args, Bars, Chart, Latency, Pace, Problems, Profile, Report};
use market_data::{feed, replay, run_again, unreadable, world};
use nexus_rt::World;

fn main() -> ExitCode {
    let args = Args::parse();
    run(&args).unwrap_or_else(|failure| {
        let _ = writeln!(io::stderr(), "market-data: {failure}");
        ExitCode::from(2)
    })
}

/// Runs everything. An error is one sentence.
fn run(args: &Args) -> Result<ExitCode, String> {
    if let Some(format) = args.plan.filter(|_| !args.measured) {
        return print(&feed(world().0.registry()).plan.render(format));
    }
    let profile = (args.profile || args.measured).then(|| Profile::new(args.threads));
    let mut latency = Latency::default();
    let world = run_all(args, &mut latency, profile.as_ref())?;
    result(args, &world, &latency, profile.as_ref())
}

/// Replays the capture or a journal, with or without a profile.
fn run_all(args: &Args, latency: &mut Latency, profile: Option<&Profile>) -> Result<World, String> {
    if let Some(directory) = &args.replay {
        return run_again(args, directory, latency, profile).map_err(|error| error.to_string());
    }
    let mut bytes = 0;
    for path in &args.input {
        let file = std::fs::metadata(path).map_err(|error| unreadable(path, &error).to_string())?;
        if args.repeat > 1 && !file.is_file() {
            return Err(format!("{} is not a regular file: `--repeat` cannot read it twice", path.display()));
        }
        bytes += file.len();
    }
    let progress = progress_bar(args, bytes);
    let mut world = replay(args, &progress, latency, profile).map_err(|error| error.to_string())?;
    for _ in 1..args.repeat {
        if args.strict && world.resource::<Problems>().total() > 0 {
            break;
        }
        world = replay(args, &progress, latency, profile).map_err(|error| error.to_string())?;
    }
    progress.finish_and_clear();
    Ok(world)
}

/// Prints the result.
fn result(args: &Args, world: &World, latency: &Latency, profile: Option<&Profile>) -> Result<ExitCode, String> {
    let problems = world.resource::<Problems>();
    if problems.total() > 0 {
        let _ = write!(io::stderr(), "{problems}");
        if args.strict {
            return Ok(ExitCode::from(1));
        }
    }
    if let (Some(format), Some(profile)) = (args.plan, profile) {
        return print(&profile.plan().render(format));
    }
    let bars = world.resource::<Bars>().done();
    if args.bars_json {
        let line = |bar| serde_json::to_string(bar).expect("a bar is JSON") + "\n";
        return print(&bars.iter().map(line).collect::<String>());
    }
    if args.bars {
        return print(&format!("\n{}", Chart(bars)));
    }
    let report = Report::new(world, latency);
    if args.json {
        let report = if let Some(profile) = profile { report.with_profile(profile) } else { report };
        return print(&(serde_json::to_string(&report).expect("a report is JSON") + "\n"));
    }
    let profile = profile.map(Profile::to_string).unwrap_or_default();
    print(&format!("\n{report}{profile}"))
}

/// Writes the result to standard output.
fn print(text: &str) -> Result<ExitCode, String> {
    match io::stdout().write_all(text.as_bytes()) {
        // The reader of the output may close it early.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write the result: {error}")),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Returns a progress bar over the bytes of the input, on standard error. It is hidden unless that is a terminal.
fn progress_bar(args: &Args, bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {elapsed}");
    let bar = ProgressBar::new(bytes * u64::from(args.repeat));
    bar.set_style(style.expect("the template is well-formed"));
    if args.pace != Pace::Max {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
