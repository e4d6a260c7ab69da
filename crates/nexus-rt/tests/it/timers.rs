//! The timer driver: when timers run, what they may do, and the defects that it must not have.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    CallbackTemplate, Describe, Handler, IntoCallback, IntoHandler, Res, ResMut, Sequence, TemplatedCallback,
    TimerInstaller, TimerPoller, TimerWheel, Virtual, World, WorldBuilder, callback_blueprint,
};

use crate::support::{Log, notices_replacement, panic_of};

/// A world with timers, and the instants of its time.
struct Rig {
    world: World,
    poller: TimerPoller,
    start: Instant,
}

impl Rig {
    fn new() -> Self {
        let start = Instant::now();
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(TimerInstaller::new(start));
        builder.register(Log::new());
        builder.register(None::<TimerKey>);
        Self { world: builder.build(), poller, start }
    }

    fn at(&self, us: u64) -> Instant {
        self.start + Duration::from_micros(us)
    }

    /// Sets a timer that logs its name and how late it was in microseconds.
    fn log(&mut self, us: u64, name: &'static str) -> TimerKey {
        let timer = logs.into_callback(name, self.world.registry());
        self.set(us, Box::new(timer))
    }

    fn set(&mut self, us: u64, handler: Virtual<TimerEvent>) -> TimerKey {
        let at = self.at(us);
        self.world.resource_mut::<TimerWheel>().schedule(at, handler)
    }

    fn poll(&mut self, us: u64) -> usize {
        let now = self.at(us);
        self.poller.poll(&mut self.world, now)
    }

    fn logged(&mut self) -> String {
        std::mem::take(&mut *self.world.resource_mut::<Log>()).join(" ")
    }

    fn wheel(&self) -> &TimerWheel {
        self.world.resource::<TimerWheel>()
    }
}

fn logs(name: &mut &'static str, mut log: ResMut<Log>, event: TimerEvent) {
    log.push(format!("{name}+{}", event.late().as_micros()));
}

#[test]
fn a_timer_is_never_early() {
    let mut rig = Rig::new();
    rig.log(5_000, "a");
    for us in [1, 4_001, 4_999] {
        assert_eq!(rig.poll(us), 0);
    }
    assert_eq!((rig.poll(5_000), rig.logged().as_str()), (1, "a+0"));
}

#[test]
fn timers_run_in_the_order_of_their_deadlines_then_of_setting() {
    let mut rig = Rig::new();
    for (us, name) in [(100, "a"), (110, "b"), (70, "c"), (100, "d"), (70, "e")] {
        rig.log(us, name);
    }
    assert_eq!(rig.poll(1_000_000), 5);
    assert_eq!(rig.logged(), "c+999930 e+999930 a+999900 d+999900 b+999890");
}

#[test]
fn a_key_of_another_wheel_or_of_none_names_nothing() {
    let (mut here, mut other) = (Rig::new(), Rig::new());
    let (key, foreign) = (here.log(10, "here"), other.log(10, "other"));
    drop(other);
    let at = here.at(99);
    let mut wheel = here.world.resource_mut::<TimerWheel>();
    assert!(!wheel.cancel(foreign) && !wheel.reschedule(foreign, at) && wheel.remove(foreign).is_none());
    assert!(wheel.contains(key) && !wheel.contains(foreign) && wheel.deadline(foreign).is_none());
    assert_eq!(here.poll(10), 1);
}

#[test]
fn keys_live_in_resources_and_contexts_and_on_other_threads() {
    fn is<T: Copy + Send + Sync + 'static>(_: T) {}
    let mut rig = Rig::new();
    let key = rig.log(10, "a");
    is(key);
    *rig.world.resource_mut::<Option<TimerKey>>() = Some(key);
    let mut cancel =
        (|mine: &mut Option<TimerKey>, kept: Res<Option<TimerKey>>, mut timers: ResMut<TimerWheel>, (): ()| {
            assert_eq!(*mine, *kept);
            mine.take().map(|key| timers.cancel(key));
        })
        .into_callback(Some(key), rig.world.registry());
    cancel.run(&mut rig.world, ());
    assert_eq!((rig.poll(10), rig.wheel().len()), (0, 0));
}

