//! Does an element cost more if there are many? Measures every container and builder that a program adds to, with
//! 1,000, 10,000 and 100,000 elements, and worlds and chains, whose elements are types, with fewer.
//!
//! `cargo run --release --bin growth`. It takes a minute or two to build, since it has ten thousand types. Each row
//! shows the time for an element, and the ratio of the largest size to the smallest. A quadratic cost shows as a ratio
//! of a hundred, or of ten if the sizes are ten times apart. Memory outside the caches accounts for a ratio of up to
//! five.

#![recursion_limit = "256"]

mod chains;
mod handlers;
mod sockets;
mod systems;
mod timers;
mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed};
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
    #[arg(long, default_value_t = 11)]
    rounds: usize,

    #[command(flatten)]
    output: Output,
}

/// A measured operation. For this many elements, it returns the time without the preparation.
struct Case {
    group: &'static str,
    name: &'static str,
    sizes: &'static [(&'static str, usize)],
    time: Box<dyn FnMut(usize) -> Duration>,
}

/// The usual sizes, the largest first.
const SIZES: &[(&str, usize)] = &[("100 k", 100_000), ("10 k", 10_000), ("1 k", 1_000)];

/// The largest ratio of the time per element between many and few.
const MOST: f64 = 6.0;

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
        // The first round is a warm-up and is not counted.
        for round in 0..=rounds {
            for ((_, size), timed) in self.sizes.iter().zip(&mut timed) {
                // Repeat small sizes, so that the clock is precise enough.
                let times = u32::try_from((largest / size).min(20)).expect("it is small");
                let took: Duration = (0..times).map(|_| (self.time)(*size)).sum();
                if round > 0 {
                    timed.rounds.push((took / times).as_nanos() as f64 / *size as f64);
                }
            }
        }
        let against = self.sizes[self.sizes.len() - 1].0;
        let budgets = vec![Budget { against, at_most: MOST, or_more: 5.0 }];
        Measured { group: self.group.into(), row: self.name.into(), timed, budgets }
    }
}

/// Returns the time that `f` takes. Its result is dropped afterwards.
fn time<R>(f: impl FnOnce() -> R) -> Duration {
    let started = Instant::now();
    let result = black_box(f());
    let took = started.elapsed();
    drop(result);
    took
}

/// Returns the n-th of the numbers below `count`, in an order without repetitions.
type Order = fn(n: usize, count: usize) -> usize;

/// Ascending, descending, and in leaps.
const ORDERS: [Order; 3] = [|n, _| n, |n, count| count - 1 - n, |n, count| n * 7_919 % count];

fn main() {
    let args = Args::parse();
    pin(0);
    let title = "the time for one element, by how many there are".into();
    let mut report = Report { title, unit: "ns", rows: Vec::new() };
    let cases =
        [timers::cases(), handlers::cases(), systems::cases(), worlds::cases(), chains::cases(), sockets::cases()];
    for mut case in cases.into_iter().flatten() {
        if case.name.contains(&args.filter) || case.group.contains(&args.filter) {
            args.output.add(&mut report, case.measure(args.rounds));
        }
    }
    args.output.finish(&report, "growth", "");
}
