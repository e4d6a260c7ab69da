//! Time as a resource: it stands still within a turn, and each source moves it in its own way.

use std::time::{Duration, Instant};

use nexus_rt::{Clock, TestHarness, VirtualClock, WorldBuilder};

use crate::support::panic_of;

const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_test_clock_follows_its_virtual_clock_when_it_is_updated() {
    let time = VirtualClock::new();
    time.advance(DAY);
    let mut clock = Clock::test(time.clone(), 10 * DAY);
    assert_eq!((clock.now(), clock.unix()), (time.now(), 11 * DAY));
    time.advance(DAY);
    assert_eq!(clock.unix(), 11 * DAY);
    assert_eq!(clock.update(), time.now());
    assert_eq!(clock.unix(), 12 * DAY);
    time.set(time.now() - DAY);
    clock.update();
    assert_eq!(clock.unix(), 11 * DAY);
    assert_eq!(format!("{clock:?}"), "Clock(test, 950400s since 1970)");
}

#[test]
fn a_historical_clock_is_set_by_events_and_by_nothing_else() {
    let mut clock = Clock::historical(10 * DAY);
    let start = clock.now();
    assert_eq!(clock.set_unix(10 * DAY + Duration::from_nanos(1)) - start, Duration::from_nanos(1));
    assert_eq!(clock.update() - start, Duration::from_nanos(1));
    assert_eq!(clock.instant_of(11 * DAY), Some(start + DAY));
    // Recorded times may go back, also to before the first one.
    assert_eq!(clock.set_unix(10 * DAY - Duration::from_secs(5)), start - Duration::from_secs(5));
    assert_eq!(clock.unix(), 10 * DAY - Duration::from_secs(5));
    assert_eq!(clock.instant_of(Duration::MAX), None);
    assert!(panic_of(|| clock.set_unix(Duration::MAX)).ends_with("is too far from the start of this clock"));
    assert_eq!(clock.unix(), 10 * DAY - Duration::from_secs(5));
}

#[test]
fn a_realtime_clock_stands_still_within_a_turn() {
    let mut clock = Clock::realtime();
    let first = clock.now();
    assert!(clock.unix() > 20_000 * DAY, "{clock:?}");
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(clock.now(), first);
    let second = clock.update();
    assert!(second > first && second <= Instant::now());
    assert_eq!(
        panic_of(|| clock.set_unix(DAY)),
        "events set the time of a historical clock only: make it with `Clock::historical`"
    );
}

#[test]
fn a_harness_and_the_clock_of_its_world_can_share_their_time() {
    let time = VirtualClock::new();
    let mut builder = WorldBuilder::new();
    builder.register(Clock::test(time.clone(), DAY));
    let mut test = TestHarness::with_clock(builder, time.clone());
    test.clock().advance(DAY);
    let (now, changes) = test.event(|world| world.resource_mut::<Clock>().update());
    changes.changes::<Clock>();
    assert_eq!((now, test.world().resource::<Clock>().unix()), (time.now(), 2 * DAY));
}
