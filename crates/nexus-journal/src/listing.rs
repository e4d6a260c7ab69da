//! The files of a journal, as people and tools list them.

use std::time::Duration;

use nexus_rt::Sequence;

use crate::disk::Disk;
use crate::error::Error;
use crate::files;
use crate::format::Kind;

/// A file of a journal, by its name and what stands at its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Its name in the directory.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What a segment goes on after, and what a snapshot holds.
    pub after: Sequence,
    /// When the program that wrote it was started, or the time of a snapshot's state; since 1970.
    pub at: Duration,
    /// In bytes, with the room that was taken in advance.
    pub length: u64,
    /// Whose it is, and the version of its format. `None` if the start of the file is not whole.
    pub program: Option<(String, u32)>,
}

impl FileInfo {
    /// Returns the files of a journal, of any program, in order. Other files of the directory are not looked at.
    ///
    /// # Errors
    /// If the directory cannot be read, or has a file that is newer or none of a journal.
    pub fn list(disk: &dyn Disk) -> Result<Vec<Self>, Error> {
        let entries = files::list(disk, None)?.into_iter();
        let info = |entry: files::Entry| {
            let files::Entry { name, kind, after, at, length, program, .. } = entry;
            Self { name, kind, after: Sequence::new(after), at, length, program }
        };
        Ok(entries.map(info).collect())
    }
}
