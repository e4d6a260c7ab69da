//! `Reader`: the records of a journal, in order, as a stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nexus_rt::Sequence;

use crate::cursor::{Cursor, Next};
use crate::disk::Disk;
use crate::error::Error;
use crate::files::{self, Entry};
use crate::format::{self, CHECK, END, Kind, MARK, OWN_SOURCES, Place, Record};
use crate::torn::Torn;

/// Reads a journal: the newest snapshot, and every record after it. It changes nothing on the disk.
///
/// The program may write meanwhile, and a compaction may run: a reader keeps up to 64 files open, of which it reads
/// the rest even if they are removed.
///
/// ```
/// # use nexus_journal::{Digests, Dir, Disk, Options, Program, Recorder, inputs};
/// # use nexus_rt::{Clock, World, WorldBuilder};
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// use nexus_journal::Reader;
/// # inputs! { enum Call { 1 = Add(u64) } }
/// # struct Adder;
/// # impl Program for Adder {
/// #     type Input<'a> = Call;
/// #     fn apply(&mut self, _: &mut World, _: Call) {}
/// # }
/// # let mut builder = WorldBuilder::new();
/// # builder.register(Clock::historical(Duration::ZERO));
/// # let (mut world, mut adder) = (builder.build(), Adder);
/// # let directory = tempfile::tempdir()?;
/// # let disk: Arc<dyn Disk> = Dir::new(directory.path()).into();
/// # let (mut recorder, _) =
/// #     Recorder::open(disk.clone(), Options::new("adder"), (&mut world, &mut adder), Digests::new())?;
/// # recorder.input(&mut world, &mut adder, Call::Add(7));
/// # recorder.close(&world)?;
///
/// let mut reader = Reader::open(disk, Some("adder"))?;
/// let mut inputs = Vec::new();
/// while let Some(record) = reader.read()? {
///     if record.is_input() {
///         inputs.push((record.source, record.payload.to_vec()));
///     }
/// }
/// assert_eq!(inputs, [(1, 7_u64.to_le_bytes().to_vec())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a reader reads when it is asked for the next record"]
pub struct Reader {
    disk: Arc<dyn Disk>,
    /// The files to read, the next one last.
    ahead: Vec<Entry>,
    current: Option<Cursor>,
    /// The files read so far.
    done: Vec<Entry>,
    snapshot: Option<Sequence>,
    begins: Sequence,
    last: Sequence,
    torn: Option<Torn>,
    length: u64,
    passed: u64,
    /// Inputs of the snapshot.
    inputs: u64,
    /// Up to where the marks confirm that everything was safe.
    vouched: Place,
    /// The last check that agreed in a replay.
    pub(crate) agreed: Sequence,
    /// The time of the last input of a replay, or that of the snapshot.
    pub(crate) at: Duration,
}

impl Reader {
    /// Opens the journal of a program, or with `None` of any program.
    ///
    /// # Errors
    /// If the directory cannot be read, or contains a file of a newer version, of another program, or with the name but
    /// not the contents of a journal's file.
    pub fn open(disk: Arc<dyn Disk>, program: Option<&str>) -> Result<Self, Error> {
        let entries = files::list(&*disk, program)?;
        let newest = entries.iter().filter(|entry| entry.kind == Kind::Snapshot).map(|entry| entry.after).max();
        let segments: Vec<_> = entries.iter().filter(|entry| entry.kind == Kind::Segment).cloned().collect();
        let from = newest.unwrap_or(0);
        // A file all of whose inputs are in the snapshot is followed by one that goes on no later than that.
        let first = segments.iter().rposition(|entry| entry.after <= from).unwrap_or(0);
        let snapshot = entries.into_iter().filter(|entry| entry.kind == Kind::Snapshot && Some(entry.after) == newest);
        let mut ahead: Vec<_> = snapshot.chain(segments.into_iter().skip(first)).collect();
        ahead.reverse();
        Ok(Self::of(disk, ahead, newest))
    }

    /// Opens one snapshot, whatever its name.
    pub(crate) fn of_snapshot(disk: Arc<dyn Disk>, name: &str, program: &str, of: Sequence) -> Result<Self, Error> {
        let entry = Entry::open(&*disk, name.to_owned(), (Kind::Snapshot, of.get()), Some(program))?;
        Ok(Self::of(disk, vec![entry], Some(of.get())))
    }

    /// Keeps no file open that it does not read yet. Of the compaction, which is what removes files, that takes none
    /// from the program.
    pub(crate) fn release(&mut self) {
        self.ahead.iter_mut().for_each(Entry::release);
    }

    fn of(disk: Arc<dyn Disk>, ahead: Vec<Entry>, snapshot: Option<u64>) -> Self {
        let length = ahead.iter().map(|entry| entry.length).sum();
        Self {
            disk,
            ahead,
            current: None,
            done: Vec::new(),
            snapshot: snapshot.map(Sequence::new),
            begins: Sequence::new(snapshot.unwrap_or(0)),
            last: Sequence::NEVER,
            torn: None,
            length,
            passed: 0,
            inputs: 0,
            vouched: Place::default(),
            agreed: Sequence::NEVER,
            at: Duration::ZERO,
        }
    }

