//! `Snapshot`: what a histogram has counted, as a value.

use std::fmt;

use crate::histogram::upper;

/// The counts of a [`Histogram`](crate::Histogram) at one moment, as data: keep it, send it, subtract it.
///
/// ```
/// use nexus_gauge::Histogram;
///
/// let histogram = Histogram::new();
/// histogram.record(900);
/// let before = histogram.snapshot();
/// histogram.record(40);
/// let lately = histogram.snapshot().since(&before);
/// assert_eq!((lately.count(), lately.sum()), (1, 40));
/// assert!(lately.max() < 43);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    pub(crate) counts: Box<[u64]>,
    pub(crate) sum: u64,
    pub(crate) max: u64,
}

impl Snapshot {
    /// Returns the number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the sum of the values. It wraps around at 2^64: in nanoseconds, after 584 years.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Returns the greatest value, or 0 if there are no values. After [`since`](Self::since), this is the upper bound
    /// of its bucket.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Returns the mean, or 0 if there are no values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count().max(1) as f64
    }

    /// Returns a quantile: `share` is from 0 to 1, such as 0.99 for the 99th percentile. The result is less than 7 %
    /// above the exact value, and 0 if there are no values.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        // A share such as 0.07 is not exact, nor is the product, which must not round up to the next value. An `as`
        // from a float ends at the bounds, and turns a NaN into 0.
        let wanted = self.count() as f64 * share * (1.0 - f64::EPSILON);
        let wanted = (wanted.ceil() as u64).clamp(1, self.count().max(1));
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map_or(0, |bucket| upper(bucket).min(self.max))
    }

    /// Returns the number of values up to `limit`. It is exact if `limit` is one less than a power of two.
    #[must_use]
    pub fn up_to(&self, limit: u64) -> u64 {
        let within = self.counts.iter().enumerate().filter(|(bucket, _)| upper(*bucket) <= limit);
        within.map(|(_, count)| count).sum()
    }

    /// Adds the values of another snapshot.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts = other.counts.iter().map(|_| 0).collect();
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.sum = self.sum.wrapping_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Returns the values recorded after an earlier snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let counts: Box<[u64]> = self.counts.iter().zip(before).map(|(now, then)| now.saturating_sub(then)).collect();
        let greatest = counts.iter().rposition(|count| *count > 0);
        let max = greatest.map_or(0, |bucket| upper(bucket).min(self.max));
        Self { counts, sum: self.sum.wrapping_sub(earlier.sum), max }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (self.quantile(0.5), self.quantile(0.99));
        let mut out = f.debug_struct("Snapshot");
        out.field("count", &self.count()).field("mean", &self.mean()).field("p50", &p50).field("p99", &p99);
        out.field("max", &self.max).finish_non_exhaustive()
    }
}
