//! The keys of sources and reactors, and what a reactor receives.

use crate::poll::RegistrationKey;

/// Identifies a source of [`Reactors`](super::Reactors). It is a number: `Copy + Send`, and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub(super) RegistrationKey);

/// Identifies a reactor of [`Reactors`](super::Reactors). It is a number: `Copy + Send`, and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReactorId(pub(super) RegistrationKey);

/// The event of a reactor: its id, and which of its sources were marked.
///
/// A reactor of one source can ignore it. A reactor of several sources looks only at [`first`](Self::first) if
/// [`marked`](Self::marked) is 1, and otherwise at all sources that it watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReactorEvent {
    /// The reactor itself, with which it can [watch](super::Reactors::watch) more sources and
    /// [remove](super::Reactors::remove) itself.
    pub reactor: ReactorId,
    /// The source that was marked first, among those that the reactor watches.
    pub first: SourceId,
    /// The number of its sources that were marked, each counted once.
    pub marked: usize,
}
