//! `cut`: discards everything after a sequence.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::HumanCount;
use nexus_journal::{Cut, CutFile};
use nexus_rt::Sequence;

use crate::progress::Progress;
use crate::show::count;
use crate::{Opened, Outcome};

pub(crate) fn run(dir: &Path, after: u64, yes: bool) -> Outcome {
    // Looks first, since a lock creates the directory.
    let opened = Opened::at(dir)?;
    let mut progress = Progress::new();
    let cut = Cut::find(opened.disk, Sequence::new(after), |read, length| progress.at((read, length)))?;
    drop(progress);
    let mut out = io::stdout().lock();
    if cut.files.is_empty() {
        writeln!(out, "the journal already ends with sequence {}", cut.last)?;
        return Ok(ExitCode::SUCCESS);
    }
    let would = if yes { "" } else { "would " };
    let ends = if yes { "ends" } else { "end" };
    let (inputs, bytes) = (count(cut.inputs, "input"), count(cut.bytes, "byte"));
    let unreadable = match cut.unreadable {
        0 => String::new(),
        bytes => format!(", of which {} cannot be read", HumanCount(bytes)),
    };
    let mut text = format!("the journal {would}{ends} with sequence {}\n", cut.last);
    text += &format!("lost: {inputs}, {bytes}{unreadable}\n");
    for CutFile { name, at, copy } in &cut.files {
        text += &match (at, yes) {
            (Some(at), false) => format!("{name} would be cut at byte {}, with a copy as {copy}\n", HumanCount(*at)),
            (Some(at), true) => format!("{name} is cut at byte {}, with a copy as {copy}\n", HumanCount(*at)),
            (None, false) => format!("{name} would be renamed to {copy}\n"),
            (None, true) => format!("{name} is renamed to {copy}\n"),
        };
    }
    if !yes {
        writeln!(out, "{text}nothing was changed: add --yes to cut the journal")?;
        return Ok(ExitCode::from(2));
    }
    cut.apply()?;
    write!(out, "{text}")?;
    Ok(ExitCode::SUCCESS)
}
