//! Polling: a poll begins, and entries are popped one at a time.

use std::time::Instant;

use crate::key::TimerKey;
use crate::levels::Slot;
use crate::near::Item;
use crate::slab::{NIL, Place};
use crate::wheel::{Lent, Wheel};

/// An entry that fired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired<T> {
    /// Its key, which no longer matches anything unless the entry is [lent](Wheel::pop_lent).
    pub key: TimerKey,
    /// Its deadline, exactly as it was given.
    pub deadline: Instant,
    /// Its value.
    pub value: T,
}

impl<T> Wheel<T> {
    /// Passes every due entry to `f` and returns the number of entries. They come by deadline, and entries with equal
    /// deadlines by insertion.
    ///
    /// If `f` panics, the entry that it received is lost, and the others are still due.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use nexus_timer::Wheel;
    ///
    /// let start = Instant::now();
    /// let mut wheel = Wheel::new(start);
    /// wheel.insert(start + Duration::from_millis(20), "later");
    /// wheel.insert(start + Duration::from_millis(10), "soon");
    ///
    /// let mut fired = Vec::new();
    /// let now = start + Duration::from_millis(15);
    /// assert_eq!(wheel.poll(now, |expired| fired.push(expired.value)), 1);
    /// assert_eq!(fired, ["soon"]);
    /// ```
    pub fn poll(&mut self, now: Instant, mut f: impl FnMut(Expired<T>)) -> usize {
        self.start_poll(now);
        let mut count = 0;
        while let Some(expired) = self.pop() {
            count += 1;
            f(expired);
        }
        count
    }

    /// Begins a poll, in which [`pop`](Self::pop) returns the entries due at `now`. This ends the previous poll;
    /// entries that it left are still due.
    ///
    /// Between two pops, the wheel may be used freely. A poll may stop after any pop:
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use nexus_timer::Wheel;
    ///
    /// let start = Instant::now();
    /// let mut wheel = Wheel::new(start);
    /// let keys = [1, 2, 3, 4].map(|n| wheel.insert(start + Duration::from_secs(n), n));
    ///
    /// let now = start + Duration::from_secs(10);
    /// wheel.start_poll(now);
    /// assert_eq!(wheel.pop().map(|expired| expired.value), Some(1));
    /// wheel.cancel(keys[1]);
    /// assert_eq!(wheel.pop().map(|expired| expired.value), Some(3));
    ///
    /// wheel.start_poll(now);
    /// assert_eq!(wheel.pop().map(|expired| expired.value), Some(4));
    /// assert_eq!(wheel.pop(), None);
    /// ```
    ///
    /// `now` may equal that of the previous poll, be before it, or be days later.
    #[inline]
    pub fn start_poll(&mut self, now: Instant) {
        self.end_lending();
        self.now = self.scale.present(now);
        self.fired = 0;
        if self.near.has_deferred() {
            self.near.admit();
            self.not_before = 0;
        }
    }

    /// Removes and returns the next entry that is due in this poll.
    #[inline]
    pub fn pop(&mut self) -> Option<Expired<T>> {
        let item = self.next_due()?;
        let key = self.slab.key(item.index);
        let value = self.slab.remove(item.index);
        Some(self.expired(item, key, value))
    }

    /// Returns the next entry that is due in this poll, with its value lent and its key still valid.
    ///
    /// Use it for timers that fire more than once: the value runs while the wheel stays accessible, and is then
    /// [restored](Self::restore). In between, [`reschedule`](Self::reschedule) sets the deadline of the restored entry,
    /// overriding the one passed to `restore`, and [`cancel`](Self::cancel) ends the entry. An entry that is not
    /// restored ends when the next one is popped or a poll begins, so an entry lost to a panic leaves nothing behind.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use nexus_timer::Wheel;
    ///
    /// let start = Instant::now();
    /// let second = Duration::from_secs(1);
    /// let mut wheel = Wheel::new(start);
    /// let every_second = wheel.insert(start + second, 0);
    ///
    /// for n in 1..=3 {
    ///     wheel.start_poll(start + n * second);
    ///     while let Some(mut expired) = wheel.pop_lent() {
    ///         expired.value += 1;
    ///         let _ = wheel.restore(expired.key, expired.deadline + second, expired.value);
    ///     }
    /// }
    /// assert_eq!(wheel.cancel(every_second), Some(3));
    /// ```
    #[inline]
    pub fn pop_lent(&mut self) -> Option<Expired<T>> {
        let item = self.next_due()?;
        let key = self.slab.key(item.index);
        let entry = self.slab.at_mut(item.index);
        entry.place = Place::Lent;
        let value = entry.value.take();
        self.lent = Some(Lent { index: item.index, again: None });
        Some(self.expired(item, key, value))
    }

