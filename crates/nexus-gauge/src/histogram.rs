//! `Histogram`: counts of values, written by one thread and read by any.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::snapshot::Snapshot;

/// Steps for each power of two, as a power of two.
const BITS: u32 = 4;
const STEPS: usize = 1 << BITS;
/// Up to the greatest value there is.
const BUCKETS: usize = STEPS * (u64::BITS - BITS + 1) as usize;

/// Counts values, such as durations in nanoseconds, with an error below 7 %.
///
/// Each power of two has 16 buckets, so a quantile is less than 7 % above the exact one. A histogram takes 8 KiB. One
/// thread records, with plain loads and stores, and any thread reads meanwhile, without a lock. If several threads
/// record at once, values are lost, but nothing else goes wrong.
///
/// ```
/// use nexus_gauge::Histogram;
///
/// let histogram = Histogram::new();
/// (1..=1_000).for_each(|value| histogram.record(value));
/// let seen = histogram.snapshot();
/// assert_eq!((seen.count(), seen.max()), (1_000, 1_000));
/// assert!((500..535).contains(&seen.quantile(0.5)));
/// ```
pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    max: AtomicU64,
}

impl Histogram {
    /// Creates an empty histogram.
    #[must_use]
    pub const fn new() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0), max: AtomicU64::new(0) }
    }

    /// Counts a value.
    #[inline]
    pub fn record(&self, value: u64) {
        add(&self.counts[bucket(value)], 1);
        add(&self.sum, value);
        if value > self.max.load(Ordering::Relaxed) {
            self.max.store(value, Ordering::Relaxed);
        }
    }

    /// Returns the counts so far. A value that is recorded at the same time may be in only some of the numbers.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
            max: self.max.load(Ordering::Relaxed),
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// Adds by the only thread that writes.
#[inline]
pub(crate) fn add(cell: &AtomicU64, more: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
}

/// Returns the bucket of a value.
#[inline]
fn bucket(value: u64) -> usize {
    if value < STEPS as u64 {
        return value as usize;
    }
    let shift = value.ilog2() - BITS;
    (shift as usize) * STEPS + (value >> shift) as usize
}

/// Returns the greatest value of a bucket.
pub(crate) fn upper(bucket: usize) -> u64 {
    match bucket.checked_sub(STEPS) {
        None => bucket as u64,
        Some(from) => {
            let shift = (from / STEPS) as u32;
            let first = ((STEPS + from % STEPS) as u64) << shift;
            first + ((1 << shift) - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        let mut last = None;
        for number in 0..BUCKETS {
            let greatest = upper(number);
            assert_eq!(bucket(greatest), number);
            if let Some(last) = last {
                assert_eq!(bucket(last + 1), number);
            }
            last = Some(greatest);
        }
        assert_eq!(last, Some(u64::MAX));
    }

    proptest! {
        #[test]
        fn a_bucket_is_less_than_seven_percent_wide(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            let above = upper(bucket(value)) - value;
            prop_assert!(above as f64 <= value as f64 / 16.0);
        }
    }
}
