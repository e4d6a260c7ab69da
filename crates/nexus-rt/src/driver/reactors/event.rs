//! The keys of sources and reactors, and what a reactor receives.

use crate::poll::RegistrationKey;

/// Identifies a source. It is a number: `Copy + Send`, and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub(super) RegistrationKey);

/// Identifies a reactor. It is a number: `Copy + Send`, and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReactorId(pub(super) RegistrationKey);

/// What a reactor receives: which one it is, and what was marked.
///
/// A reactor of one source needs nothing of it. One of several looks at [`first`](Self::first) alone if
/// [`marked`](Self::marked) is 1, and otherwise at all that it watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReactorEvent {
    /// The reactor itself, with which it can [watch](super::Reactors::watch) more sources and
    /// [remove](super::Reactors::remove) itself.
    pub reactor: ReactorId,
    /// The source that was marked first, of those that it watches.
    pub first: SourceId,
    /// How many of the sources that it watches were marked, each counted once.
    pub marked: usize,
}
