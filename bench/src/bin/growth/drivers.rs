//! What drivers hold: timers, reactors, and events of other threads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Full, Inbox, InboxInstaller, InboxPoller, Outbox, Sender, channel};
use nexus_rt::reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::wait::Parker;
use nexus_rt::{IntoHandler, ResMut, TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder};

use super::{Case, ORDERS, one_of, time};

const MS: Duration = Duration::from_millis(1);

fn count(mut n: ResMut<u64>, x: u64) {
    *n += x;
}

/// A wheel of handlers, due at as many different times.
struct Timers {
    world: World,
    poller: TimerPoller,
    start: Instant,
    keys: Vec<TimerKey>,
}

impl Timers {
    fn new(count: usize) -> Self {
        let start = Instant::now();
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(TimerInstaller::new(start));
        builder.register(0_u64);
        let mut timers = Self { world: builder.build(), poller, start, keys: Vec::new() };
        timers.schedule(count);
        timers
    }

    fn schedule(&mut self, count: usize) {
        for n in 0..count {
            let handler = (|mut n: ResMut<u64>, _: TimerEvent| *n += 1).into_handler(self.world.registry());
            let deadline = self.start + MS * (1 + ORDERS[2](n, count) as u32);
            self.keys.push(self.world.resource_mut::<TimerWheel>().schedule(deadline, Box::new(handler)));
        }
    }
}

/// Reactors, and sources that they watch: each its own, or all the first.
struct Watched {
    world: World,
    poller: ReactorsPoller,
    sources: Vec<SourceId>,
    reactors: Vec<ReactorId>,
}

impl Watched {
    fn new(count: usize, sources: usize) -> Self {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(ReactorsInstaller::new());
        builder.register(0_u64);
        let mut watched = Self { world: builder.build(), poller, sources: Vec::new(), reactors: Vec::new() };
        let mut table = watched.world.resource_mut::<Reactors>();
        watched.sources.extend((0..sources).map(|_| table.add_source()));
        watched.add(count);
        watched
    }

    fn add(&mut self, count: usize) {
        for n in 0..count {
            let handler = (|mut n: ResMut<u64>, _: ReactorEvent| *n += 1).into_handler(self.world.registry());
            let source = self.sources[n % self.sources.len()];
            self.reactors.push(self.world.resource_mut::<Reactors>().add(Box::new(handler), [source]));
        }
    }

    fn pass(&mut self, marks: usize) {
        let mut table = self.world.resource_mut::<Reactors>();
        self.sources[..marks].iter().for_each(|source| _ = table.mark(*source));
        self.poller.poll(&mut self.world);
    }
}

fn remove(count: usize, sources: usize, order: usize) -> Duration {
    let mut watched = Watched::new(count, sources);
    let mut table = watched.world.resource_mut::<Reactors>();
    time(|| (0..count).for_each(|n| _ = black_box(table.remove(watched.reactors[ORDERS[order](n, count)]))))
}

/// A world with an inbox for so many events.
fn inbox(capacity: usize) -> (World, InboxPoller<u64>, Sender<u64>) {
    let mut builder = WorldBuilder::new();
    let bell = Parker::new(&builder.shutdown_handle()).doorbell();
    let poller = builder.install_driver(InboxInstaller::new(capacity, Full::Refuse, &bell));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    builder.register(0_u64);
    (builder.build(), poller, sender)
}

