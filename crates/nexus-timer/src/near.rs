//! The near buffer: entries that the wheel's position has reached, in firing order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Up to this many stale items, nothing is swept.
const FEW: usize = 32;

/// An entry that is near. It is stale, and skipped, if the stamp of the entry has changed since.
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

/// Items are removed only from the fronts. Items of cancelled or moved entries stay until they reach a front or become
/// the majority. Between two calls from outside, no front is stale.
#[derive(Default)]
pub(crate) struct Near {
    /// Items from slots, and items added later that come after all of them.
    sorted: Run,
    /// Other added items, as long as they came in order, which entries rescheduled by a constant delay do.
    late: Run,
    /// The remaining added items.
    heap: BinaryHeap<Reverse<Item>>,
    /// The number of items in `late` and `heap`.
    others: usize,
    /// Items that must wait for the next poll.
    deferred: BinaryHeap<Reverse<Item>>,
    /// The number of stale items in all four.
    stale: usize,
}

impl Near {
    /// Adds an item from a slot. The next `sort` puts it in order.
    #[inline]
    pub(crate) fn add_unsorted(&mut self, item: Item) {
        self.sorted.items.push(item);
    }

    /// Returns the index at which items added from here on begin, for `sort`.
    pub(crate) fn sorted(&self) -> usize {
        self.sorted.items.len()
    }

    /// Sorts the items added since. All of them come after the earlier ones.
    #[inline]
    pub(crate) fn sort(&mut self, since: usize) {
        if self.sorted.items.len() > 1 {
            self.sorted.items[since..].sort_unstable();
        }
    }

    pub(crate) fn add(&mut self, item: Item) {
        if self.sorted.takes(&item) {
            self.sorted.append(item);
            return;
        }
        self.others += 1;
        if self.late.takes(&item) {
            self.late.append(item);
        } else {
            self.heap.push(Reverse(item));
        }
    }

    pub(crate) fn defer(&mut self, item: Item) {
        self.deferred.push(Reverse(item));
    }

    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Admits the deferred items.
    pub(crate) fn admit(&mut self) {
        self.others += self.deferred.len();
        self.heap.extend(self.deferred.drain());
    }

    /// Returns the first item that may fire in this poll.
    #[inline]
    pub(crate) fn first(&self) -> Option<Item> {
        if self.others == 0 { self.sorted.first() } else { Some(self.first_of_others()) }
    }

    /// Returns the first item of all, if some are late or in the heap.
    #[inline(never)]
    fn first_of_others(&self) -> Item {
        let heap = self.heap.peek().map(|Reverse(item)| *item);
        let fronts = [self.late.first(), heap, self.sorted.first()];
        fronts.into_iter().flatten().min().expect("there are others")
    }

    /// Removes the item that `first` returned.
    #[inline]
    pub(crate) fn remove_first(&mut self, first: Item) {
        if self.others == 0 {
            self.sorted.remove_first();
        } else {
            self.remove(first.stamp);
        }
    }

    /// Removes an item if it is at a front.
    #[inline(never)]
    fn remove(&mut self, stamp: u64) -> bool {
        if self.sorted.remove(stamp) {
            return true;
        }
        let is_it = |first: &Item| first.stamp == stamp;
        let removed = self.late.remove(stamp) || pop_if(&mut self.heap, is_it);
        self.others -= usize::from(removed);
        removed || pop_if(&mut self.deferred, is_it)
    }

    /// Returns the earliest deadline, in this poll or the next.
    #[inline]
    pub(crate) fn earliest(&self) -> Option<u64> {
        let first = self.first().map(|first| first.deadline);
        match self.deferred.peek() {
            None => first,
            Some(Reverse(deferred)) => Some(first.map_or(deferred.deadline, |first| first.min(deferred.deadline))),
        }
    }

    /// Records that an item became stale.
    pub(crate) fn mark_stale(&mut self, stamp: u64, live: impl Fn(&Item) -> bool) {
        if self.remove(stamp) {
            self.settle(live);
            return;
        }
        self.stale += 1;
        if self.stale > FEW && self.stale > self.len() / 2 {
            self.sorted.retain(&live);
            self.late.retain(&live);
            self.heap.retain(|Reverse(item)| live(item));
            self.others = self.late.len() + self.heap.len();
            self.deferred.retain(|Reverse(item)| live(item));
            self.stale = 0;
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
        for run in [&mut self.sorted, &mut self.late] {
            while run.first().is_some_and(|item| !live(&item)) {
                run.remove_first();
            }
        }
        for heap in [&mut self.heap, &mut self.deferred] {
            while pop_if(heap, |item| !live(item)) {}
        }
        self.others = self.late.len() + self.heap.len();
        self.stale -= before - self.len();
    }

    fn len(&self) -> usize {
        self.sorted.len() + self.late.len() + self.heap.len() + self.deferred.len()
    }
}

/// A sorted run of items, which are added at the end and removed from the front.
#[derive(Default)]
struct Run {
    items: Vec<Item>,
    /// The number of removed items. It is never all of them: an empty run is cleared.
    removed: usize,
}

impl Run {
    #[inline]
    fn first(&self) -> Option<Item> {
        self.items.get(self.removed).copied()
    }

    /// Returns whether an item comes after all items here.
    fn takes(&self, item: &Item) -> bool {
        self.items.last().is_none_or(|last| last < item)
    }

