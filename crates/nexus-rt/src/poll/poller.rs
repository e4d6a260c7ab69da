//! `Poller`: the loop of a driver, which keeps the rules listed at `Installer`.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::call::lend_world;
use crate::handler::Handler;
use crate::world::{Key, World};

/// The resource of a driver, as its [`Poller`] sees it: it stores handlers, which leave it to run and come back.
///
/// With [`Registrations`](crate::poll::Registrations) as the storage, this is a complete driver:
///
/// ```
/// use std::collections::VecDeque;
///
/// use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
/// use nexus_rt::{Installer, IntoHandler, ResMut, Virtual, WorldBuilder};
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
///             // The registration may have ended since.
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
/// The resource may be swapped with another one, and come back. If a handler drops it instead while it runs, such as by
/// `*bus = Bus::default()`, a few bytes about that handler stay in the poller: it cannot tell that the resource never
/// comes back.
///
/// [`check_driver`](crate::testing::check_driver) runs any driver through the rules of [`Installer`](crate::Installer).
pub trait Driver: 'static {
    /// The type of stored handlers.
    type Handler;
    /// Identifies a handler that was taken out, and its place.
    type Key: Copy;

    /// Returns the poll state of this resource: one [`Polls`] for its whole life, such as that of its
    /// [`Registrations`](crate::poll::Registrations).
    fn polls(&mut self) -> &mut Polls;

    /// Puts a handler back after its run. A driver whose handlers repeat rearms them here.
    ///
    /// # Errors
    /// Returns the handler, to be dropped, if it is not to run again or if its registration has ended meanwhile.
    fn put_back(&mut self, key: Self::Key, handler: Self::Handler) -> Result<(), Self::Handler>;

    /// Ends the registration of a handler that will not come back, because it panicked or because the resource was
    /// elsewhere when it returned.
    fn end(&mut self, key: Self::Key);
}

/// The poll state of one driver: its identity, the number of its polls, and the number of handlers that panicked.
#[derive(Debug)]
pub struct Polls {
    driver: u32,
    /// The number of the latest poll.
    latest: u64,
    panicked: u64,
}

impl Polls {
    pub(crate) fn driver(&self) -> u32 {
        self.driver
    }

    /// The numbers of the driver and of its latest poll.
    #[cfg(any(feature = "mio", feature = "ring"))]
    pub(crate) fn numbers(&self) -> (u32, u64) {
        (self.driver, self.latest)
    }

    pub(crate) fn panicked(&self) -> u64 {
        self.panicked
    }
}

impl Default for Polls {
    /// Returns the state of a new driver.
    ///
    /// # Panics
    /// If the process creates its 2^32nd driver.
    fn default() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |id| id.checked_add(1));
        Self { driver: id.expect("a process makes fewer than 2^32 drivers"), latest: 0, panicked: 0 }
    }
}

/// The loop of a driver: takes each handler that is due out of the resource `D`, runs it, and puts it back.
///
/// It keeps the rules of all drivers, which [`Installer`](crate::Installer) lists, so that a driver need not.
#[must_use = "handlers run when it is polled"]
pub struct Poller<D: Driver> {
    resource: Key<D>,
    /// Handlers that went out and did not come back, to be ended when their driver is met again.
    lost: Vec<Lost<D::Key>>,
}

/// A handler that did not come back.
#[derive(Clone, Copy)]
struct Lost<K> {
    driver: u32,
    key: K,
    panicked: bool,
}

impl<D: Driver + Send> Poller<D> {
    /// Creates a poller of the resource with this key.
    pub fn new(resource: Key<D>) -> Self {
        Self { resource, lost: Vec::new() }
    }

    /// Returns the key of the resource.
    #[must_use]
    pub fn key(&self) -> Key<D> {
        self.resource
    }

