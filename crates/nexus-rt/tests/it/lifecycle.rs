//! Start-up, the loop, and its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::testing::TestHarness;
use nexus_rt::{Describe, Handler, IntoHandler, Res, ResMut, Sequence, Shutdown, ShutdownHandle, World, WorldBuilder};

use crate::support::{Blocking, Log, notices_replacement, panic_of, world};

fn stoppable() -> (World, ShutdownHandle) {
    let mut builder = WorldBuilder::new();
    builder.register(0_u32);
    let handle = builder.shutdown_handle();
    (builder.build(), handle)
}

#[test]
fn start_up_takes_any_params_in_phases() {
    fn first(limit: Res<u64>, mut log: ResMut<Log>, now: Sequence) -> usize {
        log.push(format!("{} at {now}", *limit));
        log.len()
    }
    fn second(log: Res<Log>, mut sum: ResMut<i64>) {
        // What an earlier phase wrote was written in an earlier event.
        assert!(!log.is_changed() && log.changed_at() > Sequence::NEVER);
        *sum = log.len() as i64;
    }
    let mut world = world();
    assert_eq!(world.run_startup(first), 1);
    world.run_startup(second);
    let step = 5;
    world.run_startup(move |mut sum: ResMut<i64>| *sum += step);
    world.run_startup(|world: &mut World| *world.resource_mut::<i64>() *= 2);
    let failed: Result<(), String> = world.run_startup(|sum: Res<i64>| Err(format!("{} is too much", *sum)));
    assert_eq!(failed.unwrap_err(), "12 is too much");
    assert_eq!((world.resource::<Log>()[0].as_str(), world.current_sequence().get()), ("10 at 2", 6));
}

#[test]
fn start_up_says_what_is_missing_and_notices_a_replaced_world() {
    let mut here = world();
    let before = here.current_sequence();
    let text = panic_of(|| here.run_startup(|_: Res<u8>| {}));
    assert!(text.contains("no `u8` is registered"), "{text}");
    assert_eq!(here.current_sequence(), before);
    notices_replacement("start_up_says", || here.run_startup(|w: &mut World| *w = world()));
}

#[test]
fn every_world_has_a_shutdown_that_is_not_counted() {
    let mut builder = WorldBuilder::new();
    assert!(builder.is_empty() && builder.contains::<Shutdown>());
    builder.register(0_u8);
    let one = builder.shutdown_handle();
    let mut ask = (|shutdown: Res<Shutdown>, _: ()| shutdown.shutdown()).into_handler(builder.registry());
    assert_eq!((builder.len(), builder.registry().len()), (1, 1));
    let mut world = builder.build();
    assert_eq!((world.len(), world.resources().count(), world.registry().names().count()), (1, 1, 1));
    assert!(world.id::<Shutdown>() > world.id::<u8>() && world.try_id::<Shutdown>() == Some(world.id::<Shutdown>()));
    let two = world.shutdown_handle();
    assert!(!one.is_shutdown() && !two.is_shutdown());
    ask.run(&mut world, ());
    assert!(one.is_shutdown() && two.is_shutdown() && world.resource::<Shutdown>().is_shutdown());
    assert_eq!(format!("{one:?} {:?}", world.resource::<Shutdown>()), "ShutdownHandle(true) Shutdown(true)");
    let mut turns = 0;
    world.run(|_| turns += 1);
    assert_eq!(turns, 0);
    // Another world is not concerned, and has one of its own.
    let mut other = WorldBuilder::new().build();
    assert!(other.is_empty() && !other.shutdown_handle().is_shutdown());
    other.run(|other| {
        turns += 1;
        other.shutdown_handle().shutdown();
    });
    assert_eq!(turns, 1);
}

#[test]
fn a_second_shutdown_is_refused() {
    let mut builder = WorldBuilder::new();
    let handle = builder.shutdown_handle();
    let refused = "every world has a `nexus_rt::shutdown::Shutdown` of its own: do not register one; `shutdown_handle` \
                   returns its handle";
    assert_eq!(panic_of(|| builder.register(Shutdown::default())), refused);
    assert_eq!(panic_of(|| builder.register_default::<Shutdown>()), refused);
    assert_eq!(builder.try_register(Shutdown::default()).unwrap_err().to_string(), refused);
    // Plugins that share one need not know that it is there.
    builder.ensure_default::<Shutdown>();
    builder.ensure(Shutdown::default());
    assert!(builder.is_empty());
    builder.resource::<Shutdown>().shutdown();
    assert!(handle.is_shutdown() && builder.build().shutdown_handle().is_shutdown());
}