#[test]
fn a_stale_key_does_not_act_on_a_stranger() {
    let mut rig = Rig::new();
    let old = rig.log(10, "old");
    rig.poll(10);
    let new = rig.log(20, "new");
    let at = rig.at(99);
    let mut wheel = rig.world.resource_mut::<TimerWheel>();
    assert!(!wheel.cancel(old) && !wheel.reschedule(old, at) && !wheel.contains(old));
    assert!(wheel.contains(new));
    assert_eq!((rig.poll(20), rig.logged().as_str()), (1, "old+0 new+0"));
}

#[test]
fn a_panic_loses_nobody_elses_timer() {
    let mut rig = Rig::new();
    rig.log(1, "a");
    let alive = std::sync::Arc::new(());
    let held = alive.clone();
    let panics = (move |_: TimerEvent| assert!(held.as_ref() != &(), "on purpose")).into_handler(rig.world.registry());
    let at = rig.at(2);
    let failing = rig.world.resource_mut::<TimerWheel>().schedule_every(at, Duration::from_micros(1), Box::new(panics));
    rig.log(2, "b");
    rig.log(3, "c");
    let now = rig.at(10);
    let (poller, world) = (&mut rig.poller, &mut rig.world);
    assert!(catch_unwind(AssertUnwindSafe(|| poller.poll(world, now))).is_err());
    // It is dropped, also one that repeats; the rest is due, and the next poll counts what was lost.
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    assert_eq!(rig.poll(10), 2);
    assert_eq!(rig.logged(), "a+9 b+8 c+7");
    assert_eq!((rig.wheel().panicked(), rig.wheel().len(), rig.wheel().contains(failing)), (1, 0, false));
    // Also if no timer is due after it.
    let panics = (|_: TimerEvent| panic!("on purpose")).into_handler(rig.world.registry());
    let at = rig.at(10);
    let failing = rig.world.resource_mut::<TimerWheel>().schedule(at, Box::new(panics));
    assert_eq!(panic_of(|| rig.poll(11)), "on purpose");
    assert_eq!(rig.poll(11), 0);
    assert_eq!((rig.wheel().panicked(), rig.wheel().len(), rig.wheel().contains(failing)), (2, 0, false));
}

#[test]
fn a_poller_is_for_its_own_world() {
    let (mut here, mut other) = (Rig::new(), Rig::new());
    here.log(0, "here");
    other.log(0, "other");
    let now = here.at(10);
    let text = panic_of(|| here.poller.poll(&mut other.world, now));
    assert!(text.contains("TimerWheel"), "{text}");
    assert!(panic_of(|| here.poller.next_deadline(&other.world)).contains("TimerWheel"));
    drop(std::mem::replace(&mut here.world, other.world));
    panic_of(|| here.poll(10));
    assert_eq!(here.logged(), "");
}

#[test]
fn a_handler_that_replaces_the_world_is_noticed() {
    struct Replaces;
    impl Describe for Replaces {}
    impl Handler<TimerEvent> for Replaces {
        fn run(&mut self, world: &mut World, _: TimerEvent) {
            *world = Rig::new().world;
        }
    }
    let mut rig = Rig::new();
    rig.set(1, Box::new(Replaces));
    rig.log(2, "after");
    notices_replacement("Replaces", || rig.poll(10));
    assert!(panic_of(|| rig.poll(10)).contains("TimerWheel"));
    assert_eq!(rig.logged(), "");
}

#[test]
fn each_timer_is_an_event() {
    let mut rig = Rig::new();
    let note = (|mut log: ResMut<Log>, now: Sequence, timers: Res<TimerWheel>, event: TimerEvent| {
        assert!(timers.contains(event.key) && timers.deadline(event.key).is_none());
        log.push(format!("{now} {}", timers.is_changed()));
    })
    .into_handler(rig.world.registry());
    for us in [1, 1, 2] {
        rig.set(us, Box::new(note.clone()));
    }
    // Polling is no change of the wheel: only who sets timers changes it.
    let before = rig.world.current_sequence().get();
    rig.poll(5);
    assert_eq!(rig.logged(), format!("{} false {} false {} false", before + 1, before + 2, before + 3));
}

