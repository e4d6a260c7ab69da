//! The journal: the cost of recording an input compared with applying it, the time until an input is safe, and the
//! speed of a replay.
//!
//! `cargo run --release --bin journal`. Contenders take turns round by round. It creates a directory inside
//! `--directory`, and removes it afterwards.

mod again;
mod program;
mod recorded;
mod safe;

use std::path::{Path, PathBuf};

use bench::harness::Measured;
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

/// Times inputs of 64 bytes with a journal and without.
#[derive(Parser)]
struct Args {
    /// Only tables whose name contains this: "recorded", "safe", "again"
    #[arg(long, default_value = "")]
    filter: String,

    /// Multiplies the number of rounds
    #[arg(long, default_value_t = 1)]
    rounds: usize,

    /// Where to write: what "safe" costs is a matter of the disk
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target"))]
    directory: PathBuf,

    /// Only check that all contenders do the same, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

/// A table: its name, and the function that measures it in this many rounds, with the text below it.
type Table = (&'static str, fn(&Path, usize) -> (Vec<Measured>, String));

const TABLES: [Table; 3] = [("recorded", recorded::compare), ("safe", safe::compare), ("again", again::compare)];

fn main() {
    let args = Args::parse();
    let room = args.directory.join(format!("journal-bench-{}", std::process::id()));
    std::fs::create_dir_all(&room).unwrap_or_else(|error| panic!("{} cannot be made: {error}", room.display()));
    if args.check {
        TABLES.iter().for_each(|(name, compare)| drop(compare(&room.join(name), 1)));
    } else {
        pin(0);
        let title = "the journal, inputs of 64 bytes, in nanoseconds".into();
        let mut report = Report { title, unit: "ns", rows: Vec::new() };
        let mut more = String::new();
        for (name, compare) in TABLES {
            if name.contains(&args.filter) {
                let (rows, below) = compare(&room.join(name), 21 * args.rounds);
                rows.into_iter().for_each(|row| args.output.add(&mut report, row));
                more += &below;
            }
        }
        args.output.finish(&report, "journal", &more);
    }
    std::fs::remove_dir_all(&room).unwrap_or_else(|error| eprintln!("{} is left: {error}", room.display()));
}
