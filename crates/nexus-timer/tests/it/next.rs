//! `next_deadline`: never too late, and worth waking up for.

use std::time::{Duration, Instant};

use nexus_timer::Wheel;

use crate::clock;

/// Sleeps and polls until something fires; gives how many polls it took.
fn wakes<T>(wheel: &mut Wheel<T>) -> u32 {
    let mut wakes = 0;
    loop {
        let next = wheel.next_deadline().expect("something waits");
        wakes += 1;
        if wheel.poll(next, |_| ()) > 0 {
            return wakes;
        }
        assert!(wheel.next_deadline() > Some(next), "a wake without progress");
    }
}

#[test]
fn it_is_exact_on_the_lowest_level() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let deadlines = [5_000_123, 4_700_321, 4_700_322].map(|ns| start + Duration::from_nanos(ns));
    let keys = deadlines.map(|deadline| wheel.insert(deadline, ()));
    assert_eq!(wheel.next_deadline(), Some(deadlines[1]));
    // Also after the earliest of a slot has left.
    wheel.cancel(keys[1]);
    assert_eq!(wheel.next_deadline(), Some(deadlines[2]));
    wheel.reschedule(keys[2], start + Duration::from_secs(10));
    assert_eq!(wheel.next_deadline(), Some(deadlines[0]));
    assert_eq!(wakes(&mut wheel), 1);
}

#[test]
fn it_is_never_later_than_the_truth_and_every_wake_makes_progress() {
    let start = Instant::now();
    for exponent in 0..62 {
        for extra in [0, 1, 12_345] {
            let mut wheel = Wheel::new(start);
            let deadline = start + Duration::from_nanos((1 << exponent) + extra);
            wheel.insert(deadline, ());
            assert!(wheel.next_deadline() <= Some(deadline));
            let wakes = wakes(&mut wheel);
            assert!(wakes <= 10, "{wakes} wakes for 2^{exponent} + {extra} ns");
        }
    }
}

#[test]
fn an_idle_wheel_follows_the_clock() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    // Far from the start, what is near is as exact as at the start.
    wheel.poll(ms(1_000_000), |_| ());
    wheel.insert(ms(1_000_001), ());
    assert_eq!(wheel.next_deadline(), Some(ms(1_000_001)));
    // Also if the clock goes back while nothing waits.
    wheel.clear();
    wheel.poll(ms(10), |_| ());
    wheel.insert(ms(11), ());
    assert_eq!(wheel.next_deadline(), Some(ms(11)));
    assert_eq!(wakes(&mut wheel), 1);
}

#[test]
fn nothing_waits_for_nothing() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    assert_eq!(wheel.next_deadline(), None);
    let key = wheel.insert(ms(10), ());
    wheel.cancel(key);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn what_left_one_slot_is_not_forgotten_for_the_sake_of_another() {
    let start = Instant::now();
    let us = |us: u64| start + Duration::from_micros(us);
    for by_poll in [false, true] {
        let mut wheel = Wheel::new(start);
        // A tick is 524 us: the first two share a slot, and so do the others.
        let early = [5_300, 5_500].map(|at| wheel.insert(us(at), at));
        let late = [9_500, 9_900].map(|at| wheel.insert(us(at), at));
        wheel.cancel(early[0]);
        wheel.cancel(late[0]);
        if by_poll {
            assert_eq!(wheel.poll(us(5_400), |_| ()), 0);
        } else {
            wheel.insert(us(5_250), 5_250);
        }
        let due = if by_poll { 5_500 } else { 5_250 };
        assert_eq!(wheel.next_deadline(), Some(us(due)));
        assert!(wheel.poll(us(6_000), |_| ()) > 0);
        assert_eq!(wheel.next_deadline(), Some(us(9_900)));
    }
}

#[test]
fn it_is_exact_whatever_leaves_a_crowded_tick() {
    let start = Instant::now();
    let at = |n: u64| start + Duration::from_nanos(5_300_000 + n);
    // From the earliest, from the latest, and in leaps.
    for order in [|n| n, |n| 499 - n, |n| n * 211 % 500] {
        let mut wheel = Wheel::new(start);
        let mut keys: Vec<_> = (0..500).map(|n| Some(wheel.insert(at(n), ()))).collect();
        for n in (0..500).map(order) {
            let key = keys[n].take().expect("it was not cancelled yet");
            assert_eq!(wheel.cancel(key), Some(()));
            let earliest = keys.iter().position(Option::is_some);
            assert_eq!(wheel.next_deadline(), earliest.map(|n| at(n as u64)));
        }
    }
}

#[test]
fn a_tick_that_was_sorted_before_its_time_takes_what_comes() {
    let start = Instant::now();
    let us = |us: u64| start + Duration::from_micros(us);
    let mut wheel = Wheel::new(start);
    // A tick is 524 us. All of these share one.
    let keys = [5_250, 5_300, 5_350, 5_400].map(|at| wheel.insert(us(at), at));
    for (key, next) in keys.into_iter().zip([5_300, 5_350]) {
        wheel.cancel(key);
        assert_eq!(wheel.next_deadline(), Some(us(next)));
    }
    // Ticks before it, in it, and after it; the clock has not moved.
    for (at, next) in [(5_380, 5_350), (9_000, 5_350), (5_250, 5_250), (700, 700), (100, 100)] {
        wheel.insert(us(at), at);
        assert_eq!(wheel.next_deadline(), Some(us(next)));
    }
    assert_eq!(crate::poll(&mut wheel, us(50)), [0; 0]);
    assert_eq!(crate::poll(&mut wheel, us(700)), [100, 700]);
    assert_eq!(crate::poll(&mut wheel, us(300)), [0; 0]);
    assert_eq!(wheel.next_deadline(), Some(us(5_250)));
    assert_eq!(crate::poll(&mut wheel, us(5_380)), [5_250, 5_350, 5_380]);
    assert_eq!(crate::poll(&mut wheel, us(9_000)), [5_400, 9_000]);
}
