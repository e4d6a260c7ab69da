//! The inbox driver: events from other threads.

mod channel;
mod receiver;
mod resource;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use channel::Channel;
pub use channel::{Full, SendError, Sender, Stats};
pub use receiver::{Outbox, Receiver, channel};
pub use resource::{Closed, Inbox};

use crate::call::lend_world;
use crate::doorbell::Doorbell;
use crate::handler::Handler;
use crate::poll::{Driver, Poller};
use crate::world::{Installer, World, WorldBuilder};

/// Installs an [`Inbox`] for events of type `T` and returns its [`InboxPoller`].
///
/// ```
/// use std::thread;
///
/// use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
/// use nexus_rt::wait::Parker;
/// use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// let shutdown = builder.shutdown_handle();
/// let mut parker = Parker::new(&shutdown);
/// let installer = InboxInstaller::<u64>::new(1_024, Full::Wait, &parker.doorbell());
/// let mut inbox = builder.install_driver(installer);
/// let sender = builder.resource_mut::<Inbox<u64>>().sender();
/// builder.register(0_u64);
/// let mut world = builder.build();
///
/// thread::spawn(move || {
///     (1..=100).for_each(|n| sender.send(n).unwrap());
///     shutdown.shutdown();
/// });
/// let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(world.registry());
/// world.run(|world| {
///     inbox.poll(world, 64, &mut add);
///     parker.park(None); // sleeps until something is sent
/// });
/// inbox.poll(&mut world, usize::MAX, &mut add);
/// assert_eq!(*world.resource::<u64>(), 5_050);
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct InboxInstaller<T, Tag = ()> {
    channel: Arc<Channel<T>>,
    tag: PhantomData<fn() -> Tag>,
}

impl<T> InboxInstaller<T> {
    /// Creates a queue with room for `capacity` events. Its senders ring `bell`, the doorbell of the sleep of the loop:
    /// [`MioDriver::doorbell`](crate::MioDriver::doorbell) or [`Parker::doorbell`](crate::wait::Parker::doorbell).
    ///
    /// # Panics
    /// If `capacity` is zero.
    #[track_caller]
    pub fn new(capacity: usize, full: Full, bell: &Doorbell) -> Self {
        Self { channel: Channel::new(capacity, full, bell.clone()), tag: PhantomData }
    }
}

impl<T, Tag> InboxInstaller<T, Tag> {
    /// Distinguishes this inbox from others for the same type: its resource is an `Inbox<T, Other>`.
    pub fn tagged<Other: 'static>(self) -> InboxInstaller<T, Other> {
        InboxInstaller { channel: self.channel, tag: PhantomData }
    }
}

impl<T: Send + 'static, Tag: 'static> Installer for InboxInstaller<T, Tag> {
    type Poller = InboxPoller<T, Tag>;

    /// # Panics
    /// If the world already has such an inbox: [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> InboxPoller<T, Tag> {
        builder.register(Inbox::<T, Tag>::new(self.channel.clone()));
        InboxPoller { channel: self.channel, poller: Poller::new(builder.key()) }
    }
}

impl<T, Tag> fmt::Debug for InboxInstaller<T, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InboxInstaller")
    }
}

/// Runs a handler for each event that other threads have sent. [`InboxInstaller`] returns it, and `main()` polls it.
///
/// The handler belongs to `main()`: a function, a pipeline, anything that handles a `T`. For a
/// [`BatchPipeline`](crate::BatchPipeline), [`fill`](Self::fill) its buffer.
#[must_use = "events are handled when it is polled"]
pub struct InboxPoller<T: 'static, Tag: 'static = ()> {
    channel: Arc<Channel<T>>,
    poller: Poller<Inbox<T, Tag>>,
}

/// The end of a poll, even by a panic: it wakes blocked senders, and keeps the loop from sleeping while events are
/// left.
struct Rest<'p, T> {
    channel: &'p Channel<T>,
    /// Whether the poll ended normally, so that it looks at the end of the senders next.
    finished: bool,
}

impl<'p, T> Rest<'p, T> {
    fn of(channel: &'p Channel<T>) -> Self {
        Self { channel, finished: false }
    }

    fn finish(mut self) {
        self.finished = true;
    }
}

impl<T> Drop for Rest<'_, T> {
    fn drop(&mut self) {
        self.channel.made_room();
        if self.channel.len() > 0 || !self.finished && self.channel.is_over() {
            self.channel.bell().ring();
        }
    }
}

/// No poll can follow.
impl<T: 'static, Tag: 'static> Drop for InboxPoller<T, Tag> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

