//! Does an element cost more where there are many? Every container, driver and builder that a program adds to, at 1,000
//! to 1,000,000 elements; worlds and chains, whose elements are types, and sockets, which are files, at fewer.
//!
//! `cargo run --release --bin growth`. It takes a minute or two to build: there are ten thousand types in it. Each row
//! shows the time for an element, and how much more it is in the largest than in the smaller ones. `--exponents` prints
//! how the whole time grows between the two largest sizes, ten times apart: its exponent is 1 if it is linear, and 2 if
//! it is quadratic. Memory that is out of the caches accounts for up to 1.6.

#![recursion_limit = "256"]

mod chains;
mod connections;
mod drivers;
mod handlers;
mod records;
mod sockets;
mod systems;
mod timers;
mod worlds;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed, quantile};
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

/// Times what is done to each of many elements, by how many there are.
#[derive(Parser)]
struct Args {
    /// Only rows whose name or group contains this
    #[arg(long, default_value = "")]
    filter: String,

    /// Rounds per row
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Print a table of how the time grows
    #[arg(long)]
    exponents: bool,

    #[command(flatten)]
    output: Output,
}

/// What is timed: with so many elements it tells how long they took, without what was prepared for them.
struct Case {
    group: &'static str,
    name: &'static str,
    sizes: &'static [(&'static str, usize)],
    time: Box<dyn FnMut(usize) -> Duration>,
}

/// The usual sizes, the largest first.
const SIZES: &[(&str, usize)] = &[("1 M", 1_000_000), ("100 k", 100_000), ("10 k", 10_000), ("1 k", 1_000)];

/// How much more an element may take among ten times as many.
const MOST: f64 = 4.0;

impl Case {
    fn new(group: &'static str, name: &'static str, time: impl FnMut(usize) -> Duration + 'static) -> Self {
        Self { group, name, sizes: SIZES, time: Box::new(time) }
    }

    fn of_sizes(self, sizes: &'static [(&'static str, usize)]) -> Self {
        Self { sizes, ..self }
    }

    fn measure(&mut self, rounds: usize) -> Measured {
        let largest = self.sizes[0].1;
        let mut timed: Vec<_> = self.sizes.iter().map(|(name, _)| Timed::new(name, Vec::new())).collect();
        // The first round warms up and is not counted.
        for round in 0..=rounds {
            for ((_, size), timed) in self.sizes.iter().zip(&mut timed) {
                // A small size a few times, so that the clock says as much of it.
                let times = u32::try_from((largest / size).min(20)).expect("it is small");
                let took: Duration = (0..times).map(|_| (self.time)(*size)).sum();
                if round > 0 {
                    timed.rounds.push((took / times).as_nanos() as f64 / *size as f64);
                }
            }
        }
        let against = self.sizes[1].0;
        let budgets = vec![Budget { against, at_most: MOST, or_more: 5.0 }];
        Measured { group: self.group.into(), row: self.name.into(), timed, budgets }
    }
}

/// A Markdown table of the times, with the exponent by which the whole time grows between the two largest sizes.
fn exponents(rows: &[Measured]) -> String {
    let mut text = String::from("| what | ns for one of how many | exponent |\n|---|---|--:|\n");
    for row in rows {
        let middle = |timed: &Timed| quantile(&timed.rounds, 0.5);
        let times = row.timed.iter().rev().map(|timed| format!("{}: {:.0}", timed.contender, middle(timed)));
        let exponent = 1.0 + (middle(&row.timed[0]) / middle(&row.timed[1])).log10();
        let times = times.collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "| {}: {} | {times} | {exponent:.2} |", row.group, row.row);
    }
    text
}

/// How long `f` takes that should not depend on how many elements there are: of each of them, if it ran for each.
fn one_of(count: usize, mut f: impl FnMut()) -> Duration {
    const TIMES: usize = 50;
    let took = time(|| (0..TIMES).for_each(|_| f()));
    took * u32::try_from(count / TIMES).expect("it is small")
}

/// How long `f` takes. What it gives is dropped afterwards.
fn time<R>(f: impl FnOnce() -> R) -> Duration {
    let started = Instant::now();
    let result = black_box(f());
    let took = started.elapsed();
    drop(result);
    took
}

/// The n-th of the numbers below `count`, in an order that repeats none.
type Order = fn(n: usize, count: usize) -> usize;

/// Up, down, and in leaps.
const ORDERS: [Order; 3] = [|n, _| n, |n, count| count - 1 - n, |n, count| n * 7_919 % count];

fn main() {
    let args = Args::parse();
    pin(0);
    let title = "the time for one element, by how many there are".into();
    let mut report = Report { title, unit: "ns", rows: Vec::new() };
    let cases = [
        timers::cases(),
        drivers::cases(),
        handlers::cases(),
        systems::cases(),
        worlds::cases(),
        chains::cases(),
        sockets::cases(),
        connections::cases(),
        records::cases(),
    ];
    for mut case in cases.into_iter().flatten() {
        if case.name.contains(&args.filter) || case.group.contains(&args.filter) {
            args.output.add(&mut report, case.measure(args.rounds));
        }
    }
    args.output.finish(&report, "growth", "");
    if args.exponents {
        println!("\n{}", exponents(&report.rows));
    }
}