#[test]
fn a_handler_sets_cancels_and_moves_others() {
    fn act(mut timers: ResMut<TimerWheel>, kept: Res<Option<TimerKey>>, mut log: ResMut<Log>, event: TimerEvent) {
        log.push(format!("act {}", timers.cancel(kept.expect("set below"))));
        let later = timers.remove(event.key);
        assert!(later.is_none(), "the one that runs is not there to be taken");
    }
    let mut rig = Rig::new();
    let act = Box::new(act.into_handler(rig.world.registry()));
    rig.set(1, act);
    let doomed = rig.log(2, "doomed");
    *rig.world.resource_mut::<Option<TimerKey>>() = Some(doomed);
    rig.log(3, "stays");
    // Cancelled by an earlier handler of the same poll.
    assert_eq!((rig.poll(5), rig.logged().as_str()), (2, "act true stays+2"));
}

#[test]
fn what_is_set_during_a_poll_runs_in_it_only_if_it_is_later() {
    /// Sets one in the past, one at the same time, one a bit later and due, one not due.
    fn sow(mut timers: ResMut<TimerWheel>, registry: nexus_rt::RegistryRef, event: TimerEvent) {
        let us = Duration::from_micros;
        for (at, name) in [
            (event.deadline - us(5), "past"),
            (event.deadline, "same"),
            (event.deadline + us(1), "later"),
            (event.now + us(1), "future"),
        ] {
            timers.schedule(at, Box::new(logs.into_callback(name, &registry)));
        }
    }
    let mut rig = Rig::new();
    let sow = Box::new(sow.into_handler(rig.world.registry()));
    rig.set(10, sow);
    rig.log(12, "last");
    assert_eq!((rig.poll(20), rig.logged().as_str()), (3, "later+9 last+8"));
    assert_eq!((rig.poll(20), rig.logged().as_str()), (2, "past+15 same+10"));
    assert_eq!((rig.poll(21), rig.logged().as_str()), (1, "future+0"));
}

#[test]
fn a_handler_sets_itself_anew_and_keeps_its_key_and_state() {
    let mut rig = Rig::new();
    let backoff = (|attempt: &mut u32, mut timers: ResMut<TimerWheel>, mut log: ResMut<Log>, event: TimerEvent| {
        *attempt += 1;
        log.push(format!("{attempt}"));
        if *attempt < 4 {
            assert!(timers.reschedule(event.key, event.deadline + Duration::from_micros(10 << *attempt)));
            assert_eq!(timers.deadline(event.key), Some(event.deadline + Duration::from_micros(10 << *attempt)));
        }
    })
    .into_callback(0, rig.world.registry());
    let key = rig.set(10, Box::new(backoff));
    let ran: Vec<usize> = [10, 29, 30, 69, 70, 149, 150, 1_000].map(|us| rig.poll(us)).to_vec();
    assert_eq!((ran, rig.logged().as_str()), (vec![1, 0, 1, 0, 1, 0, 1, 0], "1 2 3 4"));
    assert!(!rig.wheel().contains(key));
}

#[test]
fn a_budget_bounds_a_poll_and_keeps_the_order() {
    let mut rig = Rig::new();
    for (us, name) in [(3, "c"), (1, "a"), (2, "b")] {
        rig.log(us, name);
    }
    let now = rig.at(3);
    assert_eq!(rig.poller.poll_budget(&mut rig.world, now, 0), 0);
    assert_eq!(rig.poller.poll_budget(&mut rig.world, now, 2), 2);
    assert_eq!(rig.logged(), "a+2 b+1");
    assert!(rig.poller.next_deadline(&rig.world).is_some_and(|next| next <= now));
    assert_eq!(rig.poller.poll_budget(&mut rig.world, now, 2), 1);
    assert!(rig.poller.is_empty(&rig.world) && rig.poller.next_deadline(&rig.world).is_none());
}

