//! The wheel through its public face, one module per feature.

mod bounded;
mod fires;
mod keys;
mod lending;
mod model;
mod next;
mod polls;
mod random;

use std::time::{Duration, Instant};

use nexus_timer::Wheel;

/// A start, and instants by their milliseconds from it.
fn clock() -> (Instant, impl Fn(u64) -> Instant + Copy) {
    let start = Instant::now();
    (start, move |ms| start + Duration::from_millis(ms))
}

/// What one poll gives, in order.
fn poll<T>(wheel: &mut Wheel<T>, now: Instant) -> Vec<T> {
    let mut fired = Vec::new();
    let count = wheel.poll(now, |expired| fired.push(expired.value));
    assert_eq!(count, fired.len());
    fired
}
