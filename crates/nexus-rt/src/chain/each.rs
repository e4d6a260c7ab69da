//! `each`: an arm for every part of a value.

use super::{Chain, Pushed};
use crate::step::{Each, Finished, Parts, Start};

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs an arm on each part of the value, in order, and then passes on a single `()`.
    ///
    /// The value is an iterator, a `Vec`, an array or a slice. The arm ends with `()` or `Option<()>`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// fn messages(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    ///     datagram.split(|byte| *byte == b';')
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_usize);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut feed = PipelineStart::<&[u8]>::borrowed()
    ///     .then(messages, reg)
    ///     .each(|m| m.then(|mut sum: ResMut<usize>, m: &[u8]| *sum += m.len(), reg))
    ///     .build();
    /// feed.run(&mut world, b"a;bcd;ef");
    /// assert_eq!(*world.resource::<usize>(), 6);
    /// ```
    ///
    /// Parts may borrow from the event, and nothing is stored between them. If the arm panics, the later parts do not
    /// run.
    ///
    /// If the value is needed afterwards, or if its parts borrow from it, iterate inside a [`tee`](Chain::tee). The
    /// part of an `Option` is its content. A `Result` is refused, since its error would be lost:
    /// [`catch`](Chain::catch) it first.
    pub fn each<A, Out: Finished, L>(
        self,
        arm: impl FnOnce(Chain<C, T::Item, T::Item, Start>) -> Chain<C, T::Item, Out, A>,
    ) -> Pushed<C, In, S, K, Each<A>, ()>
    where
        T: Parts<L>,
    {
        self.push(Each(arm(Chain::start()).steps))
    }
}
