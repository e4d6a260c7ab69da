//! Keys: what they may be used for, and what they never do.

use std::collections::HashSet;

use nexus_timer::{TimerKey, Wheel};

use crate::{clock, poll};

#[test]
fn a_key_means_nothing_on_another_wheel() {
    let (start, ms) = clock();
    let mut one = Wheel::new(start);
    let mut other = Wheel::new(start);
    let foreign = one.insert(ms(10), "one");
    let own = other.insert(ms(10), "other");
    assert_ne!(foreign, own);
    assert_eq!((other.get(foreign), other.deadline(foreign)), (None, None));
    assert_eq!(other.get_mut(foreign), None);
    assert!(!other.contains(foreign));
    assert!(!other.reschedule(foreign, ms(99)));
    assert_eq!(other.cancel(foreign), None);
    assert_eq!(other.restore(foreign, ms(5), "value"), Err("value"));
    assert_eq!(poll(&mut other, ms(10)), ["other"]);
    assert_eq!(one.get(foreign), Some(&"one"));
}

#[test]
fn a_key_means_nothing_after_its_wheel_is_gone() {
    let (start, ms) = clock();
    let key = Wheel::new(start).insert(ms(10), 1);
    // In the same room, as likely as not.
    let mut wheel = Wheel::new(start);
    wheel.insert(ms(10), 2);
    assert_eq!(wheel.cancel(key), None);
    assert_eq!(poll(&mut wheel, ms(10)), [2]);
}

#[test]
fn keys_can_be_kept_anywhere() {
    fn plain<T: Copy + Send + Sync + Unpin + Eq + std::hash::Hash + std::fmt::Debug + 'static>() {}
    plain::<TimerKey>();
    assert_eq!(size_of::<Option<TimerKey>>(), 16);

    struct Session {
        timeout: Option<TimerKey>,
    }
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let session = Session { timeout: Some(wheel.insert(ms(1), ())) };
    let key = std::thread::spawn(move || session.timeout).join().expect("the thread ends well");
    assert!(wheel.cancel(key.expect("it was set")).is_some());
}

#[test]
fn wheels_go_where_their_values_go() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Wheel<u8>>();
}

#[test]
fn a_key_that_is_used_up_is_nobody_elses() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let fired = wheel.insert(ms(1), "fired");
    assert_eq!(poll(&mut wheel, ms(1)), ["fired"]);
    let cancelled = wheel.insert(ms(2), "cancelled");
    assert_eq!(wheel.cancel(cancelled), Some("cancelled"));
    let cleared = wheel.insert(ms(2), "cleared");
    wheel.clear();
    let here = wheel.insert(ms(9), "here");
    for stale in [fired, cancelled, cleared] {
        assert_ne!(stale, here);
        assert!(!wheel.contains(stale));
        assert_eq!(wheel.cancel(stale), None);
        assert!(!wheel.reschedule(stale, ms(1)));
        assert_eq!((wheel.get(stale), wheel.deadline(stale)), (None, None));
    }
    assert_eq!((wheel.len(), wheel.deadline(here)), (1, Some(ms(9))));
}

#[test]
fn no_key_is_given_twice() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let mut seen = HashSet::new();
    for n in 0..10_000 {
        let key = wheel.insert(ms(n % 7), n);
        assert!(seen.insert(key));
        if n % 3 == 0 {
            wheel.cancel(key);
        } else if n % 100 == 1 {
            wheel.poll(ms(n % 5), |_| ());
        }
    }
}

#[test]
fn values_can_be_looked_at_and_changed() {
    let (start, ms) = clock();
    let mut wheel = Wheel::new(start);
    let near = wheel.insert(ms(0), String::from("near"));
    let far = wheel.insert(ms(100_000), String::from("far"));
    wheel.get_mut(near).expect("it waits").push('!');
    assert_eq!(wheel.get(near).map(String::as_str), Some("near!"));
    let mut listed: Vec<_> = wheel.iter().map(|(key, deadline, value)| (deadline, key, value.as_str())).collect();
    listed.sort_by_key(|(deadline, ..)| *deadline);
    assert_eq!(listed, [(ms(0), near, "near!"), (ms(100_000), far, "far")]);
    assert_eq!(format!("{wheel:?}").split(',').next(), Some("Wheel { len: 2"));
}