#[test]
fn handlers_come_back_and_can_be_reached() {
    callback_blueprint!(Named, Context = u32, Event = TimerEvent, Params = (ResMut<'static, u32>,));
    fn add(ctx: &mut u32, mut sum: ResMut<u32>, _: TimerEvent) {
        *sum += *ctx;
    }
    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    // Timers of one type, in place: no box, and contexts within reach.
    let mut poller = builder.install_driver(TimerInstaller::new(start).stored_as::<TemplatedCallback<Named>>());
    builder.register(0_u32);
    let mut world = builder.build();
    let template = CallbackTemplate::<Named>::new(add, world.registry());
    let mut wheel = world.resource_mut::<TimerWheel<TemplatedCallback<Named>>>();
    let (one, two) = (wheel.schedule(start, template.generate(1)), wheel.schedule(start, template.generate(2)));
    wheel.get_mut(one).unwrap().ctx = 10;
    assert_eq!((wheel.get(one).unwrap().ctx, wheel.remove(two).unwrap().ctx), (10, 2));
    assert_eq!(wheel.iter().map(|(key, at, timer)| (key, at, timer.ctx)).collect::<Vec<_>>(), [(one, start, 10)]);
    assert!(format!("{wheel:?}").contains("it::timers::handlers_come_back_and_can_be_reached::add"));
    assert_eq!((poller.poll(&mut world, start), *world.resource::<u32>()), (1, 10));
}

#[test]
fn a_wheel_holds_handlers_that_set_timers_in_it() {
    callback_blueprint!(Again, Context = u32, Event = TimerEvent, Params = (ResMut<'static, Wheel>,));
    type Wheel = TimerWheel<TemplatedCallback<Again>>;
    fn again(left: &mut u32, mut timers: ResMut<Wheel>, event: TimerEvent) {
        if *left > 0 {
            *left -= 1;
            timers.reschedule(event.key, event.deadline + Duration::from_nanos(1));
        }
    }
    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    let mut poller = builder.install_driver(TimerInstaller::new(start).stored_as::<TemplatedCallback<Again>>());
    let mut world = builder.build();
    let again = CallbackTemplate::<Again>::new(again, world.registry()).generate(5);
    world.resource_mut::<Wheel>().schedule(start, again);
    assert_eq!(poller.poll(&mut world, start + Duration::from_secs(1)), 6);
}

#[test]
fn wheels_of_one_world_are_told_apart_by_tags() {
    struct Slow;
    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    let mut fast = builder.install_driver(TimerInstaller::new(start));
    let mut slow = builder.install_driver(TimerInstaller::new(start).tagged::<Slow>().limit(1));
    let text = panic_of(|| builder.install_driver(TimerInstaller::new(start)));
    assert!(text.contains("is already registered"), "{text}");
    builder.register(Log::new());
    let mut world = builder.build();
    let log = |name| Box::new(logs.into_callback(name, world.registry()));
    let (one, two, three) = (log("fast"), log("slow"), log("more"));
    world.resource_mut::<TimerWheel>().schedule(start, one);
    let mut wheel = world.resource_mut::<TimerWheel<Virtual<TimerEvent>, Slow>>();
    assert!(wheel.try_schedule(start, two).is_ok());
    let full = wheel.try_schedule_every(start, Duration::from_secs(1), three).unwrap_err();
    assert_eq!(full.0.name(), "it::timers::logs");
    assert!(panic_of(|| wheel.schedule(start, full.0)).contains("full"));
    assert_eq!((slow.len(&world), slow.poll(&mut world, start), fast.poll(&mut world, start)), (1, 1, 1));
    assert_eq!(*world.resource::<Log>(), ["slow+0", "fast+0"]);
}

#[test]
fn a_clock_that_stands_still_or_jumps_is_harmless() {
    let mut rig = Rig::new();
    rig.log(50, "a");
    rig.log(86_400_000_000 * 30, "far");
    assert_eq!([rig.poll(49), rig.poll(49), rig.poll(0)], [0, 0, 0]);
    assert_eq!([rig.poll(1_000_000), rig.poll(10)], [1, 0]);
    rig.log(20, "b");
    assert_eq!([rig.poll(19), rig.poll(20)], [0, 1]);
    assert_eq!([rig.poll(86_400_000_000 * 30 - 1), rig.poll(86_400_000_000 * 365)], [0, 1]);
    assert_eq!(rig.logged(), format!("a+999950 b+0 far+{}", 86_400_000_000_u64 * 335));
}