fn timers() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new("TimerWheel of handlers", name, time);
    vec![
        case("schedule", |count| {
            let mut timers = Timers::new(0);
            time(|| timers.schedule(count))
        }),
        case("cancel, in leaps", |count| {
            let mut timers = Timers::new(count);
            let mut wheel = timers.world.resource_mut::<TimerWheel>();
            time(|| (0..count).for_each(|n| _ = black_box(wheel.cancel(timers.keys[ORDERS[2](n, count)]))))
        }),
        case("reschedule", |count| {
            let mut timers = Timers::new(count);
            let mut wheel = timers.world.resource_mut::<TimerWheel>();
            let later = timers.start + MS;
            time(|| timers.keys.iter().for_each(|key| _ = wheel.reschedule(*key, later)))
        }),
        case("one poll, each fires", |count| {
            let mut timers = Timers::new(count);
            let late = timers.start + MS * (2 + count as u32);
            time(|| assert_eq!(timers.poller.poll(&mut timers.world, late), count))
        }),
        case("polls of 1 ms, one fires in each", |count| {
            let mut timers = Timers::new(count);
            time(|| {
                (1..=count).for_each(|n| _ = timers.poller.poll(&mut timers.world, timers.start + MS * (1 + n as u32)));
            })
        }),
    ]
}

fn reactors() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new("Reactors", name, time);
    vec![
        case("add, each with its own source", |count| {
            let mut watched = Watched::new(0, count);
            time(|| watched.add(count))
        }),
        case("add, all with one source", |count| {
            let mut watched = Watched::new(0, 1);
            time(|| watched.add(count))
        }),
        case("remove, all with one source, oldest first", |count| remove(count, 1, 0)),
        case("remove, all with one source, in leaps", |count| remove(count, 1, 2)),
        case("remove, each with its own source", |count| remove(count, count, 2)),
        case("remove_source, each with its own reactor", |count| {
            let mut watched = Watched::new(count, count);
            let mut table = watched.world.resource_mut::<Reactors>();
            time(|| watched.sources.iter().for_each(|source| _ = table.remove_source(*source)))
        }),
        case("a pass, each source is marked", |count| {
            let mut watched = Watched::new(count, count);
            time(|| watched.pass(count))
        }),
        case("a pass, one source for all", |count| {
            let mut watched = Watched::new(count, 1);
            time(|| watched.pass(1))
        }),
        case("one pass, one source of them is marked", |count| {
            let mut watched = Watched::new(count, count);
            one_of(count, || watched.pass(1))
        }),
    ]
}

fn inboxes() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new("Inbox, Outbox, channel", name, time);
    vec![
        case("Sender::send to an inbox", |count| {
            let (_world, _poller, sender) = inbox(count);
            time(|| (0..count).for_each(|n| sender.send(n as u64).expect("there is room")))
        }),
        case("InboxPoller::poll", |count_| {
            let (mut world, mut poller, sender) = inbox(count_);
            (0..count_).for_each(|n| sender.send(n as u64).expect("there is room"));
            let mut add = count.into_handler(world.registry());
            time(|| assert_eq!(poller.poll(&mut world, usize::MAX, &mut add), count_))
        }),
        case("InboxPoller::fill", |count| {
            let (mut world, mut poller, sender) = inbox(count);
            (0..count).for_each(|n| sender.send(n as u64).expect("there is room"));
            let mut buffer = Vec::new();
            time(|| assert_eq!(poller.fill(&mut world, usize::MAX, &mut buffer), count))
        }),
        case("Sender::clone", |count| {
            let (_world, _poller, sender) = inbox(1);
            time(|| (0..count).map(|_| sender.clone()).collect::<Vec<_>>())
        }),
        case("Sender::send and Receiver::recv", |count| {
            let (sender, receiver) = channel(count, Full::Refuse);
            time(|| {
                (0..count).for_each(|n| sender.send(n as u64).expect("there is room"));
                (0..count).for_each(|_| _ = black_box(receiver.recv()));
            })
        }),
        case("Outbox::send to many receivers", |count| {
            let (mut outbox, mut receivers) = (Outbox::default(), Vec::new());
            for _ in 0..count {
                let (sender, receiver) = channel(1, Full::Refuse);
                outbox.add(sender);
                receivers.push(receiver);
            }
            time(|| assert_eq!(outbox.send(&1_u64), count))
        }),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    [timers(), reactors(), inboxes()].into_iter().flatten().collect()
}
