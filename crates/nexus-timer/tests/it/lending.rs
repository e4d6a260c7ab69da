//! Values that are taken out, run, and put back under their key.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_timer::{Wheel, WheelBuilder};

use crate::{clock, poll};

#[test]
fn the_key_lives_on() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let key = wheel.insert(ms(10), "periodic");
    for n in 1..=100 {
        wheel.start_poll(ms(10 * n));
        let lent = wheel.pop_lent().expect("it is due");
        assert_eq!((lent.key, lent.deadline), (key, ms(10 * n)));
        // Out, but not gone, and not due.
        assert!(wheel.contains(key) && wheel.get(key).is_none() && wheel.deadline(key).is_none());
        assert_eq!((wheel.len(), wheel.iter().count(), wheel.next_deadline()), (1, 0, None));
        assert_eq!(wheel.restore(key, ms(10 * (n + 1)), lent.value), Ok(()));
        assert_eq!(wheel.pop_lent(), None);
        assert_eq!(wheel.deadline(key), Some(ms(10 * (n + 1))));
    }
    assert_eq!(wheel.cancel(key), Some("periodic"));
}

#[test]
fn a_cancel_while_it_is_lent_holds() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let key = wheel.insert(ms(1), "value");
    wheel.start_poll(ms(1));
    let lent = wheel.pop_lent().expect("it is due");
    assert!(wheel.contains(key));
    assert_eq!(wheel.cancel(key), None);
    assert!(!wheel.contains(key));
    // The room is free: a stranger may live there by now.
    let stranger = wheel.insert(ms(5), "stranger");
    assert!(!wheel.reschedule(key, ms(7)));
    assert_eq!(wheel.restore(key, ms(9), lent.value), Err("value"));
    assert_eq!((wheel.len(), wheel.deadline(stranger)), (1, Some(ms(5))));
}

#[test]
fn a_reschedule_while_it_is_lent_wins() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let key = wheel.insert(ms(1), "value");
    wheel.start_poll(ms(1));
    let lent = wheel.pop_lent().expect("it is due");
    assert!(wheel.reschedule(key, ms(50)));
    assert!(wheel.reschedule(key, ms(70)));
    assert_eq!((wheel.deadline(key), wheel.next_deadline()), (Some(ms(70)), None));
    assert_eq!(wheel.restore(key, ms(2), lent.value), Ok(()));
    assert_eq!(wheel.deadline(key), Some(ms(70)));
    assert_eq!(poll(&mut wheel, ms(69)), [""; 0]);
    assert_eq!(poll(&mut wheel, ms(70)), ["value"]);
}

#[test]
fn what_is_not_restored_ends() {
    let (start, ms) = clock();
    let endings: [fn(&mut Wheel<u8>); 3] = [
        |wheel| assert_eq!(wheel.pop(), None),
        |wheel| assert_eq!(wheel.pop_lent(), None),
        |wheel| wheel.start_poll(std::time::Instant::now()),
    ];
    for end in endings {
        let mut wheel = Wheel::new(start);
        let key = wheel.insert(ms(1), 1);
        wheel.start_poll(ms(1));
        let lent = wheel.pop_lent().expect("it is due");
        end(&mut wheel);
        assert!(!wheel.contains(key) && wheel.is_empty());
        assert_eq!(wheel.restore(key, ms(2), lent.value), Err(1));
    }
}

#[test]
fn a_panic_while_it_is_lent_leaves_nothing_behind() {
    let (start, ms) = clock();
    let mut wheel = WheelBuilder::new().limit(2).build(start);
    let lost = wheel.insert(ms(1), "lost");
    wheel.insert(ms(2), "kept");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        wheel.start_poll(ms(5));
        let _value = wheel.pop_lent().expect("it is due").value;
        panic!("the handler fails");
    }));
    assert!(outcome.is_err());
    assert_eq!(poll(&mut wheel, ms(5)), ["kept"]);
    assert!(!wheel.contains(lost) && wheel.is_empty());
    assert!(wheel.try_insert(ms(9), "a").is_ok() && wheel.try_insert(ms(9), "b").is_ok());
}

#[test]
fn only_what_is_lent_can_be_restored() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let waits = wheel.insert(ms(9), "waits");
    wheel.insert(ms(1), "lent");
    assert_eq!(wheel.restore(waits, ms(3), "value"), Err("value"));
    wheel.start_poll(ms(1));
    let lent = wheel.pop_lent().expect("it is due");
    assert_eq!(wheel.restore(waits, ms(3), "value"), Err("value"));
    assert_eq!(wheel.restore(lent.key, ms(3), lent.value), Ok(()));
    assert_eq!(wheel.restore(lent.key, ms(3), "twice"), Err("twice"));
    assert_eq!(poll(&mut wheel, ms(9)), ["lent", "waits"]);
}

#[test]
fn a_late_periodic_entry_catches_up_in_one_poll_and_the_poll_ends() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(10), ());
    wheel.start_poll(ms(55));
    let mut at = Vec::new();
    while let Some(lent) = wheel.pop_lent() {
        at.push(lent.deadline);
        let next = lent.deadline + std::time::Duration::from_millis(10);
        wheel.restore(lent.key, next, ()).expect("nobody cancelled it");
    }
    assert_eq!(at, [10, 20, 30, 40, 50].map(ms));
    // Put back to where it was, it waits for the next poll.
    wheel.start_poll(ms(60));
    let lent = wheel.pop_lent().expect("it is due");
    wheel.restore(lent.key, lent.deadline, ()).expect("nobody cancelled it");
    assert_eq!(wheel.pop_lent(), None);
    assert_eq!(wheel.next_deadline(), Some(ms(60)));
    assert_eq!(wheel.poll(ms(60), |_| ()), 1);
}

#[test]
fn clear_ends_what_is_lent() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(1), 1);
    wheel.start_poll(ms(1));
    let lent = wheel.pop_lent().expect("it is due");
    wheel.clear();
    assert!(wheel.is_empty());
    assert_eq!(wheel.restore(lent.key, ms(2), lent.value), Err(1));
}
