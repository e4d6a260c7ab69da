//! A wheel with a limit.

use nexus_timer::{Full, Wheel, WheelBuilder};

use crate::{clock, poll};

#[test]
fn what_does_not_fit_comes_back() {
    let (start, ms) = clock();
    let mut wheel = WheelBuilder::new().limit(2).build(start);
    assert!(wheel.capacity() >= 2);
    let first = wheel.insert(ms(1), "first");
    wheel.insert(ms(2), "second");
    assert_eq!(wheel.try_insert(ms(3), "third"), Err(Full("third")));
    wheel.cancel(first);
    assert!(wheel.try_insert(ms(3), "third").is_ok());
    assert_eq!(poll(&mut wheel, ms(3)), ["second", "third"]);
    wheel.insert(ms(4), "fourth");
}

#[test]
#[should_panic(expected = "the timer wheel is full: its limit is 1 entries; `try_insert` gives the value back")]
fn insert_says_that_it_is_full() {
    let (start, ms) = clock();
    let mut wheel = WheelBuilder::new().limit(1).build(start);
    wheel.insert(ms(1), ());
    wheel.insert(ms(1), ());
}

#[test]
fn what_is_lent_has_its_room() {
    let (start, ms) = clock();
    let mut wheel = WheelBuilder::new().limit(1).build(start);
    wheel.insert(ms(1), "periodic");
    wheel.start_poll(ms(1));
    let lent = wheel.pop_lent().expect("it is due");
    assert_eq!(wheel.try_insert(ms(1), "other"), Err(Full("other")));
    assert_eq!(wheel.restore(lent.key, ms(2), lent.value), Ok(()));
    assert_eq!(wheel.len(), 1);
}

#[test]
fn a_wheel_without_room_refuses_everything() {
    let (start, ms) = clock();
    let mut wheel = WheelBuilder::new().capacity(10).limit(0).build(start);
    let full = wheel.try_insert(ms(1), 1).expect_err("there is no room");
    assert_eq!(format!("{full} {full:?}"), "the timer wheel is full Full(..)");
}

#[test]
#[should_panic(expected = "a limit of 4294967296 entries is too high: a wheel holds 4294967295 at most")]
fn a_limit_that_cannot_be_reached_is_refused() {
    let _: Wheel<()> = WheelBuilder::new().limit(1 << 32).build(clock().0);
}

#[test]
fn room_that_was_asked_for_is_there() {
    let start = clock().0;
    assert_eq!(WheelBuilder::new().build::<()>(start).capacity(), 0);
    assert!(WheelBuilder::new().capacity(100).build::<()>(start).capacity() >= 100);
    assert!((10..100).contains(&WheelBuilder::new().capacity(100).limit(10).build::<()>(start).capacity()));
}
