//! Histograms beside exact numbers.

use std::sync::Arc;
use std::thread;

use nexus_gauge::{Histogram, Snapshot};
use proptest::prelude::*;

/// Numbers that only depend on the seed, evenly from all of `u64` (SplitMix64).
fn random(seed: u64) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |n| {
        let z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// From 0 to 1.
fn fraction(random: u64) -> f64 {
    random as f64 / u64::MAX as f64
}

/// A value from a random number.
type Distribution = fn(u64) -> u64;

const DISTRIBUTIONS: [(&str, Distribution); 6] = [
    ("even", |random| random % 1_000_000),
    ("small", |random| random % 20),
    ("exponential", |random| (-fraction(random).ln() * 5_000.0) as u64),
    ("long tail", |random| (100.0 * fraction(random).max(1e-9).powf(-1.2)) as u64),
    ("two humps", |random| if random % 10 == 0 { 1_000_000 + random % 50_000 } else { 200 + random % 30 }),
    ("everything", |random| random >> (random % 61)),
];

fn recorded(values: &[u64]) -> Snapshot {
    let histogram = Histogram::new();
    values.iter().for_each(|value| histogram.record(*value));
    histogram.snapshot()
}

#[test]
fn quantiles_of_a_million_values_are_within_seven_percent() {
    for (name, distribution) in DISTRIBUTIONS {
        let mut values: Vec<u64> = random(7).take(1_000_000).map(distribution).collect();
        let seen = recorded(&values);
        values.sort_unstable();
        assert_eq!((seen.count(), seen.max()), (1_000_000, values[values.len() - 1]), "{name}");
        assert_eq!(seen.sum(), values.iter().fold(0, |sum, value| value.wrapping_add(sum)), "{name}");
        for share in [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0] {
            let place = (share * values.len() as f64).ceil() as usize;
            let exact = values[place.max(1) - 1];
            let found = seen.quantile(share);
            assert!(found >= exact && (found - exact) as f64 <= 0.07 * exact as f64, "{name} {share}: {found} {exact}");
        }
    }
}

#[test]
fn nothing_recorded_is_zero_everywhere() {
    for seen in [Histogram::new().snapshot(), Snapshot::default()] {
        assert_eq!((seen.count(), seen.sum(), seen.max(), seen.quantile(0.5)), (0, 0, 0, 0));
        assert_eq!(seen.mean().to_bits(), 0.0_f64.to_bits());
    }
    let one = recorded(&[u64::MAX]);
    assert_eq!([f64::NAN, -1.0, 0.0, 1.0, 9.0].map(|share| one.quantile(share)), [u64::MAX; 5]);
}

/// The value of a rank is found for each share of a thousand, though none but a few are exact as floats.
#[test]
fn quantiles_are_not_of_the_next_rank() {
    for total in [1_u64, 7, 100, 999, 1_000] {
        for share in 1..=1_000 {
            let rank = (total * share).div_ceil(1_000);
            for (small, found) in [(rank, 0), (rank - 1, 9)] {
                let histogram = Histogram::new();
                (0..total).for_each(|n| histogram.record(if n < small { 0 } else { 9 }));
                let seen = histogram.snapshot().quantile(share as f64 / 1_000.0);
                assert_eq!(seen, found, "{share} of a thousand of {total}, of which {small} are small");
            }
        }
    }
}

#[test]
fn any_thread_reads_while_one_records() {
    let histogram = Arc::new(Histogram::new());
    let records = histogram.clone();
    let thread = thread::spawn(move || (0..100_000).for_each(|value| records.record(value % 1_000)));
    let mut last = histogram.snapshot();
    while last.count() < 100_000 {
        let next = histogram.snapshot();
        assert!(next.count() >= last.count() && next.since(&last).count() == next.count() - last.count());
        last = next;
    }
    thread.join().unwrap();
    assert_eq!(histogram.snapshot().sum(), 100 * 999 * 500);
}

proptest! {
    #[test]
    fn counts_are_exact_however_they_are_put_together(
        first in prop::collection::vec(any::<u64>(), 0..50),
        second in prop::collection::vec(0_u64..5_000, 0..50),
    ) {
        let both: Vec<_> = first.iter().chain(&second).copied().collect();
        let (before, other, all) = (recorded(&first), recorded(&second), recorded(&both));

        let mut merged = before.clone();
        merged.merge(&other);
        prop_assert_eq!(&merged, &all);
        let mut from_nothing = Snapshot::default();
        from_nothing.merge(&all);
        prop_assert_eq!(&from_nothing, &all);

        let later = all.since(&before);
        prop_assert_eq!((later.count(), later.sum()), (other.count(), other.sum()));
        for power in 0..64 {
            let limit = (1_u64 << power) - 1;
            prop_assert_eq!(later.up_to(limit), second.iter().filter(|value| **value <= limit).count() as u64);
        }
        prop_assert!(later.max() >= other.max() && (later.max() - other.max()) as f64 <= 0.07 * other.max() as f64);
        prop_assert_eq!(all.since(&Snapshot::default()).count(), all.count());
    }
}
