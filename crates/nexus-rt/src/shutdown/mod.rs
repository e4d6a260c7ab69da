//! Shutdown: a request to stop, from inside, from other threads, or from signals.

#[cfg(feature = "signals")]
mod signals;

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The resource through which a world is asked to stop.
///
/// Every world has its own from the beginning. Functions take a `Res<Shutdown>`, since read access is enough to request
/// a shutdown. [`World::shutdown_handle`](crate::World::shutdown_handle) returns its handle. It is not registered, and
/// not counted among the resources of its world.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Res, Shutdown, WorldBuilder};
///
/// fn on_limit(shutdown: Res<Shutdown>, orders: u32) {
///     if orders >= 3 {
///         shutdown.shutdown();
///     }
/// }
///
/// let mut world = WorldBuilder::new().build();
/// let mut on_limit = on_limit.into_handler(world.registry());
///
/// let mut orders = 0;
/// world.run(|world| {
///     orders += 1;
///     on_limit.run(world, orders);
/// });
/// assert_eq!((orders, world.shutdown_handle().is_shutdown()), (3, true));
/// ```
#[derive(Default)]
pub struct Shutdown(ShutdownHandle);

impl Shutdown {
    /// Returns a handle to keep outside the world.
    pub fn handle(&self) -> ShutdownHandle {
        self.0.clone()
    }
}

impl Deref for Shutdown {
    type Target = ShutdownHandle;

    fn deref(&self) -> &ShutdownHandle {
        &self.0
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shutdown({})", self.is_shutdown())
    }
}

/// Requests a shutdown of one world, from any thread, and reports whether one was requested.
///
/// Clones belong to the same world.
///
/// A request is final. It stops nothing by itself: [`World::run`](crate::World::run) checks for it before each turn,
/// and it wakes drivers that block.
#[derive(Clone, Default)]
#[must_use = "a handle requests nothing by itself"]
pub struct ShutdownHandle {
    request: Arc<Request>,
    /// Separate from the request, so that the thread that receives signals does not keep itself alive, and ends with
    /// the last handle.
    #[cfg(feature = "signals")]
    signals: Arc<Mutex<Option<signals::Listening>>>,
}

#[derive(Default)]
struct Request {
    made: AtomicBool,
    draining: AtomicBool,
    /// When the drain ends.
    drain: Mutex<Option<Instant>>,
    wakers: Mutex<Vec<Waker>>,
}

type Waker = Arc<dyn Fn() + Send + Sync>;

impl ShutdownHandle {
    /// Requests a shutdown and wakes the drivers that block.
    ///
    /// # Panics
    /// If a waker panics, after all others have run.
    pub fn shutdown(&self) {
        self.request.make();
    }

    /// Returns whether a shutdown was requested.
    #[inline]
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.request.made.load(Ordering::Acquire)
    }

    /// Registers `wake` to be called when a shutdown is requested, or calls it now if one already was.
    ///
    /// A driver that blocks registers a waker, so that it returns at once.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use nexus_rt::WorldBuilder;
    ///
    /// let shutdown = WorldBuilder::new().build().shutdown_handle();
    /// let (sender, receiver) = mpsc::channel();
    /// shutdown.on_shutdown(move || _ = sender.send("stop"));
    /// assert!(receiver.try_recv().is_err());
    /// shutdown.shutdown();
    /// assert_eq!(receiver.recv(), Ok("stop"));
    /// ```
    ///
    /// `wake` runs on the thread that makes the request, and may run more than once. It never runs inside a signal
    /// handler, so it may take locks. It is kept as long as a handle exists, so it should not own a handle itself.
    ///
    /// # Panics
    /// If a shutdown was already requested, and `wake` panics.
    pub fn on_shutdown(&self, wake: impl Fn() + Send + Sync + 'static) {
        let wake: Waker = Arc::new(wake);
        self.request.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(wake.clone());
        if self.is_shutdown() {
            wake();
        }
    }

    /// Turns SIGINT and SIGTERM into shutdown requests (feature `signals`).
    ///
    /// The first signal makes the request. A second one ends the process as if this method had never been called, in
    /// case the program does not reach its end.
    ///
    /// A thread that otherwise sleeps makes the request, and so wakes the drivers that block. The OS resumes any other
    /// blocking call after a signal, such as a read from standard input: register a [waker](Self::on_shutdown) for it.
    /// A second call does nothing. Signals are handled until the last handle of the world is dropped. Pollers of
    /// sockets and parkers have a handle, too, so a loop that drops only its world ignores the first signal. Once no
    /// world handles them, they end the process, as they do by default, even if the program had a handler of its own or
    /// ignored them before.
    ///
    /// # Errors
    /// If the OS refuses the handlers or the thread.
    #[cfg(feature = "signals")]
    pub fn enable_signals(&self) -> std::io::Result<()> {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if signals.is_none() {
            let request = self.request.clone();
            *signals = Some(signals::Listening::start(move || request.make())?);
        }
        Ok(())
    }
}

impl ShutdownHandle {
    /// Limits a wait that may last until `until` to the end of a drain.
    #[inline]
    pub(crate) fn limit(&self, until: Option<Instant>) -> Option<Instant> {
        if self.request.draining.load(Ordering::Relaxed) { self.limit_of_drain(until) } else { until }
    }

    #[cold]
    fn limit_of_drain(&self, until: Option<Instant>) -> Option<Instant> {
        let drain = *self.request.drain.lock().unwrap_or_else(PoisonError::into_inner);
        [until, drain].into_iter().flatten().min()
    }

    /// Sets when the drain ends, or that there is none, and returns what was set before.
    pub(crate) fn drain_until(&self, until: Option<Instant>) -> Option<Instant> {
        self.request.draining.store(until.is_some(), Ordering::Relaxed);
        mem::replace(&mut *self.request.drain.lock().unwrap_or_else(PoisonError::into_inner), until)
    }
}

impl Request {
    fn make(&self) {
        self.made.store(true, Ordering::Release);
        // Called with the lock released, so that a waker may use the handle.
        let wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut first = None;
        for wake in &wakers {
            match (catch_unwind(AssertUnwindSafe(|| wake())), &first) {
                (Ok(()), _) => {}
                (Err(payload), None) => first = Some(payload),
                // Its drop may panic too, with a payload that is leaked.
                (Err(payload), Some(_)) => _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(mem::forget),
            }
        }
        if let Some(first) = first {
            resume_unwind(first);
        }
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShutdownHandle({})", self.is_shutdown())
    }
}
