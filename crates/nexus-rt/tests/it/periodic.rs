//! Timers that repeat: their phase, missed ticks, and how they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_rt::testing::{TestTimerDriver, VirtualClock};
use nexus_rt::timer::{MissedTicks, TimerEvent, TimerKey};
use nexus_rt::{
    IntoCallback, IntoHandler, Periodic, ResMut, TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder,
};

use crate::support::panic_of;

const MS: Duration = Duration::from_millis(1);

/// What ran: the deadline and the time of the poll, in milliseconds from the start.
#[derive(Default)]
struct Ran(Vec<(u64, u64)>);

fn world(start: Instant) -> (World, TimerPoller) {
    let mut builder = WorldBuilder::new();
    let poller = builder.install_driver(TimerInstaller::new(start));
    builder.register_default::<Ran>();
    (builder.build(), poller)
}

fn note(start: &mut Instant, mut ran: ResMut<Ran>, event: TimerEvent) {
    let ms = |at: Instant| u64::try_from((at - *start).as_millis()).expect("a short test");
    ran.0.push((ms(event.deadline), ms(event.now)));
}

/// Runs a timer with period 10, first at 10, over polls at these times; gives what ran.
fn ran(missed: MissedTicks, polls: &[u32]) -> Vec<(u64, u64)> {
    let start = Instant::now();
    let (mut world, mut poller) = world(start);
    let timer = Box::new(note.into_callback(start, world.registry()));
    let repeats = Periodic::every(10 * MS).missed(missed);
    world.resource_mut::<TimerWheel>().schedule_every(start + 10 * MS, repeats, timer);
    for poll in polls {
        poller.poll(&mut world, start + *poll * MS);
    }
    world.resource::<Ran>().0.clone()
}

#[test]
fn a_timer_that_is_polled_late_does_not_drift() {
    // Polled three late each time.
    assert_eq!(ran(MissedTicks::Skip, &[13, 23, 33, 43]), [(10, 13), (20, 23), (30, 33), (40, 43)]);
}

#[test]
fn missed_ticks_are_skipped_caught_up_or_put_off() {
    let polls = [10, 45, 50, 55, 61];
    assert_eq!(ran(MissedTicks::Skip, &polls), [(10, 10), (20, 45), (50, 50), (60, 61)]);
    assert_eq!(ran(MissedTicks::CatchUp, &polls), [(10, 10), (20, 45), (30, 45), (40, 45), (50, 50), (60, 61)]);
    assert_eq!(ran(MissedTicks::Delay, &polls), [(10, 10), (20, 45), (55, 55)]);
    // Late by exactly some periods: the tick of the present is missed too, and the next is to come.
    assert_eq!(ran(MissedTicks::Skip, &[30, 39, 40]), [(10, 30), (40, 40)]);
    // A duration alone skips.
    assert_eq!(Periodic::from(10 * MS), Periodic::every(10 * MS).missed(MissedTicks::Skip));
    assert_eq!(Periodic::every(10 * MS).period(), 10 * MS);
    assert!(panic_of(|| Periodic::every(Duration::ZERO)).starts_with("a timer cannot repeat without a pause"));
}

#[test]
fn a_period_longer_than_any_clock_is_fine() {
    const YEAR: Duration = Duration::from_secs(31_557_600);
    for missed in [MissedTicks::Skip, MissedTicks::CatchUp, MissedTicks::Delay] {
        let start = Instant::now();
        let (mut world, mut poller) = world(start);
        let timer = Box::new(note.into_callback(start, world.registry()));
        let repeats = Periodic::every(Duration::MAX).missed(missed);
        let key = world.resource_mut::<TimerWheel>().schedule_every(start, repeats, timer);
        assert_eq!([poller.poll(&mut world, start), poller.poll(&mut world, start + MS)], [1, 0]);
        // Its next time is centuries away: it waits for it.
        assert!(world.resource::<TimerWheel>().deadline(key).is_some_and(|next| next > start + 200 * YEAR));
    }
}