impl<T: Send + 'static, Tag: 'static> InboxPoller<T, Tag> {
    /// Runs `handler` for each event that has arrived, in order, at most `budget` times. Returns the number of handlers
    /// run.
    ///
    /// The next poll serves the rest, and the loop does not sleep before it. Once no sender exists and no event is
    /// left, the handler of [`Inbox::on_closed`] runs, once. If another inbox replaces this one in its world, the
    /// events wait until it is back, and the loop does not sleep while there are any.
    ///
    /// ```
    /// # use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
    /// # use nexus_rt::wait::Parker;
    /// # use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let parker = Parker::new(&builder.shutdown_handle());
    /// let installer = InboxInstaller::<u64>::new(64, Full::Refuse, &parker.doorbell());
    /// let mut inbox = builder.install_driver(installer);
    /// # builder.register(0_u64);
    /// # let mut world = builder.build();
    /// let sender = world.resource_mut::<Inbox<u64>>().sender();
    /// let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(world.registry());
    ///
    /// [1, 2, 3].map(|n| sender.send(n).unwrap()); // usually on another thread
    /// assert_eq!(inbox.poll(&mut world, 2, &mut add), 2);
    /// assert_eq!(inbox.poll(&mut world, 2, &mut add), 1);
    /// assert_eq!(*world.resource::<u64>(), 6);
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the inbox was installed in, if a handler leaves another world in its place, or
    /// if a handler panics, which loses its event and no other: the rest is served by the next poll.
    #[track_caller]
    pub fn poll<H: Handler<T> + ?Sized>(&mut self, world: &mut World, budget: usize, handler: &mut H) -> usize {
        let Some(now) = self.start(world) else { return 0 };
        let rest = Rest::of(&self.channel);
        let mut ran = 0;
        while ran < budget {
            let Some(event) = self.channel.pop() else { break };
            world.next_sequence();
            lend_world(world, &mut &mut *handler, |handler, world| handler.run(world, event));
            ran += 1;
            // An inbox that a handler exchanged, or polled itself, ends this poll.
            if self.poller.resource(world).polls().numbers() == now {
                continue;
            }
            return ran;
        }
        rest.finish();
        ran + self.closed(world, budget - ran)
    }

    /// Moves the events that have arrived into `buffer`, at most `budget`: that of
    /// [`BatchPipeline::input_mut`](crate::BatchPipeline::input_mut). Returns the number of events moved.
    ///
    /// The handler of [`Inbox::on_closed`] runs as in [`poll`](Self::poll), once the last event has been moved.
    ///
    /// ```
    /// # use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
    /// # use nexus_rt::wait::Parker;
    /// # use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let parker = Parker::new(&builder.shutdown_handle());
    /// # let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(64, Full::Refuse, &parker.doorbell()));
    /// # builder.register(0_u64);
    /// # let mut world = builder.build();
    /// # let sender = world.resource_mut::<Inbox<u64>>().sender();
    /// # [1, 2, 3].map(|n| sender.send(n).unwrap());
    /// let sum = |mut sum: ResMut<u64>, n: u64| *sum += n;
    /// let mut batch = PipelineStart::<u64>::new().then(sum, world.registry()).build_batch(64);
    /// assert_eq!(inbox.fill(&mut world, 64, batch.input_mut()), 3);
    /// batch.run(&mut world);
    /// assert_eq!(*world.resource::<u64>(), 6);
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the inbox was installed in, or if that handler panics.
    #[track_caller]
    pub fn fill(&mut self, world: &mut World, budget: usize, buffer: &mut Vec<T>) -> usize {
        if self.start(world).is_none() {
            return 0;
        }
        let rest = Rest::of(&self.channel);
        let before = buffer.len();
        buffer.extend(std::iter::from_fn(|| self.channel.pop()).take(budget));
        rest.finish();
        self.closed(world, 1);
        buffer.len() - before
    }

    /// Begins a poll, unless another inbox has replaced this one: then its events wait until it is back.
    #[track_caller]
    fn start(&mut self, world: &mut World) -> Option<(u32, u64)> {
        let inbox = self.poller.start(world);
        if !inbox.is_of(&self.channel) {
            // Nobody rings when it is back.
            if self.channel.is_due() {
                self.channel.bell().ring();
            }
            return None;
        }
        inbox.found(self.channel.len());
        Some(inbox.polls().numbers())
    }

    #[track_caller]
    fn closed(&mut self, world: &mut World, budget: usize) -> usize {
        if !self.channel.is_over() {
            return 0;
        }
        if budget == 0 && self.poller.resource(world).is_open() {
            // No sender will ring for the handler that must still run.
            self.channel.bell().ring();
        }
        self.poller.run(world, budget.min(1), Inbox::take_closed)
    }
}

impl<T, Tag> fmt::Debug for InboxPoller<T, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InboxPoller")
    }
}
