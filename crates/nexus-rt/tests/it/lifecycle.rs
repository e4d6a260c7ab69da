//! Start-up, the loop, and its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::{Handler, IntoHandler, Res, ResMut, Sequence, Shutdown, ShutdownHandle, World, WorldBuilder};

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
fn the_shutdown_resource_counts_and_is_registered_by_who_asks_first() {
    assert_eq!(WorldBuilder::new().build().len(), 0);
    let mut builder = WorldBuilder::new();
    let one = builder.shutdown_handle();
    let two = builder.shutdown_handle();
    assert_eq!(builder.len(), 1);
    let world = builder.build();
    assert!(world.contains::<Shutdown>());
    assert!(!two.is_shutdown() && !world.shutdown_handle().is_shutdown());
    one.shutdown();
    assert!(two.is_shutdown() && world.shutdown_handle().is_shutdown() && world.resource::<Shutdown>().is_shutdown());
    assert_eq!(format!("{one:?} {:?}", world.resource::<Shutdown>()), "ShutdownHandle(true) Shutdown(true)");
    // Another world is not concerned.
    let other = stoppable().1;
    assert!(!other.is_shutdown());
}

#[test]
fn a_world_that_nobody_can_stop_does_not_run() {
    let expected = "nobody can ask this world to stop: call `WorldBuilder::shutdown_handle` before `build`";
    assert_eq!(panic_of(|| world().run(|_| {})), expected);
    assert_eq!(panic_of(|| _ = world().shutdown_handle()), expected);
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
