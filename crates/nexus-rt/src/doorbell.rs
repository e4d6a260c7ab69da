//! `Doorbell`: an event count of three states, by which other threads end a loop's sleep.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering, fence};

/// The loop is awake, and no ring has come since it last answered.
const AWAKE: u32 = 0;
/// The loop sleeps, or is about to.
const ASLEEP: u32 = 1;
/// A ring has come.
const RUNG: u32 = 2;

/// Wakes a sleeping loop from any thread. While the loop is awake, a ring costs a fence and a load, and the first one
/// after each [answer](Self::answer) an atomic swap besides.
///
/// Any number of threads and sources share one doorbell and one sleep; clones are handles to one doorbell. No ring is
/// lost, and one wake-up serves all rings since the last.
///
/// [`MioDriver::doorbell`](crate::MioDriver::doorbell) returns the doorbell of a loop over sockets, and
/// [`Parker::doorbell`](crate::wait::Parker::doorbell) that of a loop without sockets. A driver with its own sleep
/// creates one and follows this protocol:
///
/// - A sender puts an item where the loop looks, and then [rings](Self::ring).
/// - The loop sleeps only if [`may_sleep`](Self::may_sleep) allows it. After the sleep, or instead of it, the loop
///   [answers](Self::answer), and then looks at everything.
///
/// ```
/// use std::sync::mpsc;
/// use std::thread;
///
/// use nexus_rt::WorldBuilder;
/// use nexus_rt::wait::Parker;
///
/// let mut parker = Parker::new(&WorldBuilder::new().shutdown_handle());
/// let (bell, (sender, receiver)) = (parker.doorbell(), mpsc::channel());
/// thread::spawn(move || {
///     sender.send(5).unwrap();
///     bell.ring();
/// });
/// let received = loop {
///     match receiver.try_recv() {
///         Ok(number) => break number,
///         Err(_) => parker.park(None), // sleeps until the ring
///     }
/// };
/// assert_eq!(received, 5);
/// ```
#[derive(Clone)]
pub struct Doorbell(Arc<Bell>);

struct Bell {
    state: AtomicU32,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Doorbell {
    /// Creates a doorbell for a driver with its own sleep. `wake` ends the current sleep of the loop, or the next one
    /// if the loop does not sleep yet.
    ///
    /// ```
    /// use std::thread;
    ///
    /// use nexus_rt::wait::Doorbell;
    ///
    /// let this = thread::current();
    /// let bell = Doorbell::new(move || this.unpark());
    /// let ringer = bell.clone();
    /// let thread = thread::spawn(move || ringer.ring());
    /// if bell.may_sleep() {
    ///     thread::park(); // until the ring
    /// }
    /// bell.answer();
    /// # thread.join().unwrap();
    /// ```
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Bell { state: AtomicU32::new(AWAKE), wake: Box::new(wake) }))
    }

    /// Wakes the loop if it sleeps. Otherwise, keeps the loop from sleeping until it has looked again.
    ///
    /// Call it after putting items where the loop looks: once for one item, or once for many.
    #[inline]
    pub fn ring(&self) {
        // Pairs with the fence in `answer`: either the loop sees what was put there, or this sees that it has answered.
        fence(Ordering::SeqCst);
        if self.0.state.load(Ordering::Relaxed) != RUNG && self.0.state.swap(RUNG, Ordering::AcqRel) == ASLEEP {
            (self.0.wake)();
        }
    }

    /// Acknowledges all rings so far. The loop calls this before it looks at its sources: any later item rings again.
    #[inline]
    pub fn answer(&self) {
        if self.0.state.load(Ordering::Relaxed) != AWAKE {
            self.0.state.store(AWAKE, Ordering::Relaxed);
            fence(Ordering::SeqCst);
        }
    }

    /// Returns whether the loop may sleep: no ring has come since it last answered. From this call on, a ring wakes it.
    #[inline]
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        self.0.state.compare_exchange(AWAKE, ASLEEP, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }
}

impl fmt::Debug for Doorbell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0.state.load(Ordering::Relaxed) {
            AWAKE => "awake",
            ASLEEP => "asleep",
            _ => "rung",
        };
        write!(f, "Doorbell({state})")
    }
}
