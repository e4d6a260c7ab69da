//! A bounded queue from any number of threads, with a policy for when it is full.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crossbeam_queue::ArrayQueue;

use crate::doorbell::Doorbell;

/// What happens to an event if the queue is full. There is no default: each queue states its policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Full {
    /// The sender blocks until there is room. Nothing is lost, and a slow loop slows down its senders.
    Wait,
    /// The event is returned to the sender, and counted as lost.
    Refuse,
    /// The oldest event in the queue is dropped and counted as lost. Use it for data of which only the latest matters.
    DropOldest,
}

/// The error of sending an event, with the event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendError<T> {
    /// There is no room, and the policy is [`Full::Refuse`].
    Full(T),
    /// The receiving end is closed, or its world was dropped.
    Closed(T),
}

impl<T> SendError<T> {
    /// Returns the event.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(event) | Self::Closed(event) => event,
        }
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => {
                "the queue is full: retry later, make it larger, or choose `Full::Wait` or `Full::DropOldest`"
            }
            Self::Closed(_) => "the receiving end is closed",
        })
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> std::error::Error for SendError<T> {}

/// The state of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// The number of events in the queue.
    pub waiting: usize,
    /// The number of events that it has room for.
    pub capacity: usize,
    /// The number of events refused or dropped because it was full.
    pub lost: u64,
    /// Whether no sender exists.
    pub closed: bool,
    /// The largest number of events that a poll found in the queue.
    pub deepest: usize,
}

/// What both ends share.
pub(super) struct Channel<T> {
    queue: ArrayQueue<T>,
    full: Full,
    bell: Doorbell,
    lost: AtomicU64,
    senders: AtomicUsize,
    /// Whether the receiving end accepts nothing more.
    closed: AtomicBool,
    /// Whether the events in the queue will never be handled either.
    abandoned: AtomicBool,
    /// Whether a handler must run once no sender exists.
    ends: AtomicBool,
    /// The number of senders that wait for room.
    blocked: AtomicUsize,
    room: (Mutex<()>, Condvar),
}

impl<T> Channel<T> {
    /// # Panics
    /// If `capacity` is zero.
    #[track_caller]
    pub(super) fn new(capacity: usize, full: Full, bell: Doorbell) -> Arc<Self> {
        assert!(capacity > 0, "a queue without room takes nothing: its capacity must be greater than zero");
        Arc::new(Self {
            queue: ArrayQueue::new(capacity),
            full,
            bell,
            lost: AtomicU64::new(0),
            senders: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            blocked: AtomicUsize::new(0),
            room: (Mutex::new(()), Condvar::new()),
        })
    }

    pub(super) fn sender(channel: &Arc<Self>) -> Sender<T> {
        channel.senders.fetch_add(1, Ordering::Relaxed);
        Sender(channel.clone())
    }

    #[inline]
    pub(super) fn pop(&self) -> Option<T> {
        self.queue.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns whether no event is left and no sender exists. A sender adds its last event before it leaves.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.senders.load(Ordering::Acquire) == 0 && self.queue.is_empty()
    }

    pub(super) fn ends(&self, is_handled: bool) {
        self.ends.store(is_handled, Ordering::Relaxed);
    }

    /// Returns whether a poll has something to do.
    pub(super) fn is_due(&self) -> bool {
        self.len() > 0 || self.ends.load(Ordering::Relaxed) && self.is_over()
    }

    pub(super) fn bell(&self) -> &Doorbell {
        &self.bell
    }

    /// Rings, and drops events that were sent while the receiving end left, since they will never be handled.
    #[inline]
    fn ring(&self) {
        // Its fence pairs with that in `abandon`: either this sees that the end has left, or that sees the events.
        self.bell.ring();
        if self.abandoned.load(Ordering::Relaxed) {
            self.discard();
        }
    }

    #[cold]
    fn discard(&self) {
        while self.queue.pop().is_some() {}
    }

    pub(super) fn stats(&self, deepest: usize) -> Stats {
        Stats {
            waiting: self.queue.len(),
            capacity: self.queue.capacity(),
            lost: self.lost.load(Ordering::Relaxed),
            closed: self.senders.load(Ordering::Relaxed) == 0,
            deepest,
        }
    }

