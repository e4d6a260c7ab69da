//! The files of a journal: which there are, and how they are repaired.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::disk::{Disk, File, fill};
use crate::error::Error;
use crate::format::{self, BadHeader, FILE_HEADER, FileHeader, Kind, Place};

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// How many files of a list stay open, the oldest ones: a compaction removes those.
const HELD: usize = 64;

/// How often a list begins again, since a file of it was removed meanwhile.
const LISTS: u32 = 10;

/// A file of a journal.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Open until it is read: a compaction may remove its name meanwhile.
    held: Option<Arc<dyn File>>,
    pub(crate) kind: Kind,
    pub(crate) after: u64,
    /// When it was created, which its marks repeat: no input can pass for one.
    pub(crate) at: std::time::Duration,
    /// Whose it is, and the version of its format, if the header is whole.
    pub(crate) program: Option<(String, u32)>,
    /// In bytes; of one whose tail is cut off, what is to be left.
    pub(crate) length: u64,
    /// Whether not even its header is whole.
    pub(crate) is_torn: bool,
    is_dropped: bool,
}

impl Entry {
    /// Looks at a file, which should be what its name says.
    pub(crate) fn open(
        disk: &dyn Disk,
        name: String,
        (kind, after): (Kind, u64),
        program: Option<&str>,
    ) -> Result<Self, Error> {
        let failed = || Error::io("read", disk, &name);
        let file = disk.open(&name, false).map_err(failed())?;
        let length = file.length().map_err(failed())?;
        let mut bytes = [0; FILE_HEADER];
        let read = fill(&*file, 0, &mut bytes).map_err(failed())?;
        let path = || disk.path(&name);
        let header = match FileHeader::decode(&bytes[..read]) {
            Ok(header) => Some(header).filter(|header| (header.kind, header.after) == (kind, after)),
            Err(BadHeader::Torn) => None,
            Err(BadHeader::Foreign) => return Err(Error::Foreign(path())),
            Err(BadHeader::Newer(version)) => return Err(Error::Newer { path: path(), version }),
        };
        if let (Some(header), Some(expected)) = (&header, program)
            && header.program != expected
        {
            let (found, expected) = (header.program.clone(), expected.to_owned());
            return Err(Error::OtherProgram { path: path(), found, expected });
        }
        let (is_torn, at) = (header.is_none(), header.as_ref().map(|header| header.at).unwrap_or_default());
        let version = format::version(&bytes);
        let program = header.map(|header| (header.program, version));
        Ok(Self { name, held: Some(file), kind, after, at, program, length, is_torn, is_dropped: false })
    }

    /// Looks again at a file without a whole header: another process may have been about to write it.
    pub(crate) fn again(self, disk: &dyn Disk) -> Result<Self, Error> {
        if !self.is_torn {
            return Ok(self);
        }
        match Self::open(disk, self.name.clone(), (self.kind, self.after), None) {
            Err(error) if error.is_missing() => Ok(self),
            opened => opened,
        }
    }

    /// Takes the open file, or opens it.
    pub(crate) fn file(&mut self, disk: &dyn Disk) -> io::Result<Arc<dyn File>> {
        self.held.take().map_or_else(|| disk.open(&self.name, false), Ok)
    }

    /// Closes the file until it is read, as nothing removes it before.
    pub(crate) fn release(&mut self) {
        self.held = None;
    }

    /// Marks a file as one that continues from what is lost.
    pub(crate) fn dropped(self) -> Self {
        Self { is_dropped: true, held: None, ..self }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {} bytes)", self.name, self.length)
    }
}

/// Returns all files of a journal, segments in order.
pub(crate) fn list(disk: &dyn Disk, program: Option<&str>) -> Result<Vec<Entry>, Error> {
    let mut lists = 1..LISTS;
    loop {
        match list_once(disk, program) {
            // A snapshot has replaced it meanwhile, and is in the next list.
            Err(error) if error.is_missing() && lists.next().is_some() => {}
            listed => return listed,
        }
    }
}

fn list_once(disk: &dyn Disk, program: Option<&str>) -> Result<Vec<Entry>, Error> {
    let mut names = disk.list().map_err(Error::io("read", disk, ""))?;
    names.sort();
    let mut entries = Vec::new();
    for name in names {
        if let Some((kind, after)) = format::parse_name(&name) {
            let mut entry = Entry::open(disk, name, (kind, after), program)?;
            entry.held = entry.held.filter(|_| entries.len() < HELD);
            entries.push(entry);
        }
    }
    entries.sort_by_key(|entry| entry.after);
    Ok(entries)
}

/// Creates a file with its header.
pub(crate) fn create(disk: &dyn Disk, header: &FileHeader) -> Result<Arc<dyn File>, Error> {
    let name = format::name(header.kind, header.after);
    let file = disk.create(&name).map_err(Error::io("create", disk, &name))?;
    file.write_at(0, &header.encode()).map_err(Error::io("write", disk, &name))?;
    Ok(file)
}

/// Keeps other processes from writing.
pub(crate) fn lock(disk: &dyn Disk) -> Result<Box<dyn Send>, Error> {
    disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Error::Locked(disk.path("")),
        _ => Error::io("write in", disk, "")(error),
    })
}

