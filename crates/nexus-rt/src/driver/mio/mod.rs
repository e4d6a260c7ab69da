//! The mio driver: installs itself, waits until sources are ready, and runs their handlers.
//!
//! A poll queries the OS once, and serves ready sources in the order reported. Events that a panic or a budget leaves
//! are served by the next poll, before it queries the OS again. Before a handler runs, its token is looked up: a
//! registration that was closed since it became ready is skipped, and one that reuses its place is not mistaken for it.
//! A wait that a signal interrupts is retried for the rest of the timeout. A shutdown request ends one wait, the
//! current or the next. An event of a registration that stays allocates nothing, and the wait is its only system call,
//! apart from the one that arms the alarm of a new deadline.

#[cfg(target_os = "linux")]
mod alarm;
mod event;
mod port;
mod resource;
mod sleep;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use event::token;
pub use event::{MioEvent, MioToken};
use port::is_of_port;
pub(super) use port::{Inlet, MOST, Port, open};
use resource::Bell;
#[cfg(feature = "smartptr")]
pub use resource::{FlexMio, InlineMio};
pub use resource::{MioDriver, MioWaker};
use sleep::{Limit, Sleep};

use crate::clock::Clock;
use crate::doorbell::Doorbell;
use crate::handler::{Handler, Virtual};
use crate::poll::{Driver, Poller};
use crate::shutdown::ShutdownHandle;
use crate::world::{Installer, Key, World, WorldBuilder};

/// The token of the waker. No registration has it, since its generation is never assigned.
const WAKER: Token = Token(usize::MAX);

/// The token of the alarm, on systems that have one. No registration has it either.
const ALARM: Token = Token(usize::MAX - 1);

/// Whether a token is that of a source, and not of the waker or the alarm.
fn is_source(token: Token) -> bool {
    token != WAKER && token != ALARM
}

/// All events were served.
const ALL: usize = usize::MAX;

/// The maximum number of events taken from the OS at once.
const EVENTS: usize = 1024;

/// Installs a [`MioDriver`] and returns its [`MioPoller`]. A [shutdown request](crate::Shutdown) ends the poller's
/// wait.
///
/// ```
/// use nexus_rt::{MioInstaller, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// let mut io = builder.install_driver(MioInstaller::new()?);
/// let shutdown = builder.shutdown_handle();
/// let mut world = builder.build();
///
/// std::thread::spawn(move || shutdown.shutdown());
/// world.run(|world| io.poll(world, None).map(drop))?; // blocks until then
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct MioInstaller<S = Virtual<MioEvent>, Tag = ()> {
    poll: Poll,
    registry: mio::Registry,
    waker: MioWaker,
    sleep: Sleep,
    types: PhantomData<fn() -> (S, Tag)>,
}

impl MioInstaller {
    /// Opens the selector and its waker.
    ///
    /// # Errors
    /// The OS error, such as too many open files.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = MioWaker(Arc::new(mio::Waker::new(&registry, WAKER)?));
        let sleep = Sleep::new(&registry)?;
        Ok(Self { poll, registry, waker, sleep, types: PhantomData })
    }
}

impl<S, Tag> MioInstaller<S, Tag> {
    /// Stores each handler as an `Other`: a [`TemplatedCallback`](crate::TemplatedCallback), an inline box, or any
    /// other handler of [`MioEvent`].
    ///
    /// ```
    /// use nexus_rt::io::MioEvent;
    /// use nexus_rt::mio::Interest;
    /// use nexus_rt::mio::net::UdpSocket;
    /// use nexus_rt::{CallbackTemplate, MioDriver, MioInstaller, TemplatedCallback};
    /// use nexus_rt::{WorldBuilder, callback_blueprint};
    ///
    /// callback_blueprint!(OnReadable, Context = u32, Event = MioEvent, Params = ());
    ///
    /// let mut builder = WorldBuilder::new();
    /// let installer = MioInstaller::new()?.stored_as::<TemplatedCallback<OnReadable>>();
    /// let _poller = builder.install_driver(installer);
    /// let mut world = builder.build();
    /// let count = |n: &mut u32, _: MioEvent| *n += 1;
    /// let template = CallbackTemplate::<OnReadable>::new(count, world.registry());
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    /// let mut io = world.resource_mut::<MioDriver<TemplatedCallback<OnReadable>>>();
    /// let token = io.register(socket, Interest::READABLE, template.generate(0))?;
    /// assert_eq!(io.get_mut(token).map(|handler| handler.ctx), Some(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stored_as<Other: Handler<MioEvent> + 'static>(self) -> MioInstaller<Other, Tag> {
        let Self { poll, registry, waker, sleep, .. } = self;
        MioInstaller { poll, registry, waker, sleep, types: PhantomData }
    }

    /// Distinguishes this driver from others of the same world: its resource is a `MioDriver<S, Other>`.
    pub fn tagged<Other: 'static>(self) -> MioInstaller<S, Other> {
        let Self { poll, registry, waker, sleep, .. } = self;
        MioInstaller { poll, registry, waker, sleep, types: PhantomData }
    }
}

