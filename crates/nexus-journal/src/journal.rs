//! `Journal`: writes inputs to files, a turn at a time.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use nexus_rt::Sequence;

use crate::behind::{Behind, Shared};
use crate::disk::{Disk, File};
use crate::error::Error;
use crate::files;
use crate::format::{self, FILE_HEADER, FileHeader, Kind, MARK, NAME, Place, Record};
use crate::options::{Durability, Options};

/// The memory that the buffer keeps for the next turn, in bytes.
const KEPT: usize = 1 << 20;

/// Writes inputs to files: [`append`](Self::append) for each, [`commit`](Self::commit) once per turn.
///
/// A [`Recorder`](crate::Recorder) has one, and writes and applies inputs in one step. After a write or a sync fails,
/// the contents of the disk are unknown, so the journal accepts nothing more.
pub struct Journal {
    disk: Arc<dyn Disk>,
    options: Options,
    shared: Arc<Shared>,
    file: Arc<dyn File>,
    header: FileHeader,
    /// Whether the disk may not have the name of the file yet.
    is_new: bool,
    /// The written length of the file, and its reserved length, in bytes.
    written: u64,
    reserved: u64,
    /// The length of the earlier files that this process wrote, in bytes.
    sealed: u64,
    buffer: Vec<u8>,
    last: u64,
    /// Dropped before the lock is.
    behind: Option<Behind>,
    _lock: Box<dyn Send>,
}