/// It is written like any resource, also for those who look at all of them.
#[test]
fn a_shutdown_that_is_replaced_has_changed() {
    let mut test = TestHarness::new(WorldBuilder::new());
    let mut replace =
        (|mut shutdown: ResMut<Shutdown>, _: ()| *shutdown = Shutdown::default()).into_handler(test.registry());
    let whole = (|_: &mut World, _: ()| {}).into_handler(test.registry());
    let changes = test.dispatch(&mut replace, ());
    assert_eq!(changes.names(), ["nexus_rt::shutdown::Shutdown"]);
    changes.changes::<Shutdown>().nothing_else();
    assert!(whole.inputs_changed(test.world()));
}

#[test]
fn the_loop_runs_until_a_handler_asks_for_the_end() {
    let (mut world, handle) = stoppable();
    let mut handler = (|mut n: ResMut<u32>, shutdown: Res<Shutdown>, (): ()| {
        *n += 1;
        if *n == 4 {
            shutdown.shutdown();
        }
    })
    .into_handler(world.registry());
    world.run(|world| handler.run(world, ()));
    assert_eq!((*world.resource::<u32>(), handle.is_shutdown()), (4, true));
    // It is final.
    world.run(|world| handler.run(world, ()));
    assert_eq!(*world.resource::<u32>(), 4);
}

#[test]
fn an_error_ends_the_loop() {
    let (mut world, handle) = stoppable();
    let ended = world.run(|world| {
        let mut n = world.resource_mut::<u32>();
        *n += 1;
        if *n < 3 { Ok(()) } else { Err(*n) }
    });
    assert_eq!((ended, handle.is_shutdown()), (Err(3), false));
    handle.shutdown();
    assert_eq!(world.run(|_| Err::<(), ()>(())), Ok(()));
}

#[test]
fn a_turn_that_replaces_the_world_is_noticed() {
    let (mut here, _handle) = stoppable();
    let mut turns = 0;
    notices_replacement("a_turn_that_replaces", || {
        here.run(|w| {
            turns += 1;
            assert_eq!(turns, 1, "there is no turn on the other world");
            *w = stoppable().0;
        });
    });
}

#[test]
fn another_thread_ends_the_loop_and_wakes_what_blocks() {
    let (mut world, handle) = stoppable();
    let main = thread::current();
    handle.on_shutdown(move || main.unpark());
    let (from_outside, blocking) = (handle.clone(), Blocking::this_thread());
    let other = thread::spawn(move || {
        blocking.until_blocked();
        from_outside.shutdown();
    });
    let started = Instant::now();
    world.run(|_| thread::park_timeout(Duration::from_secs(60)));
    assert!(started.elapsed() < Duration::from_secs(30));
    other.join().unwrap();
}

#[test]
fn wakers_run_for_each_request_and_at_once_if_it_was_made_before() {
    let handle = ShutdownHandle::default();
    let calls = Arc::new(AtomicU32::new(0));
    let (count, inner) = (calls.clone(), Mutex::new(Some(handle.clone())));
    // A waker may use the handle: no lock is held.
    handle.on_shutdown(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let inner = inner.lock().unwrap().take();
        inner.inspect(ShutdownHandle::shutdown);
    });
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    handle.shutdown();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let late = calls.clone();
    handle.on_shutdown(move || _ = late.fetch_add(10, Ordering::Relaxed));
    assert_eq!(calls.load(Ordering::Relaxed), 12);
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_waking() {
    let handle = ShutdownHandle::default();
    let woken = Arc::new(AtomicU32::new(0));
    let count = |woken: &Arc<AtomicU32>| {
        let woken = woken.clone();
        move || _ = woken.fetch_add(1, Ordering::Relaxed)
    };
    handle.on_shutdown(count(&woken));
    handle.on_shutdown(|| panic!("first"));
    handle.on_shutdown(count(&woken));
    handle.on_shutdown(|| panic!("second"));
    handle.on_shutdown(count(&woken));
    assert_eq!(panic_of(|| handle.shutdown()), "first");
    assert_eq!((woken.load(Ordering::Relaxed), handle.is_shutdown()), (3, true));
}
