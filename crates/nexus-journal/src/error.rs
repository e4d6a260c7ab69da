//! What can be wrong with a journal, in words for whoever has to mend it.

use std::error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use nexus_rt::Sequence;

use crate::disk::Disk;

/// Why a journal cannot be read, written, or run again.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    Io {
        /// What was tried, such as `write`.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An earlier write or sync failed, so nothing is known of what the disk has. The message is that of the first.
    Failed(String),
    /// Another process writes there.
    Locked(PathBuf),
    /// A file is none of a journal, though it has such a name.
    Foreign(PathBuf),
    /// A file is of a version that this one cannot read.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The journal is that of another program.
    OtherProgram {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// A file is missing.
    Hole {
        /// The file after it.
        path: PathBuf,
        /// What that file goes on after.
        needs: Sequence,
        /// The last sequence before it.
        has: Sequence,
    },
    /// Bytes are not what was written, in a place that was once safe.
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins that is not whole.
        offset: u64,
        /// The last sequence before it.
        after: Sequence,
    },
    /// What is asked for was compacted away.
    Gone {
        /// What is asked for.
        asked: Sequence,
        /// The first sequence at which the state is known.
        begins: Sequence,
    },
    /// What is asked for comes after all that can be read.
    Beyond {
        /// What is asked for.
        asked: Sequence,
        /// The last sequence that can be read.
        last: Sequence,
    },
    /// A snapshot is to take the place of what is up to a sequence at which no file ends.
    NoEnd {
        /// The sequence.
        asked: Sequence,
    },
    /// An input is none that the program knows.
    Unknown {
        /// The number of its kind.
        source: u32,
        /// When it was applied.
        at: Sequence,
        /// How long it is, in bytes.
        length: usize,
    },
    /// The program did not do again what it did.
    Diverged(Box<Divergence>),
    /// A snapshot leads to another state than the journal.
    Elsewhere {
        /// The resources that differ.
        resources: Vec<String>,
        /// The sequence of the snapshot.
        upto: Sequence,
    },
}

/// Where a program went another way than before.
#[derive(Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The resources that differ. Empty if it was noticed by the sequence.
    pub resources: Vec<String>,
    /// The last check that agreed: [`Sequence::NEVER`] if there was none.
    pub after: Sequence,
    /// The first that did not, or the input at which the sequence was not what it was.
    pub at: Sequence,
    /// The sequence of the world, if it was past that of the input.
    pub reached: Option<Sequence>,
    /// The resources that nobody watches, in which the cause may be.
    pub unwatched: Vec<&'static str>,
}

impl Error {
    pub(crate) fn io(doing: &'static str, disk: &dyn Disk, name: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = disk.path(name);
        move |source| Self::Io { doing, path, source }
    }
}

impl Error {
    /// What is asked for and is not there.
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
                "the snapshot at sequence {upto} does not restore the state it was taken of: {} differs; the journal \
                 is unchanged",
                list(resources)
            ),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program did not do again what it did: ")?;
        let (after, at) = (self.after, self.at);
        match (self.reached, self.resources.is_empty()) {
            (Some(reached), _) => write!(f, "it was in sequence {reached} when the input of {at} came")?,
            (None, true) => write!(f, "it ran more or fewer events before the check at sequence {at}")?,
            (None, false) => write!(f, "{} differs at sequence {at}", list(&self.resources))?,
        }
        match after {
            Sequence::NEVER => f.write_str("; no check before agreed")?,
            after => write!(f, "; at {after} all agreed")?,
        }
        match &*self.unwatched {
            [] => f.write_str("; every resource is watched"),
            unwatched => write!(f, "; nobody watches {}", list(unwatched)),
        }
    }
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
