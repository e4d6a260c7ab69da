//! `Wheel`: inserting, rescheduling, reading and cancelling entries. `poll.rs` fires them.

use std::fmt;
use std::time::{Duration, Instant};

use crate::builder::WheelBuilder;
use crate::full::Full;
use crate::key::TimerKey;
use crate::levels::Levels;
use crate::near::{Item, Near};
use crate::slab::{Place, Slab};
use crate::time::Scale;

/// A timer wheel: values that each fire at a deadline.
///
/// ```
/// use std::time::{Duration, Instant};
/// use nexus_timer::Wheel;
///
/// let start = Instant::now();
/// let ms = |n| start + Duration::from_millis(n);
/// let mut wheel = Wheel::new(start);
/// wheel.insert(ms(20), "second");
/// wheel.insert(ms(10), "first");
/// let never = wheel.insert(ms(15), "never");
/// assert_eq!(wheel.cancel(never), Some("never"));
///
/// assert_eq!(wheel.next_deadline(), Some(ms(10)));
/// let mut fired = Vec::new();
/// wheel.poll(ms(20), |expired| fired.push(expired.value));
/// assert_eq!(fired, ["first", "second"]);
/// ```
///
/// Every instant is an argument: the wheel reads no clock. A wheel is `Send` and `Sync` if its values are.
pub struct Wheel<T> {
    /// No entry fires and no slot opens before this. May be too low, never too high.
    pub(crate) not_before: u64,
    /// The `now` of the current poll.
    pub(crate) now: u64,
    /// The tick that the wheel has reached. Entries in slots come after it, near entries do not. It is ahead of the
    /// present if a slot was sorted early.
    pub(crate) position: u64,
    /// The last deadline that fired in this poll, or zero.
    pub(crate) fired: u64,
    pub(crate) scale: Scale,
    /// Counts insertions and reschedules.
    stamp: u64,
    limit: usize,
    pub(crate) lent: Option<Lent>,
    pub(crate) slab: Slab<T>,
    pub(crate) near: Near,
    pub(crate) levels: Box<Levels>,
}

/// The entry whose value is lent.
pub(crate) struct Lent {
    pub(crate) index: u32,
    /// The deadline set by a reschedule since then.
    pub(crate) again: Option<u64>,
}

