//! Drivers as `check_driver` wants them: timers, sockets and reactors.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::mem;
use std::os::unix::net::UnixStream as Client;
use std::time::{Duration, Instant};

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::UnixStream;
use nexus_rt::reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId};
use nexus_rt::testing::{DriverRig, Probe};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    Describe, Handler, MioDriver, MioInstaller, MioPoller, TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder,
};

/// A handler by hand: unlike a function, it does not notice by itself that it leaves another world.
pub(crate) struct Plain<F>(pub(crate) F);

impl<F> Describe for Plain<F> {}

impl<E, F: FnMut(&mut World, E) + Send> Handler<E> for Plain<F> {
    fn run(&mut self, world: &mut World, event: E) {
        (self.0)(world, event);
    }
}

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
        let handler = Box::new(Plain(handler));
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
        let handler = Box::new(Plain(handler));
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
        let handler = Box::new(Plain(handler));
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
