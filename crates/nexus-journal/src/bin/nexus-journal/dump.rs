//! `dump`: prints the inputs.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use nexus_journal::Record;

use crate::progress::Progress;
use crate::show;
use crate::{Opened, Outcome};

pub(crate) fn run(dir: &Path, (from, until): (Option<u64>, Option<u64>), json: bool) -> Outcome {
    let opened = Opened::at(dir)?;
    let mut reader = opened.reader()?;
    let mut progress = Progress::new().unless(io::stdout().is_terminal());
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = loop {
        match reader.read() {
            Ok(Some(record)) if until.is_some_and(|until| record.sequence > until) => break Ok(()),
            Ok(Some(record)) if record.is_input() && from.is_none_or(|from| record.sequence >= from) => {
                if json { print_json(&mut out, &record) } else { print(&mut out, &record) }?;
            }
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        progress.at(reader.progress());
    };
    out.flush()?;
    drop(progress);
    ended?;
    if let Some(torn) = reader.torn() {
        eprintln!("nexus-journal: {}", show::torn(torn));
    }
    Ok(ExitCode::SUCCESS)
}

/// As people read it: columns, and the payload as a literal of Rust or as digits.
fn print(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let Record { sequence, at, source, payload } = *record;
    let (at, length) = (show::exact_time(at), payload.len());
    write!(out, "{sequence:>10}  {at}  {source:>4}  {length:>6}")?;
    match show::text(payload) {
        _ if payload.is_empty() => writeln!(out),
        Some(text) => writeln!(out, "  {text:?}"),
        None => writeln!(out, "  0x{}", show::hex(payload)),
    }
}

/// As programs read it.
fn print_json(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let Record { sequence, at, source, payload } = *record;
    let (at, length) = (show::exact_time(at), payload.len());
    write!(out, r#"{{"sequence":{sequence},"at":"{at}","kind":{source},"length":{length},"#)?;
    match show::text(payload) {
        Some(text) => writeln!(out, r#""text":{}}}"#, serde_json::to_string(text)?),
        None => writeln!(out, r#""hex":"{}"}}"#, show::hex(payload)),
    }
}
