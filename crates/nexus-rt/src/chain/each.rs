//! `each`: an arm for every part of a value.

use super::{Chain, Pushed};
use crate::step::{Each, Finished, Parts, Start};

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs an arm on each part of the value, in order: on what an iterator returns, or on the elements of a `Vec`, an
    /// array or a slice. The arm ends with `()` or `Option<()>`; `()` goes on, once, after the last part.
    ///
    /// Parts may borrow from the event, and nothing is stored between them. If the arm panics, the parts after the one
    /// at fault do not run.
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
    ///     .each(|m| m.then(|m: &[u8]| m.len(), reg).then(|mut sum: ResMut<usize>, n: usize| *sum += n, reg))
    ///     .build();
    /// feed.run(&mut world, b"a;bcd;ef");
    /// assert_eq!(*world.resource::<usize>(), 6);
    /// ```
    ///
    /// A value that is needed afterwards, or that its parts borrow from, is lent to a [`tee`](Chain::tee) first. The
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
