//! `Inbox`: the resource of an inbox.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::channel::{Channel, Sender, Stats};
use crate::handler::{Handler, Virtual};
use crate::poll::{Driver, Polls};

/// The event that no sender exists any more, and that all they sent was handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Closed;

/// Events from other threads, until [`InboxPoller`](super::InboxPoller) hands them to a handler. Installed by
/// [`InboxInstaller`](super::InboxInstaller).
///
/// When it is dropped, with its world or alone, its senders are refused.
pub struct Inbox<T, Tag = ()> {
    channel: Arc<Channel<T>>,
    polls: Polls,
    deepest: usize,
    on_closed: Option<Virtual<Closed>>,
    /// Whether there have been senders whose end is still to be told of.
    open: bool,
    tag: PhantomData<fn() -> Tag>,
}

impl<T, Tag> Inbox<T, Tag> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel, polls: Polls::default(), deepest: 0, on_closed: None, open: false, tag: PhantomData }
    }

    /// Returns a new sender.
    #[must_use]
    pub fn sender(&mut self) -> Sender<T> {
        self.open = true;
        Channel::sender(&self.channel)
    }

    /// Runs `handler` when no sender exists any more and all they sent was handled. It replaces an earlier one, and it
    /// runs again if there are senders again.
    pub fn on_closed(&mut self, handler: impl Handler<Closed> + 'static) {
        self.on_closed = Some(Box::new(handler));
    }

    /// Refuses senders from now on, those included that wait for room. What they have sent stays. A thread that is
    /// sending at this moment may still succeed: to be sure that nothing comes after, wait until the senders are gone.
    pub fn close(&mut self) {
        self.channel.close();
    }

    /// Returns the state of the queue.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.channel.stats(self.deepest)
    }

    /// Returns the number of events that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// Returns whether no event waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of panics of the handler of [`on_closed`](Self::on_closed).
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

    /// Whether the end is still to be told of.
    pub(super) fn is_open(&self) -> bool {
        self.open && self.on_closed.is_some()
    }

    /// Takes the handler of the end out, if it is to run.
    pub(super) fn take_closed(&mut self) -> Option<((), Virtual<Closed>, Closed)> {
        let handler = self.on_closed.take_if(|_| self.open)?;
        self.open = false;
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