impl<T> Wheel<T> {
    /// Creates a wheel with the default tick and no limit. See [`WheelBuilder`] for other settings.
    ///
    /// The wheel measures time from `start`: the present, unless a program simulates time. Earlier and later instants
    /// work equally well, up to 292 years away.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        WheelBuilder::new().build(start)
    }

    pub(crate) fn build(scale: Scale, start: Instant, capacity: usize, limit: usize) -> Self {
        let now = scale.present(start);
        Self {
            not_before: u64::MAX,
            now,
            position: scale.tick_of(now),
            fired: 0,
            scale,
            stamp: 0,
            limit,
            lent: None,
            slab: Slab::with_capacity(capacity),
            near: Near::default(),
            levels: Box::new(Levels::new()),
        }
    }

    /// Adds a value that fires in the first poll at or after `deadline`, which may be in the past.
    ///
    /// During a poll, a new entry fires in this poll if its deadline is later than the last one that fired, and in the
    /// next poll otherwise. Every poll therefore ends, whatever handlers add.
    ///
    /// # Panics
    ///
    /// If the wheel has a [limit](crate::WheelBuilder::limit) and is full.
    #[track_caller]
    #[inline]
    pub fn insert(&mut self, deadline: Instant, value: T) -> TimerKey {
        match self.try_insert(deadline, value) {
            Ok(key) => key,
            Err(Full(_)) => {
                panic!(
                    "the timer wheel is full: its limit is {} entries; `try_insert` gives the value back",
                    self.limit
                )
            }
        }
    }

    /// Adds a value, or returns it if the wheel is full.
    ///
    /// # Errors
    ///
    /// Returns [`Full`] with the value if the wheel is full.
    #[inline]
    pub fn try_insert(&mut self, deadline: Instant, value: T) -> Result<TimerKey, Full<T>> {
        if self.slab.len() >= self.limit {
            return Err(Full(value));
        }
        let deadline = self.scale.deadline(deadline);
        let index = self.slab.add(value);
        self.schedule(index, deadline);
        Ok(self.slab.key(index))
    }

    /// Removes an entry before it fires and returns its value, or `None` if the key matches no entry of this wheel.
    ///
    /// A [lent](Self::pop_lent) entry ends too, but has no value to return: `cancel` returns `None`, and
    /// [`restore`](Self::restore) will refuse the value. To tell the two cases apart, call [`contains`](Self::contains)
    /// first.
    #[inline]
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let index = self.slab.find(key)?;
        self.detach(index);
        self.slab.remove(index)
    }

    /// Moves an entry to a new deadline under the same key, as if it were inserted again. Returns `false` if the key
    /// matches no entry of this wheel.
    ///
    /// A [lent](Self::pop_lent) entry will be restored with this deadline.
    #[inline]
    pub fn reschedule(&mut self, key: TimerKey, deadline: Instant) -> bool {
        let Some(index) = self.slab.find(key) else { return false };
        let deadline = self.scale.deadline(deadline);
        match &mut self.lent {
            Some(lent) if lent.index == index => lent.again = Some(deadline),
            _ => {
                self.detach(index);
                self.schedule(index, deadline);
            }
        }
        true
    }

    /// Returns whether the key matches an entry of this wheel, waiting or lent.
    #[must_use]
    pub fn contains(&self, key: TimerKey) -> bool {
        self.slab.find(key).is_some()
    }

    /// Returns the value of a waiting entry, or `None` if the key matches none or the entry is lent.
    #[must_use]
    pub fn get(&self, key: TimerKey) -> Option<&T> {
        self.slab.at(self.slab.find(key)?).value.as_ref()
    }

    /// Returns the value of a waiting entry mutably: see [`get`](Self::get).
    #[must_use]
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        let index = self.slab.find(key)?;
        self.slab.at_mut(index).value.as_mut()
    }

    /// Returns the deadline of an entry. For a lent entry, this is the deadline set by a reschedule since it was lent,
    /// if any.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Option<Instant> {
        let index = self.slab.find(key)?;
        let deadline = match &self.lent {
            Some(lent) if lent.index == index => lent.again?,
            _ => self.slab.at(index).deadline,
        };
        Some(self.scale.instant(deadline))
    }

    /// Returns when to poll next, or `None` if nothing waits. This is never later than the earliest deadline.
    ///
    /// It is the earliest deadline itself if the wheel has no multiple of 64 ticks to pass before. Otherwise, it may be
    /// such a multiple, at which the wheel has entries to sort. A poll at that instant brings the answer closer, so one
    /// entry causes at most nine such wakes.
    ///
    /// O(1), except for the first call after the entry with the earliest deadline was cancelled or rescheduled, which
    /// compares the other entries of that tick. If the earliest of those leaves as well, the tick is sorted, so no
    /// entry is compared here twice.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let next = match self.near.earliest() {
            Some(deadline) => deadline,
            None => {
                let slot = self.levels.first()?;
                match slot.level() {
                    0 => self.levels.earliest(&self.slab, slot),
                    _ => self.scale.begin(slot.ticks(self.position).0),
                }
            }
        };
        Some(self.scale.instant(next))
    }

    /// Returns the number of entries, including a lent one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of entries that the allocated memory can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    /// Returns the length of a tick of this wheel: see [`WheelBuilder::tick`](crate::WheelBuilder::tick).
    #[must_use]
    pub fn tick(&self) -> Duration {
        self.scale.tick()
    }

    /// Iterates over every waiting entry, in no particular order. Intended for debugging and tests: it walks all
    /// storage ever used.
    pub fn iter(&self) -> impl Iterator<Item = (TimerKey, Instant, &T)> {
        self.slab.indices().filter_map(|index| {
            let entry = self.slab.at(index);
            Some((self.slab.key(index), self.scale.instant(entry.deadline), entry.value.as_ref()?))
        })
    }

    /// Drops every entry, including a lent one, and keeps the memory. No existing key matches anything from here on.
    ///
    /// Walks all storage ever used.
    pub fn clear(&mut self) {
        for index in self.slab.indices() {
            if self.slab.at(index).place != Place::Free {
                self.detach(index);
                drop(self.slab.remove(index));
            }
        }
    }

    /// Puts an entry that is nowhere into the place for its deadline.
    #[inline]
    pub(crate) fn schedule(&mut self, index: u32, deadline: u64) {
        self.stamp += 1;
        let entry = self.slab.at_mut(index);
        entry.deadline = deadline;
        entry.stamp = self.stamp;
        let tick = self.scale.tick_of(deadline);
        if tick > self.position {
            let slot = self.levels.link(&mut self.slab, index, tick, self.position);
            let due = if slot.level() == 0 { deadline } else { self.scale.begin(slot.first_tick(tick)) };
            self.not_before = self.not_before.min(due);
        } else {
            self.schedule_near(Item { deadline, stamp: self.stamp, index });
        }
    }

    #[inline(never)]
    fn schedule_near(&mut self, item: Item) {
        self.slab.at_mut(item.index).place = Place::Near;
        if item.deadline > self.fired {
            self.near.add(item);
            self.not_before = self.not_before.min(item.deadline);
        } else {
            self.near.defer(item);
        }
    }

    /// Removes an entry from its place, and keeps its room.
    #[inline]
    fn detach(&mut self, index: u32) {
        let entry = self.slab.at_mut(index);
        if let Place::Slot(slot) = entry.place {
            let (prev, next, deadline) = (entry.prev, entry.next, entry.deadline);
            if self.levels.unlink(&mut self.slab, slot, prev, next, deadline) {
                self.sort_through(slot);
            }
        } else {
            self.detach_near(index);
        }
    }

    #[inline(never)]
    fn detach_near(&mut self, index: u32) {
        let entry = self.slab.at_mut(index);
        match entry.place {
            Place::Near => {
                let stamp = std::mem::take(&mut entry.stamp);
                self.near.mark_stale(stamp, |item| self.slab.at(item.index).stamp == item.stamp);
            }
            Place::Lent => self.lent = None,
            Place::Slot(_) | Place::Free => {}
        }
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("len", &self.len())
            .field("tick", &self.tick())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}
