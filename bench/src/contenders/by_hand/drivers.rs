//! Hand-written drivers: boxed closures in a timer wheel, behind flags that say which to run, and in a table by the
//! tokens of raw mio.

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as Client;
use std::time::{Duration, Instant};

use bench::harness::Work;
use nexus_rt::mio::net::UnixStream;
use nexus_rt::mio::{Events, Interest, Poll, Token};
use nexus_timer::{TimerKey, Wheel};

use super::World;
use crate::contenders::ours::drivers::{MS, REACTORS, SOCKETS};
use crate::loops;

type Fire = Box<dyn FnMut(&mut World, Duration)>;

struct Timer {
    fire: Fire,
    period: Option<Duration>,
}

struct Timers {
    world: World,
    wheel: Wheel<Timer>,
    now: Instant,
}

impl Timers {
    fn new() -> Self {
        let now = Instant::now();
        Self { world: World::new(), wheel: Wheel::new(now), now }
    }

    fn set(&mut self, deadline: Instant, period: Option<Duration>) -> TimerKey {
        let fire = |world: &mut World, late: Duration| {
            let value = world.read(0).wrapping_add(u64::from(late.subsec_nanos()));
            world.write(0, value);
        };
        self.wheel.insert(deadline, Timer { fire: Box::new(fire), period })
    }

    fn poll(&mut self) {
        self.wheel.start_poll(self.now);
        while let Some(mut due) = self.wheel.pop_lent() {
            self.world.now += 1;
            (due.value.fire)(&mut self.world, self.now.saturating_duration_since(due.deadline));
            match due.value.period {
                Some(period) => _ = self.wheel.restore(due.key, due.deadline + period, due.value),
                None => _ = self.wheel.cancel(due.key),
            }
        }
    }
}

fn repeating(count: u32) -> Box<dyn Work> {
    let mut timers = Timers::new();
    (0..count).for_each(|n| _ = timers.set(timers.now + n * MS / count, Some(MS)));
    let poll = |timers: &mut Timers, _| {
        timers.now += MS;
        timers.poll();
    };
    loops::numbers(timers, poll, |timers| timers.world.sum())
}

pub(crate) fn one_repeating() -> Box<dyn Work> {
    repeating(1)
}

pub(crate) fn hundred_repeating() -> Box<dyn Work> {
    repeating(100)
}

pub(crate) fn nothing_due() -> Box<dyn Work> {
    let mut timers = Timers::new();
    (0..1_000).for_each(|n| _ = timers.set(timers.now + Duration::from_secs(3_600) + n * MS, None));
    let poll = |timers: &mut Timers, _| {
        timers.now += Duration::from_nanos(100);
        timers.poll();
    };
    loops::numbers(timers, poll, |timers| timers.world.sum())
}

pub(crate) fn pushed_back() -> Box<dyn Work> {
    let mut timers = Timers::new();
    let key = timers.set(timers.now + 30 * MS, None);
    let push = |(timers, key): &mut (Timers, TimerKey), _| {
        timers.now += Duration::from_micros(10);
        timers.wheel.reschedule(*key, timers.now + 30 * MS);
        timers.poll();
        black_box(timers.wheel.next_deadline());
    };
    loops::numbers((timers, key), push, |(timers, _)| timers.world.sum())
}

/// The closure that runs when a source is marked.
type React = Box<dyn FnMut(&mut World, u64)>;

/// Flags of marked sources and of due closures, and the closures, which run in the order of their numbers.
struct Reactors {
    world: World,
    react: Vec<React>,
    watchers: Vec<Vec<usize>>,
    is_marked: Vec<bool>,
    is_due: Vec<bool>,
    marked: Vec<usize>,
    due: Vec<usize>,
}

impl Reactors {
    fn mark(&mut self, source: usize) {
        if !self.is_marked[source] {
            self.is_marked[source] = true;
            self.marked.push(source);
        }
    }

    fn poll(&mut self) {
        for source in self.marked.drain(..) {
            self.is_marked[source] = false;
            for reactor in &self.watchers[source] {
                if !self.is_due[*reactor] {
                    self.is_due[*reactor] = true;
                    self.due.push(*reactor);
                }
            }
        }
        self.due.sort_unstable();
        for reactor in self.due.drain(..) {
            self.is_due[reactor] = false;
            self.world.now += 1;
            (self.react[reactor])(&mut self.world, 1);
        }
    }
}

fn reacting(marked: usize) -> Box<dyn Work> {
    let react = |world: &mut World, marked: u64| {
        let value = world.read(0).wrapping_add(marked);
        world.write(0, value);
    };
    let reactors = Reactors {
        world: World::new(),
        react: (0..REACTORS).map(|_| Box::new(react) as _).collect(),
        watchers: (0..REACTORS).map(|number| vec![number]).collect(),
        is_marked: vec![false; REACTORS],
        is_due: vec![false; REACTORS],
        marked: Vec::new(),
        due: Vec::new(),
    };
    let poll = move |reactors: &mut Reactors, n: u64| {
        (0..marked).for_each(|of| reactors.mark((n as usize * marked + of) % REACTORS));
        reactors.poll();
    };
    loops::numbers(reactors, poll, |reactors| reactors.world.sum())
}

pub(crate) fn one_of_thousand() -> Box<dyn Work> {
    reacting(1)
}

pub(crate) fn hundred_of_thousand() -> Box<dyn Work> {
    reacting(100)
}

type Serve = Box<dyn FnMut(&mut World, &mut UnixStream)>;

struct Sockets {
    world: World,
    poll: Poll,
    events: Events,
    served: Vec<Option<(UnixStream, Serve)>>,
    clients: Vec<Client>,
}

pub(crate) fn sockets() -> Box<dyn Work> {
    let poll = Poll::new().expect("files are left");
    let (mut served, mut clients) = (Vec::new(), Vec::new());
    for n in 0..SOCKETS {
        let (client, own) = Client::pair().expect("files are left");
        own.set_nonblocking(true).expect("a socket can be told so");
        let mut own = UnixStream::from_std(own);
        poll.registry().register(&mut own, Token(n), Interest::READABLE).expect("a fresh socket");
        let mut count = 0;
        let read = move |world: &mut World, stream: &mut UnixStream| {
            let mut buffer = [0; 64];
            if let Ok(n) = stream.read(&mut buffer) {
                count += n as u64;
                let value = world.read(0).wrapping_add(n as u64);
                world.write(0, value);
                black_box(count);
            }
        };
        let serve: Serve = Box::new(read);
        served.push(Some((own, serve)));
        clients.push(client);
    }
    let sockets = Sockets { world: World::new(), poll, events: Events::with_capacity(1024), served, clients };
    let turn = |sockets: &mut Sockets, _| {
        sockets.clients.iter_mut().for_each(|client| client.write_all(b"x").expect("there is room"));
        sockets.poll.poll(&mut sockets.events, Some(Duration::ZERO)).expect("the system is well");
        for event in &sockets.events {
            sockets.world.now += 1;
            if let Some(Some((stream, serve))) = sockets.served.get_mut(event.token().0) {
                serve(&mut sockets.world, stream);
            }
        }
    };
    loops::numbers(sockets, turn, |sockets| sockets.world.sum())
}