/// The extension of what is being written: a snapshot, or the copy of a file.
pub(crate) const PARTIAL: &str = "partial";

/// Returns whether this is the name of an unfinished file of a journal, not of a foreign file.
fn is_partial(name: &str) -> bool {
    let stem = name.strip_suffix(PARTIAL).and_then(|stem| stem.strip_suffix('.'));
    stem.and_then(|stem| stem.split('.').next()).is_some_and(format::is_number)
}

/// Removes what a snapshot replaces, and snapshots that were not finished. Returns how many bytes.
pub(crate) fn sweep(disk: &dyn Disk, begins: u64) -> Result<u64, Error> {
    let mut removed = 0;
    let mut names = disk.list().map_err(Error::io("read", disk, ""))?;
    // Older files first, so that what is left, if this is interrupted, is whole.
    names.sort();
    for name in names {
        let is_old = format::parse_name(&name).is_some_and(|(_, after)| after < begins);
        if is_old || is_partial(&name) {
            let length = disk.open(&name, false).and_then(|file| file.length()).unwrap_or(0);
            gone(disk.remove(&name)).map_err(Error::io("remove", disk, &name))?;
            removed += length;
        }
    }
    disk.sync().map_err(Error::io("sync", disk, ""))?;
    Ok(removed)
}

/// Cuts off and removes what is lost, and waits until the disk has the rest. Everything after `safe` is written again,
/// since it may not be on the disk: after a failed sync, the OS may hold it in memory and never write it.
pub(crate) fn repair(disk: &dyn Disk, entries: &[Entry], last: u64, safe: Place) -> Result<(), Error> {
    // The last first, so that a repair that is interrupted leaves no file behind that nothing leads to.
    for entry in entries.iter().rev() {
        if entry.is_dropped && entry.length > FILE_HEADER as u64 {
            // It was never safe, but it is not for a program to throw it away.
            let lost = free(disk, &entry.name, "lost").map_err(Error::io("read", disk, ""))?;
            disk.rename(&entry.name, &lost).map_err(Error::io("rename", disk, &entry.name))?;
            disk.sync().map_err(Error::io("sync", disk, ""))?;
        } else if entry.kind == Kind::Segment && (entry.is_dropped || entry.after >= last) {
            // One without inputs has the name of the file that comes next, which is to be another: what is left of old
            // records would pass for its own.
            gone(disk.remove(&entry.name)).map_err(Error::io("remove", disk, &entry.name))?;
            disk.sync().map_err(Error::io("sync", disk, ""))?;
        } else {
            let from = if entry.after == safe.0 { safe.1 } else { 0 };
            let is_known = entry.after < safe.0;
            let failed = Error::io("repair", disk, &entry.name);
            gone(rewrite(disk, entry, Some(from).filter(|_| !is_known))).map_err(failed)?;
        }
    }
    disk.sync().map_err(Error::io("sync", disk, ""))
}

/// Waits until the disk has all inputs that are in files.
pub(crate) fn sync(disk: &dyn Disk) -> Result<(), Error> {
    let mut names = disk.list().map_err(Error::io("read", disk, ""))?;
    names.retain(|name| format::parse_name(name).is_some_and(|(kind, _)| kind == Kind::Segment));
    names.sort();
    for name in names {
        gone(disk.open(&name, true).and_then(|file| file.sync())).map_err(Error::io("sync", disk, &name))?;
    }
    Ok(())
}

/// Has a file that is missing count as done: a snapshot has replaced it meanwhile.
fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A name for a copy of a file, which no other copy has.
pub(crate) fn free(disk: &dyn Disk, name: &str, extension: &str) -> io::Result<String> {
    let names = disk.list()?;
    let numbered = |n: u32| match n {
        1 => format!("{name}.{extension}"),
        n => format!("{name}.{n}.{extension}"),
    };
    Ok((1..).map(numbered).find(|copy| !names.contains(copy)).expect("there are not so many files"))
}

/// Writes a file again from an offset on, if there is one, cuts it where it ends, and waits until the disk has it.
fn rewrite(disk: &dyn Disk, entry: &Entry, from: Option<u64>) -> io::Result<()> {
    if entry.kind == Kind::Snapshot {
        return Ok(()); // It had its name only when the disk had it.
    }
    let file = disk.open(&entry.name, true)?;
    let (is_known, mut from) = (from.is_none(), from.unwrap_or(entry.length));
    let chunk = |from| usize::try_from(entry.length.saturating_sub(from)).map_or(CHUNK, |left| left.min(CHUNK));
    let mut bytes = vec![0; chunk(from)];
    while from < entry.length {
        let read = fill(&*file, from, &mut bytes[..chunk(from)])?;
        if read == 0 {
            break;
        }
        file.write_at(from, &bytes[..read])?;
        from += read as u64;
    }
    let length = file.length()?;
    // A cut that a disk forgot since a sync failed, the system takes for done, unless the length changes again.
    if length == entry.length && !is_known {
        file.set_length(length + 1)?;
    }
    if length > entry.length || !is_known {
        file.set_length(entry.length)?;
    }
    file.sync()
}
