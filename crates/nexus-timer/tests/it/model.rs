//! A model of the wheel that is too simple to be wrong, and a walk of both, side by side. The fuzz target uses it too.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nexus_timer::{Expired, TimerKey, Wheel, WheelBuilder};

/// What is done to both. Times are nanoseconds from the present, entries are picked among all that there ever were.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Insert(i64),
    Cancel(usize),
    Reschedule(usize, i64),
    /// The same to the entry that is the next to fire; from its deadline.
    CancelFirst,
    RescheduleFirst(i64),
    /// The clock moves.
    Advance(i64),
    StartPoll,
    Pop,
    PopLent,
    /// Restores what was lent last.
    Restore(i64),
    /// A poll of at most so many pops.
    Poll(usize),
    /// Sleeps until the next deadline, again and again until something fires.
    Sleep,
    Clear,
    /// Whether the next deadline is asked for after each step from here on.
    Ask(bool),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Waits { deadline: i64, stamp: u64 },
    Lent { again: Option<i64> },
    Gone,
}

pub(crate) struct Walk {
    wheel: Wheel<usize>,
    start: Instant,
    now: i64,
    /// The present of the poll.
    polled: i64,
    fired: Option<i64>,
    stamp: u64,
    /// By deadline and stamp: which entry, and whether it may fire in this poll.
    waiting: BTreeMap<(i64, u64), (usize, bool)>,
    entries: Vec<(TimerKey, State)>,
    lent: Option<usize>,
    asks: bool,
    /// The last deadline and the last present, if all is to stay so near that the next deadline is exact.
    last: Option<i64>,
}

impl Walk {
    pub(crate) fn new(tick: Duration) -> Self {
        // So that there is room for a past.
        let start = Instant::now() + Duration::from_secs(1 << 31);
        let wheel = WheelBuilder::new().tick(tick).build(start);
        let (waiting, entries) = (BTreeMap::new(), Vec::new());
        let (now, polled, fired, stamp, lent, asks, last) = (0, 0, None, 0, None, true, None);
        Self { wheel, start, now, polled, fired, stamp, waiting, entries, lent, asks, last }
    }

    /// One of which all happens within the 64 ticks of the lowest level.
    pub(crate) fn near(tick: Duration) -> Self {
        let mut walk = Self::new(tick);
        walk.last = Some(64 * nanoseconds(walk.wheel.tick()) - 1);
        walk
    }

    pub(crate) fn step(&mut self, op: Op) {
        match op {
            Op::Insert(after) => self.insert(self.now + after),
            Op::Cancel(pick) => self.cancel(pick),
            Op::Reschedule(pick, after) => self.reschedule(pick, self.now + after),
            Op::CancelFirst => {
                if let Some((_, pick)) = self.first() {
                    self.cancel(pick);
                }
            }
            Op::RescheduleFirst(after) => {
                if let Some((deadline, pick)) = self.first() {
                    self.reschedule(pick, deadline.saturating_add(after));
                }
            }
            Op::Advance(by) => {
                let (first, last) = self.last.map_or((-(1 << 60), 1 << 61), |last| (0, last));
                self.now = (self.now + by).clamp(first, last);
            }
            Op::Ask(asks) => self.asks = asks,
            Op::StartPoll => self.start_poll(),
            Op::Pop => _ = self.pop(),
            Op::PopLent => self.pop_lent(),
            Op::Restore(after) => self.restore(after),
            Op::Poll(most) => {
                self.start_poll();
                let _ = (0..most).take_while(|_| self.pop()).count();
            }
            Op::Sleep => self.sleep(),
            Op::Clear => {
                self.wheel.clear();
                self.waiting.clear();
                self.entries.iter_mut().for_each(|entry| entry.1 = State::Gone);
            }
        }
        self.check();
    }

    /// Fires all that is left.
    pub(crate) fn finish(&mut self) {
        self.now = i64::MAX - 1;
        self.asks = true;
        self.step(Op::Poll(usize::MAX));
        assert!(self.wheel.is_empty() && self.waiting.is_empty(), "lost: {:?}", self.waiting);
    }

    fn instant(&self, ns: i64) -> Instant {
        let distance = Duration::from_nanos(ns.unsigned_abs());
        if ns < 0 { self.start - distance } else { self.start + distance }
    }

    /// The entry waits from here on.
    fn wait(&mut self, entry: usize, deadline: i64) {
        self.stamp += 1;
        self.entries[entry].1 = State::Waits { deadline, stamp: self.stamp };
        let now_or_later = self.fired.is_none_or(|fired| deadline > fired);
        self.waiting.insert((deadline, self.stamp), (entry, now_or_later));
    }

    fn insert(&mut self, deadline: i64) {
        let deadline = self.limited(deadline);
        let entry = self.entries.len();
        let key = self.wheel.insert(self.instant(deadline), entry);
        self.entries.push((key, State::Gone));
        self.wait(entry, deadline);
    }

    fn cancel(&mut self, pick: usize) {
        let Some(entry) = self.pick(pick) else { return };
        let (key, state) = self.entries[entry];
        assert_eq!(self.wheel.contains(key), state != State::Gone);
        let expected = self.unwait(entry).then_some(entry);
        assert_eq!(self.wheel.cancel(key), expected);
        self.entries[entry].1 = State::Gone;
    }

