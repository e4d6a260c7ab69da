//! The harness: events in order, what they changed, and time that moves when told to.

use std::thread;
use std::time::Duration;

use nexus_rt::testing::{TestHarness, VirtualClock};
use nexus_rt::{Handler, IntoHandler, Res, ResMut, Sequence, World, WorldBuilder};

use crate::support::{Log, notices_replacement, panic_of, world};

fn harness() -> TestHarness {
    let mut builder = WorldBuilder::new();
    builder.register(10_u64);
    builder.register(0_i64);
    builder.register(Log::new());
    TestHarness::new(builder)
}

fn note(mut log: ResMut<Log>, mut sum: ResMut<i64>, now: Sequence, x: i64) {
    log.push(format!("{x} at {now}"));
    if x > 0 {
        *sum += x;
    }
}

#[test]
fn each_event_has_a_sequence_of_its_own() {
    let mut test = harness();
    let mut note = note.into_handler(test.registry());
    test.dispatch(&mut note, 1);
    test.dispatch_many(&mut note, [2, 3]);
    let (sequence, _) = test.event(|world| world.current_sequence());
    assert_eq!(*test.world().resource::<Log>(), ["1 at 2", "2 at 3", "3 at 4"]);
    assert_eq!((sequence.get(), test.world().current_sequence().get()), (5, 5));
    test.dispatch_many(&mut note, []).nothing_else();
}

#[test]
fn what_changed_is_asserted_and_said() {
    let mut test = harness();
    let mut note = note.into_handler(test.registry());
    let changes = test.dispatch(&mut note, 1);
    assert_eq!(changes.names(), ["i64", "alloc::vec::Vec<alloc::string::String>"]);
    assert!(changes.contain::<i64>() && !changes.contain::<u64>());
    changes.clone().changes::<i64>().leaves::<u64>().changes::<Log>().nothing_else();
    assert_eq!(
        panic_of(|| changes.clone().changes::<u64>()),
        "`u64` was not written; written: `i64`, `alloc::vec::Vec<alloc::string::String>`"
    );
    assert_eq!(panic_of(|| changes.clone().leaves::<i64>()), "`i64` was written");
    let text = panic_of(|| changes.clone().changes::<i64>().nothing_else());
    assert_eq!(text, "also written: `alloc::vec::Vec<alloc::string::String>`");
    assert!(panic_of(|| changes.contain::<u8>()).contains("no `u8` is registered"));
    let mut test = TestHarness::from(test.into_world());
    let mut nothing = (|_: Res<u64>, ()| {}).into_handler(test.registry());
    let text = panic_of(|| test.dispatch(&mut nothing, ()).changes::<i64>());
    assert_eq!(text, "`i64` was not written; written: nothing");
}

#[test]
fn the_events_of_one_call_count_and_no_others() {
    let mut test = harness();
    let mut note = note.into_handler(test.registry());
    // A write between events belongs to the event before it.
    test.dispatch(&mut note, 0).leaves::<i64>();
    *test.world_mut().resource_mut::<i64>() = 5;
    test.dispatch(&mut note, 0).leaves::<i64>();
    // Of several events, each counts.
    test.dispatch_many(&mut note, [1, 0]).changes::<i64>();
    let before = test.world().current_sequence();
    test.dispatch(&mut note, 1);
    test.dispatch(&mut note, 0).leaves::<i64>();
    test.changed_after(before).changes::<i64>().changes::<Log>().nothing_else();
    let (given, changes) = test.event(|world| std::mem::replace(&mut *world.resource_mut::<u64>(), 11));
    assert_eq!(given, 10);
    changes.changes::<u64>().nothing_else();
}

#[test]
fn a_replaced_world_is_noticed() {
    let mut test = harness();
    let mut replace = (|here: &mut World, (): ()| *here = world()).into_handler(test.registry());
    notices_replacement("a_replaced_world_is_noticed", || _ = test.dispatch(&mut replace, ()));
    struct Replaces;
    impl nexus_rt::Describe for Replaces {}
    impl Handler<u8> for Replaces {
        fn run(&mut self, here: &mut World, event: u8) {
            assert_eq!(event, 1, "nothing runs on the other world");
            *here = world();
        }
    }
    let replaces: &mut dyn Handler<u8> = &mut Replaces;
    notices_replacement("Replaces", || _ = harness().dispatch_many(replaces, [1, 2]));
    notices_replacement("a_replaced_world_is_noticed", || harness().event(|here| *here = world()).0);
}

#[test]
fn time_moves_when_it_is_told_to() {
    let clock = VirtualClock::new();
    let start = clock.now();
    assert_eq!(clock.now(), start);
    let day = Duration::from_hours(24);
    assert_eq!(clock.advance(day), start + day);
    assert_eq!(clock.advance(Duration::from_nanos(1)), start + day + Duration::from_nanos(1));
    clock.set(start + day);
    assert_eq!((clock.now(), clock.elapsed()), (start + day, day));
    assert_eq!(format!("{clock:?}"), "VirtualClock(86400s after its start)");
    // From several threads, and none is lost.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1_000).for_each(|_| _ = clock.clone().advance(day / 4_000)));
        }
    });
    assert_eq!(clock.elapsed(), 2 * day);
    let text = panic_of(|| clock.advance(Duration::MAX));
    assert!(text.ends_with("after its start: it holds 584 years"), "{text}");
    assert_eq!(
        panic_of(|| clock.set(start - Duration::from_secs(1))),
        "a virtual clock cannot be set to 1s before its start"
    );
    let text = panic_of(|| clock.advance(Duration::from_secs(600 * 365 * 86_400)));
    assert!(text.ends_with("after its start: it holds 584 years"), "{text}");
    assert_eq!(clock.elapsed(), 2 * day);
}

#[test]
fn a_harness_has_a_clock_that_its_drivers_share() {
    let mut test = harness();
    let shared = test.clock().clone();
    let mut late = (|mut sum: ResMut<i64>, by: Duration| *sum = by.as_secs() as i64).into_handler(test.registry());
    let start = test.clock().now();
    shared.advance(Duration::from_secs(3));
    let now = test.clock().now();
    test.dispatch(&mut late, now - start).changes::<i64>();
    assert_eq!(*test.world().resource::<i64>(), 3);
}
