//! `Poller`: the loop of a driver, which keeps the rules that stand at `Installer`.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::call::lend_world;
use crate::handler::Handler;
use crate::world::{Key, World};

/// A driver's resource, as its [`Poller`] sees it: handlers leave it to run, and come back.
///
/// With [`Registrations`](crate::Registrations) for what it keeps, a whole driver is this:
///
/// ```
/// use std::collections::VecDeque;
///
/// use nexus_rt::{
///     Driver, Installer, IntoHandler, Poller, Polls, RegistrationKey, Registrations, ResMut, Virtual, WorldBuilder,
/// };
///
/// #[derive(Default)]
/// struct Bus {
///     subscribers: Registrations<Virtual<u64>>,
///     due: VecDeque<(RegistrationKey, u64)>,
/// }
///
/// impl Bus {
///     fn publish(&mut self, value: u64) {
///         self.due.extend(self.subscribers.iter().map(|(key, _)| (key, value)));
///     }
///
///     fn next(&mut self) -> Option<(RegistrationKey, Virtual<u64>, u64)> {
///         while let Some((key, value)) = self.due.pop_front() {
///             // Not there: it has ended since.
///             let Some(handler) = self.subscribers.take_out(key) else { continue };
///             return Some((key, handler, value));
///         }
///         None
///     }
/// }
///
/// impl Driver for Bus {
///     type Handler = Virtual<u64>;
///     type Key = RegistrationKey;
///
///     fn polls(&mut self) -> &mut Polls {
///         self.subscribers.polls()
///     }
///
///     fn put_back(&mut self, key: RegistrationKey, handler: Virtual<u64>) -> Result<(), Virtual<u64>> {
///         self.subscribers.put_back(key, handler)
///     }
///
///     fn end(&mut self, key: RegistrationKey) {
///         self.subscribers.remove(key);
///     }
/// }
///
/// struct BusInstaller;
///
/// impl Installer for BusInstaller {
///     type Poller = Poller<Bus>;
///
///     fn install(self, builder: &mut WorldBuilder) -> Poller<Bus> {
///         builder.register_default::<Bus>();
///         Poller::new(builder.key())
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut poller = builder.install_driver(BusInstaller);
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let add = (|mut sum: ResMut<u64>, value: u64| *sum += value).into_handler(world.registry());
///
/// let mut bus = world.resource_mut::<Bus>();
/// bus.subscribers.insert(Box::new(add.clone()), ());
/// bus.subscribers.insert(Box::new(add), ());
/// bus.publish(5);
/// assert_eq!(poller.run(&mut world, usize::MAX, Bus::next), 2);
/// assert_eq!(*world.resource::<u64>(), 10);
/// ```
///
/// [`check_driver`](crate::testing::check_driver) runs any driver through the rules of [`Installer`](crate::Installer).
pub trait Driver: 'static {
    /// What is kept and run.
    type Handler;
    /// Names what was taken out, and tells where it goes back to.
    type Key: Copy;

    /// The polls of this resource: one [`Polls`] for its whole life.
    fn polls(&mut self) -> &mut Polls;

    /// Puts a handler back that ran.
    ///
    /// # Errors
    /// The handler, if it is not to run again or its registration has ended meanwhile: it is dropped then.
    fn put_back(&mut self, key: Self::Key, handler: Self::Handler) -> Result<(), Self::Handler>;

    /// Ends the registration of a handler that was lost to a panic.
    fn end(&mut self, key: Self::Key);
}

/// Counts the polls of one driver, and the handlers that panicked in them.
#[derive(Debug)]
pub struct Polls {
    /// The number of the driver in this process.
    driver: u32,
    /// The number of the latest poll. Those of two drivers are 2^32 polls apart.
    latest: u64,
    panicked: u64,
}

