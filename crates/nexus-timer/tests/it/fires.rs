//! When entries fire, and in which order.

use std::time::{Duration, Instant};

use nexus_timer::{Wheel, WheelBuilder};

use crate::{clock, poll};

#[test]
fn an_entry_is_never_early() {
    let start = Instant::now();
    let us = |n| start + Duration::from_micros(n);
    for deadline in [5000, 4999, 5001, 1, 0, 999, 1000, 63_999, 64_000, 65_536, 4_096_000] {
        let mut wheel = WheelBuilder::new().tick(Duration::from_millis(1)).build(start);
        wheel.insert(us(deadline), ());
        for now in (deadline.saturating_sub(2000)..deadline).chain([0, deadline / 2]).filter(|now| *now < deadline) {
            assert_eq!(wheel.poll(us(now), |_| ()), 0, "{deadline} at {now}");
        }
        assert_eq!(wheel.poll(us(deadline), |_| ()), 1, "{deadline}");
    }
}

#[test]
fn an_entry_is_not_early_by_a_nanosecond() {
    let start = Instant::now();
    let deadline = start + Duration::from_micros(5000);
    let mut wheel = Wheel::new(start);
    wheel.insert(deadline, ());
    assert_eq!(wheel.poll(deadline - Duration::from_nanos(1), |_| ()), 0);
    assert_eq!(wheel.poll(deadline, |_| ()), 1);
}

#[test]
fn one_poll_gives_the_order_of_deadlines() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    for deadline in [100, 110, 70] {
        wheel.insert(ms(deadline), deadline);
    }
    assert_eq!(poll(&mut wheel, ms(200)), [70, 100, 110]);
}

#[test]
fn equal_deadlines_come_in_the_order_of_insertion() {
    let (start, ms) = clock();
    for deadline in [0, 1, 100, 10_000_000] {
        let mut wheel = Wheel::new(start);
        let keys: Vec<_> = (0..100).map(|n| wheel.insert(ms(deadline), n)).collect();
        // A reschedule counts as an insertion, also one that changes nothing.
        assert!(wheel.reschedule(keys[3], ms(deadline)));
        let expected: Vec<_> = (0..100).filter(|n| *n != 3).chain([3]).collect();
        assert_eq!(poll(&mut wheel, ms(deadline)), expected);
    }
}

#[test]
fn the_deadline_comes_back_to_the_nanosecond() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let deadlines: Vec<_> = (0..50).map(|n| start + Duration::from_nanos(7_u64.pow(n % 20) + u64::from(n))).collect();
    let keys: Vec<_> = deadlines.iter().map(|deadline| wheel.insert(*deadline, ())).collect();
    for (key, deadline) in keys.iter().zip(&deadlines) {
        assert_eq!(wheel.deadline(*key), Some(*deadline));
    }
    let mut fired = Vec::new();
    wheel.poll(start + Duration::from_secs(1 << 30), |expired| fired.push(expired.deadline));
    let mut sorted = deadlines;
    sorted.sort();
    assert_eq!(fired, sorted[..fired.len()]);
}

#[test]
fn the_past_fires_at_once_and_in_order() {
    let (before, ms) = clock();
    let mut wheel = Wheel::new(ms(1000));
    for deadline in [500, 1000, 200, 999, 0] {
        wheel.insert(ms(deadline), deadline);
    }
    assert_eq!(wheel.next_deadline(), Some(before));
    assert_eq!(poll(&mut wheel, ms(400)), [0, 200]);
    assert_eq!(poll(&mut wheel, ms(1000)), [500, 999, 1000]);
}

#[test]
fn a_clock_may_stand_still_go_back_or_jump() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let days = 24 * 3600 * 1000;
    wheel.insert(ms(10), 10);
    wheel.insert(ms(3 * days), 3);
    assert_eq!(poll(&mut wheel, ms(9)), []);
    assert_eq!(poll(&mut wheel, ms(9)), []);
    assert_eq!(poll(&mut wheel, start), []);
    wheel.insert(ms(5), 5);
    assert_eq!(poll(&mut wheel, ms(4)), []);
    assert_eq!(poll(&mut wheel, ms(2 * days)), [5, 10]);
    // Back again: what waits keeps its deadline, and what is new has its own.
    assert_eq!(poll(&mut wheel, ms(20)), []);
    wheel.insert(ms(30), 30);
    wheel.insert(ms(25), 25);
    assert_eq!(poll(&mut wheel, ms(24)), []);
    assert_eq!(wheel.next_deadline(), Some(ms(25)));
    assert_eq!(poll(&mut wheel, ms(27)), [25]);
    assert_eq!(poll(&mut wheel, ms(400 * days)), [30, 3]);
}

#[test]
fn what_is_centuries_away_waits() {
    let (start, ms) = clock();
    let year = Duration::from_secs(365 * 24 * 3600);
    let mut wheel = Wheel::new(start);
    wheel.insert(start + 290 * year, 290);
    wheel.insert(start + 1000 * year, 1000);
    let key = wheel.insert(start + 2000 * year, 2000);
    wheel.insert(start - 5 * Duration::from_secs(1), 0);
    assert_eq!(poll(&mut wheel, ms(0)), [0]);
    assert_eq!(poll(&mut wheel, start + 289 * year), []);
    assert_eq!(poll(&mut wheel, start + 290 * year), [290]);
    // The scale ends here: later than asked for, but never early.
    assert_eq!(poll(&mut wheel, start + 999 * year), []);
    assert_eq!(wheel.cancel(key), Some(2000));
}

#[test]
#[should_panic(expected = "a tick of 999ns is too short: a wheel's tick is 1µs at least")]
fn a_tick_below_a_microsecond_is_refused() {
    let _: Wheel<()> = WheelBuilder::new().tick(Duration::from_nanos(999)).build(Instant::now());
}

#[test]
fn any_longer_tick_will_do() {
    let start = Instant::now();
    let ticks =
        [Duration::from_micros(1), Duration::from_nanos(1_234_567), Duration::from_secs(1 << 40), Duration::MAX];
    for tick in ticks {
        let mut wheel = WheelBuilder::new().tick(tick).build(start);
        // The greatest power of two that is not longer, as far as there are such.
        assert!(wheel.tick() <= tick && (wheel.tick() > tick / 2 || tick > Duration::from_secs(1 << 34)));
        for n in (0..500).rev() {
            wheel.insert(start + n * Duration::from_micros(300), n);
        }
        let half = poll(&mut wheel, start + 249 * Duration::from_micros(300));
        assert!(half.iter().copied().eq(0..250), "{tick:?}: {half:?}");
        assert_eq!(poll(&mut wheel, start + Duration::from_secs(1)).len(), 250);
    }
}

#[test]
fn what_is_added_to_a_slot_that_waits_does_not_overtake_it() {
    let start = Instant::now();
    let us = |us: u64| start + Duration::from_micros(us);
    // A tick is 524 us. The poll comes a tick before the slot, in its tick, and right before it is due.
    for polled in [4_800, 5_300, 5_399] {
        let mut wheel = Wheel::new(start);
        wheel.insert(us(5_400), 'a');
        assert_eq!(wheel.poll(us(polled), |_| ()), 0);
        wheel.insert(us(5_700), 'c');
        wheel.insert(us(5_500), 'b');
        assert_eq!(poll(&mut wheel, us(9_000)), ['a', 'b', 'c'], "polled at {polled}");
    }
}
