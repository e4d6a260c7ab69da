//! The contenders, behind one trait.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use hierarchical_hash_wheel_timer::wheels::Skip;
use hierarchical_hash_wheel_timer::wheels::cancellable::{CancellableTimerEntry, QuadWheelWithOverflow};

/// Keeps numbers until their deadlines. Deadlines and polls are whole milliseconds from the start, for contenders that
/// support no others.
pub trait Timers {
    const NAME: &'static str;
    type Key;

    fn new(start: Instant) -> Self;
    fn insert(&mut self, deadline: Instant, value: u64) -> Self::Key;
    fn cancel(&mut self, key: Self::Key) -> u64;
    fn reschedule(&mut self, key: Self::Key, deadline: Instant) -> Self::Key;
    /// Adds the due values to `fired`.
    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>);

    /// Releases the key of a timer that has fired.
    fn forget(&mut self, _key: Self::Key) {}
}

impl Timers for nexus_timer::Wheel<u64> {
    const NAME: &'static str = "ours";
    type Key = nexus_timer::TimerKey;

    fn new(start: Instant) -> Self {
        Self::new(start)
    }

    fn insert(&mut self, deadline: Instant, value: u64) -> Self::Key {
        self.insert(deadline, value)
    }

    fn cancel(&mut self, key: Self::Key) -> u64 {
        self.cancel(key).expect("it waits")
    }

    fn reschedule(&mut self, key: Self::Key, deadline: Instant) -> Self::Key {
        assert!(self.reschedule(key, deadline));
        key
    }

    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>) {
        self.poll(now, |expired| fired.push(expired.value));
    }
}

/// The published nexus-timer, with rebalancing.
pub struct Peer(peer_timer::Wheel<u64>);

impl Timers for Peer {
    const NAME: &'static str = "1.5.0";
    type Key = peer_timer::TimerHandle<u64>;

    fn new(start: Instant) -> Self {
        Self(peer_timer::Wheel::unbounded(4096, start))
    }

    fn insert(&mut self, deadline: Instant, value: u64) -> Self::Key {
        self.0.schedule(deadline, value)
    }

    fn cancel(&mut self, key: Self::Key) -> u64 {
        self.0.cancel(key).expect("it waits")
    }

    fn reschedule(&mut self, key: Self::Key, deadline: Instant) -> Self::Key {
        self.0.reschedule(key, deadline)
    }

    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>) {
        self.0.poll_and_rebalance(now, fired);
    }

    fn forget(&mut self, key: Self::Key) {
        self.0.free(key);
    }
}

/// `hierarchical_hash_wheel_timer`, whose entries are reference-counted in a hash map.
pub struct HashWheel {
    wheel: QuadWheelWithOverflow<Named>,
    /// The time of the wheel's tick.
    now: Instant,
    next: u64,
}

#[derive(Debug)]
struct Named {
    id: u64,
    value: u64,
}

impl CancellableTimerEntry for Named {
    type Id = u64;

    fn id(&self) -> &u64 {
        &self.id
    }
}

impl Timers for HashWheel {
    const NAME: &'static str = "hash wheel";
    /// The wheel does not return values, so the key stores one.
    type Key = (u64, u64);

    fn new(start: Instant) -> Self {
        Self { wheel: QuadWheelWithOverflow::new(), now: start, next: 0 }
    }

    fn insert(&mut self, deadline: Instant, value: u64) -> Self::Key {
        self.next += 1;
        let entry = std::rc::Rc::new(Named { id: self.next, value });
        self.wheel.insert_ref_with_delay(entry, deadline - self.now).expect("it is not expired");
        (self.next, value)
    }

    fn cancel(&mut self, key: Self::Key) -> u64 {
        self.wheel.cancel(&key.0).expect("it waits");
        key.1
    }

    fn reschedule(&mut self, key: Self::Key, deadline: Instant) -> Self::Key {
        let value = self.cancel(key);
        self.insert(deadline, value)
    }

    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>) {
        loop {
            let left = u32::try_from((now - self.now).as_millis()).expect("polls are not that far apart");
            if left == 0 {
                return;
            }
            let ms = match self.wheel.can_skip() {
                Skip::None => 0,
                Skip::Empty => left,
                Skip::Millis(ms) => ms.min(left),
            };
            if ms > 0 {
                self.wheel.skip(ms);
            } else {
                fired.extend(self.wheel.tick().iter().map(|entry| entry.value));
            }
            self.now += Duration::from_millis(u64::from(ms.max(1)));
        }
    }
}

/// A heap. A cancelled timer stays in it until it reaches the top.
pub struct Heap {
    heap: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    /// The stamp and the value of each slot, and the free slots.
    places: Vec<(u64, u64)>,
    free: Vec<usize>,
    stamp: u64,
}

impl Heap {
    fn push(&mut self, deadline: Instant, place: usize) {
        self.stamp += 1;
        self.places[place].0 = self.stamp;
        self.heap.push(Reverse((deadline, self.stamp, place)));
    }

    fn free(&mut self, place: usize) -> u64 {
        self.places[place].0 = 0;
        self.free.push(place);
        self.places[place].1
    }
}

impl Timers for Heap {
    const NAME: &'static str = "heap";
    type Key = usize;

    fn new(_: Instant) -> Self {
        Self { heap: BinaryHeap::new(), places: Vec::new(), free: Vec::new(), stamp: 0 }
    }

    fn insert(&mut self, deadline: Instant, value: u64) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, 0));
            self.places.len() - 1
        });
        self.places[place].1 = value;
        self.push(deadline, place);
        place
    }

    fn cancel(&mut self, place: usize) -> u64 {
        self.free(place)
    }

    fn reschedule(&mut self, place: usize, deadline: Instant) -> usize {
        self.push(deadline, place);
        place
    }

    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>) {
        while let Some(Reverse((deadline, stamp, place))) = self.heap.peek().copied()
            && deadline <= now
        {
            self.heap.pop();
            if self.places[place].0 == stamp {
                fired.push(self.free(place));
            }
        }
    }
}

/// A tree, ordered by deadline and insertion.
pub struct Tree {
    tree: BTreeMap<(Instant, u64), u64>,
    stamp: u64,
}

impl Timers for Tree {
    const NAME: &'static str = "btree";
    type Key = (Instant, u64);

    fn new(_: Instant) -> Self {
        Self { tree: BTreeMap::new(), stamp: 0 }
    }

    fn insert(&mut self, deadline: Instant, value: u64) -> Self::Key {
        self.stamp += 1;
        self.tree.insert((deadline, self.stamp), value);
        (deadline, self.stamp)
    }

    fn cancel(&mut self, key: Self::Key) -> u64 {
        self.tree.remove(&key).expect("it waits")
    }

    fn reschedule(&mut self, key: Self::Key, deadline: Instant) -> Self::Key {
        let value = self.cancel(key);
        self.insert(deadline, value)
    }

    fn poll(&mut self, now: Instant, fired: &mut Vec<u64>) {
        while let Some(first) = self.tree.first_entry()
            && first.key().0 <= now
        {
            fired.push(first.remove());
        }
    }
}