    /// Returns whether a file begins after this sequence, so that no earlier file has later inputs.
    pub(crate) fn has_file_after(&self, sequence: Sequence) -> bool {
        self.ahead.iter().any(|entry| entry.kind == Kind::Segment && entry.after == sequence.get())
    }

    /// Skips files that begin after this sequence, such as the one that is being written.
    pub(crate) fn stop_at(&mut self, after: Sequence) {
        self.ahead.retain(|entry| entry.kind == Kind::Snapshot || entry.after < after.get());
    }

    /// Returns the sequence of the snapshot that the journal begins with, if any.
    #[must_use]
    pub fn snapshot(&self) -> Option<Sequence> {
        self.snapshot
    }

    /// Returns the first sequence at which the state is known: that of the snapshot, or [`Sequence::NEVER`].
    #[must_use]
    pub fn begins(&self) -> Sequence {
        self.begins
    }

    /// Returns the sequence of the last record read, input or check.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.last
    }

    /// Returns the torn tail, once the reader has reached it.
    #[must_use]
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// Returns where the last record read begins: the name of the file, and the offset in bytes. Returns `None` at the
    /// end.
    #[must_use]
    pub fn place(&self) -> Option<(&str, u64)> {
        self.current.as_ref().map(|cursor| (&*cursor.entry.name, cursor.record_offset()))
    }

    /// Returns the number of bytes read, and the number of bytes in total.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let current = self.current.as_ref().map_or(0, Cursor::offset);
        (self.passed + current, self.length)
    }

    /// Returns the next record, or `None` at the end. Checks are records, but the marks of commits are not.
    ///
    /// # Errors
    /// If the disk fails, a file is missing, or bytes that were once safe are damaged. Do not use the reader
    /// afterwards.
    pub fn read(&mut self) -> Result<Option<Record<'_>>, Error> {
        loop {
            let Some(cursor) = &mut self.current else {
                match self.advance()? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            // The path is made up only if it is needed: this is once per record.
            let next = cursor.advance().map_err(|why| Error::io("read", &*self.disk, &cursor.entry.name)(why))?;
            match next {
                Next::Record(source, sequence) => {
                    if source == MARK {
                        self.vouched = self.vouched.max(format::vouched(&cursor.record()).unwrap_or_default());
                    } else if self.accepts(source, sequence)? {
                        return Ok(self.current.as_ref().map(Cursor::record));
                    }
                }
                Next::End => self.leave()?,
                Next::Bad => self.judge()?,
            }
        }
    }

    /// Returns whether to return a record to the caller: not if the snapshot already has it.
    #[inline]
    fn accepts(&mut self, source: u32, sequence: u64) -> Result<bool, Error> {
        let sequence = Sequence::new(sequence);
        if sequence >= Sequence::MAX {
            // No event could come after it, so nobody wrote it.
            return Err(self.damaged_at(Cursor::record_offset));
        }
        let snapshot = self.current.as_ref().filter(|cursor| cursor.entry.kind == Kind::Snapshot);
        if let Some(cursor) = snapshot {
            if sequence.get() != cursor.entry.after {
                return Err(self.damaged_at(Cursor::record_offset));
            }
            // Its end too, since it may have no inputs.
            self.last = sequence;
            self.inputs += u64::from(source != END);
            self.at = self.at.max(cursor.record().at);
            return Ok(source != END);
        }
        match source {
            END => return Ok(false),
            _ if sequence <= self.begins => return Ok(false),
            // It may come after inputs that a copy has left out, and what comes then is later than it.
            CHECK if sequence >= self.last => {}
            _ if sequence <= self.last => return Err(self.damaged_at(Cursor::record_offset)),
            _ => {}
        }
        self.last = sequence;
        Ok(true)
    }

    /// Opens the next file. Returns `false` if there is none.
    fn advance(&mut self) -> Result<bool, Error> {
        let Some(entry) = self.ahead.pop() else { return Ok(false) };
        let (entry, has) = (entry.again(&*self.disk)?, self.known());
        let failed = Error::io("read", &*self.disk, &entry.name);
        let cursor = Cursor::open(&*self.disk, entry).map_err(failed)?;
        let cursor = self.current.insert(cursor);
        let entry = &cursor.entry;
        let needs = Sequence::new(entry.after);
        if entry.is_torn {
            self.judge()?;
        } else if entry.kind == Kind::Segment && needs > has {
            return Err(Error::Hole { path: self.disk.path(&entry.name), needs, has });
        } else if entry.kind == Kind::Segment && needs < self.last && self.last > self.begins {
            // It repeats what is in the one before.
            return Err(self.damaged());
        }
        Ok(true)
    }

    /// Ends the present file, if the next one continues from here.
    fn leave(&mut self) -> Result<(), Error> {
        let Some(cursor) = &self.current else { return Ok(()) };
        if cursor.entry.kind == Kind::Snapshot && cursor.inputs_promised() != Some(self.inputs) {
            return Err(self.damaged());
        }
        let has = self.known();
        if let Some(next) = self.ahead.last().filter(|next| !next.is_torn && next.after > has.get()) {
            // A snapshot has its name only when all of it is safe.
            return if cursor.entry.kind == Kind::Snapshot {
                let (path, needs) = (self.disk.path(&next.name), Sequence::new(next.after));
                Err(Error::Hole { path, needs, has })
            } else {
                self.judge()
            };
        }
        self.close();
        Ok(())
    }

    /// Returns the sequence up to which everything was read, in the snapshot or after it.
    fn known(&self) -> Sequence {
        self.last.max(self.begins)
    }

    fn close(&mut self) {
        if let Some(cursor) = self.current.take() {
            self.passed += cursor.entry.length;
            self.done.push(cursor.entry);
        }
    }

    /// Ends the present file early: the rest of it is dropped.
    fn close_at(&mut self, length: u64) {
        if let Some(cursor) = &mut self.current {
            cursor.entry.length = length;
        }
        self.close();
    }

    /// Returns the error that the next bytes are damaged.
    fn damaged(&self) -> Error {
        self.damaged_at(Cursor::offset)
    }

    fn damaged_at(&self, offset: fn(&Cursor) -> u64) -> Error {
        let (name, offset) = self.current.as_ref().map_or(("", 0), |cursor| (&*cursor.entry.name, offset(cursor)));
        Error::Damaged { path: self.disk.path(name), offset, after: self.last }
    }

    /// Distinguishes a torn tail from damage, by later marks, which confirm what was safe when they were written.
    fn judge(&mut self) -> Result<(), Error> {
        let Some(cursor) = &mut self.current else { return Ok(()) };
        if cursor.entry.kind == Kind::Snapshot {
            return Err(self.damaged());
        }
        let place: Place = (cursor.entry.after, cursor.offset());
        let name = cursor.entry.name.clone();
        let failed = || Error::io("read", &*self.disk, &name);
        let mut rest = cursor.survey().map_err(failed())?;
        // Whatever marks of it the survey has found, a record was there before them.
        if rest.bytes > 0 && cursor.reread().map_err(failed())? {
            return Ok(());
        }
        let (is_clean, next) = (rest.bytes == 0, self.ahead.last());
        if is_clean && next.is_some_and(|next| next.after <= self.known().get()) {
            // Room that was reserved and not released.
            self.close_at(place.1);
            return Ok(());
        }
        let needs = next.map(|next| Sequence::new(next.after));
        for entry in self.ahead.iter().rev() {
            let failed = Error::io("read", &*self.disk, &entry.name);
            let later =
                Cursor::open(&*self.disk, entry.clone()).and_then(|mut cursor| cursor.survey()).map_err(failed)?;
            rest.bytes += later.bytes;
            rest.vouched = rest.vouched.max(later.vouched);
        }
        if rest.vouched.is_some_and(|safe| safe > place) {
            return Err(match (is_clean, needs, next) {
                (true, Some(needs), Some(next)) => {
                    Error::Hole { path: self.disk.path(&next.name), needs, has: self.known() }
                }
                _ => self.damaged(),
            });
        }
        if !is_clean || needs.is_some_and(|needs| needs > self.known()) {
            let (path, after) = (self.disk.path(&name), self.known());
            self.torn = Some(Torn { path, offset: place.1, bytes: rest.bytes, after });
        }
        // Later files continue from what is lost, so they are lost too.
        self.close_at(place.1);
        if self.torn.is_some() {
            self.done.append(&mut self.ahead.drain(..).rev().map(Entry::dropped).collect());
        }
        Ok(())
    }

    /// Returns the sequence before which no file is needed: that of the snapshot, unless an older file had later
    /// inputs.
    pub(crate) fn replaced(&self) -> u64 {
        let read = self.done.iter().filter(|entry| entry.kind == Kind::Segment).map(|entry| entry.after);
        read.chain([self.begins.get()]).min().unwrap_or(0)
    }

    /// Cuts off the torn tail, and waits until the disk has everything that was read.
    pub(crate) fn repair(&mut self) -> Result<(), Error> {
        files::repair(&*self.disk, &self.done, self.known().get(), self.vouched)
    }

    /// Makes the next read return the last record again. Before it, the last input was `last`.
    pub(crate) fn unread(&mut self, last: Sequence) {
        self.last = last;
        if let Some(cursor) = &mut self.current {
            cursor.unread();
        }
    }
}

impl Record<'_> {
    /// Returns whether this is an input of the program, rather than one of the journal's own records.
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.source < OWN_SOURCES
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (read, length) = self.progress();
        write!(f, "Reader({}, {read} of {length} bytes)", self.disk.path("").display())
    }
}
