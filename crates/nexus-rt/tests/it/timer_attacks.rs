//! What hostile safe code does with timers: wheels that change worlds under a running timer, drops that panic, handlers
//! in place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nexus_rt::timer::TimerEvent;
use nexus_rt::{IntoCallback, IntoHandler, ResMut, TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder};

use crate::support::refuses_world;

const MS: Duration = Duration::from_millis(1);

fn world(start: Instant) -> (World, TimerPoller) {
    let mut builder = WorldBuilder::new();
    let poller = builder.install_driver(TimerInstaller::new(start));
    builder.register(0_u64);
    (builder.build(), poller)
}

fn count(mut n: ResMut<u64>, _: TimerEvent) {
    *n += 1;
}

/// A world to exchange wheels with, where to send it then, and what tells whether this is alive.
struct Exchange(Option<World>, Sender<World>, #[expect(dead_code, reason = "held for its drop")] Arc<()>);

/// The wheel that a timer came from is in another world when it has run.
fn exchange(it: &mut Exchange, here: &mut World, event: TimerEvent) {
    let mut there = it.0.take().expect("it runs once");
    std::mem::swap(&mut *here.resource_mut::<TimerWheel>(), &mut *there.resource_mut::<TimerWheel>());
    let mut wheel = here.resource_mut::<TimerWheel>();
    assert!(!wheel.contains(event.key) && !wheel.reschedule(event.key, event.deadline) && !wheel.cancel(event.key));
    it.1.send(there).expect("the test waits for it");
}

#[test]
fn a_wheel_may_change_worlds_while_its_timer_runs() {
    let start = Instant::now();
    let ((mut here, mut poller), (there, mut other_poller)) = (world(start), world(start));
    let (alive, (sender, exchanged)) = (Arc::new(()), channel());
    let timer = exchange.into_callback(Exchange(Some(there), sender, alive.clone()), here.registry());
    let after = count.into_handler(here.registry());
    let mut wheel = here.resource_mut::<TimerWheel>();
    wheel.schedule_every(start, MS, Box::new(timer));
    wheel.schedule(start, Box::new(after));
    // It cannot be put back where it came from, so it ends, and what is here now is empty.
    assert_eq!((poller.poll(&mut here, start), Arc::strong_count(&alive)), (1, 1));
    assert!(poller.is_empty(&here));
    // What was left there is of a world that it does not find.
    let mut there = exchanged.recv().expect("it was sent");
    refuses_world("it::timer_attacks::count", || other_poller.poll(&mut there, start));
    assert_eq!((other_poller.poll(&mut there, start), other_poller.len(&there)), (0, 0));
    assert_eq!((*here.resource::<u64>(), *there.resource::<u64>()), (0, 0));
}

/// Two worlds, the wheel of the second an hour ahead, and a timer of the first that exchanges their wheels.
fn exchanging(ahead: Duration) -> (World, TimerPoller, TimerPoller, Receiver<World>, Instant) {
    let start = Instant::now();
    let ((mut here, poller), (mut there, other_poller)) = (world(start), world(start + ahead));
    // A timer that could run here, and waits for half of that in the other wheel.
    let waits = count.into_handler(here.registry());
    there.resource_mut::<TimerWheel>().schedule(start + ahead / 2, Box::new(waits));
    let (sender, exchanged) = channel();
    let timer = exchange.into_callback(Exchange(Some(there), sender, Arc::default()), here.registry());
    here.resource_mut::<TimerWheel>().schedule_every(start, MS, Box::new(timer));
    (here, poller, other_poller, exchanged, start)
}

#[test]
fn a_poll_ends_when_the_wheel_is_exchanged_for_one_of_another_time() {
    let (mut here, mut poller, _, _exchanged, start) = exchanging(Duration::from_secs(3_600));
    assert_eq!((poller.poll(&mut here, start), *here.resource::<u64>()), (1, 0));
    // It is this world's wheel from here on, and its timer is not due.
    assert_eq!((poller.poll(&mut here, start), poller.len(&here)), (0, 1));
    assert_eq!((poller.poll(&mut here, start + Duration::from_secs(1_800)), *here.resource::<u64>()), (1, 1));
}

#[test]
fn a_wheel_that_was_exchanged_while_its_timer_ran_counts_no_panic() {
    let (mut here, mut poller, mut other_poller, exchanged, start) = exchanging(Duration::from_secs(3_600));
    assert_eq!(poller.poll(&mut here, start), 1);
    let mut there = exchanged.recv().expect("it was sent");
    assert_eq!((other_poller.poll(&mut there, start), poller.poll(&mut here, start)), (0, 0));
    for world in [&here, &there] {
        assert_eq!(world.resource::<TimerWheel>().panicked(), 0);
    }
}

/// Counts its drops, and panics in each that is not part of another panic.
struct Bomb(Arc<AtomicU32>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(std::thread::panicking(), "on purpose");
    }
}

