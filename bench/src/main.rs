//! Handlers, chains, fan-outs, templates, systems and their construction, side by side: this library, the same logic written
//! by hand, the published nexus-rt 2.5.1, and `bevy_ecs`.
//!
//! `cargo run --release` from this folder. Contenders take turns round by round in one process, pinned to one core, and every
//! one must compute the same value. Absolute times mean little on a shared machine; the ratios are the result.

mod contenders;
mod count;
mod loops;
mod rows;

use std::path::PathBuf;

use bench::harness::Row;
use bench::machine::pin;
use bench::report::{Report, replace_section};
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

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Replace the section of this file, such as ../PERFORMANCE.md, that holds the figures of this program
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
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
        let measured = row.time(args.rounds);
        if args.json { report.rows.push(measured) } else { report.push(measured) }
    }
    if args.json {
        println!("{:#}", report.json());
        return;
    }
    println!();
    if !pinned {
        println!("this system does not allow to pin a thread to a core, so rounds differ more");
    }
    let missed = report.missed();
    println!("{} budgets missed", missed.len());
    missed.iter().for_each(|line| println!("  {line}"));
    if let Some(file) = &args.markdown {
        replace_section(file, "dispatch", &report.markdown());
    }
}
