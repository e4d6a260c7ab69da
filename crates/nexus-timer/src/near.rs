//! The near buffer: what the wheel's position has reached, in the order in which it fires.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Below this many stale items nothing is swept.
const FEW: usize = 32;

/// An entry that is near. Stale, and skipped, if the entry has another stamp by now.
#[derive(Clone, Copy)]
pub(crate) struct Item {
    pub(crate) deadline: u64,
    pub(crate) stamp: u64,
    pub(crate) index: u32,
}

impl Item {
    /// One number, so that comparing takes no branch. Stamps are unique, so no two items are equal.
    #[inline]
    fn order(&self) -> u128 {
        u128::from(self.deadline) << 64 | u128::from(self.stamp)
    }
}

impl Ord for Item {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Item {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Item {}

/// Items are removed from the front only. Those of entries that were cancelled or moved stay until they come to the front, or
/// until they are the greater part. The front of each collection is never stale, between two calls from outside.
#[derive(Default)]
pub(crate) struct Near {
    /// What came out of the slots, the first at the end.
    sorted: Vec<Item>,
    /// What was inserted behind the position of the wheel.
    late: BinaryHeap<Reverse<Item>>,
    /// What must wait for the next poll.
    put_off: BinaryHeap<Reverse<Item>>,
    /// How many items of all three are stale.
    stale: usize,
}

impl Near {
    /// Adds an item out of a slot, which the next `sort` puts in order.
    #[inline]
    pub(crate) fn add_unsorted(&mut self, item: Item) {
        self.sorted.push(item);
    }

    #[inline]
    pub(crate) fn sort(&mut self) {
        if self.sorted.len() > 1 {
            self.sorted.sort_unstable_by(|a, b| b.cmp(a));
        }
    }

    pub(crate) fn add(&mut self, item: Item) {
        self.late.push(Reverse(item));
    }

    pub(crate) fn put_off(&mut self, item: Item) {
        self.put_off.push(Reverse(item));
    }

    pub(crate) fn has_put_off(&self) -> bool {
        !self.put_off.is_empty()
    }

    /// Lets in what was put off.
    pub(crate) fn admit(&mut self) {
        self.late.extend(self.put_off.drain());
    }

    /// The first that may fire in this poll.
    #[inline]
    pub(crate) fn first(&self) -> Option<Item> {
        let sorted = self.sorted.last().copied();
        match self.late.peek() {
            None => sorted,
            Some(Reverse(late)) => Some(sorted.map_or(*late, |sorted| sorted.min(*late))),
        }
    }

    /// Removes what `first` gave.
    #[inline]
    pub(crate) fn remove_first(&mut self, first: Item) {
        if self.sorted.last() == Some(&first) {
            self.sorted.pop();
        } else {
            self.late.pop();
        }
    }

    /// The earliest deadline, in this poll or the next.
    pub(crate) fn earliest(&self) -> Option<u64> {
        let put_off = self.put_off.peek().map(|Reverse(item)| item.deadline);
        self.first().map(|item| item.deadline).into_iter().chain(put_off).min()
    }

    /// Takes note that an item became stale.
    pub(crate) fn spoil(&mut self, live: impl Fn(&Item) -> bool) {
        self.stale += 1;
        if self.stale > FEW && self.stale > self.len() / 2 {
            self.sorted.retain(&live);
            self.late.retain(|Reverse(item)| live(item));
            self.put_off.retain(|Reverse(item)| live(item));
            self.stale = 0;
        } else {
            self.settle(live);
        }
    }

    /// Removes stale items from the fronts.
    #[inline]
    pub(crate) fn settle(&mut self, live: impl Fn(&Item) -> bool) {
        if self.stale > 0 {
            self.settle_some(live);
        }
    }

    #[cold]
    fn settle_some(&mut self, live: impl Fn(&Item) -> bool) {
        let before = self.len();
        while self.sorted.pop_if(|item| !live(item)).is_some() {}
        for heap in [&mut self.late, &mut self.put_off] {
            while heap.peek().is_some_and(|Reverse(item)| !live(item)) {
                heap.pop();
            }
        }
        self.stale -= before - self.len();
    }

    fn len(&self) -> usize {
        self.sorted.len() + self.late.len() + self.put_off.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(deadline: u64, stamp: u64) -> Item {
        Item { deadline, stamp, index: 0 }
    }

    #[test]
    fn the_front_is_the_least_of_both() {
        let mut near = Near::default();
        for (deadline, stamp) in [(5, 1), (3, 2), (5, 0)] {
            near.add_unsorted(item(deadline, stamp));
        }
        near.sort();
        near.add(item(4, 3));
        near.add(item(5, 4));
        near.put_off(item(1, 5));
        assert_eq!(near.earliest(), Some(1));
        let mut out = Vec::new();
        while let Some(first) = near.first() {
            near.remove_first(first);
            out.push((first.deadline, first.stamp));
        }
        assert_eq!(out, [(3, 2), (4, 3), (5, 0), (5, 1), (5, 4)]);
        near.admit();
        assert_eq!(near.first().map(|item| item.deadline), Some(1));
    }

    #[test]
    fn churn_keeps_few_stale_items() {
        let mut near = Near::default();
        near.add(item(7, 0));
        for stamp in 1..10_000 {
            near.add(item(7, stamp));
            // The one before is stale now.
            near.spoil(|item| item.stamp == stamp);
            assert!(near.len() <= 2 * FEW + 2 && near.stale < near.len(), "{} of {}", near.stale, near.len());
        }
    }

    /// How many are left after one more of them became stale, none of which is at the front.
    fn left(count: u64, stale: u64) -> usize {
        let mut near = Near::default();
        (0..count).for_each(|stamp| near.put_off(item(stamp, stamp)));
        // The latest first, so that the front stays.
        (1..=stale).for_each(|gone| near.spoil(|item| item.stamp < count - gone));
        near.len()
    }

    #[test]
    fn stale_items_are_swept_when_they_are_many_and_the_greater_part() {
        // Not the greater part yet, though many; then one more.
        assert_eq!((left(100, 50), left(100, 51)), (100, 49));
        // The greater part, but few; then one more.
        assert_eq!((left(40, 32), left(40, 33)), (40, 7));
        assert_eq!(left(1000, 33), 1000);
    }
}
