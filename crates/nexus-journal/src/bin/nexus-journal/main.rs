//! `nexus-journal`: looks at the journal of any program, checks it, and cuts it.

mod cut;
mod dump;
mod info;
mod progress;
mod show;
mod verify;

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use nexus_journal::{Dir, Disk, FileInfo, Reader};

/// Inspects, verifies and cuts the journal of any program.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the program, files, inputs, sequences and times of a journal.
    Info {
        /// The directory of the journal.
        dir: PathBuf,
    },
    /// Prints the inputs, one per line: sequence, time, kind, length, payload.
    ///
    /// The inputs of a snapshot all have its sequence.
    Dump {
        /// The directory of the journal.
        dir: PathBuf,
        /// The first sequence to print.
        #[arg(long, value_name = "SEQ")]
        from: Option<u64>,
        /// The last sequence to print.
        #[arg(long, value_name = "SEQ")]
        until: Option<u64>,
        /// Print one JSON object per line, with the payload as `text` or `hex`.
        #[arg(long)]
        json: bool,
    },
    /// Reads everything and reports damage. The exit code is 1 if there is any; a torn tail is not damage.
    Verify {
        /// The directory of the journal.
        dir: PathBuf,
    },
    /// Drops everything after a sequence, such as after damage. A copy of what is cut off is kept as `*.cut`.
    Cut {
        /// The directory of the journal.
        dir: PathBuf,
        /// The last sequence to keep.
        #[arg(long, value_name = "SEQ")]
        after: u64,
        /// Cut the journal. Without this, only print what would happen, with exit code 2.
        #[arg(long)]
        yes: bool,
    },
}

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Info { dir } => info::run(&dir),
        Command::Dump { dir, from, until, json } => dump::run(&dir, (from, until), json),
        Command::Verify { dir } => verify::run(&dir),
        Command::Cut { dir, after, yes } => cut::run(&dir, after, yes),
    };
    outcome.unwrap_or_else(|error| {
        // Whoever read this has seen enough.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("nexus-journal: {error}");
        ExitCode::FAILURE
    })
}

/// A journal that is there.
struct Opened {
    disk: Arc<dyn Disk>,
    files: Vec<FileInfo>,
}

impl Opened {
    fn at(dir: &Path) -> Result<Self, Box<dyn Error>> {
        let path = dir.display();
        if !dir.is_dir() {
            return Err(if dir.exists() {
                format!("{path} is not a directory")
            } else {
                format!("there is no directory {path}")
            }
            .into());
        }
        let disk: Arc<dyn Disk> = Dir::new(dir).into();
        let files = FileInfo::list(&*disk)?;
        if files.is_empty() {
            return Err(
                format!("there is no journal in {path}: no file has a name like 00000000000000000001.journal").into()
            );
        }
        Ok(Self { disk, files })
    }

    fn reader(&self) -> Result<Reader, nexus_journal::Error> {
        Reader::open(self.disk.clone(), None)
    }
}