    fn reschedule(&mut self, pick: usize, deadline: i64) {
        let Some(entry) = self.pick(pick) else { return };
        let deadline = self.limited(deadline);
        let (key, state) = self.entries[entry];
        assert_eq!(self.wheel.reschedule(key, self.instant(deadline)), state != State::Gone);
        match state {
            State::Gone => {}
            State::Lent { .. } => self.entries[entry].1 = State::Lent { again: Some(deadline) },
            State::Waits { .. } => {
                self.unwait(entry);
                self.wait(entry, deadline);
            }
        }
    }

    /// The deadline of the next to fire, and how it is picked.
    fn first(&self) -> Option<(i64, usize)> {
        let ((deadline, _), (entry, _)) = self.waiting.first_key_value()?;
        Some((*deadline, self.entries.len() - 1 - entry))
    }

    fn limited(&self, deadline: i64) -> i64 {
        self.last.map_or(deadline, |last| deadline.clamp(0, last))
    }

    fn pick(&self, pick: usize) -> Option<usize> {
        // The newest are the most likely to be alive.
        let count = self.entries.len();
        (count > 0).then(|| count - 1 - pick % count)
    }

    fn unwait(&mut self, entry: usize) -> bool {
        match self.entries[entry].1 {
            State::Waits { deadline, stamp } => self.waiting.remove(&(deadline, stamp)).is_some(),
            _ => false,
        }
    }

    fn start_poll(&mut self) {
        self.wheel.start_poll(self.instant(self.now));
        self.end_lending();
        self.polled = self.now;
        self.fired = None;
        self.waiting.values_mut().for_each(|(_, now)| *now = true);
    }

    fn end_lending(&mut self) {
        if let Some(entry) = self.lent
            && matches!(self.entries[entry].1, State::Lent { .. })
        {
            self.entries[entry].1 = State::Gone;
        }
    }

    /// Takes what is due next out of the model, and holds what the wheel gave against it.
    fn expect(&mut self, given: Option<Expired<usize>>) -> Option<usize> {
        self.end_lending();
        let due = self.waiting.iter().find(|(_, (_, now))| *now).filter(|((deadline, _), _)| *deadline <= self.polled);
        let due = due.map(|(order, (entry, _))| (*order, *entry));
        let expected = due.map(|((deadline, _), entry)| (self.entries[entry].0, self.instant(deadline), entry));
        assert_eq!(given.map(|given| (given.key, given.deadline, given.value)), expected);
        let (order, entry) = due?;
        self.waiting.remove(&order);
        self.fired = Some(order.0);
        self.entries[entry].1 = State::Gone;
        Some(entry)
    }

    fn pop(&mut self) -> bool {
        let given = self.wheel.pop();
        self.expect(given).is_some()
    }

    fn pop_lent(&mut self) {
        let given = self.wheel.pop_lent();
        if let Some(entry) = self.expect(given) {
            self.entries[entry].1 = State::Lent { again: None };
            self.lent = Some(entry);
        }
    }

    fn restore(&mut self, after: i64) {
        let Some(entry) = self.lent else { return };
        let (key, state) = self.entries[entry];
        let deadline = self.limited(self.now + after);
        let outcome = self.wheel.restore(key, self.instant(deadline), entry);
        if let State::Lent { again } = state {
            assert_eq!(outcome, Ok(()));
            self.wait(entry, again.unwrap_or(deadline));
        } else {
            assert_eq!(outcome, Err(entry));
        }
    }

    fn sleep(&mut self) {
        for _ in 0..12 {
            let Some(next) = self.wheel.next_deadline() else { return };
            self.now = match next.checked_duration_since(self.start) {
                Some(after) => nanoseconds(after),
                None => -nanoseconds(self.start - next),
            };
            self.start_poll();
            if self.pop() {
                return;
            }
            assert!(self.wheel.next_deadline().is_none_or(|later| later > next), "a wake without progress");
        }
        panic!("twelve wakes and nothing fired");
    }

    fn check(&self) {
        let alive = |state: &State| matches!(state, State::Waits { .. } | State::Lent { .. });
        let lent = self.lent.filter(|entry| matches!(self.entries[*entry].1, State::Lent { .. }));
        assert_eq!(self.wheel.len(), self.waiting.len() + usize::from(lent.is_some()));
        if self.asks {
            self.check_next();
        }
        // One entry a step: over a walk that is all of them.
        if let Some(entry) = self.pick(self.stamp as usize * 7) {
            let (key, state) = self.entries[entry];
            let (deadline, value) = match state {
                State::Waits { deadline, .. } => (Some(deadline), Some(&entry)),
                State::Lent { again } => (again, None),
                State::Gone => (None, None),
            };
            assert_eq!(self.wheel.deadline(key), deadline.map(|ns| self.instant(ns)));
            assert_eq!((self.wheel.get(key), self.wheel.contains(key)), (value, alive(&state)));
        }
    }

    fn check_next(&self) {
        let next = self.wheel.next_deadline();
        let earliest = self.waiting.keys().next().map(|(deadline, _)| self.instant(*deadline));
        if self.last.is_some() {
            assert_eq!(next, earliest);
        } else {
            assert!(next <= earliest && next.is_some() == earliest.is_some());
        }
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).expect("it is in the model's range")
}
