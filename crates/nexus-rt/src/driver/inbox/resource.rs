//! `Inbox`: the resource of an inbox.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::channel::{Channel, Sender, Stats};
use crate::handler::{Handler, Virtual};
use crate::poll::{Driver, Polls};

/// The event after the last one: no sender exists, and every event was handled. See [`Inbox::on_closed`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Closed;

/// The queue of events from other threads, as a resource: [`InboxInstaller`](super::InboxInstaller) registers it,
/// [`InboxPoller`](super::InboxPoller) passes the events to a handler.
///
/// Dropping it, alone or with its world, closes the queue, so senders get an error.
pub struct Inbox<T, Tag = ()> {
    channel: Arc<Channel<T>>,
    polls: Polls,
    deepest: usize,
    on_closed: Option<Virtual<Closed>>,
    /// Whether there were senders whose end was not reported yet.
    open: bool,
    tag: PhantomData<fn() -> Tag>,
}

impl<T, Tag> Inbox<T, Tag> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel, polls: Polls::default(), deepest: 0, on_closed: None, open: false, tag: PhantomData }
    }

    /// Returns a new sender, for another thread.
    #[must_use]
    pub fn sender(&mut self) -> Sender<T> {
        self.open = true;
        self.channel.ends(self.is_open());
        Channel::sender(&self.channel)
    }

    /// Sets the handler that runs once no sender exists and every event was handled. It replaces an earlier one.
    ///
    /// If new senders are created and dropped later, it runs again.
    ///
    /// ```
    /// use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller};
    /// # use nexus_rt::wait::Parker;
    /// # use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let parker = Parker::new(&builder.shutdown_handle());
    /// # let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(64, Full::Refuse, &parker.doorbell()));
    /// # builder.register(Vec::<&str>::new());
    /// # let mut world = builder.build();
    ///
    /// let closed = |mut log: ResMut<Vec<&str>>, _: Closed| log.push("closed");
    /// let closed = closed.into_handler(world.registry());
    /// world.resource_mut::<Inbox<u64>>().on_closed(closed);
    ///
    /// let sender = world.resource_mut::<Inbox<u64>>().sender();
    /// sender.send(7).unwrap();
    /// drop(sender);
    /// let event = |mut log: ResMut<Vec<&str>>, _: u64| log.push("event");
    /// let mut event = event.into_handler(world.registry());
    /// assert_eq!(inbox.poll(&mut world, usize::MAX, &mut event), 2);
    /// assert_eq!(*world.resource::<Vec<&str>>(), ["event", "closed"]);
    /// ```
    pub fn on_closed(&mut self, handler: impl Handler<Closed> + 'static) {
        self.on_closed = Some(Box::new(handler));
        self.channel.ends(self.is_open());
        if self.open && self.channel.is_over() {
            // No sender is left to wake the loop for it.
            self.channel.bell().ring();
        }
    }

    /// Closes the queue: senders get an error from now on, including those that wait for room. Events in the queue
    /// stay.
    ///
    /// A thread that is sending at this moment may still succeed. To be sure that no event comes later, wait until the
    /// senders are gone.
    pub fn close(&mut self) {
        self.channel.close();
    }

    /// Returns the state of the queue.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.channel.stats(self.deepest)
    }

    /// Returns the number of waiting events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// Returns whether no events wait.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of times that the handler of [`on_closed`](Self::on_closed) panicked.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.polls.panicked()
    }

    pub(super) fn is_of(&self, channel: &Arc<Channel<T>>) -> bool {
        Arc::ptr_eq(&self.channel, channel)
    }

    pub(super) fn found(&mut self, waiting: usize) {
        self.deepest = self.deepest.max(waiting);
    }

    /// Returns whether the end of the senders must still be reported.
    pub(super) fn is_open(&self) -> bool {
        self.open && self.on_closed.is_some()
    }

    /// Takes out the handler of the end, if it must run.
    pub(super) fn take_closed(&mut self) -> Option<((), Virtual<Closed>, Closed)> {
        let handler = self.on_closed.take_if(|_| self.open)?;
        self.open = false;
        self.channel.ends(false);
        Some(((), handler, Closed))
    }
}

impl<T: 'static, Tag: 'static> Driver for Inbox<T, Tag> {
    type Handler = Virtual<Closed>;
    type Key = ();

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        &mut self.polls
    }

    fn put_back(&mut self, (): (), handler: Virtual<Closed>) -> Result<(), Virtual<Closed>> {
        match &mut self.on_closed {
            place @ None => {
                *place = Some(handler);
                self.channel.ends(self.is_open());
                Ok(())
            }
            // It has set another one.
            Some(_) => Err(handler),
        }
    }

    fn end(&mut self, (): ()) {}
}

impl<T, Tag> Drop for Inbox<T, Tag> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

impl<T, Tag> fmt::Debug for Inbox<T, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&self.stats()).finish()
    }
}
