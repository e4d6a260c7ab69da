//! `verify`: reads everything.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::progress::Progress;
use crate::show::{self, count};
use crate::{Opened, Outcome};

pub(crate) fn run(dir: &Path) -> Outcome {
    let opened = Opened::at(dir)?;
    let (mut reader, mut progress) = (opened.reader()?, Progress::new());
    let (mut inputs, mut checks) = (0, 0);
    let damage = loop {
        match reader.read() {
            Ok(Some(record)) if record.is_input() => inputs += 1,
            Ok(Some(_)) => checks += 1,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        progress.at(reader.progress());
    };
    drop(progress);
    let (read, length) = reader.progress();
    let (inputs, checks) = (count(inputs, "input"), count(checks, "check"));
    let (last, read) = (reader.last().max(reader.begins()), indicatif::HumanCount(read));
    let mut out = io::stdout().lock();
    writeln!(out, "read {inputs} and {checks} up to sequence {last}: {read} of {}", count(length, "byte"))?;
    if let Some(torn) = reader.torn() {
        writeln!(out, "torn: {}", show::torn(torn))?;
    }
    out.flush()?;
    damage.map_or(Ok(ExitCode::SUCCESS), |damage| Err(damage.into()))
}
