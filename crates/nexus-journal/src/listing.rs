//! The files of a journal, as people and tools list them.

use std::time::Duration;

use nexus_rt::Sequence;

use crate::disk::Disk;
use crate::error::Error;
use crate::files;
use crate::format::Kind;

/// A file of a journal, by its name and its header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Its name in the directory.
    pub name: String,
    /// The kind of the file.
    pub kind: Kind,
    /// The last sequence before a segment, or the sequence of a snapshot.
    pub after: Sequence,
    /// When the program that wrote the segment started, or the time of the snapshot's state, since 1970.
    pub at: Duration,
    /// The length in bytes, including reserved space.
    pub length: u64,
    /// The name of the program, and the version of the format. `None` if the header is incomplete.
    pub program: Option<(String, u32)>,
}

impl FileInfo {
    /// Returns the files of a journal, of any program, in order. Other files of the directory are ignored.
    ///
    /// # Errors
    /// If the directory cannot be read, or contains a file of a newer version or with the name but not the contents of
    /// a journal's file.
    pub fn list(disk: &dyn Disk) -> Result<Vec<Self>, Error> {
        let entries = files::list(disk, None)?.into_iter();
        let info = |entry: files::Entry| {
            let files::Entry { name, kind, after, at, length, program, .. } = entry;
            Self { name, kind, after: Sequence::new(after), at, length, program }
        };
        Ok(entries.map(info).collect())
    }
}
