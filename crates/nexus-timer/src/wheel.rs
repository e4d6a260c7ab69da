//! `Wheel`: entries come in, are moved, looked at and taken out. How they fire is in `poll.rs`.

use std::fmt;
use std::time::{Duration, Instant};

use crate::builder::WheelBuilder;
use crate::full::Full;
use crate::key::TimerKey;
use crate::levels::Levels;
use crate::near::{Item, Near};
use crate::slab::{Place, Slab};
use crate::time::Scale;

/// Values that each wait for an instant.
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
/// Every instant is an argument: the wheel reads no clock. It is `Send` and `Sync` if its values are.
pub struct Wheel<T> {
    /// Nothing fires and no slot opens before this. May be too low, never too high.
    pub(crate) not_before: u64,
    /// The present of this poll.
    pub(crate) now: u64,
    /// The tick that the wheel has reached. What is in a slot comes after it, what is near does not. It is after the
    /// present where a slot was sorted before its time.
    pub(crate) position: u64,
    /// The deadline that fired last in this poll, or zero.
    pub(crate) fired: u64,
    pub(crate) scale: Scale,
    /// Counts insertions.
    stamp: u64,
    limit: usize,
    pub(crate) lent: Option<Lent>,
    pub(crate) slab: Slab<T>,
    pub(crate) near: Near,
    pub(crate) levels: Box<Levels>,
}

/// The entry whose value is out.
pub(crate) struct Lent {
    pub(crate) index: u32,
    /// The deadline that a reschedule has given it since.
    pub(crate) again: Option<u64>,
}

impl<T> Wheel<T> {
    /// A wheel with the usual tick and as much room as it takes. See [`WheelBuilder`] for others.
    ///
    /// `start` is the instant from which it measures: the present, unless a program makes up its time. Earlier and
    /// later instants are all the same to it, up to 292 years away.
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

    /// Adds a value that fires in the first poll whose `now` is not before `deadline`. A deadline in the past is fine.
    ///
    /// While a poll is going on, what is added fires in it if its deadline is later than the one that fired last, and
    /// in the next poll otherwise. So a poll ends, whatever the handlers add.
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

    /// Adds a value to a wheel that may be full.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value if the wheel is full.
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

    /// Takes an entry out before it fires and gives its value back. `None` if the key names nothing here.
    ///
    /// An entry that is [lent](Self::pop_lent) has no value to give back: the answer is `None`, but the key names
    /// nothing from here on, and [`restore`](Self::restore) will refuse the value. [`contains`](Self::contains) before
    /// tells the one `None` from the other.
    #[inline]
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let index = self.slab.find(key)?;
        self.detach(index);
        self.slab.remove(index)
    }

    /// Gives an entry another deadline, as if it were inserted anew, but under its key. False if the key names nothing
    /// here.
    ///
    /// An entry that is [lent](Self::pop_lent) will be restored with this deadline.
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

    /// Whether the key names an entry here: one that waits, or the one that is lent.
    #[must_use]
    pub fn contains(&self, key: TimerKey) -> bool {
        self.slab.find(key).is_some()
    }

    /// The value of an entry that waits.
    #[must_use]
    pub fn get(&self, key: TimerKey) -> Option<&T> {
        self.slab.at(self.slab.find(key)?).value.as_ref()
    }

    /// The value of an entry that waits, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        let index = self.slab.find(key)?;
        self.slab.at_mut(index).value.as_mut()
    }

    /// When an entry is going to fire. Of the one that is lent: when a reschedule since then wants it to fire again, if
    /// any.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Option<Instant> {
        let index = self.slab.find(key)?;
        let deadline = match &self.lent {
            Some(lent) if lent.index == index => lent.again?,
            _ => self.slab.at(index).deadline,
        };
        Some(self.scale.instant(deadline))
    }

    /// When to poll next, or `None` if nothing waits. Never later than the earliest deadline.
    ///
    /// It is the earliest deadline itself if that is within the next 64 ticks or so. Further away it may be an instant
    /// before, at which the wheel has sorting to do; a poll then brings the answer nearer to the truth, so there are at
    /// most nine such wakes for one entry.
    ///
    /// O(1). The exception is the first call after the entry with the earliest deadline was cancelled or rescheduled:
    /// it compares the others of that tick. If their earliest leaves as well, the tick is sorted then, so no entry is
    /// compared here twice.
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

    /// How many entries there are, with the one that is lent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there is memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    /// What a tick of this wheel lasts: see [`WheelBuilder::tick`](crate::WheelBuilder::tick).
    #[must_use]
    pub fn tick(&self) -> Duration {
        self.scale.tick()
    }

    /// Every entry that waits, in no order. For people and tests: it walks over all the room that was ever used.
    pub fn iter(&self) -> impl Iterator<Item = (TimerKey, Instant, &T)> {
        self.slab.indices().filter_map(|index| {
            let entry = self.slab.at(index);
            Some((self.slab.key(index), self.scale.instant(entry.deadline), entry.value.as_ref()?))
        })
    }

    /// Drops every entry, also the one that is lent, and keeps the memory. All keys name nothing from here on.
    ///
    /// It walks over all the room that was ever used.
    pub fn clear(&mut self) {
        for index in self.slab.indices() {
            if self.slab.at(index).place != Place::Free {
                self.detach(index);
                drop(self.slab.remove(index));
            }
        }
    }

    /// Puts an entry that is nowhere to where its deadline belongs.
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

    /// Takes an entry from where it is; its room stays.
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
