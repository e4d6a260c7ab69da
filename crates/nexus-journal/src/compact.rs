//! Compaction: a snapshot is a shorter journal, whose inputs lead to the same state.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nexus_rt::{Sequence, World};

use crate::digests::{Digests, total};
use crate::disk::{Disk, File};
use crate::error::Error;
use crate::files;
use crate::format::{self, END, FILE_HEADER, FileHeader, Kind};
use crate::inputs::Input;
use crate::reader::Reader;
use crate::replay::Program;

/// How much is written at once.
const CHUNK: usize = 1 << 20;

/// What a compaction came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// The sequence of the snapshot.
    pub upto: Sequence,
    /// How many inputs it has.
    pub inputs: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many bytes were removed.
    pub removed: u64,
    /// One word for the state, which both worlds had.
    pub digest: u64,
}

/// Takes the inputs that lead to a state.
pub struct Snapshot<'s>(&'s mut Sink<'s>);

/// Takes the number of an input's source, and what writes its payload.
type Sink<'s> = dyn FnMut(u32, &dyn Fn(&mut Vec<u8>)) + 's;

impl<'s> Snapshot<'s> {
    /// Hands each input to `sink`, as its source and what writes its payload, for a snapshot that is kept elsewhere
    /// than in a journal.
    pub fn new(sink: &'s mut Sink<'s>) -> Self {
        Self(sink)
    }

    /// Adds an input. All are applied in this order, in the sequence and at the time of the snapshot, and run no events
    /// of their own.
    pub fn input<'a>(&mut self, input: &impl Input<'a>) {
        (self.0)(input.source(), &|out| input.encode(out));
    }
}

/// The file of a snapshot.
struct Writer<'d> {
    disk: &'d dyn Disk,
    name: String,
    file: Arc<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    upto: Sequence,
    at: Duration,
    inputs: u64,
    failed: Option<Error>,
}

impl Writer<'_> {
    fn input(&mut self, source: u32, encode: &dyn Fn(&mut Vec<u8>)) {
        self.inputs += 1;
        let head = (source, self.upto.get(), self.at);
        format::encode(&mut self.buffer, head, encode);
        if self.buffer.len() >= CHUNK {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.failed.is_none() {
            let written = self.file.write_at(self.written, &self.buffer);
            self.failed = written.map_err(Error::io("write", self.disk, &self.name)).err();
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
    }

    /// Ends it, and waits until the disk has it.
    fn finish(mut self) -> Result<(u64, u64), Error> {
        let (inputs, head) = (self.inputs, (END, self.upto.get(), self.at));
        format::encode(&mut self.buffer, head, |out| out.extend_from_slice(&inputs.to_le_bytes()));
        self.write();
        self.failed.map_or(Ok(()), Err)?;
        self.file.sync().map_err(Error::io("sync", self.disk, &self.name))?;
        Ok((inputs, self.written))
    }
}

/// Puts a snapshot in the place of everything up to `upto`, which is where a file ends: what
/// [`Journal::rotate`](crate::Journal::rotate) was called at.
///
/// It runs beside the loop, one at a time, on a thread or in a process of its own, with worlds of its own that `make`
/// makes. One runs the journal again, and `emit` writes inputs that lead to the same state. The other runs those. Only
/// if its digest is that of the first is anything removed.
///
/// # Errors
/// If no file ends at `upto`, the journal cannot be read or run again, the disk fails, or the snapshot does not lead to
/// the same state. The journal is as it was then.
pub fn compact<P: Program>(
    disk: &Arc<dyn Disk>,
    program: &str,
    upto: Sequence,
    make: impl Fn() -> (World, P, Digests),
    emit: impl FnOnce(&World, &P, &mut Snapshot<'_>),
) -> Result<Compacted, Error> {
    let name = format!("{:020}.{}", upto.get(), files::PARTIAL);
    let written = write(disk, (program, &name), upto, &make, emit).and_then(|(inputs, bytes, words, digest)| {
        prove(disk, (program, &name), upto, make(), &words)?;
        Ok((inputs, bytes, digest))
    });
    let (inputs, bytes, digest) = written.inspect_err(|_| _ = disk.remove(&name))?;
    let snapshot = format::name(Kind::Snapshot, upto.get());
    // If there was nothing new, it takes the place of one of the same name.
    let replaced = disk.open(&snapshot, false).and_then(|file| file.length()).unwrap_or(0);
    disk.rename(&name, &snapshot).map_err(Error::io("rename", &**disk, &name))?;
    disk.sync().map_err(Error::io("sync", &**disk, ""))?;
    let removed = replaced + files::sweep(&**disk, upto.get())?;
    Ok(Compacted { upto, inputs, bytes, removed, digest })
}

/// What was written: inputs, bytes, what each resource is worth, and a word for all.
type Written = (u64, u64, Vec<(String, u64)>, u64);

fn write<P: Program>(
    disk: &Arc<dyn Disk>,
    (program, name): (&str, &str),
    upto: Sequence,
    make: &impl Fn() -> (World, P, Digests),
    emit: impl FnOnce(&World, &P, &mut Snapshot<'_>),
) -> Result<Written, Error> {
    let (mut world, mut state, digests) = make();
    let mut reader = Reader::open(disk.clone(), Some(program))?;
    if !reader.has_file_after(upto) {
        // What is removed would have more than the snapshot.
        return Err(Error::NoEnd { asked: upto });
    }
    reader.stop_at(upto);
    let replayed = reader.replay(&mut world, &mut state, &digests, Some(upto))?;
    if replayed.last != upto {
        return Err(Error::Beyond { asked: upto, last: replayed.last });
    }
    let file = disk.create(name).map_err(Error::io("create", &**disk, name))?;
    let header = FileHeader { kind: Kind::Snapshot, after: upto.get(), at: replayed.at, program: program.to_owned() };
    file.write_at(0, &header.encode()).map_err(Error::io("write", &**disk, name))?;
    let mut writer = Writer {
        disk: &**disk,
        name: name.to_owned(),
        file,
        buffer: Vec::new(),
        written: FILE_HEADER as u64,
        upto,
        at: replayed.at,
        inputs: 0,
        failed: None,
    };
    let mut sink = |source, encode: &dyn Fn(&mut Vec<u8>)| writer.input(source, encode);
    emit(&world, &state, &mut Snapshot::new(&mut sink));
    let (inputs, bytes) = writer.finish()?;
    // The digests of a large state take long, and are made once.
    let words = digests.values(&world);
    let digest = total(words.iter().map(|(_, value)| *value));
    Ok((inputs, bytes, words, digest))
}

/// Applies a snapshot to a world of its own and compares that.
fn prove<P: Program>(
    disk: &Arc<dyn Disk>,
    (program, name): (&str, &str),
    upto: Sequence,
    (mut world, mut state, digests): (World, P, Digests),
    words: &[(String, u64)],
) -> Result<(), Error> {
    let mut reader = Reader::of_snapshot(disk.clone(), name, program, upto)?;
    reader.replay(&mut world, &mut state, &digests, None)?;
    let found = digests.values(&world);
    let differ = found.iter().zip(words).filter(|(found, noted)| found != noted);
    let resources: Vec<_> = differ.map(|((name, _), _)| name.clone()).collect();
    if resources.is_empty() { Ok(()) } else { Err(Error::Elsewhere { resources, upto }) }
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}