impl<S: Handler<MioEvent> + 'static, Tag: 'static> Installer for MioInstaller<S, Tag> {
    type Poller = MioPoller<S, Tag>;

    /// # Panics
    /// If the world already has such a driver: [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> MioPoller<S, Tag> {
        let Self { poll, registry, waker, sleep, .. } = self;
        let bell = Bell::default();
        let mut driver = MioDriver::<S, Tag>::new(registry, waker, bell.clone());
        let (id, rings) = (driver.polls().driver(), driver.doorbell());
        builder.register(driver);
        let shutdown = builder.shutdown_handle();
        // A poll that only looks leaves a ring to the one that would wait.
        shutdown.on_shutdown(move || rings.ring());
        let events = Events::with_capacity(EVENTS);
        MioPoller {
            poll,
            events,
            next: ALL,
            forwarded: true,
            id,
            shutdown,
            sleep,
            bell,
            poller: Poller::new(builder.key()),
        }
    }
}

impl<S, Tag> fmt::Debug for MioInstaller<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MioInstaller")
    }
}

/// Waits until sources are ready, and runs their handlers. [`MioInstaller`] returns it, and `main()` polls it.
///
/// [`MioDriver`] describes how to register sources, and [`Installer`] the rules of all drivers.
#[must_use = "sources are served when it is polled"]
pub struct MioPoller<S: 'static = Virtual<MioEvent>, Tag: 'static = ()> {
    poll: Poll,
    events: Events,
    /// The first event still to be served, or [`ALL`]: events that a panic or a budget leaves are for the next poll.
    next: usize,
    /// Whether the ports have their events of the last wait.
    forwarded: bool,
    id: u32,
    shutdown: ShutdownHandle,
    sleep: Sleep,
    bell: Bell,
    poller: Poller<MioDriver<S, Tag>>,
}

impl<S: Handler<MioEvent> + 'static, Tag: 'static> MioPoller<S, Tag> {
    /// Waits until a source is ready, and runs the handlers of the ready sources, in the order in which the OS reports
    /// them. Returns the number of handlers run.
    ///
    /// The wait lasts at most `timeout`; `None` means no limit. It also ends when a [waker](MioDriver::waker) is
    /// called, when the [doorbell](MioDriver::doorbell) rings, and once after a shutdown request. A wait that a signal
    /// interrupts continues for the rest of the timeout. Events that an earlier poll left are served first, without
    /// waiting.
    ///
    /// On Linux, the wait usually ends about 60 microseconds after the timeout, the scheduler's own jitter. Elsewhere,
    /// it ends with the resolution of the OS, which may be a millisecond or more.
    ///
    /// If another driver replaces this one in its world, ready sources wait until it is back. If an earlier poll has
    /// left some of them, a poll lasts at most a millisecond meanwhile.
    ///
    /// If the world has a [`Clock`], each poll [updates](Clock::update) it after the wait, and nothing else in the
    /// library does. A turn begins here, and all of its handlers, timers included, see one time.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use nexus_rt::{MioInstaller, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let mut io = builder.install_driver(MioInstaller::new()?);
    /// let mut world = builder.build();
    /// assert_eq!(io.poll(&mut world, Some(Duration::ZERO))?, 0); // only looks
    /// assert_eq!(io.poll(&mut world, Some(Duration::from_millis(1)))?, 0); // waits
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, other than an interruption.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in; if a handler leaves another world in its place; or
    /// if a handler panics, which loses its own registration and no other: the rest is served by the next poll.
    #[track_caller]
    pub fn poll(&mut self, world: &mut World, timeout: Option<Duration>) -> io::Result<usize> {
        self.poll_budget(world, timeout, usize::MAX)
    }