#[test]
fn a_handler_whose_drop_panics_is_dropped_once_and_loses_nobody() {
    let start = Instant::now();
    let (mut world, mut poller) = world(start);
    let drops = Arc::new(AtomicU32::new(0));
    let set = |world: &mut World| {
        let bomb = Bomb(drops.clone());
        let timer = move |mut n: ResMut<u64>, _: TimerEvent| {
            let _held = &bomb;
            *n += 1;
        };
        let timer = Box::new(timer.into_handler(world.registry()));
        world.resource_mut::<TimerWheel>().schedule(start, timer)
    };
    (0..3).for_each(|_| _ = set(&mut world));
    for ran in 1..=3 {
        assert!(catch_unwind(AssertUnwindSafe(|| poller.poll(&mut world, start))).is_err());
        assert_eq!((*world.resource::<u64>(), u64::from(drops.load(Ordering::Relaxed))), (ran, ran));
    }
    // It ran to its end, so it is not one that panicked.
    assert_eq!((poller.poll(&mut world, start), world.resource::<TimerWheel>().panicked()), (0, 0));
    let key = set(&mut world);
    assert!(catch_unwind(AssertUnwindSafe(|| world.resource_mut::<TimerWheel>().cancel(key))).is_err());
    assert!(poller.is_empty(&world) && !world.resource::<TimerWheel>().contains(key));
}

#[test]
fn a_driver_tells_how_it_is_set_and_whether_there_is_something_to_do() {
    let start = Instant::now();
    let installer = TimerInstaller::new(start).tick(Duration::from_micros(20)).capacity(30).limit(40);
    assert_eq!(format!("{installer:?}"), "WheelBuilder { tick: 20µs, capacity: 30, limit: Some(40) }");
    let (mut world, mut poller) = world(start);
    assert!(poller.is_empty(&world) && world.resource::<TimerWheel>().is_empty());
    let timer = Box::new(count.into_handler(world.registry()));
    world.resource_mut::<TimerWheel>().schedule(start + MS, timer);
    assert!(!poller.is_empty(&world) && !world.resource::<TimerWheel>().is_empty());
    assert_eq!((poller.poll(&mut world, start + MS), poller.is_empty(&world)), (1, true));
}

#[cfg(feature = "smartptr")]
#[test]
fn wheels_of_handlers_in_place_run_and_tell_what_they_hold() {
    use nexus_rt::{Describe, FlatVirtual, FlexTimerWheel, FlexVirtual, InlineTimerWheel, flat, flex};

    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    let mut flats = builder.install_driver(TimerInstaller::new(start).stored_as::<FlatVirtual<TimerEvent>>());
    let flexible = TimerInstaller::new(start).stored_as::<FlexVirtual<TimerEvent>>().tagged::<u8>();
    let mut flexes = builder.install_driver(flexible);
    builder.register(0_u64);
    let mut world = builder.build();
    let reg = world.registry();
    let direct = count.into_handler(reg).plan();
    let (flat, flex) = (flat!(count.into_handler(reg)), flex!(count.into_handler(reg)));
    // Too large to lie in place.
    let large = flex!((|_: &mut [u64; 16], mut n: ResMut<u64>, _: TimerEvent| *n += 10).into_callback([0; 16], reg));
    let key = world.resource_mut::<InlineTimerWheel>().schedule_every(start, MS, flat);
    let mut wheel = world.resource_mut::<FlexTimerWheel<u8>>();
    wheel.schedule_every(start, MS, flex);
    wheel.schedule_every(start, MS, large);
    let drawn = world.resource::<InlineTimerWheel>().get(key).map(Describe::plan);
    assert_eq!(drawn, Some(direct));
    for n in 0..10 {
        let now = start + n * MS;
        assert_eq!((flats.poll(&mut world, now), flexes.poll(&mut world, now)), (1, 2));
    }
    assert_eq!(*world.resource::<u64>(), 120);
}
