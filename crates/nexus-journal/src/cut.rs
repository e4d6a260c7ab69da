//! `Cut`: discards everything after a sequence, and keeps a copy of it.

use std::fmt;
use std::io;
use std::sync::Arc;

use nexus_rt::Sequence;

use crate::cursor::{Cursor, Next};
use crate::disk::{Disk, fill};
use crate::error::Error;
use crate::files::{self, Entry, PARTIAL};
use crate::format::{FILE_HEADER, Kind, OWN_SOURCES};
use crate::reader::Reader;

/// How much is copied at once.
const CHUNK: usize = 1 << 20;

/// What a journal loses if it is cut after a sequence, such as the last one before damage.
///
/// [`Cut::find`] only reads; [`apply`](Self::apply) cuts. The journal is locked meanwhile. A copy of every file that is
/// cut or removed stays beside it as `<name>.cut`, so nothing is lost for good.
///
/// ```
/// # use nexus_journal::{Cut, Digests, Dir, Options, Program, Recorder, inputs};
/// # use nexus_rt::{Clock, World, WorldBuilder};
/// # use std::time::Duration;
/// # inputs! { enum Call { 1 = Ping } }
/// # struct Pinged;
/// # impl Program for Pinged {
/// #     type Input<'a> = Call;
/// #     fn apply(&mut self, _: &mut World, _: Call) {}
/// # }
/// # let directory = tempfile::tempdir()?;
/// # let disk = Dir::new(directory.path());
/// # let mut builder = WorldBuilder::new();
/// # builder.register(Clock::historical(Duration::ZERO));
/// # let mut world = builder.build();
/// # let (mut recorder, _) =
/// #     Recorder::open(disk.clone(), Options::new("ping"), (&mut world, &mut Pinged), Digests::new())?;
/// let kept = recorder.input(&mut world, &mut Pinged, Call::Ping);
/// recorder.input(&mut world, &mut Pinged, Call::Ping);
/// recorder.close(&world)?;
///
/// let cut = Cut::find(disk.clone(), kept, |_, _| {})?;
/// assert_eq!((cut.last, cut.inputs), (kept, 1));
/// cut.apply()?;
/// assert!(Cut::find(disk, kept, |_, _| {})?.files.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is cut before `apply`"]
pub struct Cut {
    /// The last sequence of the journal after the cut.
    pub last: Sequence,
    /// The number of readable inputs that are lost.
    pub inputs: u64,
    /// The number of bytes that are lost, without the zeros at the end of each file.
    pub bytes: u64,
    /// The number of those bytes that cannot be read.
    pub unreadable: u64,
    /// The files that lose something, in order. Empty if the journal already ends there.
    pub files: Vec<CutFile>,
    disk: Arc<dyn Disk>,
    _lock: Box<dyn Send>,
}

/// What a [`Cut`] does to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CutFile {
    /// Its name.
    pub name: String,
    /// The offset at which it is cut, in bytes. `None` if nothing of it remains.
    pub at: Option<u64>,
    /// The name of the copy.
    pub copy: String,
}

