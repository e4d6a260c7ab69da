//! Drivers as `check_driver` wants them: timers, sockets, reactors, and one by hand that can be told to break a rule.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::mem;
use std::os::unix::net::UnixStream as Client;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::UnixStream;
use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
use nexus_rt::reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId};
use nexus_rt::testing::{DriverRig, Probe};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    Handler, IntoHandler, Key, MioDriver, MioInstaller, MioPoller, TimerInstaller, TimerPoller, TimerWheel, Virtual,
    World, WorldBuilder,
};

/// The deadline that was given last.
struct Latest(Instant);

pub(crate) struct TimerRig {
    world: World,
    poller: TimerPoller,
}

impl DriverRig for TimerRig {
    type Key = TimerKey;

    fn new() -> Self {
        let now = Instant::now();
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(TimerInstaller::new(now));
        builder.register(Latest(now));
        Self { world: builder.build(), poller }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        let now = self.world.try_resource::<Latest>().map_or_else(Instant::now, |latest| latest.0);
        self.poller.poll_budget(&mut self.world, now, budget)
    }

    fn register(world: &mut World, mut probe: Probe<TimerKey>) -> TimerKey {
        let handler = move |world: &mut World, event: TimerEvent| probe(world, event.key);
        let handler = Box::new(handler.into_handler(world.registry()));
        let (far, year) = (world.resource::<Latest>().0, Duration::from_secs(365 * 86_400));
        world.resource_mut::<TimerWheel>().schedule_every(far + year, year, handler)
    }

    fn fire(world: &mut World, key: TimerKey) {
        world.resource_mut::<Latest>().0 += Duration::from_nanos(1);
        let deadline = world.resource::<Latest>().0;
        world.resource_mut::<TimerWheel>().reschedule(key, deadline);
    }

    fn end(world: &mut World, key: TimerKey) -> bool {
        world.resource_mut::<TimerWheel>().cancel(key)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<TimerWheel>().panicked()
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<TimerWheel>(), &mut *other.resource_mut::<TimerWheel>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}

/// The other ends of the sockets that the driver owns.
type Clients = HashMap<MioToken, Client>;

pub(crate) struct MioRig {
    world: World,
    poller: MioPoller,
}

impl DriverRig for MioRig {
    type Key = MioToken;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(MioInstaller::new().unwrap());
        builder.register(Clients::new());
        Self { world: builder.build(), poller }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        self.poller.poll_budget(&mut self.world, Some(Duration::ZERO), budget).unwrap()
    }

    fn register(world: &mut World, mut probe: Probe<MioToken>) -> MioToken {
        let (client, own) = Client::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        let handler = move |world: &mut World, event: MioEvent| {
            let mut io = world.resource_mut::<MioDriver>();
            let stream = io.source::<UnixStream>(event.token).expect("the driver owns it");
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
            probe(world, event.token);
        };
        let handler = Box::new(handler.into_handler(world.registry()));
        let own = UnixStream::from_std(own);
        let token = world.resource_mut::<MioDriver>().register(own, Interest::READABLE, handler).unwrap();
        world.resource_mut::<Clients>().insert(token, client);
        token
    }

    fn fire(world: &mut World, key: MioToken) {
        if let Some(client) = world.resource_mut::<Clients>().get_mut(&key) {
            // Fails if the driver has closed the other end.
            let _ = client.write_all(b"x");
        }
    }

    fn end(world: &mut World, key: MioToken) -> bool {
        world.resource_mut::<MioDriver>().close(key)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<MioDriver>().panicked()
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<MioDriver>(), &mut *other.resource_mut::<MioDriver>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}

pub(crate) struct ReactorsRig(World, ReactorsPoller);

impl DriverRig for ReactorsRig {
    type Key = (ReactorId, SourceId);

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(ReactorsInstaller::new());
        Self(builder.build(), poller)
    }

    fn world(&mut self) -> &mut World {
        &mut self.0
    }

    fn poll(&mut self, budget: usize) -> usize {
        self.1.poll_budget(&mut self.0, budget)
    }

    fn register(world: &mut World, mut probe: Probe<Self::Key>) -> Self::Key {
        let handler = move |world: &mut World, event: ReactorEvent| probe(world, (event.reactor, event.first));
        let handler = Box::new(handler.into_handler(world.registry()));
        let source = world.resource_mut::<Reactors>().add_source();
        (world.resource_mut::<Reactors>().add(handler, [source]), source)
    }

    fn fire(world: &mut World, (_, source): Self::Key) {
        world.resource_mut::<Reactors>().mark(source);
    }

    fn end(world: &mut World, (reactor, _): Self::Key) -> bool {
        world.resource_mut::<Reactors>().remove(reactor)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Reactors>().panicked()
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<Reactors>(), &mut *other.resource_mut::<Reactors>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}

/// What a loop by hand may get wrong.
pub(crate) mod fault {
    pub(crate) const NONE: u8 = 0;
    pub(crate) const NO_SEQUENCE: u8 = 1;
    pub(crate) const STALE_KEYS: u8 = 2;
    pub(crate) const COLLECTS_FIRST: u8 = 3;
    pub(crate) const PUTS_BACK_ANYWAY: u8 = 4;
    pub(crate) const LOSES_THE_REST: u8 = 5;
    pub(crate) const COUNTS_DROPS: u8 = 6;
    pub(crate) const ANY_WORLD: u8 = 7;
    pub(crate) const NO_BUDGET: u8 = 8;
    pub(crate) const GOES_ON: u8 = 9;
    pub(crate) const ALLOCATES: u8 = 10;
}

#[derive(Default)]
struct Bus {
    subscribers: Registrations<Virtual<RegistrationKey>>,
    due: VecDeque<RegistrationKey>,
    /// Counts from where no other bus does.
    polls: u64,
    panicked: u64,
}

impl Bus {
    fn next(&mut self) -> Option<(RegistrationKey, Virtual<RegistrationKey>)> {
        std::iter::from_fn(|| self.due.pop_front()).find_map(|key| Some((key, self.subscribers.take_out(key)?)))
    }
}

impl Driver for Bus {
    type Handler = Virtual<RegistrationKey>;
    type Key = RegistrationKey;

