//! Sequence numbers: the counter of events, which says what was written when.

use std::fmt;

/// The number of an event, counted from the start of its world.
///
/// A world holds the current sequence; [`World::next_sequence`](crate::World::next_sequence) advances it, which a
/// driver does before each event. A new world is in sequence 1, in which `main()` may write before the first event,
/// which is 2. A resource remembers the sequence in which it was last written, so "did this change because of the
/// current event?" is one comparison.
///
/// `Sequence` is also a [`Param`](crate::Param): a function that takes one gets the current sequence.
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
    /// Before every event: the `changed_at` of a resource that was never written since it was registered.
    pub const NEVER: Self = Self(0);

    /// The sequence that a new world starts in, before its first event.
    pub(crate) const FIRST: Self = Self(1);

    /// The sequence with this number, as a journal or a test may have kept it.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