    /// Wakes blocked senders after an event was taken out.
    #[inline]
    pub(super) fn made_room(&self) {
        if self.full != Full::Wait {
            return;
        }
        // Pairs with the fence in `wait`: either this sees a sender that is blocked, or that sees the room.
        fence(Ordering::SeqCst);
        if self.blocked.load(Ordering::Relaxed) > 0 {
            self.unblock();
        }
    }

    #[cold]
    fn unblock(&self) {
        // With the lock, so that a sender that found no room is already waiting.
        let _look = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.room.1.notify_all();
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.unblock();
    }

    /// Closes for good, since the receiving end leaves, and drops the events in the queue.
    pub(super) fn abandon(&self) {
        self.close();
        self.abandoned.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.discard();
    }

    #[inline]
    fn push(&self, event: T) -> Result<(), SendError<T>> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(SendError::Closed(event));
        }
        match self.full {
            Full::DropOldest => {
                if let Some(oldest) = self.queue.force_push(event) {
                    // Before it is dropped, which may panic.
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    drop(oldest);
                }
                Ok(())
            }
            Full::Refuse => self.queue.push(event).map_err(|event| {
                self.lost.fetch_add(1, Ordering::Relaxed);
                // Events that were pushed and not rung for may be what fills it.
                self.bell.ring();
                SendError::Full(event)
            }),
            Full::Wait => self.queue.push(event).or_else(|event| self.wait(event)),
        }
    }

    /// Blocks until there is room for `event`, or until the queue is closed.
    #[cold]
    fn wait(&self, mut event: T) -> Result<(), SendError<T>> {
        // Events that were pushed and not rung for are what fills it.
        self.bell.ring();
        self.blocked.fetch_add(1, Ordering::Relaxed);
        let mut look = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = loop {
            fence(Ordering::SeqCst);
            if self.closed.load(Ordering::Relaxed) {
                break Err(SendError::Closed(event));
            }
            match self.queue.push(event) {
                Ok(()) => break Ok(()),
                Err(back) => event = back,
            }
            look = self.room.1.wait(look).unwrap_or_else(PoisonError::into_inner);
        };
        drop(look);
        self.blocked.fetch_sub(1, Ordering::Relaxed);
        sent
    }
}

/// Sends events from any thread to a loop, or to the thread of a [`Receiver`](super::Receiver).
///
/// Clones send to the same queue. The events of each sender arrive in the order in which it sent them.
pub struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    /// Sends an event, and wakes the loop if it sleeps.
    ///
    /// If the queue is full, its policy applies: see [`Full`]. With [`Full::Wait`] this call blocks, so a loop must
    /// never send to itself.
    ///
    /// ```
    /// use nexus_rt::inbox::{Full, SendError, channel};
    ///
    /// let (sender, receiver) = channel(1, Full::Refuse);
    /// assert_eq!(sender.send('a'), Ok(()));
    /// assert_eq!(sender.send('b'), Err(SendError::Full('b')));
    /// assert_eq!(receiver.recv(), Some('a'));
    /// ```
    ///
    /// # Errors
    /// [`SendError::Full`] if there is no room and the policy is [`Full::Refuse`], or [`SendError::Closed`] if the
    /// receiving end is closed.
    #[inline]
    pub fn send(&self, event: T) -> Result<(), SendError<T>> {
        self.push(event)?;
        self.0.ring();
        Ok(())
    }

    /// Sends an event without waking the loop: for all but the last of many. Call [`ring`](Self::ring) afterwards.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    #[inline]
    pub fn push(&self, event: T) -> Result<(), SendError<T>> {
        self.0.push(event)
    }

    /// Wakes the loop if it sleeps.
    #[inline]
    pub fn ring(&self) {
        self.0.ring();
    }

    /// Returns whether the receiving end is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Channel::sender(&self.0)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // Releases its events to the thread that sees the last sender leave. Rings for the end, and for pushed events.
        self.0.senders.fetch_sub(1, Ordering::AcqRel);
        self.0.ring();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({} of {} waiting)", self.0.queue.len(), self.0.queue.capacity())
    }
}
