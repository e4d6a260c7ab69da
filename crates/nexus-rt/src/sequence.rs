//! `Sequence`: the counter of events, which dates every write.

use std::fmt;

/// The number of an event, counted from the start of its world.
///
/// A world holds the current sequence. A driver advances it before each event, with
/// [`World::next_sequence`](crate::World::next_sequence). A new world is in sequence 1, in which `main()` may write
/// before the first event, which is 2. A resource remembers the sequence in which it was last written, so "did this
/// change because of the current event?" is one comparison.
///
/// `Sequence` is also a [`Param`](crate::Param): a function that takes one receives the current sequence.
///
/// ```
/// use nexus_rt::{ResMut, Sequence, WorldBuilder, IntoHandler, Handler};
///
/// fn stamp(mut last: ResMut<Option<Sequence>>, now: Sequence, _event: ()) {
///     *last = Some(now);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(None::<Sequence>);
/// let mut world = builder.build();
/// let mut handler = stamp.into_handler(world.registry());
/// let event = world.next_sequence();
/// handler.run(&mut world, ());
/// assert_eq!(*world.resource::<Option<Sequence>>(), Some(event));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// The sequence before every event: `changed_at` of a resource that was not written since it was registered.
    pub const NEVER: Self = Self(0);

    /// The last sequence that a world may reach, 2^63 - 1: a stamp takes the remaining bit.
    pub const MAX: Self = Self(u64::MAX >> 1);

    /// The sequence in which a new world starts, before its first event.
    pub(crate) const FIRST: Self = Self(1);

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Creates the sequence with this number, such as one from a journal or a test.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
