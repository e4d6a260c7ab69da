//! Waiting and ingress: the inbox compared with a bare queue, a blocking wake-up with a bare eventfd, and a timed wait
//! with `thread::sleep`.
//!
//! `cargo run --release --bin ingress`. Contenders take turns round by round.

mod queues;
mod ticks;
mod wakes;

use bench::harness::Measured;
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

/// Times events from other threads and waits, and prints the ratio to the same by hand.
#[derive(Parser)]
struct Args {
    /// Only tables whose name contains this: "queue", "wake", "ticks"
    #[arg(long, default_value = "")]
    filter: String,

    /// Multiplies the number of rounds
    #[arg(long, default_value_t = 1)]
    rounds: usize,

    /// Only check that all contenders do the same, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

/// A table: its name, and the function that measures it in this many rounds, with the text below it.
type Table = (&'static str, fn(usize) -> (Vec<Measured>, String));

const TABLES: [Table; 3] = [("queue", queues::compare), ("wake", wakes::compare), ("ticks", ticks::compare)];

fn main() {
    let args = Args::parse();
    if args.check {
        TABLES.iter().for_each(|(_, compare)| drop(compare(1)));
        return;
    }
    pin(0);
    let title = "waiting and ingress, in nanoseconds".into();
    let mut report = Report { title, unit: "ns", rows: Vec::new() };
    let mut more = String::new();
    for (name, compare) in TABLES {
        if name.contains(&args.filter) {
            let (rows, below) = compare(21 * args.rounds);
            rows.into_iter().for_each(|row| args.output.add(&mut report, row));
            more += &below;
        }
    }
    args.output.finish(&report, "ingress", &more);
}