    /// Borrows the resource without marking it changed: running handlers is not a change to it.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn resource<'w>(&self, world: &'w mut World) -> &'w mut D {
        self.resource.get_mut(world).into_inner_unstamped()
    }

    /// Begins a poll, and ends the registrations whose handlers panicked earlier. Returns the resource.
    ///
    /// [`run`](Self::run) does this too. This method is for a driver that waits first, so that a dead registration does
    /// not stay open during the wait.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[inline]
    #[track_caller]
    pub fn start<'w>(&mut self, world: &'w mut World) -> &'w mut D {
        let driver = self.resource(world);
        if !self.lost.is_empty() {
            reap(driver, &mut self.lost);
        }
        driver.polls().latest += 1;
        driver
    }

    /// Polls once: runs each handler that `next` takes out of the resource, with its event, until `next` returns `None`
    /// or `budget` handlers ran. Returns the number of handlers run.
    ///
    /// If handlers keep making events due, only the budget ends the poll. The poll also ends if a handler swaps the
    /// resource with another one, or polls it elsewhere. Events that are left wait for the next poll.
    ///
    /// ```
    /// # use std::collections::VecDeque;
    /// # use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
    /// # use nexus_rt::{IntoHandler, ResMut, Virtual, WorldBuilder};
    /// # #[derive(Default)]
    /// # struct Bus { subscribers: Registrations<Virtual<u64>>, due: VecDeque<(RegistrationKey, u64)> }
    /// # impl Driver for Bus {
    /// #     type Handler = Virtual<u64>;
    /// #     type Key = RegistrationKey;
    /// #     fn polls(&mut self) -> &mut Polls { self.subscribers.polls() }
    /// #     fn put_back(&mut self, key: RegistrationKey, handler: Virtual<u64>) -> Result<(), Virtual<u64>> {
    /// #         self.subscribers.put_back(key, handler)
    /// #     }
    /// #     fn end(&mut self, key: RegistrationKey) { self.subscribers.remove(key); }
    /// # }
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register_default::<Bus>();
    /// # builder.register(0_u64);
    /// # let mut poller = Poller::<Bus>::new(builder.key());
    /// # let mut world = builder.build();
    /// # let add = (|mut sum: ResMut<u64>, value: u64| *sum += value).into_handler(world.registry());
    /// # let mut bus = world.resource_mut::<Bus>();
    /// # let subscriber = bus.subscribers.insert(Box::new(add), ());
    /// # drop(bus);
    /// world.resource_mut::<Bus>().due.extend([(subscriber, 5), (subscriber, 6)]);
    /// let next = |bus: &mut Bus| {
    ///     let (key, value) = bus.due.pop_front()?;
    ///     Some((key, bus.subscribers.take_out(key)?, value))
    /// };
    /// assert_eq!(poller.run(&mut world, 1, next), 1); // within the budget
    /// assert_eq!(poller.run(&mut world, 10, next), 1);
    /// assert_eq!(*world.resource::<u64>(), 11);
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in; if a handler leaves another world in its place; or
    /// if a handler panics, which loses that handler and no other event.
    #[inline]
    #[track_caller]
    pub fn run<E>(
        &mut self,
        world: &mut World,
        budget: usize,
        next: impl FnMut(&mut D) -> Option<(D::Key, D::Handler, E)>,
    ) -> usize
    where
        D::Handler: Handler<E>,
    {
        self.run_after(world, budget, |_| {}, next)
    }

    /// Calls `begin` on the resource once the poll has begun, and then does the same as [`run`](Self::run).
    #[inline]
    #[track_caller]
    pub(crate) fn run_after<E>(
        &mut self,
        world: &mut World,
        budget: usize,
        begin: impl FnOnce(&mut D),
        mut next: impl FnMut(&mut D) -> Option<(D::Key, D::Handler, E)>,
    ) -> usize
    where
        D::Handler: Handler<E>,
    {
        let mut driver = self.start(world);
        begin(driver);
        let &mut Polls { driver: id, latest: poll, .. } = driver.polls();
        for ran in 0..budget {
            let Some((key, mut handler, event)) = next(driver) else { return ran };
            let out = Out { lost: &mut self.lost, driver: id, key: &key };
            world.next_sequence();
            lend_world(world, &mut handler, |handler, world| handler.run(world, event));
            mem::forget(out);
            driver = self.resource(world);
            if driver.polls().driver != id {
                // Its driver is elsewhere, so its registration has lost it.
                self.lost.push(Lost { driver: id, key, panicked: false });
                return ran + 1;
            }
            // A handler that is not put back is dropped while the driver is at rest, so that its drop cannot interfere.
            drop(driver.put_back(key, handler));
            if driver.polls().latest != poll {
                return ran + 1;
            }
        }
        budget
    }
}

/// Ends what this driver lost. What others lost waits, since they may be back later.
#[cold]
fn reap<D: Driver>(driver: &mut D, lost: &mut Vec<Lost<D::Key>>) {
    let id = driver.polls().driver;
    for Lost { key, panicked, .. } in lost.extract_if(.., |lost| lost.driver == id) {
        driver.polls().panicked += u64::from(panicked);
        driver.end(key);
    }
}

/// Marks a handler that is out. It is dropped only by a panic, which it records.
struct Out<'p, K: Copy> {
    lost: &'p mut Vec<Lost<K>>,
    driver: u32,
    key: &'p K,
}

impl<K: Copy> Drop for Out<'_, K> {
    fn drop(&mut self) {
        self.lost.push(Lost { driver: self.driver, key: *self.key, panicked: true });
    }
}

impl<D: Driver> fmt::Debug for Poller<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Poller").field(&self.resource).finish()
    }
}
