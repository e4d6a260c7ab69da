//! Histories of registers: checks that what clients saw fits one order that respects time (linearizability), by the
//! search of Wing and Gong with the memory of Lowe. And the increments of a counter, each of which must count once.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

/// The operation of a client on a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    /// Writes a value.
    Write(u64),
    /// Reads a value; `None` if there is none.
    Read(Option<u64>),
}

/// An operation, with its start and its end. An unanswered operation may have taken effect at any time after its start,
/// or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) op: Op,
    pub(crate) began: Instant,
    pub(crate) ended: Option<Instant>,
}

/// The largest number of operations of one register.
const MOST: usize = 128;

/// Returns whether there is a valid order of the events of one register, which starts empty.
pub(crate) fn is_linearizable(events: &[Event]) -> bool {
    assert!(events.len() <= MOST, "{} operations of one register are too many to look at", events.len());
    let all = events.iter().enumerate().filter(|(_, event)| event.ended.is_some());
    let needed = all.fold(0_u128, |bits, (place, _)| bits | 1 << place);
    let mut seen = HashSet::new();
    let mut open = vec![(0_u128, None)];
    while let Some((done, value)) = open.pop() {
        if done & needed == needed {
            return true;
        }
        if !seen.insert((done, value)) {
            continue;
        }
        let left = || events.iter().enumerate().filter(|(place, _)| done & 1 << place == 0);
        // An operation that starts after the earliest end cannot come next.
        let first_end = left().filter_map(|(_, event)| event.ended).min();
        for (place, event) in left().filter(|(_, event)| first_end.is_none_or(|end| event.began <= end)) {
            match event.op {
                Op::Write(new) => open.push((done | 1 << place, Some(new))),
                Op::Read(found) if found == value => open.push((done | 1 << place, value)),
                Op::Read(_) => {}
            }
        }
    }
    false
}

/// The increments of a counter.
#[derive(Default, Debug)]
pub(crate) struct Increments {
    /// The replies, and when they came.
    pub(crate) answered: Vec<(i64, Instant)>,
    /// When increments began that had no reply. Each of them counted once, or not at all.
    pub(crate) unanswered: Vec<Instant>,
}

impl Increments {
    /// Checks that the increments can have raised the counter from `base` to `count`, each of them once.
    pub(crate) fn check(&self, base: i64, count: i64) -> Result<(), String> {
        let replies: BTreeSet<_> = self.answered.iter().map(|(reply, _)| *reply).collect();
        if replies.len() < self.answered.len() {
            return Err("an answer was given twice".into());
        }
        if let Some(reply) = replies.iter().find(|reply| !(base + 1..=count).contains(reply)) {
            return Err(format!("{reply} was answered, but the counter went from {base} to {count}"));
        }
        // Values that no reply has are of increments without one, which began before the next value was answered.
        let mut unanswered = self.unanswered.clone();
        unanswered.sort();
        let mut unanswered = unanswered.into_iter();
        for value in (base + 1..=count).filter(|value| !replies.contains(value)) {
            let next = self.answered.iter().filter(|(reply, _)| *reply > value).map(|(_, ended)| *ended).min();
            let began = unanswered.next().ok_or_else(|| format!("no increment led to {value}"))?;
            if next.is_some_and(|next| began > next) {
                return Err(format!("no increment led to {value} in time"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn events(parts: &[(Op, u64, u64)]) -> Vec<Event> {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let event = |&(op, began, ended): &(Op, u64, u64)| Event {
            op,
            began: at(began),
            ended: (ended > 0).then(|| at(ended)),
        };
        parts.iter().map(event).collect()
    }

    #[test]
    fn orders_that_keep_time_are_found_and_others_are_not() {
        use Op::{Read, Write};
        let good: [&[(Op, u64, u64)]; 4] = [
            &[(Write(1), 0, 10), (Read(None), 1, 3), (Read(Some(1)), 4, 6)],
            &[(Write(1), 0, 10), (Write(2), 0, 10), (Read(Some(1)), 11, 12)],
            // Unanswered, but its value is seen later.
            &[(Write(1), 0, 0), (Read(None), 5, 6), (Read(Some(1)), 7, 8)],
            &[(Write(1), 0, 0), (Read(None), 5, 6)],
        ];
        let bad: [&[(Op, u64, u64)]; 4] = [
            // A lost write, a stale read, a value that goes back, and a value that was never written.
            &[(Write(1), 0, 1), (Read(None), 2, 3)],
            &[(Write(1), 0, 1), (Write(2), 2, 3), (Read(Some(1)), 4, 5)],
            &[(Write(1), 0, 10), (Read(Some(1)), 1, 2), (Read(None), 3, 4)],
            &[(Read(Some(7)), 0, 1)],
        ];
        good.iter().for_each(|parts| assert!(is_linearizable(&events(parts)), "{parts:?}"));
        bad.iter().for_each(|parts| assert!(!is_linearizable(&events(parts)), "{parts:?}"));
    }

    /// The replies with their times, when increments without a reply began, and the value at the end.
    type Case = (&'static [(i64, u32)], &'static [u32], i64);

    #[test]
    fn an_increment_that_is_lost_or_counted_twice_is_found() {
        let (start, ms) = (Instant::now(), Duration::from_millis(1));
        let holds = |answered: &[(i64, u32)], unanswered: &[u32], count| {
            let answered = answered.iter().map(|(reply, at)| (*reply, start + ms * *at)).collect();
            let unanswered = unanswered.iter().map(|at| start + ms * *at).collect();
            // The counter was 5 before.
            Increments { answered, unanswered }.check(5, count)
        };
        let good: [Case; 6] = [
            (&[], &[], 5),
            (&[(7, 3), (6, 4)], &[], 7),
            // The one without a reply did not count, counted between the others, and counted last.
            (&[(6, 3), (7, 4)], &[1], 7),
            (&[(6, 3), (8, 4)], &[1], 8),
            (&[(6, 3), (7, 4)], &[1], 8),
            (&[(6, 3), (9, 5)], &[4, 4], 9),
        ];
        let bad: [Case; 7] = [
            // One is lost, and another is answered with its value, or not answered.
            (&[(6, 3), (6, 4)], &[], 6),
            (&[(6, 3), (7, 4)], &[1], 6),
            (&[(5, 3)], &[], 6),
            // One counted twice: without an excuse, with too few, and before the excuse began.
            (&[(6, 3), (8, 4)], &[], 8),
            (&[(6, 3), (7, 4)], &[], 8),
            (&[(6, 3), (9, 4)], &[1], 9),
            (&[(6, 3), (8, 4)], &[5], 8),
        ];
        good.iter().for_each(|(answered, unanswered, count)| assert_eq!(holds(answered, unanswered, *count), Ok(())));
        bad.iter().for_each(|(answered, unanswered, count)| assert!(holds(answered, unanswered, *count).is_err()));
    }
}
