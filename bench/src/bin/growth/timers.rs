//! The timer wheel with all timers in one tick, which is the hardest case.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use nexus_timer::{TimerKey, Wheel};

use super::{Case, ORDERS, time};

const GROUP: &str = "timers in one tick";

/// The length of the tick that contains all timers, and its beginning, in nanoseconds.
const TICK: u64 = 524_288;
const BEGIN: u64 = 10 * TICK;

/// Timers in the order of their deadlines.
struct Timers {
    start: Instant,
    wheel: Wheel<usize>,
    keys: Vec<TimerKey>,
}

impl Timers {
    fn new(count: usize) -> Self {
        let start = Instant::now();
        let mut timers = Self { start, wheel: Wheel::new(start), keys: Vec::with_capacity(count) };
        timers.fill(count);
        timers
    }

    fn fill(&mut self, count: usize) {
        for n in 0..count {
            self.keys.push(self.wheel.insert(at(self.start, due(n, count)), n));
        }
    }

    /// An idle turn: polls and asks for the next deadline, in either order.
    fn turn(&mut self, asks_first: bool) {
        if asks_first {
            black_box(self.wheel.next_deadline());
        }
        black_box(self.wheel.poll(self.start, |_| ()));
        if !asks_first {
            black_box(self.wheel.next_deadline());
        }
    }
}

fn at(start: Instant, ns: u64) -> Instant {
    start + Duration::from_nanos(ns)
}

/// Returns when timer `n` of `count` is due.
fn due(n: usize, count: usize) -> u64 {
    BEGIN + n as u64 * (TICK - 1) / count as u64
}

/// Returns which timer is pushed back in each turn, the earliest at that time, and its new deadline.
fn plan(count: usize, turns: usize, by: u64) -> Vec<(usize, u64)> {
    let mut waiting: BinaryHeap<_> = (0..count).map(|n| Reverse((due(n, count), n))).collect();
    let push_back = |_| {
        let mut first = waiting.peek_mut().expect("there are timers");
        first.0.0 += by;
        let Reverse((due, timer)) = *first;
        (timer, due)
    };
    (0..turns).map(push_back).collect()
}

/// Pushes back the earliest timer, `turns` times for each timer.
fn push_back(count: usize, turns: usize, by: u64, asks_first: bool) -> Duration {
    let mut timers = Timers::new(count);
    let plan = plan(count, turns * count, by).into_iter();
    let plan: Vec<_> = plan.map(|(timer, due)| (timers.keys[timer], at(timers.start, due))).collect();
    let took = time(|| {
        for (timer, due) in &plan {
            timers.wheel.reschedule(*timer, *due);
            timers.turn(asks_first);
        }
        timers
    });
    took / u32::try_from(turns).expect("it is small")
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time);
    let mut cases = vec![case("insert", |count| {
        let mut timers = Timers::new(0);
        timers.keys.reserve(count);
        time(|| {
            timers.fill(count);
            timers
        })
    })];
    for (cancels, asks, order) in [
        ("cancel, earliest first", false, 0),
        ("cancel, latest first", false, 1),
        ("cancel, in leaps", false, 2),
        ("cancel and next_deadline, earliest first", true, 0),
        ("cancel and next_deadline, in leaps", true, 2),
    ] {
        cases.push(Case::new(GROUP, cancels, move |count| {
            let mut timers = Timers::new(count);
            let order = ORDERS[order];
            time(|| {
                for n in 0..count {
                    black_box(timers.wheel.cancel(timers.keys[order(n, count)]));
                    if asks {
                        black_box(timers.wheel.next_deadline());
                    }
                }
                timers
            })
        }));
    }
    // Out of the tick, and within it. In the second case the tick must be sorted, which its first turns pay for.
    for (name, turns, by, asks_first) in [
        ("push back by 5 ms, poll, next_deadline", 1, 5_000_000, false),
        ("push back by 5 ms, next_deadline, poll", 1, 5_000_000, true),
        ("push back by 10 us, poll, next_deadline", 1, 10_000, false),
        ("push back by 10 us, poll, next_deadline, ten turns for each", 10, 10_000, false),
        ("push back by 10 us, next_deadline, poll, ten turns for each", 10, 10_000, true),
    ] {
        cases.push(Case::new(GROUP, name, move |count| push_back(count, turns, by, asks_first)));
    }
    cases.extend([
        case("poll, next_deadline, after the earliest was cancelled", |count| {
            let mut timers = Timers::new(count);
            time(|| {
                timers.wheel.cancel(timers.keys[0]);
                (0..count).for_each(|_| timers.turn(false));
                timers
            })
        }),
        case("poll, each fires", |count| {
            let mut timers = Timers::new(count);
            time(|| {
                assert_eq!(timers.wheel.poll(at(timers.start, BEGIN + TICK), |timer| _ = black_box(timer)), count);
                timers
            })
        }),
        case("poll at 1000 times, each fires", |count| {
            let mut timers = Timers::new(count);
            time(|| {
                for n in 1..=1000 {
                    timers.wheel.poll(at(timers.start, BEGIN + n * TICK / 1000), |timer| _ = black_box(timer));
                }
                timers
            })
        }),
    ]);
    cases
}
