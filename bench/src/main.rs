//! Handlers, chains, fan-outs, templates, systems and their construction, compared: this library, hand-written code,
//! the published nexus-rt 2.5.1, and `bevy_ecs`.
//!
//! `cargo run --release` from this folder. Contenders take turns round by round in one process, pinned to one core, and
//! all must compute the same value. Absolute times mean little on a shared machine; the ratios are the result.

mod contenders;
mod count;
mod loops;
mod rows;

use bench::harness::Row;
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

/// Times each row: the median of each contender, and our ratio to it.
#[derive(Parser)]
struct Args {
    /// Only rows whose group or name contains this
    #[arg(long, default_value = "")]
    filter: String,

    /// Rounds per row; each contender runs once in each
    #[arg(long, default_value_t = 201)]
    rounds: usize,

    /// Only check that all contenders compute the same, and time nothing
    #[arg(long)]
    check: bool,

    /// Run for a counter of instructions: see `cargo xtask instructions`
    #[arg(long)]
    count: bool,

    #[command(flatten)]
    output: Output,
}

fn main() {
    let args = Args::parse();
    let pinned = pin(0);
    let wanted = |row: &Row| row.name.contains(&args.filter) || row.group.contains(&args.filter);
    let rows: Vec<_> = rows::all().into_iter().filter(wanted).collect();
    if args.count {
        count::run(&rows);
        return;
    }
    for row in &rows {
        row.check();
    }
    if args.check {
        println!("{} rows: all contenders compute the same", rows.len());
        return;
    }
    let title = "dispatch and construction, in cycles of the time stamp counter per run".into();
    let mut report = Report { title, unit: "cycles", rows: Vec::new() };
    for row in rows {
        args.output.add(&mut report, row.time(args.rounds));
    }
    if !pinned {
        eprintln!("this system does not allow to pin a thread to a core, so rounds differ more");
    }
    args.output.finish(&report, "dispatch", "");
}
