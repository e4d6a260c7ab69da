//! The drivers of this library: timers, reactors and sockets, each event with a boxed handler that writes a resource.

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as Client;
use std::time::{Duration, Instant};

use bench::harness::Work;
use nexus_rt::io::MioEvent;
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::UnixStream;
use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller, ReactorsPoller, SourceId};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    IntoCallback, IntoHandler, MioDriver, MioInstaller, MioPoller, ResMut, TimerInstaller, TimerPoller, TimerWheel,
    World, WorldBuilder,
};

use super::library::{V, fill, sum};
use crate::loops;

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const REACTORS: usize = 1_000;
pub(crate) const SOCKETS: usize = 16;

fn fire(mut a: ResMut<V<0>>, timer: TimerEvent) {
    a.0 = a.0.wrapping_add(u64::from(timer.late().subsec_nanos()));
}

fn timers() -> (World, TimerPoller, Instant) {
    let now = Instant::now();
    let mut builder = WorldBuilder::new();
    fill(&mut builder);
    let poller = builder.install_driver(TimerInstaller::new(now));
    (builder.build(), poller, now)
}

/// This many timers, each of which fires in each poll.
pub(crate) fn repeating(count: u32) -> Box<dyn Work> {
    let (mut world, poller, now) = timers();
    for n in 0..count {
        let fire = Box::new(fire.into_handler(world.registry()));
        world.resource_mut::<TimerWheel>().schedule_every(now + n * MS / count, MS, fire);
    }
    let poll = |(world, poller, now): &mut (World, TimerPoller, Instant), _| {
        *now += MS;
        black_box(poller.poll(world, *now));
    };
    loops::numbers((world, poller, now), poll, |(world, ..)| sum(world))
}

pub(crate) fn one_repeating() -> Box<dyn Work> {
    repeating(1)
}

pub(crate) fn hundred_repeating() -> Box<dyn Work> {
    repeating(100)
}

/// A poll before anything is due, while timers wait.
pub(crate) fn nothing_due() -> Box<dyn Work> {
    let (mut world, poller, now) = timers();
    for n in 0..1_000 {
        let fire = Box::new(fire.into_handler(world.registry()));
        world.resource_mut::<TimerWheel>().schedule(now + Duration::from_secs(3_600) + n * MS, fire);
    }
    let poll = |(world, poller, now): &mut (World, TimerPoller, Instant), _| {
        *now += Duration::from_nanos(100);
        black_box(poller.poll(world, *now));
    };
    loops::numbers((world, poller, now), poll, |(world, ..)| sum(world))
}

/// A timeout that each event pushes back, with the deadline that the loop asks for before it sleeps.
pub(crate) fn pushed_back() -> Box<dyn Work> {
    let (mut world, poller, now) = timers();
    let fire = Box::new(fire.into_handler(world.registry()));
    let key = world.resource_mut::<TimerWheel>().schedule(now + 30 * MS, fire);
    let push = |(world, poller, now, key): &mut (World, TimerPoller, Instant, TimerKey), _| {
        *now += Duration::from_micros(10);
        let deadline = *now + 30 * MS;
        world.resource_mut::<TimerWheel>().reschedule(*key, deadline);
        black_box(poller.poll(world, *now));
        black_box(poller.next_deadline(world));
    };
    loops::numbers((world, poller, now, key), push, |(world, ..)| sum(world))
}

fn react(mut a: ResMut<V<0>>, event: ReactorEvent) {
    a.0 = a.0.wrapping_add(event.marked as u64);
}

/// A thousand reactors, each with its own source. This many sources are marked before each poll.
fn reacting(marked: usize) -> Box<dyn Work> {
    let mut builder = WorldBuilder::new();
    fill(&mut builder);
    let poller = builder.install_driver(ReactorsInstaller::new());
    let key = builder.key::<Reactors>();
    let mut world = builder.build();
    let add = |_| {
        let handler = Box::new(react.into_handler(world.registry()));
        let mut reactors = world.resource_mut::<Reactors>();
        let source = reactors.add_source();
        reactors.add(handler, [source]);
        source
    };
    let sources: Vec<SourceId> = (0..REACTORS).map(add).collect();
    let poll = move |(world, poller): &mut (World, ReactorsPoller), n: u64| {
        let mut reactors = key.get_mut(world);
        (0..marked).for_each(|of| _ = reactors.mark(sources[(n as usize * marked + of) % REACTORS]));
        black_box(poller.poll(world));
    };
    loops::numbers((world, poller), poll, |(world, _)| sum(world))
}

pub(crate) fn one_of_thousand() -> Box<dyn Work> {
    reacting(1)
}

pub(crate) fn hundred_of_thousand() -> Box<dyn Work> {
    reacting(100)
}

fn read(count: &mut u64, mut io: ResMut<MioDriver>, mut a: ResMut<V<0>>, event: MioEvent) {
    let Some(stream) = io.source::<UnixStream>(event.token) else { return };
    let mut buffer = [0; 64];
    if let Ok(n) = stream.read(&mut buffer) {
        *count += n as u64;
        a.0 = a.0.wrapping_add(n as u64);
    }
}

/// A poll in which all sockets are ready, and each handler reads a byte.
pub(crate) fn sockets() -> Box<dyn Work> {
    let mut builder = WorldBuilder::new();
    fill(&mut builder);
    let poller = builder.install_driver(MioInstaller::new().expect("files are left"));
    let mut world = builder.build();
    let clients: Vec<Client> = (0..SOCKETS)
        .map(|_| {
            let (client, own) = Client::pair().expect("files are left");
            own.set_nonblocking(true).expect("a socket can be told so");
            let read = Box::new(read.into_callback(0, world.registry()));
            let own = UnixStream::from_std(own);
            world.resource_mut::<MioDriver>().register(own, Interest::READABLE, read).expect("a fresh socket");
            client
        })
        .collect();
    let poll = |(world, poller, clients): &mut (World, MioPoller, Vec<Client>), _| {
        clients.iter_mut().for_each(|client| client.write_all(b"x").expect("there is room"));
        black_box(poller.poll(world, Some(Duration::ZERO)).expect("the system is well"));
    };
    loops::numbers((world, poller, clients), poll, |(world, ..)| sum(world))
}