    /// Like [`poll`](Self::poll), but waits until `deadline` at most, such as that of the next timer. It does not wait
    /// if the deadline is at or before `now`, and `None` means no limit.
    ///
    /// `now` may be ahead of the machine's clock, as that of a world is after the replay of a journal whose last input
    /// is later. The wait then lasts no longer than from `now` to the deadline.
    ///
    /// ```
    /// # #[cfg(feature = "timer")]
    /// # fn main() -> std::io::Result<()> {
    /// # use std::time::{Duration, Instant};
    /// # use nexus_rt::timer::TimerEvent;
    /// # use nexus_rt::{IntoHandler, MioInstaller, ResMut, TimerInstaller, TimerWheel, WorldBuilder};
    /// # let mut now = Instant::now();
    /// # let mut builder = WorldBuilder::new();
    /// let mut io = builder.install_driver(MioInstaller::new()?);
    /// let mut timers = builder.install_driver(TimerInstaller::new(now));
    /// # builder.register(0_u32);
    /// # let mut world = builder.build();
    /// # let beat = Box::new((|mut beats: ResMut<u32>, _: TimerEvent| *beats += 1).into_handler(world.registry()));
    /// # world.resource_mut::<TimerWheel>().schedule(now + Duration::from_millis(2), beat);
    /// while *world.resource::<u32>() == 0 {
    ///     // Sleeps until the timer is due.
    ///     io.poll_until(&mut world, now, |world| timers.next_deadline(world))?;
    ///     now = Instant::now();
    ///     timers.poll(&mut world, now);
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "timer"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    ///
    /// # Panics
    /// As [`poll`](Self::poll).
    #[track_caller]
    pub fn poll_until(
        &mut self,
        world: &mut World,
        now: Instant,
        deadline: impl FnOnce(&World) -> Option<Instant>,
    ) -> io::Result<usize> {
        let until = deadline(world);
        self.poll_limit(world, Limit::by(now, until), usize::MAX)
    }

    /// Like [`poll`](Self::poll), but runs at most `budget` handlers. The next poll serves the rest before it asks the
    /// OS again, at a new time of the clock. Sources of other drivers, such as connections, do not count: they have
    /// budgets of their own.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    ///
    /// # Panics
    /// As [`poll`](Self::poll).
    #[track_caller]
    pub fn poll_budget(&mut self, world: &mut World, timeout: Option<Duration>, budget: usize) -> io::Result<usize> {
        self.poll_limit(world, Limit::of(timeout), budget)
    }

    #[track_caller]
    fn poll_limit(&mut self, world: &mut World, limit: Limit, budget: usize) -> io::Result<usize> {
        let foreign = self.poller.start(world).polls().driver() != self.id;
        if !self.has_left() {
            self.wait(limit)?;
        } else if foreign {
            self.doze(limit);
        }
        if let Some(mut clock) = world.try_resource_mut::<Clock>() {
            clock.update();
        }
        if foreign {
            // Ready sources wait until their driver is back.
            return Ok(0);
        }
        let (id, all) = (self.id, &self.events);
        let forwarded = mem::replace(&mut self.forwarded, true);
        let forward = |driver: &mut MioDriver<S, Tag>| {
            if !forwarded {
                driver.ports().forward(id, all);
            }
        };
        let mut events = self.events.iter().skip(self.next);
        let ran = self.poller.run_after(world, budget, forward, |driver| {
            let found = events.by_ref().inspect(|_| self.next += 1).find_map(|event| {
                // The token of a port is none of a registration, since its index is too large.
                let token = token(id, event.token());
                Some((token, driver.take_out(token)?, MioEvent::new(token, event)))
            });
            if found.is_none() {
                self.next = ALL;
            }
            found
        });
        Ok(ran)
    }

    /// Returns whether an earlier poll has left events.
    fn has_left(&self) -> bool {
        let is_left = |token: Token| is_source(token) && !(self.forwarded && is_of_port(self::token(self.id, token)));
        self.next != ALL && self.events.iter().skip(self.next).any(|event| is_left(event.token()))
    }

    /// Sleeps a little while events wait for their driver: the OS reports them only once, so it is not asked for more.
    #[cold]
    fn doze(&self, limit: Limit) {
        if let Limit::Until(until) = limit {
            thread::sleep(Limit::Until(self.shutdown.limit(until)).left().min(Duration::from_millis(1)));
        }
    }

    /// Returns another handle of the selector, for drivers over this one.
    pub(super) fn registry(&self) -> io::Result<mio::Registry> {
        self.poll.registry().try_clone()
    }

    /// Returns the key of the resource, for drivers over it.
    pub(super) fn key(&self) -> Key<MioDriver<S, Tag>> {
        self.poller.key()
    }

    /// Queries the OS for ready sources.
    fn wait(&mut self, limit: Limit) -> io::Result<()> {
        self.next = ALL;
        let bell = self.bell.get().filter(|_| limit != Limit::Now);
        let limit = match limit {
            Limit::Until(until) if bell.is_none_or(Doorbell::may_sleep) => Limit::Until(self.shutdown.limit(until)),
            _ => Limit::Now,
        };
        let asked = self.sleep.until(&mut self.poll, &mut self.events, limit);
        if let Some(bell) = bell {
            bell.answer();
        }
        asked?;
        (self.next, self.forwarded) = (0, false);
        Ok(())
    }
}

impl<S, Tag> fmt::Debug for MioPoller<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MioPoller")
    }
}
