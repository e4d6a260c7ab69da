//! Compaction: a snapshot is a shorter journal whose inputs lead to the same state.

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

/// The number of bytes to write at once.
const CHUNK: usize = 1 << 20;

/// The result of a compaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// The sequence of the snapshot.
    pub upto: Sequence,
    /// The number of inputs in the snapshot.
    pub inputs: u64,
    /// The length of the snapshot, in bytes.
    pub bytes: u64,
    /// The number of bytes removed.
    pub removed: u64,
    /// The digest of the state, equal in both worlds.
    pub digest: u64,
}

/// Receives the inputs that lead to a state: see [`compact`].
pub struct Snapshot<'s>(&'s mut Sink<'s>);

/// Takes the number of an input's source, and what writes its payload.
type Sink<'s> = dyn FnMut(u32, &dyn Fn(&mut Vec<u8>)) + 's;

impl<'s> Snapshot<'s> {
    /// Creates a snapshot that is stored elsewhere than in a journal. `sink` receives each input, as its number and a
    /// function that appends its payload.
    ///
    /// ```
    /// use nexus_journal::{Snapshot, inputs};
    ///
    /// inputs! {
    ///     enum Call {
    ///         1 = Add(u64),
    ///     }
    /// }
    ///
    /// let mut stored = Vec::new();
    /// let mut sink = |source: u32, encode: &dyn Fn(&mut Vec<u8>)| {
    ///     stored.extend(source.to_le_bytes());
    ///     encode(&mut stored);
    /// };
    /// Snapshot::new(&mut sink).input(&Call::Add(7));
    /// assert_eq!(stored, [1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    /// ```
    pub fn new(sink: &'s mut Sink<'s>) -> Self {
        Self(sink)
    }

    /// Adds an input. A replay applies the inputs of a snapshot in this order, in one sequence and at one time, those
    /// of the snapshot.
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

    /// Ends the file, and waits until the disk has it.
    fn finish(mut self) -> Result<(u64, u64), Error> {
        let (inputs, head) = (self.inputs, (END, self.upto.get(), self.at));
        format::encode(&mut self.buffer, head, |out| out.extend_from_slice(&inputs.to_le_bytes()));
        self.write();
        self.failed.map_or(Ok(()), Err)?;
        self.file.sync().map_err(Error::io("sync", self.disk, &self.name))?;
        Ok((inputs, self.written))
    }
}

/// Replaces all inputs up to `upto` with a snapshot. A file must end at `upto`: call
/// [`Journal::rotate`](crate::Journal::rotate) there.
///
/// It runs beside the loop, on a thread or in a process of its own, one compaction at a time. `make` makes its two
/// worlds. The first replays the journal, and `emit` writes inputs that lead to the same state. The second applies
/// those inputs. Files are removed only if both worlds have the same digest.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use nexus_journal::{Digests, Dir, Disk, Options, Program, Recorder, compact, inputs};
/// use nexus_rt::{Clock, World, WorldBuilder};
///
/// inputs! {
///     enum Call {
///         1 = Add(u64),
///     }
/// }
///
/// struct Adder;
///
/// impl Program for Adder {
///     type Input<'a> = Call;
///
///     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
///         *world.resource_mut::<u64>() += number;
///     }
/// }
///
/// fn make() -> (World, Adder, Digests) {
///     let mut builder = WorldBuilder::new();
///     builder.register(Clock::historical(Duration::ZERO));
///     builder.register(0_u64);
///     let world = builder.build();
///     let mut digests = Digests::new();
///     digests.watch_by(world.registry(), |sum: &u64, digest| std::hash::Hash::hash(sum, digest));
///     (world, Adder, digests)
/// }
///
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path();
/// let disk: Arc<dyn Disk> = Dir::new(directory).into();
/// let (mut world, mut adder, digests) = make();
/// let (mut recorder, _) =
///     Recorder::open(disk.clone(), Options::new("adder"), (&mut world, &mut adder), digests)?;
/// (0..1_000).for_each(|_| _ = recorder.input(&mut world, &mut adder, Call::Add(7)));
/// recorder.journal_mut().rotate()?;
/// let upto = recorder.journal().last();
///
/// // 1,000 inputs become one.
/// let compacted = compact(&disk, "adder", upto, make, |world, _, snapshot| {
///     snapshot.input(&Call::Add(*world.resource::<u64>()));
/// })?;
/// assert_eq!((compacted.inputs, compacted.upto), (1, upto));
/// assert!(compacted.removed > compacted.bytes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If no file ends at `upto`, if the journal cannot be read or the replay diverges, if the disk fails, or if the
/// snapshot leads to a different state. The journal then stays as it was. So it does if the program starts again while
/// the compaction runs in another process: the start removes the unfinished snapshot, and `compact` returns an error.
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
    // If there was nothing new, it replaces a snapshot of the same name.
    let replaced = disk.open(&snapshot, false).and_then(|file| file.length()).unwrap_or(0);
    disk.rename(&name, &snapshot).map_err(Error::io("rename", &**disk, &name))?;
    disk.sync().map_err(Error::io("sync", &**disk, ""))?;
    let removed = replaced + files::sweep(&**disk, upto.get())?;
    Ok(Compacted { upto, inputs, bytes, removed, digest })
}

/// The result of writing a snapshot: inputs, bytes, the digest of each resource, and one digest for all.
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
    // It removes files itself, and the program beside it may need every file that the process may open.
    reader.release();
    if !reader.has_file_after(upto) {
        // The removed files would have inputs that the snapshot lacks.
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

/// Applies a snapshot to a second world, and compares it with the first.
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
