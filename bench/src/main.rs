//! Handlers, pipelines and their construction, side by side: this library, the published nexus-rt 2.5.1, and the same
//! logic written by hand.
//!
//! `cargo run --release` from this folder. Contenders take turns round by round in one process, pinned to one core, and
//! every one must compute the same value. Absolute times mean little on a shared machine; the ratios are the result.

mod by_hand;
mod chains;
mod contenders;
mod rows;

use bench::harness::{Plan, print_table};
use clap::Parser;

/// Times each row and prints the median of each contender and its ratio to the first, which is code by hand where there is some.
#[derive(Parser)]
struct Args {
    /// Only rows whose name contains this
    #[arg(long, default_value = "")]
    filter: String,

    /// Rounds per row; each contender runs once in each
    #[arg(long, default_value_t = 301)]
    rounds: usize,

    /// Only check that all contenders compute the same, and time nothing
    #[arg(long)]
    check: bool,
}

fn main() {
    let args = Args::parse();
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
    let rows: Vec<_> = rows::all().into_iter().filter(|row| row.name.contains(&args.filter)).collect();
    for row in &rows {
        row.check();
    }
    println!("{} rows: all contenders compute the same", rows.len());
    if !args.check {
        print_table(rows, &Plan { rounds: args.rounds });
    }
}
