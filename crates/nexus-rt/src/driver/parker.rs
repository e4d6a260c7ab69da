//! `Parker`: the sleep of a loop without sockets.

use std::marker::PhantomData;
use std::thread;
use std::time::Instant;

use crate::doorbell::Doorbell;
use crate::shutdown::ShutdownHandle;

/// The sleep of a loop without sockets: until its [`Doorbell`] rings, or until a deadline.
///
/// ```
/// use std::thread;
/// use std::time::{Duration, Instant};
///
/// use nexus_rt::WorldBuilder;
/// use nexus_rt::wait::Parker;
///
/// let mut builder = WorldBuilder::new();
/// let shutdown = builder.shutdown_handle();
/// let mut parker = Parker::new(&shutdown);
/// let mut world = builder.build();
/// thread::spawn(move || shutdown.shutdown());
///
/// let mut turns = 0;
/// world.run(|_| {
///     turns += 1;
///     // Until the next timer is due; here, until the request.
///     parker.park(Some(Instant::now() + Duration::from_secs(60)));
/// });
/// assert!(turns <= 2);
/// ```
///
/// A parker stays on the thread that created it:
///
/// ```compile_fail
/// # let shutdown = nexus_rt::WorldBuilder::new().shutdown_handle();
/// let mut parker = nexus_rt::wait::Parker::new(&shutdown);
/// std::thread::spawn(move || parker.park(None));
/// ```
#[derive(Debug)]
pub struct Parker {
    bell: Doorbell,
    shutdown: ShutdownHandle,
    /// Keeps it on the thread that its doorbell wakes.
    here: PhantomData<*const ()>,
}

impl Parker {
    /// Creates a parker for the current thread. A shutdown request ends one sleep, the current or the next.
    #[must_use]
    pub fn new(shutdown: &ShutdownHandle) -> Self {
        let thread = thread::current();
        let bell = Doorbell::new(move || thread.unpark());
        let rings = bell.clone();
        shutdown.on_shutdown(move || rings.ring());
        Self { bell, shutdown: shutdown.clone(), here: PhantomData }
    }

    /// Returns the doorbell that ends the sleep.
    #[must_use]
    pub fn doorbell(&self) -> Doorbell {
        self.bell.clone()
    }

    /// Sleeps until the doorbell rings, but no longer than `until`; `None` means no limit.
    ///
    /// It returns at once if the doorbell has rung since the last call, or if `until` has passed. It may also wake
    /// without a cause.
    ///
    /// On Linux, a sleep usually ends about 60 microseconds after `until`, the scheduler's own jitter. While the world
    /// [drains](crate::World::drain), a sleep ends at the deadline of the drain at the latest.
    pub fn park(&mut self, until: Option<Instant>) {
        let until = self.shutdown.limit(until);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_none_or(|left| !left.is_zero()) && self.bell.may_sleep() {
            match left {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
        self.bell.answer();
    }
}
