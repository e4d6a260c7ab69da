//! Time as a resource: it stands still within a turn, and each source moves it in its own way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::testing::{TestHarness, VirtualClock};
use nexus_rt::{Clock, WorldBuilder};
use proptest::prelude::*;

use crate::support::{panic_of, until};

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
    until("the time has moved on", || Instant::now() > first);
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

/// As much as a virtual clock can be ahead of its start.
const MOST: Duration = Duration::from_nanos(u64::MAX);

#[test]
fn a_calendar_ends_at_the_longest_duration_and_begins_at_zero() {
    let time = VirtualClock::new();
    let mut clock = Clock::test(time.clone(), Duration::MAX);
    time.advance(MOST);
    clock.update();
    assert_eq!((clock.unix(), clock.now()), (Duration::MAX, time.now()));
    assert_eq!(clock.instant_of(Duration::MAX), Some(time.now() - MOST));
    assert_eq!(format!("{clock:?}"), format!("Clock(test, {:?} since 1970)", Duration::MAX));

    let mut clock = Clock::historical(Duration::MAX);
    let start = clock.now();
    assert_eq!((clock.set_unix(Duration::MAX), clock.unix()), (start, Duration::MAX));
    assert_eq!(clock.set_unix(Duration::MAX - DAY), start - DAY);
    assert!(panic_of(|| clock.set_unix(Duration::ZERO)).ends_with("is too far from the start of this clock"));
    assert_eq!((clock.unix(), clock.now()), (Duration::MAX - DAY, start - DAY));
}

proptest! {
    /// Whatever recorded times come after each other, the clock shows them, and its instants are as far apart.
    #[test]
    fn a_historical_clock_shows_what_it_is_set_to(
        first in any::<u64>(),
        times in prop::collection::vec((any::<u64>(), 0..1_000_000_000_u32), 0..20),
    ) {
        let mut clock = Clock::historical(Duration::from_secs(first));
        let (mut unix, mut now) = (clock.unix(), clock.now());
        for (secs, nanos) in times {
            let next = Duration::new(secs, nanos);
            let Some(expected) = clock.instant_of(next) else {
                panic_of(|| clock.set_unix(next));
                prop_assert_eq!((clock.unix(), clock.now()), (unix, now));
                continue;
            };
            prop_assert_eq!(clock.set_unix(next), expected);
            prop_assert_eq!((clock.unix(), clock.now(), clock.update()), (next, expected, expected));
            prop_assert_eq!(expected.saturating_duration_since(now), next.saturating_sub(unix));
            prop_assert_eq!(now.saturating_duration_since(expected), unix.saturating_sub(next));
            (unix, now) = (next, expected);
        }
    }
}

#[test]
fn a_virtual_clock_goes_to_its_limits_and_stays_there() {
    let time = VirtualClock::new();
    let start = time.now();
    assert_eq!(time.advance(MOST), start + MOST);
    assert_eq!(time.advance(Duration::ZERO), start + MOST);
    for too_much in [Duration::from_nanos(1), MOST, Duration::MAX] {
        let text = panic_of(|| time.advance(too_much));
        assert!(text.ends_with("after its start: it holds 584 years"), "{text}");
        assert_eq!((time.now(), time.elapsed()), (start + MOST, MOST));
    }
    time.set(start);
    assert_eq!(time.elapsed(), Duration::ZERO);
    time.set(start + MOST);
    let beyond = start + MOST + Duration::from_nanos(1);
    assert!(panic_of(|| time.set(beyond)).ends_with("after its start: it holds 584 years"));
    let text = panic_of(|| time.set(start - DAY));
    assert_eq!(text, "a virtual clock cannot be set to 86400s before its start");
    assert_eq!(time.now(), start + MOST);
}

#[test]
fn clocks_of_one_virtual_clock_agree_while_another_thread_moves_it() {
    let time = VirtualClock::new();
    let start = time.now();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                time.advance(Duration::from_nanos(1));
            }
        });
        while time.elapsed().is_zero() {
            thread::yield_now();
        }
        let agree = (0..200_000).all(|_| {
            let clock = Clock::test(time.clone(), DAY);
            clock.unix() - DAY == clock.now() - start
        });
        done.store(true, Ordering::Relaxed);
        assert!(agree, "the calendar of a clock is off by what the time moved meanwhile");
    });
}

#[test]
fn no_advance_is_lost_and_time_only_grows() {
    const THREADS: u32 = 4;
    const EACH: u32 = 5_000;
    let time = VirtualClock::new();
    let start = time.now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut last = start;
                for _ in 0..EACH {
                    // What it gives is a time of this thread's own: no two advances give the same.
                    let now = time.advance(Duration::from_nanos(1));
                    assert!(now > last && time.now() >= now);
                    last = now;
                }
            });
        }
    });
    assert_eq!(time.elapsed(), Duration::from_nanos(u64::from(THREADS * EACH)));
}

#[test]
fn as_many_threads_advance_as_there_is_room_for() {
    const ROOM: usize = 10;
    let time = VirtualClock::new();
    time.advance(MOST - Duration::from_nanos(ROOM as u64));
    let advanced = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let advance = || time.advance(Duration::from_nanos(1));
                    (0..ROOM).filter(|_| catch_unwind(AssertUnwindSafe(advance)).is_ok()).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!((advanced, time.elapsed()), (ROOM, MOST));
}

#[test]
fn a_time_that_is_set_while_others_advance_it_is_one_that_somebody_made() {
    const EACH: u32 = 2_000;
    let time = VirtualClock::new();
    let start = time.now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..EACH).for_each(|_| _ = time.advance(Duration::from_nanos(1))));
        }
        scope.spawn(|| (0..EACH).for_each(|n| time.set(start + n * DAY)));
    });
    // The last day that was set, and what was advanced since.
    let since = time.elapsed() - (EACH - 1) * DAY;
    assert!(since <= Duration::from_nanos(u64::from(2 * EACH)), "{since:?}");
}
