//! Days of random timers, checked for what fires early, late, twice, out of order or never. `SOAK_SECONDS` says for how
//! long.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nexus_timer::{TimerKey, Wheel, WheelBuilder};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Mostly soon, seldom in days; the next power of two is as likely as the one before.
    fn wait(&mut self) -> Duration {
        let bits = 10 + self.below(38);
        Duration::from_nanos(self.below(1 << bits))
    }
}

struct Soak {
    random: Random,
    now: Instant,
    wheel: Wheel<usize>,
    /// Deadline, order of insertion, timer: what waits.
    waiting: BTreeSet<(Instant, u64, usize)>,
    timers: Vec<Option<(TimerKey, Instant, u64)>>,
    stamp: u64,
    fired: u64,
}

impl Soak {
    fn new(seed: u64, tick: Duration, timers: usize) -> Self {
        let now = Instant::now();
        let (wheel, waiting, timers) = (WheelBuilder::new().tick(tick).build(now), BTreeSet::new(), vec![None; timers]);
        Self { random: Random(seed), now, wheel, waiting, timers, stamp: 0, fired: 0 }
    }

    fn note(&mut self, timer: usize, key: TimerKey, deadline: Instant) {
        self.stamp += 1;
        self.timers[timer] = Some((key, deadline, self.stamp));
        self.waiting.insert((deadline, self.stamp, timer));
    }

    fn forget(&mut self, timer: usize) -> Option<TimerKey> {
        let (key, deadline, stamp) = self.timers[timer].take()?;
        assert!(self.waiting.remove(&(deadline, stamp, timer)));
        Some(key)
    }

    /// Starts, moves or stops some timer.
    fn touch(&mut self) {
        let timer = self.random.below(self.timers.len() as u64) as usize;
        let deadline = self.now + self.random.wait();
        match self.forget(timer) {
            None => {
                let key = self.wheel.insert(deadline, timer);
                self.note(timer, key, deadline);
            }
            Some(key) if self.random.below(3) == 0 => {
                assert_eq!(self.wheel.cancel(key), Some(timer));
                assert_eq!(self.wheel.cancel(key), None);
            }
            Some(key) => {
                assert!(self.wheel.reschedule(key, deadline));
                self.note(timer, key, deadline);
            }
        }
    }

    fn move_clock(&mut self) {
        self.now += match self.random.below(1000) {
            0 => Duration::from_secs(self.random.below(200_000)),
            1..4 => Duration::ZERO,
            4..900 => Duration::from_nanos(self.random.below(2_000_000)),
            _ => Duration::from_millis(self.random.below(3_000)),
        };
        if self.random.below(500) == 0 {
            self.now -= self.random.wait().min(Duration::from_secs(10));
        }
    }

    fn poll(&mut self) {
        let first = self.waiting.first().map(|(deadline, ..)| *deadline);
        assert!(self.wheel.next_deadline() <= first && self.wheel.next_deadline().is_some() == first.is_some());
        self.wheel.start_poll(self.now);
        while let Some(expired) = self.wheel.pop_lent() {
            self.fired += 1;
            let due = self.waiting.first().copied().expect("a timer fired that does not wait");
            let (timer, key) = (expired.value, expired.key);
            assert_eq!((due.0, due.2), (expired.deadline, timer), "out of order, or twice");
            assert!(expired.deadline <= self.now, "early");
            assert_eq!(self.forget(timer), Some(key));
            if self.random.below(2) == 0 {
                // After the present, so that it is of no matter here which poll it belongs to.
                let deadline = self.now + Duration::from_nanos(1) + self.random.wait();
                assert_eq!(self.wheel.restore(key, deadline, timer), Ok(()));
                self.note(timer, key, deadline);
            }
        }
        let next = self.waiting.first().map(|(deadline, ..)| *deadline);
        assert!(next.is_none_or(|next| next > self.now), "late");
        assert_eq!(self.wheel.len(), self.waiting.len());
    }
}

#[test]
fn nothing_is_early_late_lost_or_fired_twice() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(1, |seconds| seconds.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut rounds, mut polls, mut fired, mut time) = (0, 0_u64, 0, Duration::ZERO);
    let ticks = [1_000_000, 1_000, 300_000, 50_000_000].map(Duration::from_nanos);
    while Instant::now() < end {
        let mut soak = Soak::new(0x9E37_79B9 + rounds, ticks[rounds as usize % 4], 10 + 3000 * (rounds as usize % 5));
        let start = soak.now;
        for _ in 0..5000 {
            for _ in 0..soak.random.below(20) {
                soak.touch();
            }
            soak.move_clock();
            soak.poll();
            polls += 1;
        }
        time += soak.now.saturating_duration_since(start);
        fired += soak.fired;
        rounds += 1;
    }
    let days = time.as_secs() / 86_400;
    println!("{rounds} rounds, {days} days in all, {polls} polls, {fired} fired");
}