impl Journal {
    /// Continues a journal after `last`, in a new file.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        lock: Box<dyn Send>,
        options: Options,
        (last, at): (Sequence, Duration),
    ) -> Result<Self, Error> {
        let program = options.program.clone();
        assert!(program.len() <= NAME, "the name of a program has at most {NAME} bytes: {program}");
        let header = FileHeader { kind: Kind::Segment, after: last.get(), at, program };
        let file = files::create(&*disk, &header)?;
        disk.sync().map_err(Error::io("sync", &*disk, ""))?;
        let shared = Shared::new(disk.clone(), last.get(), (last.get(), 0));
        let behind = match options.durability {
            Durability::Behind => Some(Behind::start(&shared).map_err(Error::io("sync", &*disk, ""))?),
            Durability::Process | Durability::Disk => None,
        };
        Ok(Self {
            disk,
            options,
            shared,
            file,
            header,
            is_new: false,
            written: FILE_HEADER as u64,
            reserved: 0,
            sealed: 0,
            buffer: Vec::new(),
            last: last.get(),
            behind,
            _lock: lock,
        })
    }

    /// Adds an input to the present turn; the next [`commit`](Self::commit) writes it. `payload` appends its bytes, and
    /// `at` is its time since 1970.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::time::Duration;
    /// # inputs! { enum Call { 1 = Add(u64) } }
    /// # struct Adder;
    /// # impl Program for Adder {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, _: &mut World, _: Call) {}
    /// # }
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(Clock::historical(Duration::ZERO));
    /// # let mut world = builder.build();
    /// # let directory = tempfile::tempdir()?;
    /// # let dir = Dir::new(directory.path());
    /// # let (mut recorder, _) =
    /// #     Recorder::open(dir, Options::new("adder"), (&mut world, &mut Adder), Digests::new())?;
    /// let (sequence, at) = (world.next_sequence(), world.resource::<Clock>().unix());
    /// let journal = recorder.journal_mut();
    /// journal.append(1, sequence, at, |out| out.extend_from_slice(&7_u64.to_le_bytes()));
    /// assert_eq!(journal.commit()?, sequence);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the sequence is not later than that of the previous input, if no event could follow it, if the payload is 4
    /// GiB or longer, or if `payload` panics. The input is not added then, and those before it are still there.
    #[inline]
    #[track_caller]
    pub fn append(&mut self, source: u32, sequence: Sequence, at: Duration, payload: impl FnOnce(&mut Vec<u8>)) {
        let last = self.last();
        assert!(sequence > last, "two inputs in one event, or an event of the past: {sequence} comes after {last}");
        self.add(source, sequence, at, payload);
    }

    /// Adds a record of the journal's own, about the last input.
    #[inline]
    pub(crate) fn note(&mut self, source: u32, at: Duration, payload: impl FnOnce(&mut Vec<u8>)) {
        format::encode(&mut self.buffer, (source, self.last, at), payload);
    }

    #[track_caller]
    fn add(&mut self, source: u32, sequence: Sequence, at: Duration, payload: impl FnOnce(&mut Vec<u8>)) {
        assert!(sequence < Sequence::MAX, "no event could follow one of sequence {sequence}");
        format::encode(&mut self.buffer, (source, sequence.get(), at), payload);
        self.last = sequence.get();
    }

    /// Returns whether there is something to write.
    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Adds a record of another journal unchanged, for example to copy a journal with one input changed. Checks may be
    /// copied too.
    ///
    /// # Panics
    /// If the sequence of an input is not later than that of the previous record, if that of a check is earlier, or if
    /// no event could follow it.
    #[track_caller]
    pub fn copy(&mut self, record: &Record<'_>) {
        let (sequence, last) = (Sequence::new(record.sequence), self.last());
        let follows = if record.is_input() { sequence > last } else { sequence >= last };
        assert!(follows, "records are copied in their order: {sequence} comes after {last}");
        self.add(record.source, sequence, record.at, |out| out.extend_from_slice(record.payload));
    }

    /// Returns the sequence of the last input added, safe or not.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Sequence {
        Sequence::new(self.last)
    }

    /// Returns the sequence up to which every input is safe.
    #[inline]
    #[must_use]
    pub fn safe(&self) -> Sequence {
        Sequence::new(self.shared.safe())
    }

    /// Returns the number of bytes written since the journal was opened, to all its files.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.sealed + self.written
    }

    /// Writes the inputs of a turn, once per turn. Returns the sequence up to which every input is safe.
    ///
    /// # Errors
    /// If the disk is full or fails. From then on, every call returns an error.
    pub fn commit(&mut self) -> Result<Sequence, Error> {
        let safe = self.shared.place().map_err(Error::Failed)?;
        if self.buffer.is_empty() {
            return Ok(self.safe());
        }
        self.write(safe)?;
        if self.written >= self.options.segment {
            self.rotate()?;
        }
        Ok(self.safe())
    }

    /// Ends the present file and begins the next one. The journal does this itself once a file is longer than
    /// [`Options::segment`].
    ///
    /// Everything up to [`last`](Self::last) is then in files that no longer change, so that
    /// [`compact`](crate::compact) can replace them.
    ///
    /// # Errors
    /// If the disk is full or fails. From then on, every call returns an error.
    pub fn rotate(&mut self) -> Result<(), Error> {
        let safe = self.shared.place().map_err(Error::Failed)?;
        if !self.buffer.is_empty() {
            self.write(safe)?;
        }
        if self.last == self.header.after {
            return Ok(()); // There is nothing in it.
        }
        let rotated = self.next_file();
        rotated.inspect_err(|error| self.shared.fail(error))
    }

    /// Writes the buffer, and a mark of what is safe. Then syncs the file, or leaves that to the thread.
    fn write(&mut self, (file, offset): Place) -> Result<(), Error> {
        let at = self.header.at;
        self.note(MARK, at, |payload| {
            payload.extend_from_slice(&file.to_le_bytes());
            payload.extend_from_slice(&offset.to_le_bytes());
        });
        let end = self.written + self.buffer.len() as u64;
        let reserved = if self.options.durability == Durability::Process { Ok(()) } else { self.reserve(end) };
        let written = reserved.and_then(|()| self.file.write_at(self.written, &self.buffer));
        written.map_err(self.failed("write")).inspect_err(|error| self.shared.fail(error))?;
        self.buffer.clear();
        // The memory of a huge turn is not kept for later turns.
        self.buffer.shrink_to(KEPT);
        self.written = end;
        let upto = (self.last, (self.header.after, end));
        if self.options.durability == Durability::Process {
            self.shared.is_safe(upto);
            return Ok(());
        }
        self.shared.written(&self.file, self.is_new, upto);
        self.is_new = false;
        if self.options.durability == Durability::Disk {
            self.shared.sync();
            self.shared.place().map_err(Error::Failed)?;
        }
        Ok(())
    }

    /// Makes the error of an operation on the present file, whose name is formatted only then.
    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |why| Error::io(doing, &*self.disk, &format::name(Kind::Segment, self.header.after))(why)
    }

    /// Reserves room for the next write.
    fn reserve(&mut self, end: u64) -> io::Result<()> {
        if end > self.reserved {
            self.reserved = end.next_multiple_of(self.options.reserve.max(1));
            self.file.reserve(self.reserved)?;
        }
        Ok(())
    }

    fn next_file(&mut self) -> Result<(), Error> {
        if self.reserved > self.written {
            self.file.set_length(self.written).map_err(self.failed("write"))?;
        }
        self.sealed += self.written;
        self.header.after = self.last;
        self.file = files::create(&*self.disk, &self.header)?;
        (self.written, self.reserved, self.is_new) = (FILE_HEADER as u64, 0, true);
        Ok(())
    }

    /// Writes and syncs everything, and marks the file as complete, so that a reader can tell any later damage from a
    /// tail that was never safe. Dropping a journal does the same, but cannot report an error.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let ended = self.write_end();
        match &ended {
            Ok(()) => self.shared.fail("it was closed"),
            Err(error) => self.shared.fail(error),
        }
        ended
    }

    fn write_end(&mut self) -> Result<(), Error> {
        self.commit()?;
        self.behind = None;
        self.shared.sync();
        if self.options.durability == Durability::Process {
            files::sync(&*self.disk)?;
        }
        self.file.sync().map_err(self.failed("sync"))?;
        let safe = self.shared.place().map_err(Error::Failed)?;
        let is_all = safe == (self.header.after, self.written) || self.written == FILE_HEADER as u64;
        if is_all && self.written() > FILE_HEADER as u64 {
            if self.is_new {
                self.disk.sync().map_err(Error::io("sync", &*self.disk, ""))?;
            }
            self.options.durability = Durability::Process;
            self.write(safe)?;
            self.file.set_length(self.written).map_err(self.failed("write"))?;
            self.file.sync().map_err(self.failed("sync"))?;
        }
        Ok(())
    }

    /// Syncs what the thread of [`Durability::Behind`] would sync, for a simulation [without it](Self::without_thread).
    /// Returns whether there was anything to sync.
    #[cfg(feature = "testing")]
    pub fn sync_now(&self) -> bool {
        self.shared.sync()
    }

    /// Ends the thread of [`Durability::Behind`]: only [`sync_now`](Self::sync_now) syncs from then on.
    #[cfg(feature = "testing")]
    pub fn without_thread(&mut self) {
        self.behind = None;
    }

    /// Returns the directory of the journal.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Returns the settings of the journal.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Sets a function to call after each sync of [`Durability::Behind`], on its thread: it wakes a loop whose replies
    /// wait for the sync. It replaces an earlier function.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Durability, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::time::Duration;
    /// use nexus_rt::wait::Parker;
    /// # inputs! { enum Call { 1 = Add(u64) } }
    /// # struct Adder;
    /// # impl Program for Adder {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, _: &mut World, _: Call) {}
    /// # }
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(Clock::historical(Duration::ZERO));
    /// # let mut parker = Parker::new(&builder.shutdown_handle());
    /// # let mut world = builder.build();
    /// # let mut adder = Adder;
    /// # let mut options = Options::new("adder");
    /// # options.durability = Durability::Behind;
    /// # let directory = tempfile::tempdir()?;
    /// # let (mut recorder, _) =
    /// #     Recorder::open(Dir::new(directory.path()), options, (&mut world, &mut adder), Digests::new())?;
    ///
    /// let bell = parker.doorbell();
    /// recorder.journal().on_sync(move || bell.ring());
    ///
    /// let sequence = recorder.input(&mut world, &mut adder, Call::Add(7));
    /// while recorder.commit(&world)? < sequence {
    ///     parker.park(None); // sleeps until the sync
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_sync(&self, wake: impl FnMut() + Send + 'static) {
        self.shared.wakes(Box::new(wake));
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // An input that caused a panic is not written, or it would cause one at each start.
        if self.shared.place().is_ok() && !std::thread::panicking() {
            _ = self.end();
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, last, safe) = (self.disk.path(""), self.last, self.shared.safe());
        write!(f, "Journal({}, up to {last}, safe up to {safe})", path.display())
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use nexus_rt::Sequence;

    use super::{Journal, KEPT, Options};
    use crate::disk::Disk;
    use crate::testing::FakeDisk;

    #[test]
    fn a_huge_turn_keeps_no_memory_of_the_turns_after_it() -> Result<(), crate::Error> {
        let disk: Arc<dyn Disk> = FakeDisk::new().into();
        let start = (Sequence::NEVER, Duration::ZERO);
        let mut journal = Journal::open(disk, Box::new(()), Options::new("huge"), start)?;
        journal.append(1, Sequence::new(1), Duration::ZERO, |out| out.resize(10 * KEPT, 7));
        journal.commit()?;
        assert!(journal.buffer.capacity() <= KEPT);
        Ok(())
    }
}
