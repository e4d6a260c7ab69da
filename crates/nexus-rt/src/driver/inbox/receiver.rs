//! `Receiver` and `Outbox`: events from a loop to other threads.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::channel::{Channel, Full, SendError, Sender, Stats};
use crate::doorbell::Doorbell;

/// Creates a queue to a thread that is not a loop, with room for `capacity` events.
///
/// ```
/// use std::thread;
///
/// use nexus_rt::inbox::{Full, channel};
///
/// let (sender, receiver) = channel::<u64>(64, Full::Wait);
/// let sum = thread::spawn(move || std::iter::from_fn(|| receiver.recv()).sum::<u64>());
/// (1..=1_000).for_each(|n| sender.send(n).unwrap());
/// drop(sender);
/// assert_eq!(sum.join().unwrap(), 500_500);
/// ```
///
/// # Panics
/// If `capacity` is zero.
#[track_caller]
pub fn channel<T>(capacity: usize, full: Full) -> (Sender<T>, Receiver<T>) {
    let alarm = Arc::new(Alarm::default());
    let rung = alarm.clone();
    let channel = Channel::new(capacity, full, Doorbell::new(move || rung.ring()));
    (Channel::sender(&channel), Receiver { channel, alarm, one: PhantomData })
}

/// Ends a thread's sleep, even if it rings before the sleep.
#[derive(Default)]
struct Alarm {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Alarm {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_one();
    }

    fn wait(&self) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        *self.bell.wait_while(rung, |rung| !*rung).unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// Receives events on a thread that is not a loop: see [`channel`]. Dropping it closes the queue, so senders get an
/// error.
///
/// A receiver may move to another thread, but only one thread at a time receives:
///
/// ```compile_fail
/// let (_, receiver) = nexus_rt::inbox::channel::<u64>(4, nexus_rt::inbox::Full::Wait);
/// std::thread::scope(|scope| _ = scope.spawn(|| receiver.recv()));
/// ```
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    alarm: Arc<Alarm>,
    /// Not `Sync`: the doorbell has one sleeper.
    one: PhantomData<Cell<()>>,
}

impl<T> Receiver<T> {
    /// Returns the next event. Blocks until there is one, and returns `None` once no sender exists and no event is
    /// left.
    #[must_use]
    pub fn recv(&self) -> Option<T> {
        loop {
            if let Some(event) = self.try_recv() {
                return Some(event);
            }
            if self.channel.is_over() {
                return None;
            }
            if self.channel.bell().may_sleep() {
                self.alarm.wait();
            }
            self.channel.bell().answer();
        }
    }

    /// Returns the next event, or `None` if none has arrived. It never blocks.
    #[must_use]
    pub fn try_recv(&self) -> Option<T> {
        let event = self.channel.pop()?;
        self.channel.made_room();
        Some(event)
    }

    /// Returns the state of the queue. [`Stats::deepest`] is the number of waiting events.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.channel.stats(self.channel.len())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.stats()).finish()
    }
}

/// Sends each event to several threads or loops: a resource for events that leave the loop.
///
/// ```
/// use nexus_rt::inbox::{Full, Outbox, channel};
/// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder};
///
/// fn publish(mut quotes: ResMut<Outbox<u64>>, quote: u64) {
///     quotes.send(&quote);
/// }
///
/// let (to_disk, disk) = channel::<u64>(1_024, Full::Wait);
/// let (to_screen, screen) = channel(1, Full::DropOldest); // only the latest
/// let mut builder = WorldBuilder::new();
/// builder.register(Outbox::from([to_disk, to_screen]));
/// let mut world = builder.build();
/// let mut publish = publish.into_handler(world.registry());
/// [7, 8, 9].map(|quote| publish.run(&mut world, quote));
/// drop(world);
/// assert_eq!(std::iter::from_fn(|| disk.recv()).collect::<Vec<_>>(), [7, 8, 9]);
/// assert_eq!(std::iter::from_fn(|| screen.recv()).collect::<Vec<_>>(), [9]);
/// ```
#[derive(Debug)]
pub struct Outbox<T> {
    senders: Vec<Sender<T>>,
}

impl<T: Clone> Outbox<T> {
    /// Adds a receiving end.
    pub fn add(&mut self, sender: Sender<T>) {
        self.senders.push(sender);
    }

    /// Sends a clone to every receiving end, and wakes those that sleep. Removes the closed ones. Returns the number of
    /// ends that accepted it.
    pub fn send(&mut self, event: &T) -> usize {
        self.each(|sender| sender.send(event.clone()))
    }

    /// Sends a clone to every receiving end without waking any: for all but the last of many. Call [`ring`](Self::ring)
    /// afterwards. Returns the number of ends that accepted it.
    pub fn push(&mut self, event: &T) -> usize {
        self.each(|sender| sender.push(event.clone()))
    }

    fn each(&mut self, send: impl Fn(&Sender<T>) -> Result<(), SendError<T>>) -> usize {
        let mut taken = 0;
        self.senders.retain(|sender| match send(sender) {
            Ok(()) => {
                taken += 1;
                true
            }
            Err(SendError::Full(_)) => true,
            Err(SendError::Closed(_)) => false,
        });
        taken
    }

    /// Wakes every receiving end that sleeps.
    pub fn ring(&self) {
        self.senders.iter().for_each(Sender::ring);
    }

    /// Returns the number of receiving ends.
    #[must_use]
    pub fn len(&self) -> usize {
        self.senders.len()
    }

    /// Returns whether there are no receiving ends.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { senders: Vec::new() }
    }
}

impl<T, const N: usize> From<[Sender<T>; N]> for Outbox<T> {
    fn from(senders: [Sender<T>; N]) -> Self {
        Self { senders: senders.into() }
    }
}