#[test]
fn a_periodic_timer_ends_from_inside_and_from_outside() {
    let start = Instant::now();
    let (mut world, mut poller) = world(start);
    let alive = Arc::new(());
    let inside = (|ctx: &mut (u32, Arc<()>), mut timers: ResMut<TimerWheel>, event: TimerEvent| {
        ctx.0 += 1;
        if ctx.0 == 3 {
            assert!(timers.cancel(event.key));
            assert!(!timers.cancel(event.key), "it is gone already");
        }
    })
    .into_callback((0, alive.clone()), world.registry());
    world.resource_mut::<TimerWheel>().schedule_every(start + MS, MS, Box::new(inside));
    let ran: usize = (0..10).map(|n| poller.poll(&mut world, start + n * MS)).sum();
    assert_eq!((ran, Arc::strong_count(&alive), poller.len(&world)), (3, 1, 0));

    let held = alive.clone();
    let outside = Box::new((move |_: TimerEvent| _ = &held).into_handler(world.registry()));
    let key = world.resource_mut::<TimerWheel>().schedule_every(start + 10 * MS, MS, outside);
    assert_eq!([10, 11, 12].map(|n| poller.poll(&mut world, start + n * MS)), [1, 1, 1]);
    assert_eq!(world.resource::<TimerWheel>().deadline(key), Some(start + 13 * MS));
    assert!(world.resource_mut::<TimerWheel>().cancel(key));
    assert_eq!((poller.poll(&mut world, start + 99 * MS), Arc::strong_count(&alive)), (0, 1));
}

#[test]
fn a_reschedule_from_inside_moves_the_phase() {
    let start = Instant::now();
    let (mut world, mut poller) = world(start);
    let once = (|start: &mut Instant, mut timers: ResMut<TimerWheel>, event: TimerEvent| {
        if event.deadline == *start + 10 * MS {
            timers.reschedule(event.key, event.deadline + 5 * MS);
        }
    })
    .into_callback(start, world.registry());
    world.resource_mut::<TimerWheel>().schedule_every(start + 10 * MS, 10 * MS, Box::new(once));
    let due: Vec<u32> = (0..40).filter(|n| poller.poll(&mut world, start + *n * MS) == 1).collect();
    assert_eq!(due, [10, 15, 25, 35]);
}

#[test]
fn an_outside_reschedule_keeps_the_key() {
    let start = Instant::now();
    let (mut world, mut poller) = world(start);
    let timer = Box::new(note.into_callback(start, world.registry()));
    let key: TimerKey = world.resource_mut::<TimerWheel>().schedule_every(start + 10 * MS, 10 * MS, timer);
    assert!(world.resource_mut::<TimerWheel>().reschedule(key, start + 3 * MS));
    let due: Vec<u32> = (0..30).filter(|n| poller.poll(&mut world, start + *n * MS) == 1).collect();
    assert_eq!(due, [3, 13, 23]);
    assert!(world.resource::<TimerWheel>().contains(key));
}

#[test]
fn a_test_drives_timers_with_a_clock_of_its_own() {
    let clock = VirtualClock::new();
    let (mut world, poller) = world(clock.now());
    let start = clock.now();
    let mut timers = TestTimerDriver::new(poller, clock.clone());
    let timer = Box::new(note.into_callback(start, world.registry()));
    world.resource_mut::<TimerWheel>().schedule_every(start + 10 * MS, 10 * MS, timer);
    assert_eq!((timers.poll(&mut world), timers.advance(&mut world, 9 * MS)), (0, 0));
    assert_eq!((timers.advance(&mut world, MS), timers.now()), (1, start + 10 * MS));
    // From deadline to deadline, so nothing is late.
    assert_eq!(timers.run_until(&mut world, start + 45 * MS), 3);
    assert_eq!(timers.now(), start + 45 * MS);
    timers.set_now(start);
    assert_eq!((timers.poll(&mut world), clock.now()), (0, start));
    assert_eq!(timers.poller().next_deadline(&world), Some(start + 50 * MS));
    assert_eq!(world.resource::<Ran>().0, [(10, 10), (20, 20), (30, 30), (40, 40)]);
}

#[test]
fn a_timer_that_runs_at_one_time_without_end_fails_a_test() {
    let clock = VirtualClock::new();
    let (mut world, poller) = world(clock.now());
    let start = clock.now();
    let mut timers = TestTimerDriver::new(poller, clock);
    let again = |mut timers: ResMut<TimerWheel>, event: TimerEvent| _ = timers.reschedule(event.key, event.now);
    let again = Box::new(again.into_handler(world.registry()));
    world.resource_mut::<TimerWheel>().schedule(start + MS, again);
    let message = panic_of(|| _ = timers.run_until(&mut world, start + 2 * MS));
    assert_eq!(message, "timers were due in 1000 polls at one time: reschedule them to after `event.now`");
}
