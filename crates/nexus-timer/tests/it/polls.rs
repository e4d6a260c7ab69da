//! Polls that are interrupted: by what is done between two pops, by a budget, by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_timer::Wheel;

use crate::{clock, poll};

fn pop<T>(wheel: &mut Wheel<T>) -> Option<T> {
    wheel.pop().map(|expired| expired.value)
}

#[test]
fn a_panic_loses_nobody_else() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    for n in 0..10 {
        wheel.insert(ms(n), n);
    }
    let mut fired = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        wheel.poll(ms(100), |expired| {
            assert!(expired.value != 4, "the handler of 4 fails");
            fired.push(expired.value);
        })
    }));
    assert!(outcome.is_err());
    assert_eq!(fired, [0, 1, 2, 3]);
    assert_eq!((wheel.len(), wheel.next_deadline()), (5, Some(ms(5))));
    assert_eq!(poll(&mut wheel, ms(100)), [5, 6, 7, 8, 9]);
}

#[test]
fn what_a_poll_adds_fires_in_it_only_if_it_is_later() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(10), "10");
    wheel.insert(ms(20), "20");
    wheel.start_poll(ms(30));
    // Nothing has fired yet, so everything may come.
    wheel.insert(ms(5), "5");
    assert_eq!(pop(&mut wheel), Some("5"));
    assert_eq!(pop(&mut wheel), Some("10"));
    wheel.insert(ms(10), "10 again");
    wheel.insert(ms(9), "9");
    wheel.insert(ms(11), "11");
    wheel.insert(ms(30), "30");
    wheel.insert(ms(31), "31");
    assert_eq!(wheel.next_deadline(), Some(ms(9)));
    assert_eq!(pop(&mut wheel), Some("11"));
    assert_eq!(pop(&mut wheel), Some("20"));
    assert_eq!(pop(&mut wheel), Some("30"));
    assert_eq!(pop(&mut wheel), None);
    assert_eq!(poll(&mut wheel, ms(30)), ["9", "10 again"]);
    assert_eq!(poll(&mut wheel, ms(31)), ["31"]);
}

#[test]
fn a_poll_that_feeds_itself_ends() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(1), 0);
    for n in 0..100 {
        wheel.start_poll(ms(1));
        assert_eq!(pop(&mut wheel), Some(n));
        wheel.insert(ms(1), n + 1);
        assert_eq!(pop(&mut wheel), None);
    }
}

#[test]
fn what_is_due_may_be_moved_and_cancelled() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let keys: Vec<_> = (0..6).map(|n| wheel.insert(ms(10 * n), n)).collect();
    wheel.start_poll(ms(50));
    assert_eq!((pop(&mut wheel), pop(&mut wheel)), (Some(0), Some(1)));
    assert_eq!(wheel.cancel(keys[3]), Some(3));
    assert!(wheel.reschedule(keys[2], ms(10))); // not later than what fired last
    assert!(wheel.reschedule(keys[4], ms(11))); // later
    assert!(wheel.reschedule(keys[5], ms(51))); // not due
    assert_eq!((pop(&mut wheel), pop(&mut wheel)), (Some(4), None));
    assert_eq!(poll(&mut wheel, ms(51)), [2, 5]);
}

#[test]
fn what_was_put_off_may_be_moved_and_cancelled() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(10), 0);
    wheel.start_poll(ms(10));
    assert_eq!(pop(&mut wheel), Some(0));
    let keys: Vec<_> = (1..5).map(|n| wheel.insert(ms(n), n)).collect();
    assert_eq!(wheel.cancel(keys[0]), Some(1));
    assert_eq!(wheel.next_deadline(), Some(ms(2)));
    assert!(wheel.reschedule(keys[1], ms(4)));
    assert!(wheel.reschedule(keys[2], ms(12)));
    assert_eq!(pop(&mut wheel), None);
    assert_eq!(poll(&mut wheel, ms(10)), [4, 2]);
    assert_eq!(poll(&mut wheel, ms(12)), [3]);
}

#[test]
fn a_budget_leaves_the_rest_due_and_in_order() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    for n in 0..100 {
        wheel.insert(ms((n * 37) % 100), (n * 37) % 100);
    }
    let mut fired = Vec::new();
    while !wheel.is_empty() {
        wheel.start_poll(ms(200));
        fired.extend((0..7).map_while(|_| pop(&mut wheel)));
        assert!(wheel.next_deadline().is_none_or(|next| next <= ms(200)));
    }
    assert!(fired.iter().copied().eq(0..100), "{fired:?}");
}

#[test]
fn without_a_poll_nothing_after_the_start_fires() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(1), 1);
    assert_eq!(wheel.pop(), None);
    assert_eq!(wheel.pop_lent(), None);
}

#[test]
fn churn_within_a_tick_takes_no_more_room() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(100), 0);
    assert_eq!(poll(&mut wheel, ms(100)), [0]);
    let key = wheel.insert(ms(100), 1);
    for n in 0..100_000 {
        assert!(wheel.reschedule(key, ms(100 - n % 3)));
        let other = wheel.insert(ms(99), 2);
        wheel.cancel(other);
    }
    assert_eq!((wheel.len(), wheel.capacity() < 100), (1, true));
    assert_eq!(poll(&mut wheel, ms(100)), [1]);
}
