//! No allocation once the wheel has been as full as it gets, by a counting allocator.

mod counting;

use std::time::{Duration, Instant};

use counting::allocations;
use nexus_timer::{TimerKey, Wheel, WheelBuilder};

/// A thousand timers that fire, come back, are moved and cancelled, some of them within the present tick.
struct Load {
    wheel: Wheel<u64>,
    keys: Vec<TimerKey>,
    now: Instant,
    random: u64,
}

impl Load {
    fn new() -> Self {
        let now = Instant::now();
        let mut load = Self { wheel: Wheel::new(now), keys: Vec::new(), now, random: 1 };
        for n in 0..1000 {
            let deadline = load.soon();
            let key = load.wheel.insert(deadline, n);
            load.keys.push(key);
        }
        load
    }

    fn soon(&mut self) -> Instant {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let us = (self.random >> 33) % [100, 10_000, 10_000_000][(self.random >> 60) as usize % 3];
        self.now + Duration::from_micros(us)
    }

    /// A second of polls, a millisecond apart.
    fn run(&mut self) -> usize {
        let mut fired = 0;
        for n in 0..1000 {
            self.now += Duration::from_millis(1);
            self.wheel.start_poll(self.now);
            while let Some(mut lent) = self.wheel.pop_lent() {
                fired += 1;
                let soon = self.soon();
                let cancelled = lent.value % 7 == 0;
                if cancelled {
                    self.wheel.cancel(lent.key);
                }
                lent.value += 1;
                if let Err(value) = self.wheel.restore(lent.key, soon, lent.value) {
                    let place = self.keys.iter().position(|key| *key == lent.key).expect("it is ours");
                    self.keys[place] = self.wheel.insert(soon, value);
                }
            }
            let soon = self.soon();
            assert!(self.wheel.reschedule(self.keys[n], soon));
            let value = self.wheel.cancel(self.keys[999 - n]).expect("it waits");
            let soon = self.soon();
            self.keys[999 - n] = self.wheel.insert(soon, value);
        }
        fired
    }
}

#[test]
fn a_warm_wheel_does_not_allocate() {
    let mut load = Load::new();
    for _ in 0..20 {
        load.run();
    }
    let mut fired = 0;
    assert_eq!(allocations(|| fired = load.run()), 0);
    assert!(fired > 1000, "{fired}");
    assert_eq!(load.wheel.len(), 1000);
}

#[test]
fn room_that_was_asked_for_is_there() {
    let now = Instant::now();
    for builder in [WheelBuilder::new().capacity(100), WheelBuilder::new().limit(100)] {
        let mut wheel = builder.build(now);
        let insert = || (1..=100).for_each(|n| _ = wheel.insert(now + n * Duration::from_millis(10), n));
        assert_eq!(allocations(insert), 0);
    }
}