impl Cut {
    /// Finds everything after a sequence. `progress` receives the number of bytes read so far, and in total.
    ///
    /// ```
    /// # use nexus_journal::{Cut, Digests, Dir, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::time::Duration;
    /// # inputs! { enum Call { 1 = Ping } }
    /// # struct Pinged;
    /// # impl Program for Pinged {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, _: &mut World, _: Call) {}
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let disk = Dir::new(directory.path());
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(Clock::historical(Duration::ZERO));
    /// # let mut world = builder.build();
    /// # let (mut recorder, _) =
    /// #     Recorder::open(disk.clone(), Options::new("ping"), (&mut world, &mut Pinged), Digests::new())?;
    /// # let kept = recorder.input(&mut world, &mut Pinged, Call::Ping);
    /// # recorder.input(&mut world, &mut Pinged, Call::Ping);
    /// # recorder.close(&world)?;
    /// let mut read = 0;
    /// let cut = Cut::find(disk, kept, |bytes, of| {
    ///     read = bytes;
    ///     eprintln!("{bytes} of {of} bytes");
    /// })?;
    /// assert!(read > 0 && cut.inputs == 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If another process writes, if the disk fails, if `after` is before the snapshot or after the end, or if the
    /// snapshot is damaged.
    pub fn find(
        disk: impl Into<Arc<dyn Disk>>,
        after: Sequence,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, Error> {
        let disk = disk.into();
        let lock = files::lock(&*disk)?;
        let entries = files::list(&*disk, None)?;
        let (place, last) = place(&disk, after, progress)?;
        let mut cut = Self { last, inputs: 0, bytes: 0, unreadable: 0, files: Vec::new(), disk, _lock: lock };
        let Some((name, offset)) = place else { return Ok(cut) };
        let segments = entries.into_iter().filter(|entry| entry.kind == Kind::Segment);
        for entry in segments.skip_while(|entry| entry.name != name) {
            let from = if entry.name == name { offset } else { 0 };
            // One without inputs that are kept has nothing to go on from.
            let is_kept = entry.name == name && entry.after < last.get() && offset > FILE_HEADER as u64;
            let at = is_kept.then_some(offset);
            cut.lose(&entry, from).map_err(Error::io("read", &*cut.disk, &entry.name))?;
            let copy = files::free(&*cut.disk, &entry.name, "cut").map_err(Error::io("read", &*cut.disk, ""))?;
            cut.files.push(CutFile { name: entry.name, at, copy });
        }
        Ok(cut)
    }

    /// Counts what a file has from an offset on.
    fn lose(&mut self, entry: &Entry, from: u64) -> io::Result<()> {
        let mut cursor = Cursor::open(&*self.disk, entry.clone())?;
        if !entry.is_torn {
            // Up to there, all could be read.
            cursor.seek(from.max(FILE_HEADER as u64));
            while let Next::Record(source, _) = cursor.advance()? {
                self.inputs += u64::from(source < OWN_SOURCES);
            }
        }
        let (read, rest) = (cursor.offset() - from, cursor.survey()?);
        self.unreadable += rest.bytes;
        self.bytes += read + rest.bytes;
        Ok(())
    }

    /// Cuts the journal. If the cut is interrupted, the journal is unchanged or has lost only files at its end. A
    /// second cut completes it.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub fn apply(self) -> Result<(), Error> {
        let disk = &*self.disk;
        // Copies first: a tail that is left over may be taken for one that was never safe.
        for file in self.files.iter().filter(|file| file.at.is_some()) {
            copy(disk, file).map_err(Error::io("copy", disk, &file.name))?;
        }
        // The last first, so that no file is left behind that nothing leads to.
        for CutFile { name, at, copy } in self.files.iter().rev() {
            match at {
                Some(at) => {
                    let file = disk.open(name, true).map_err(Error::io("cut", disk, name))?;
                    file.set_length(*at).and_then(|()| file.sync()).map_err(Error::io("cut", disk, name))?;
                }
                None => disk.rename(name, copy).map_err(Error::io("rename", disk, name))?,
            }
            disk.sync().map_err(Error::io("sync", disk, ""))?;
        }
        Ok(())
    }
}

/// Where the first record after a sequence begins, or what is in its place, and the last sequence before it.
fn place(
    disk: &Arc<dyn Disk>,
    after: Sequence,
    mut progress: impl FnMut(u64, u64),
) -> Result<(Option<(String, u64)>, Sequence), Error> {
    let mut reader = Reader::open(disk.clone(), None)?;
    let begins = reader.begins();
    if after < begins {
        return Err(Error::Gone { asked: after, begins });
    }
    let named = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut last = begins;
    let end = loop {
        let read = reader.read().map(|record| record.map(|record| Sequence::new(record.sequence)));
        match read {
            Ok(Some(sequence)) if sequence > after => {
                return Ok((reader.place().map(|(name, offset)| (name.to_owned(), offset)), last));
            }
            Ok(Some(sequence)) => last = last.max(sequence),
            Ok(None) => break reader.torn().map(|torn| (named(&torn.path), torn.offset)),
            Err(Error::Hole { path, .. }) => break Some((named(&path), 0)),
            Err(Error::Damaged { path, offset, .. }) if path.extension().is_some_and(|kind| kind == "journal") => {
                break Some((named(&path), offset));
            }
            Err(error) => return Err(error),
        }
        let (read, length) = reader.progress();
        progress(read, length);
    };
    if after > last { Err(Error::Beyond { asked: after, last }) } else { Ok((end, last)) }
}

/// Copies a file, which has its name only when the disk has it.
fn copy(disk: &dyn Disk, CutFile { name, copy, .. }: &CutFile) -> io::Result<()> {
    let partial = format!("{copy}.{PARTIAL}");
    let (from, to) = (disk.open(name, false)?, disk.create(&partial)?);
    let (mut bytes, mut offset) = (vec![0; CHUNK], 0);
    loop {
        let read = fill(&*from, offset, &mut bytes)?;
        if read == 0 {
            break;
        }
        to.write_at(offset, &bytes[..read])?;
        offset += read as u64;
    }
    to.sync()?;
    disk.rename(&partial, copy)?;
    disk.sync()
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cut(after {}, {} inputs, {} bytes: {:?})", self.last, self.inputs, self.bytes, self.files)
    }
}
