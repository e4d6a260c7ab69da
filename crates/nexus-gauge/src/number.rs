//! `Counter` and `Gauge`: numbers that a program copies to its board.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::board::Board;
use crate::histogram::add;

/// A number that only grows, such as events since the start. Clones are one counter, which one thread writes.
#[derive(Clone, Debug)]
pub struct Counter(Arc<AtomicU64>);

/// A number that rises and falls, such as what waits. Clones are one gauge, which one thread writes.
#[derive(Clone, Debug)]
pub struct Gauge(Arc<AtomicU64>);

impl Counter {
    /// Counts `more`.
    #[inline]
    pub fn add(&self, more: u64) {
        add(&self.0, more);
    }

    /// Copies a count that something else keeps.
    #[inline]
    pub fn set(&self, total: u64) {
        self.0.store(total, Ordering::Relaxed);
    }

    /// Returns the count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Sets the number.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Counter,
    Gauge,
}

/// A counter or a gauge, with what is said of it.
pub(crate) struct Number {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) labels: Vec<(String, String)>,
    cell: Arc<AtomicU64>,
}

/// The number as text.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Counter => Counter(self.cell.clone()).get().fmt(f),
            Kind::Gauge => Gauge(self.cell.clone()).get().fmt(f),
        }
    }
}

/// Counters and gauges. One that exists already is returned again.
impl Board {
    /// Returns a counter. Its name gets the ending `_total` if it has another one.
    ///
    /// ```
    /// use nexus_gauge::Board;
    ///
    /// let board = Board::new();
    /// let orders = board.counter("orders", "Orders accepted.");
    /// orders.add(2);
    /// assert!(board.prometheus().contains("orders_total 2\n"));
    /// ```
    ///
    /// # Panics
    /// If Prometheus does not take the name (letters, digits and underscores), or if a gauge has it.
    #[track_caller]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        self.counter_with(name, help, &[])
    }

    /// Returns the counter with these labels, of several that have one name: `&[("why", "silent")]`.
    ///
    /// # Panics
    /// As [`counter`](Self::counter); also if Prometheus does not take the name of a label.
    #[track_caller]
    pub fn counter_with(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        let name = format!("{}_total", name.strip_suffix("_total").unwrap_or(name));
        Counter(self.number(Kind::Counter, name, help, labels))
    }

    /// Returns a gauge.
    ///
    /// ```
    /// use nexus_gauge::Board;
    ///
    /// let board = Board::new();
    /// board.gauge("queue_depth", "Events that wait.").set(7.0);
    /// assert!(board.prometheus().contains("queue_depth 7\n"));
    /// ```
    ///
    /// # Panics
    /// As [`counter`](Self::counter).
    #[track_caller]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.gauge_with(name, help, &[])
    }

    /// Returns the gauge with these labels, of several that have one name.
    ///
    /// # Panics
    /// As [`counter_with`](Self::counter_with).
    #[track_caller]
    pub fn gauge_with(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        Gauge(self.number(Kind::Gauge, name.into(), help, labels))
    }

    #[track_caller]
    fn number(&self, kind: Kind, name: String, help: &str, labels: &[(&str, &str)]) -> Arc<AtomicU64> {
        assert!(is_name(&name), "`{name}` is no name of a number: use letters, digits and underscores");
        assert!(
            !name.starts_with("nexus_handler_"),
            "`{name}` is among the names of the board's own numbers: use another"
        );
        for (label, _) in labels {
            assert!(is_name(label), "`{label}` is no name of a label: use letters, digits and underscores");
        }
        let labels: Vec<_> = labels.iter().map(|(label, value)| ((*label).into(), (*value).into())).collect();
        let mut numbers = self.numbers();
        if let Some(other) = numbers.iter().find(|other| other.name == name) {
            let is = other.kind;
            assert!(is == kind, "`{name}` is a {is:?} already, and cannot be a {kind:?}: use another name");
        }
        if let Some(same) = numbers.iter().find(|other| other.name == name && other.labels == labels) {
            return same.cell.clone();
        }
        let cell = Arc::new(AtomicU64::new(0));
        numbers.push(Number { kind, name, help: help.into(), labels, cell: cell.clone() });
        cell
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(is_part) && !text.starts_with(|c: char| c.is_ascii_digit())
}
