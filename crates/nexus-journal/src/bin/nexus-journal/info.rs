//! `info`: a journal at a glance.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::HumanCount;
use nexus_journal::{FileInfo, Kind, Reader};

use crate::progress::Progress;
use crate::show::{self, count};
use crate::{Opened, Outcome};

/// The sequences and times of some inputs.
#[derive(Default)]
struct Range {
    inputs: u64,
    first: (u64, Duration),
    last: (u64, Duration),
}

impl Range {
    fn add(&mut self, at: (u64, Duration)) {
        if self.inputs == 0 {
            self.first = at;
        }
        self.inputs += 1;
        self.last = at;
    }
}

/// What was read.
#[derive(Default)]
struct Found {
    files: Vec<(String, Range)>,
    kinds: BTreeMap<u32, u64>,
    checks: u64,
    all: Range,
}

pub(crate) fn run(dir: &Path) -> Outcome {
    let opened = Opened::at(dir)?;
    let (mut reader, mut found) = (opened.reader()?, Found::default());
    let damage = read(&mut reader, &mut found).err();
    let mut out = io::stdout().lock();
    writeln!(out, "{}", summary(dir, &opened.files, &reader, &found))?;
    write!(out, "{}", files(&opened.files, reader.begins().get(), &found))?;
    if let Some(torn) = reader.torn() {
        writeln!(out, "\ntorn: {}", show::torn(torn))?;
    }
    out.flush()?;
    damage.map_or(Ok(ExitCode::SUCCESS), |damage| Err(damage.into()))
}

fn read(reader: &mut Reader, found: &mut Found) -> Result<(), nexus_journal::Error> {
    let mut progress = Progress::new();
    while let Some(record) = reader.read()? {
        let (kind, at) = (record.source, (record.sequence, record.at));
        if record.is_input() {
            *found.kinds.entry(kind).or_default() += 1;
            found.all.add(at);
            let (name, _) = reader.place().unwrap_or_default();
            if found.files.last().is_none_or(|(last, _)| last != name) {
                found.files.push((name.to_owned(), Range::default()));
            }
            found.files.last_mut().expect("it was just pushed").1.add(at);
        } else {
            found.checks += 1;
        }
        progress.at(reader.progress());
    }
    Ok(())
}

/// The journal as a whole, a line for each property.
fn summary(dir: &Path, files: &[FileInfo], reader: &Reader, found: &Found) -> String {
    let newest = files.iter().rev().find_map(|file| file.program.as_ref());
    let (program, version) = newest.map_or(("?", "?".into()), |(program, version)| (program, version.to_string()));
    let snapshot = reader.snapshot().map_or_else(|| "none".into(), |at| format!("at sequence {at}"));
    let all = &found.all;
    let inputs = match all.inputs {
        0 => "none".into(),
        inputs => format!("{}, up to sequence {}", HumanCount(inputs), all.last.0),
    };
    let time = |at| if all.inputs == 0 { "-".into() } else { format!("{} UTC", show::time(at)) };
    let length = count(files.iter().map(|file| file.length).sum(), "byte");
    let mut rows = vec![
        ["journal".into(), dir.display().to_string()],
        ["program".into(), program.into()],
        ["version".into(), version],
        ["snapshot".into(), snapshot],
        ["size".into(), format!("{length} in {}", count(files.len() as u64, "file"))],
        ["from".into(), time(all.first.1)],
        ["until".into(), time(all.last.1)],
        ["checks".into(), HumanCount(found.checks).to_string()],
        ["inputs".into(), inputs],
    ];
    let kinds = found.kinds.iter().map(|(kind, inputs)| (kind.to_string(), HumanCount(*inputs).to_string()));
    let (kinds, inputs): (Vec<_>, Vec<_>) = kinds.unzip();
    let width = |column: &[String]| column.iter().map(String::len).max().unwrap_or(0);
    let (of_kind, of_inputs) = (width(&kinds), width(&inputs));
    let kinds = kinds.iter().zip(&inputs);
    rows.extend(kinds.map(|(kind, inputs)| [String::new(), format!("kind {kind:>of_kind$}  {inputs:>of_inputs$}")]));
    show::table(&rows, [false, false])
}

/// The files, a line for each.
fn files(files: &[FileInfo], begins: u64, found: &Found) -> String {
    let titles = ["file", "bytes", "inputs", "sequences", "from (UTC)", "until"];
    let mut rows = vec![titles.map(str::to_owned)];
    for file in files {
        let mut row: [String; 6] = std::array::from_fn(|_| String::new());
        row[0].clone_from(&file.name);
        row[1] = HumanCount(file.length).to_string();
        if let Some((_, range)) = found.files.iter().find(|(name, _)| *name == file.name) {
            let (first, last) = (range.first.0, range.last.0);
            row[2] = HumanCount(range.inputs).to_string();
            row[3] = match file.kind {
                Kind::Snapshot => format!("up to {last}"),
                Kind::Segment if first == last => first.to_string(),
                Kind::Segment => format!("{first} to {last}"),
            };
            (row[4], row[5]) = (show::time(range.first.1), show::time(range.last.1));
        } else if file.program.is_none() {
            row[3] = "cannot be read".into();
        } else if file.after.get() < begins {
            row[3] = "in the snapshot".into();
        }
        rows.push(row);
    }
    show::table(&rows, [false, true, true, false, false, false])
}