    fn polls(&mut self) -> &mut Polls {
        self.subscribers.polls()
    }

    fn put_back(&mut self, key: RegistrationKey, handler: Self::Handler) -> Result<(), Self::Handler> {
        self.subscribers.put_back(key, handler)
    }

    fn end(&mut self, key: RegistrationKey) {
        self.subscribers.remove(key);
    }
}

/// The same driver with the library's loop.
pub(crate) struct BusRig {
    world: World,
    poller: Poller<Bus>,
}

impl DriverRig for BusRig {
    type Key = RegistrationKey;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        builder.register_default::<Bus>();
        Self { poller: Poller::new(builder.key()), world: builder.build() }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        self.poller.run(&mut self.world, budget, |bus| bus.next().map(|(key, handler)| (key, handler, key)))
    }

    fn register(world: &mut World, probe: Probe<RegistrationKey>) -> RegistrationKey {
        ByHand::<{ fault::NONE }>::register(world, probe)
    }

    fn fire(world: &mut World, key: RegistrationKey) {
        ByHand::<{ fault::NONE }>::fire(world, key);
    }

    fn end(world: &mut World, key: RegistrationKey) -> bool {
        ByHand::<{ fault::NONE }>::end(world, key)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Bus>().subscribers.panicked()
    }

    fn swap(one: &mut World, other: &mut World) {
        ByHand::<{ fault::NONE }>::swap(one, other);
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}

/// A driver with a loop of its own, right but for its fault.
pub(crate) struct ByHand<const FAULT: u8> {
    world: World,
    bus: Key<Bus>,
    running: Option<RegistrationKey>,
    /// What could not be put back, in case its bus comes back.
    gone: Vec<RegistrationKey>,
}

impl<const FAULT: u8> ByHand<FAULT> {
    fn bus(&mut self) -> &mut Bus {
        match FAULT {
            fault::ANY_WORLD => self.world.resource_mut::<Bus>().into_inner(),
            _ => self.bus.get_mut(&mut self.world).into_inner(),
        }
    }

    fn run(&mut self, key: RegistrationKey, mut handler: Virtual<RegistrationKey>) {
        self.running = Some(key);
        if FAULT != fault::NO_SEQUENCE {
            self.world.next_sequence();
        }
        if FAULT == fault::ALLOCATES {
            handler = Box::new(handler);
        }
        let id = self.world.world_id();
        handler.run(&mut self.world, key);
        assert_eq!(self.world.world_id(), id);
        if FAULT != fault::COUNTS_DROPS {
            self.running = None;
        }
        let bus = self.bus();
        match bus.subscribers.put_back(key, handler) {
            Err(handler) if FAULT == fault::PUTS_BACK_ANYWAY => _ = bus.subscribers.insert(handler, ()),
            Err(_) => self.gone.push(key),
            Ok(()) => {}
        }
        self.running = None;
    }
}

impl<const FAULT: u8> DriverRig for ByHand<FAULT> {
    type Key = RegistrationKey;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let polls = NEXT.fetch_add(1, Ordering::Relaxed) << 32;
        builder.register(Bus { polls, ..Bus::default() });
        Self { bus: builder.key(), world: builder.build(), running: None, gone: Vec::new() }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        let budget = if FAULT == fault::NO_BUDGET { budget.max(1) } else { budget };
        let lost = self.running.take();
        let mut gone = mem::take(&mut self.gone);
        let bus = self.bus();
        gone.retain(|key| bus.subscribers.remove(*key).is_none());
        bus.polls += 1;
        let poll = bus.polls;
        if let Some(key) = lost {
            bus.panicked += 1;
            bus.subscribers.remove(key);
            if FAULT == fault::LOSES_THE_REST {
                bus.due.clear();
            }
        }
        if FAULT == fault::COLLECTS_FIRST {
            let due: Vec<_> = std::iter::from_fn(|| self.bus().next()).take(budget).collect();
            return due.into_iter().map(|(key, handler)| self.run(key, handler)).count();
        }
        for ran in 0..budget {
            let Some((key, handler)) = self.bus().next() else { return ran };
            self.run(key, handler);
            if self.bus().polls != poll && FAULT != fault::GOES_ON {
                return ran + 1;
            }
        }
        budget
    }

    fn register(world: &mut World, mut probe: Probe<RegistrationKey>) -> RegistrationKey {
        let handler = move |world: &mut World, key: RegistrationKey| probe(world, key);
        let handler = Box::new(handler.into_handler(world.registry()));
        world.resource_mut::<Bus>().subscribers.insert(handler, ())
    }

    fn fire(world: &mut World, key: RegistrationKey) {
        world.resource_mut::<Bus>().due.push_back(key);
    }

    fn end(world: &mut World, key: RegistrationKey) -> bool {
        world.resource_mut::<Bus>().subscribers.remove(key).is_some() || FAULT == fault::STALE_KEYS
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Bus>().panicked
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<Bus>(), &mut *other.resource_mut::<Bus>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}