    fn append(&mut self, item: Item) {
        if self.removed > FEW && self.removed > self.items.len() / 2 {
            self.items.drain(..std::mem::take(&mut self.removed));
        }
        self.items.push(item);
    }

    /// Removes the first item, which must exist.
    #[inline]
    fn remove_first(&mut self) {
        self.removed += 1;
        if self.removed == self.items.len() {
            self.items.clear();
            self.removed = 0;
        }
    }

    /// Removes an item if it is the first.
    fn remove(&mut self, stamp: u64) -> bool {
        let is_first = self.first().is_some_and(|first| first.stamp == stamp);
        if is_first {
            self.remove_first();
        }
        is_first
    }

    fn retain(&mut self, live: impl Fn(&Item) -> bool) {
        self.items.drain(..std::mem::take(&mut self.removed));
        self.items.retain(live);
    }

    fn len(&self) -> usize {
        self.items.len() - self.removed
    }
}

/// Removes the first item of a heap if `wanted` accepts it.
fn pop_if(heap: &mut BinaryHeap<Reverse<Item>>, wanted: impl Fn(&Item) -> bool) -> bool {
    heap.peek().is_some_and(|Reverse(item)| wanted(item)) && heap.pop().is_some()
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
        near.sort(0);
        near.add(item(4, 3));
        near.add(item(5, 4));
        near.defer(item(1, 5));
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
    fn what_a_sweep_leaves_still_fires() {
        for (late, heap) in [(1, 0), (1, 1), (2, 3)] {
            let mut near = Near::default();
            (0..3 * FEW as u64).for_each(|stamp| near.add_unsorted(item(1_000, stamp)));
            near.sort(0);
            (0..late).for_each(|n| near.add(item(900 + n, 1_000 + n)));
            (0..heap).for_each(|n| near.add(item(800 - n, 2_000 + n)));
            // All but the first and the late ones.
            let live = |item: &Item| item.stamp == 0 || item.stamp >= 1_000;
            (1..3 * FEW as u64).for_each(|stamp| near.mark_stale(stamp, live));
            assert_eq!((near.late.len() as u64, near.heap.len() as u64), (late, heap));
            let mut out = Vec::new();
            while let Some(first) = near.first() {
                near.remove_first(first);
                near.settle(live);
                out.push(first.deadline);
            }
            let expected = ((800 - heap + 1)..=800).chain(900..900 + late).chain([1_000]);
            assert_eq!(out, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn churn_keeps_few_stale_items() {
        let mut near = Near::default();
        near.add(item(7, 0));
        for stamp in 1..10_000 {
            near.add(item(7, stamp));
            // The previous one is stale now.
            near.mark_stale(stamp - 1, |item| item.stamp == stamp);
            assert!(near.len() <= 2 * FEW + 2 && near.stale < near.len(), "{} of {}", near.stale, near.len());
        }
    }

    #[test]
    fn what_is_removed_makes_room_for_what_is_added_after_all() {
        let mut near = Near::default();
        for stamp in 0..10_000 {
            near.add(item(stamp, stamp));
            if stamp >= 100 {
                let first = near.first().expect("a hundred are here");
                assert_eq!(first.stamp, stamp - 100);
                near.remove_first(first);
            }
        }
        assert_eq!((near.len(), near.others), (100, 0));
        assert!(near.sorted.items.len() <= 300, "{}", near.sorted.items.len());
    }

    #[test]
    fn what_comes_in_order_is_kept_in_order() {
        let mut near = Near::default();
        near.add(item(90, 0));
        // Entries that are rescheduled by a constant delay, and one by a shorter delay.
        (1..=5).for_each(|n| near.add(item(10 * n, n)));
        near.add(item(25, 6));
        assert_eq!((near.sorted.len(), near.late.len(), near.heap.len()), (1, 5, 1));
        let out = std::iter::from_fn(|| near.first().inspect(|first| near.remove_first(*first)));
        assert_eq!(out.map(|item| item.deadline).collect::<Vec<_>>(), [10, 20, 25, 30, 40, 50, 90]);
        assert_eq!((near.others, near.len()), (0, 0));
    }

    #[test]
    fn a_batch_comes_after_what_is_sorted() {
        let mut near = Near::default();
        (0..3).for_each(|n| near.add(item(n, n)));
        near.remove_first(item(0, 0));
        let before = near.sorted();
        [5, 3, 4].into_iter().for_each(|n| near.add_unsorted(item(n, n)));
        near.sort(before);
        let out = std::iter::from_fn(|| near.first().inspect(|first| near.remove_first(*first)));
        assert_eq!(out.map(|item| item.deadline).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    /// Returns how many of `count` items are left after `stale` of them became stale, none of which is at the front.
    fn left(count: u64, stale: u64) -> usize {
        let mut near = Near::default();
        (0..count).for_each(|stamp| near.defer(item(stamp, stamp)));
        // The latest first, so that the front stays.
        (1..=stale).for_each(|gone| near.mark_stale(count - gone, |item| item.stamp < count - gone));
        near.len()
    }

    #[test]
    fn stale_items_are_swept_when_they_are_many_and_the_greater_part() {
        // Many, but not yet the majority; then one more.
        assert_eq!((left(100, 50), left(100, 51)), (100, 49));
        // The majority, but few; then one more.
        assert_eq!((left(40, 32), left(40, 33)), (40, 7));
        assert_eq!(left(1000, 33), 1000);
    }
}
