//! Does the number of resources in a world matter? Runs and resolves a handler of two params in worlds of 1 to 10,000.
//!
//! `cargo run --release --bin scaling`. It takes minutes to build, since it has ten thousand types for each library.

#![expect(clippy::duplicate_mod, reason = "one source over each library is the point")]

mod ours;
mod published;

use bench::harness::{Budget, Contender, Row, Work, work};
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

/// Times a handler, and resolving it, by the number of resources.
#[derive(Parser)]
struct Args {
    /// Rounds per row; each contender runs once in each
    #[arg(long, default_value_t = 201)]
    rounds: usize,

    /// Only check that all contenders compute the same, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

fn contender(name: &'static str, start: impl Fn() -> Box<dyn Work> + 'static) -> Contender {
    Contender { name, start: Box::new(start) }
}

fn row(name: String, runs: u64, contenders: Vec<Contender>, at_most: f64) -> Row {
    let budgets = vec![Budget { against: "2.5.1", at_most, or_more: 1.0 }];
    Row { group: "by the number of resources", name, runs, units: 1, calls: false, cold: false, contenders, budgets }
}

/// The hand-written handler, over a cell for each resource.
fn by_hand(resources: usize) -> Box<dyn Work> {
    struct Cell {
        changed_at: u64,
        value: u64,
    }

    #[inline(never)]
    fn run(cells: &mut [Box<Cell>], now: u64, x: u64) {
        let read = cells[0].value;
        let last = cells.len() - 1;
        let written = &mut cells[last];
        written.changed_at = now;
        written.value = written.value.wrapping_mul(3).wrapping_add(read ^ x);
    }

    let cells: Vec<_> = (0..=resources).map(|_| Box::new(Cell { changed_at: 0, value: 1 })).collect();
    let run: fn(&mut [Box<Cell>], u64, u64) = std::hint::black_box(run);
    work(
        (cells, run),
        |(cells, run), runs| (0..runs).for_each(|x| run(cells, 1, x)),
        |(cells, _)| cells[cells.len() - 1].value + cells[0].changed_at,
    )
}

fn main() {
    let args = Args::parse();
    pin(0);
    let mut rows = Vec::new();
    for resources in [1, 10, 100, 1_000, 10_000] {
        rows.push(row(
            format!("handler of 2 params, {resources} resources"),
            10_000,
            vec![
                contender("ours", move || ours::library::handler(resources)),
                contender("by hand", move || by_hand(resources)),
                contender("2.5.1", move || published::library::handler(resources)),
            ],
            1.05,
        ));
        rows.push(row(
            format!("into_handler of 2 params, {resources} resources"),
            2_000,
            vec![
                contender("ours", move || ours::library::into_handler(resources)),
                contender("2.5.1", move || published::library::into_handler(resources)),
            ],
            0.6,
        ));
    }
    rows.iter().for_each(Row::check);
    if args.check {
        println!("{} rows: all contenders compute the same", rows.len());
        return;
    }
    let title = "dispatch and construction by the number of resources".into();
    let mut report = Report { title, unit: "cycles", rows: Vec::new() };
    for row in rows {
        args.output.add(&mut report, row.time(args.rounds));
    }
    args.output.finish(&report, "scaling", "");
}