    /// Puts a lent value back, to fire again at `deadline` under the same key. A deadline that
    /// [`reschedule`](Self::reschedule) has set meanwhile takes precedence. The entry counts as inserted now. With
    /// neither deadline, the entry ends.
    ///
    /// # Errors
    ///
    /// Returns the value if there is no deadline, or if the key is not that of the lent entry: the entry was cancelled,
    /// or the poll has moved on.
    #[inline]
    pub fn restore(&mut self, key: TimerKey, deadline: impl Into<Option<Instant>>, value: T) -> Result<(), T> {
        let Some(index) = self.slab.find(key) else { return Err(value) };
        let Some(lent) = self.lent.take_if(|lent| lent.index == index) else { return Err(value) };
        let deadline = lent.again.or_else(|| Some(self.scale.deadline(deadline.into()?)));
        let Some(deadline) = deadline else {
            self.slab.remove(index);
            return Err(value);
        };
        self.slab.at_mut(index).value = Some(value);
        self.schedule(index, deadline);
        Ok(())
    }

    #[inline]
    fn expired(&self, item: Item, key: TimerKey, value: Option<T>) -> Expired<T> {
        let value = value.expect("an entry that waits has its value");
        Expired { key, deadline: self.scale.instant(item.deadline), value }
    }

    /// Frees the room of an entry that was lent and not restored.
    #[inline]
    fn end_lending(&mut self) {
        if self.lent.is_some() {
            self.end_lost();
        }
    }

    #[cold]
    #[inline(never)]
    fn end_lost(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.slab.remove(lent.index);
        }
    }

    /// Removes the next due item from the near buffer.
    #[inline]
    fn next_due(&mut self) -> Option<Item> {
        self.end_lending();
        if self.now < self.not_before {
            self.advance();
            return None;
        }
        self.find_due()
    }

    fn find_due(&mut self) -> Option<Item> {
        loop {
            if let Some(first) = self.near.first() {
                if self.now < first.deadline {
                    self.not_before = first.deadline;
                    return None;
                }
                self.fired = first.deadline;
                self.near.remove_first(first);
                self.near.settle(|item| self.slab.at(item.index).stamp == item.stamp);
                return Some(first);
            }
            self.not_before = self.next_slot();
            if self.now < self.not_before {
                self.advance();
                return None;
            }
            self.open_slot();
        }
    }

    /// Returns when the first slot must be opened.
    fn next_slot(&self) -> u64 {
        match self.levels.first() {
            None => u64::MAX,
            Some(slot) if slot.level() == 0 => self.levels.earliest(&self.slab, slot),
            Some(slot) => self.scale.begin(slot.ticks(self.position).0),
        }
    }

    /// Opens the first slot, whose time has come. The near buffer must be empty.
    fn open_slot(&mut self) {
        if let Some(slot) = self.levels.first() {
            self.open(slot);
            self.near.sort(0);
        }
    }

    /// Sorts a slot of the lowest level, and those before it, before their time. The slot was already walked for its
    /// earliest entry, which has left as well. From here on, the next entry is at the front of the near buffer.
    #[cold]
    pub(crate) fn sort_through(&mut self, last: Slot) {
        if self.levels.reset_if_empty(last) {
            return;
        }
        let before = self.near.sorted();
        while let Some(slot) = self.levels.first().filter(|slot| *slot <= last) {
            self.open(slot);
        }
        self.near.sort(before);
    }

    /// Moves the position to the first slot, or through it up to the present, and moves the slot's entries accordingly.
    /// Entries that become near are left unsorted.
    fn open(&mut self, slot: Slot) {
        let (first, last) = slot.ticks(self.position);
        self.position = last.min(self.scale.tick_of(self.now).max(first));
        let mut index = self.levels.open(slot);
        while index != NIL {
            #[cfg(test)]
            crate::earliest::tests::count();
            let entry = self.slab.at_mut(index);
            let next = entry.next;
            let tick = self.scale.tick_of(entry.deadline);
            if tick > self.position {
                self.levels.link(&mut self.slab, index, tick, self.position);
            } else {
                entry.place = Place::Near;
                self.near.add_unsorted(Item { deadline: entry.deadline, stamp: entry.stamp, index });
            }
            index = next;
        }
    }

    /// Advances the position towards the present if nothing is due, so that the next insertions land low. It stays one
    /// tick behind, since entries of the present tick may still be in their slot.
    #[inline]
    fn advance(&mut self) {
        let tick = self.scale.tick_of(self.now);
        if tick > self.position {
            self.position = tick - 1;
        } else if tick < self.position && self.is_empty() {
            // The clock went back.
            self.position = tick;
        }
    }
}
