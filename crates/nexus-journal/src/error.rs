//! What can be wrong with a journal, and how to fix it.

use std::error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use nexus_rt::Sequence;

use crate::disk::Disk;

/// Why a journal cannot be read, written, or run again.
#[non_exhaustive]
pub enum Error {
    /// The OS returned an error.
    Io {
        /// What was attempted, such as `write`.
        doing: &'static str,
        /// The file or the directory.
        path: PathBuf,
        /// The OS error.
        source: io::Error,
    },
    /// An earlier write or sync failed, so the contents of the disk are unknown. The message is that of the first
    /// failure.
    Failed(String),
    /// Another process writes to the journal in this directory.
    Locked(PathBuf),
    /// A file has the name of a journal's file, but not its contents.
    Foreign(PathBuf),
    /// A file has a format version that this crate cannot read.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// The journal belongs to another program.
    OtherProgram {
        /// The file.
        path: PathBuf,
        /// The name of the program that wrote it.
        found: String,
        /// The name of the program that opened it.
        expected: String,
    },
    /// A file is missing.
    Hole {
        /// The file after it.
        path: PathBuf,
        /// The last sequence before that file.
        needs: Sequence,
        /// The last sequence found before the gap.
        has: Sequence,
    },
    /// Bytes that were once safe are damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of the damaged record, in bytes.
        offset: u64,
        /// The last sequence before the damage.
        after: Sequence,
    },
    /// The requested state was compacted away.
    Gone {
        /// The requested sequence.
        asked: Sequence,
        /// The first sequence at which the state is known.
        begins: Sequence,
    },
    /// The requested sequence comes after the end of the journal.
    Beyond {
        /// The requested sequence.
        asked: Sequence,
        /// The last sequence that can be read.
        last: Sequence,
    },
    /// A compaction was requested up to a sequence at which no file ends.
    NoEnd {
        /// The requested sequence.
        asked: Sequence,
    },
    /// The program does not know an input, or cannot read its payload.
    Unknown {
        /// The number of the input's variant.
        source: u32,
        /// The sequence of the input.
        at: Sequence,
        /// The length of its payload, in bytes.
        length: usize,
    },
    /// The replay diverged from the recorded run.
    Diverged(Box<Divergence>),
    /// A snapshot leads to a different state than the journal.
    Elsewhere {
        /// The resources that differ.
        resources: Vec<String>,
        /// The sequence of the snapshot.
        upto: Sequence,
    },
}

/// Where a replay diverged from the recorded run, and in which resources.
#[derive(Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The resources that differ. Empty if the replay diverged in the number of events rather than in the value of a
    /// resource.
    pub resources: Vec<String>,
    /// The sequence of the last check that agreed, or [`Sequence::NEVER`].
    pub after: Sequence,
    /// The sequence of the first check that did not agree, or of the input at which the sequences differed.
    pub at: Sequence,
    /// The sequence of the world, if it was already past that of the input.
    pub reached: Option<Sequence>,
    /// The resources that are not watched, which may contain the cause.
    pub unwatched: Vec<&'static str>,
}

impl Error {
    pub(crate) fn io(doing: &'static str, disk: &dyn Disk, name: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = disk.path(name);
        move |source| Self::Io { doing, path, source }
    }

    /// Returns whether a file is missing that was there before.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Formats the errors about a sequence that the journal does not have.
    fn fmt_asked(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { asked, begins } => {
                write!(f, "the state at sequence {asked} was compacted away: the journal begins at {begins}")
            }
            Self::Beyond { asked, last } => {
                write!(f, "the journal has no sequence {asked}: it ends at {last}")
            }
            Self::NoEnd { asked } => {
                write!(
                    f,
                    "no file ends at sequence {asked}, so nothing can be removed: call `Journal::rotate` to end one"
                )
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, source } => write!(f, "cannot {doing} {}: {source}", path.display()),
            Self::Failed(why) => write!(f, "the journal accepts no more inputs: {why}"),
            Self::Locked(path) => {
                write!(f, "{} is in use by another process: a journal has only one writer", path.display())
            }
            Self::Foreign(path) => {
                write!(f, "{} is not a journal file, despite its name: move it elsewhere", path.display())
            }
            Self::Newer { path, version } => write!(
                f,
                "{} has version {version}, but this program reads only up to version {}: use a newer one",
                path.display(),
                crate::VERSION
            ),
            Self::OtherProgram { path, found, expected } => {
                write!(f, "{} is a journal of `{found}`, not of `{expected}`: choose another directory", path.display())
            }
            Self::Hole { path, needs, has } => write!(
                f,
                "a file is missing: {} continues after sequence {needs}, but the files before it end at {has}: restore \
                 the file, or drop what follows with `nexus-journal cut`",
                path.display()
            ),
            Self::Damaged { path, offset, .. } if path.extension().is_some_and(|kind| kind == "snapshot") => write!(
                f,
                "{} is damaged at byte {offset}, and every later file builds on it: restore the file",
                path.display()
            ),
            Self::Damaged { path, offset, after } => write!(
                f,
                "{} is damaged at byte {offset}, after sequence {after}, where inputs had been safe: restore the file, \
                 or drop what follows with `nexus-journal cut`",
                path.display()
            ),
            Self::Gone { .. } | Self::Beyond { .. } | Self::NoEnd { .. } => self.fmt_asked(f),
            Self::Unknown { source, at, length } => write!(
                f,
                "the program does not know the input at sequence {at}: kind {source}, {length} bytes; was it \
                 written by another version?"
            ),
            Self::Diverged(divergence) => divergence.fmt(f),
            Self::Elsewhere { resources, upto } => write!(
                f,
                "the snapshot at sequence {upto} does not restore the state it was taken of: {}; the journal is \
                 unchanged",
                differ(resources)
            ),
        }
    }
}

/// Prints the message, since a `main` that returns the error prints it in this form.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the replay diverged: ")?;
        let (after, at) = (self.after, self.at);
        match (self.reached, self.resources.is_empty()) {
            (Some(reached), _) => write!(f, "the world was already at sequence {reached} before the input at {at}")?,
            (None, true) => write!(f, "it ran more or fewer events before the check at sequence {at}")?,
            (None, false) => write!(f, "{} at sequence {at}", differ(&self.resources))?,
        }
        match after {
            Sequence::NEVER => f.write_str("; no earlier check agreed")?,
            after => write!(f, "; all agreed at {after}")?,
        }
        match &*self.unwatched {
            [] => f.write_str("; every resource is watched"),
            unwatched => write!(f, "; not watched: {}", list(unwatched)),
        }
    }
}

fn differ(names: &[String]) -> String {
    format!("{} {}", list(names), if names.len() == 1 { "differs" } else { "differ" })
}

fn list<S: fmt::Display>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
