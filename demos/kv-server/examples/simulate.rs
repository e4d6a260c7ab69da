//! Checks that kv-server loses nothing when its journal is on a disk that fails.
//!
//! `cargo run --release -p kv-server --example simulate -- --seeds 0..10000 --jobs 2`
//!
//! Each simulation runs from a seed. This command runs a failed one again and prints its steps:
//!
//! `cargo run --release -p kv-server --example simulate -- --seed 12345 --verbose`

#[path = "../tests/sim/simulation/mod.rs"]
mod simulation;

use std::io::{self, Write};
use std::ops::Range;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use simulation::Counts;

/// Simulates kv-server with its journal on a disk that fails.
#[derive(Parser)]
struct Args {
    /// One seed
    #[arg(long)]
    seed: Option<u64>,
    /// Of a seed that is run once for each operation that changes the disk, the run for this one
    #[arg(long, requires = "seed")]
    operation: Option<u64>,
    /// Seeds, such as 0..10000
    #[arg(long, value_parser = range, default_value = "0..10000")]
    seeds: Range<u64>,
    /// How many run at once
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// Say what happens
    #[arg(long)]
    verbose: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let numbers = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    numbers.ok_or_else(|| "seeds are such as 0..10000".into())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = args.seed.map_or(args.seeds.clone(), |seed| seed..seed + 1);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} seeds, {per_sec}, {eta} left");
    let progress = ProgressBar::new(seeds.end.saturating_sub(seeds.start));
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (next, failed) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let started = Instant::now();
    let work = || {
        let mut counts = Counts::default();
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            match run(seed, &args) {
                Ok(seed) => counts.add(&seed),
                Err(why) => {
                    failed.store(true, Ordering::Relaxed);
                    progress.suspend(|| tell(seed, &why));
                }
            }
            progress.inc(1);
        }
        counts
    };
    let mut counts = Counts::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).for_each(|done| counts.add(&done));
    });
    progress.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let _ = writeln!(io::stdout(), "{counts}; {:.0} seeds per second", counts.seeds as f64 / seconds);
    for what in counts.missing() {
        let _ = writeln!(io::stdout(), "there were no {what}");
    }
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a seed. A panic counts as a failure.
fn run(seed: u64, args: &Args) -> Result<Counts, String> {
    panic::catch_unwind(|| simulation::run(seed, args.operation, args.verbose)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("it panicked: {}", text.unwrap_or_default()))
    })
}

fn tell(seed: u64, why: &str) {
    let again = format!("cargo run --release -p kv-server --example simulate -- --seed {seed} --verbose");
    let _ = writeln!(io::stderr(), "seed {seed}: {why}\nagain: {again}");
}
