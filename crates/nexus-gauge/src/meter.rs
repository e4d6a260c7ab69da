//! `Meter`: the figures of one handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nexus_rt::Describe;
use nexus_rt::plan::{Function, Visitor};

use crate::histogram::Histogram;
use crate::snapshot::Snapshot;

/// The figures of one handler: how often it ran, and how long it took. Clones are handles to one meter.
#[derive(Clone, Debug)]
pub struct Meter(pub(crate) Arc<Cells>);

#[derive(Debug)]
pub(crate) struct Cells {
    pub(crate) name: String,
    /// How a plan marks its first function: never reused in this process, and not 0.
    pub(crate) mark: u64,
    /// How many functions the handler shows.
    functions: usize,
    pub(crate) runs: AtomicU64,
    pub(crate) latency: Histogram,
}

static MARKS: AtomicU64 = AtomicU64::new(1);

impl Meter {
    /// Counts the functions of a handler.
    pub(crate) fn functions(handler: &impl Describe) -> usize {
        struct Count(usize);
        impl Visitor for Count {
            fn function(&mut self, _: &dyn Function) {
                self.0 += 1;
            }
        }
        let mut count = Count(0);
        handler.describe(&mut count);
        count.0
    }

    pub(crate) fn new(name: String, functions: usize) -> Self {
        let mark = MARKS.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Cells { name, mark, functions, runs: AtomicU64::new(0), latency: Histogram::new() }))
    }

    /// Returns the name: that of the first function, or the one set by [`Board::named`](crate::Board::named). A second
    /// meter of the same name has a number after it: `quote #2`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the number of runs that have begun.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.0.runs.load(Ordering::Relaxed)
    }

    /// Returns the durations of the timed runs, in nanoseconds. A run that panicked is not among them.
    #[must_use]
    pub fn latency(&self) -> Snapshot {
        self.0.latency.snapshot()
    }

    /// Returns the note for plans.
    pub(crate) fn note(&self) -> String {
        let (latency, runs) = (self.latency(), grouped(self.runs()));
        let of = if self.0.functions > 1 { format!("{} functions: ", self.0.functions) } else { String::new() };
        match latency.count() {
            0 => format!("{of}{runs} runs"),
            _ => {
                let [p50, p99] = [0.5, 0.99].map(|share| time(latency.quantile(share)));
                format!("{of}p50 {p50}, p99 {p99}, {runs} runs")
            }
        }
    }
}

/// Nanoseconds for people: `870 ns`, `1.2 µs`.
pub(crate) fn time(nanos: u64) -> String {
    let unit = |size: f64, name: &str| format!("{:.1} {name}", nanos as f64 / size);
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => unit(1e3, "µs"),
        1_000_000..1_000_000_000 => unit(1e6, "ms"),
        _ => unit(1e9, "s"),
    }
}

/// A number for people: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{grouped, time};

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(
            [0, 999, 1_234, 9_870_000, 61_000_000_000].map(time),
            ["0 ns", "999 ns", "1.2 µs", "9.9 ms", "61.0 s"]
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