impl Polls {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |id| id.checked_add(1));
        let driver = id.expect("a process makes fewer than 2^32 drivers");
        Self { driver, latest: u64::from(driver) << u32::BITS, panicked: 0 }
    }

    #[inline]
    pub(super) fn driver(&self) -> u32 {
        self.driver
    }

    pub(super) fn panicked(&self) -> u64 {
        self.panicked
    }
}

/// The loop of a driver: takes each handler that is due out of the resource `D`, runs it, and puts it back.
///
/// It keeps the rules of all drivers, which stand at [`Installer`](crate::Installer), so that a driver need not.
#[must_use = "handlers run when it is polled"]
pub struct Poller<D: Driver> {
    driver: Key<D>,
    /// The number of the driver, and what was out of it, when a panic ended the last poll.
    lost: Option<(u32, D::Key)>,
}

impl<D: Driver + Send> Poller<D> {
    /// Polls the resource of this key.
    pub fn new(driver: Key<D>) -> Self {
        Self { driver, lost: None }
    }

    /// Returns the key of the resource.
    #[must_use]
    pub fn key(&self) -> Key<D> {
        self.driver
    }

    /// Borrows the resource, without a stamp: that handlers run is no change that its readers should notice.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn driver<'w>(&self, world: &'w mut World) -> &'w mut D {
        self.driver.get_mut(world).into_inner_unstamped()
    }

    /// Begins a poll, and ends the registration of a handler that panicked in the one before. Returns the resource.
    ///
    /// [`run`](Self::run) does so too: this is for a driver that waits before, which should not keep a dead registration meanwhile.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[inline]
    #[track_caller]
    pub fn start<'w>(&mut self, world: &'w mut World) -> &'w mut D {
        let driver = self.driver(world);
        if self.lost.is_some() {
            reap(driver, &mut self.lost);
        }
        let polls = driver.polls();
        polls.latest = polls.latest.wrapping_add(1);
        driver
    }

    /// Polls once: runs what `next` takes out of the resource, with its event, until there is no more or `budget` handlers ran.
    /// Returns how many that were. What is left over is for the next poll.
    ///
    /// The poll also ends when a handler leaves the resource other than it was: another one is in its place, or it was polled by
    /// somebody else.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in; if a handler leaves another world in its place; or if a
    /// handler panics, which loses that handler and no other event.
    #[inline]
    #[track_caller]
    pub fn run<E>(
        &mut self,
        world: &mut World,
        budget: usize,
        mut next: impl FnMut(&mut D) -> Option<(D::Key, D::Handler, E)>,
    ) -> usize
    where
        D::Handler: Handler<E>,
    {
        let mut driver = self.start(world);
        let poll = driver.polls().latest;
        for ran in 0..budget {
            let Some((key, mut handler, event)) = next(driver) else { return ran };
            let out = Out { lost: &mut self.lost, lose: (driver.polls().driver, key) };
            world.next_sequence();
            lend_world(world, &mut handler, |handler, world| handler.run(world, event));
            mem::forget(out);
            driver = self.driver(world);
            // What is not put back is dropped with the driver at rest, so that what its drop does cannot be in the way.
            drop(driver.put_back(key, handler));
            if driver.polls().latest != poll {
                return ran + 1;
            }
        }
        budget
    }
}

/// Ends what panicked, if it was this driver's: another may be in its place by now.
#[cold]
fn reap<D: Driver>(driver: &mut D, lost: &mut Option<(u32, D::Key)>) {
    let polls = driver.polls();
    if let Some((_, key)) = lost.take().filter(|(id, _)| *id == polls.driver) {
        polls.panicked += 1;
        driver.end(key);
    }
}

/// A handler is out. Dropped only by a panic, which it notes.
struct Out<'p, L: Copy> {
    lost: &'p mut Option<L>,
    lose: L,
}

impl<L: Copy> Drop for Out<'_, L> {
    fn drop(&mut self) {
        *self.lost = Some(self.lose);
    }
}

impl<D: Driver> fmt::Debug for Poller<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Poller").field(&self.driver).finish()
    }
}
