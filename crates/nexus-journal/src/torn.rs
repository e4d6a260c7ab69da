//! `Torn`: the end of a journal that was never safe.

use std::fmt;
use std::path::PathBuf;

use nexus_rt::Sequence;

/// A tail that was never safe: the power failed or the process was killed during a write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Torn {
    /// The file in which it begins.
    pub path: PathBuf,
    /// The offset in that file, in bytes.
    pub offset: u64,
    /// The number of bytes, including those of later files, but without the zeros at the end.
    pub bytes: u64,
    /// The last sequence before it.
    pub after: Sequence,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, bytes, after } = self;
        let path = path.display();
        write!(f, "{bytes} bytes after sequence {after} were never safe: {path} ends at byte {offset}")
    }
}
