//! `Counter` and `Gauge`: numbers that a program copies to its board.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::board::Board;
use crate::histogram::add;

/// A number that only grows, such as events since the start: see [`Board::counter`].
///
/// Clones are handles to one counter. One thread writes it, and any thread reads it.
#[derive(Clone, Debug)]
pub struct Counter(Arc<AtomicU64>);

/// A number that rises and falls, such as the depth of a queue: see [`Board::gauge`].
///
/// Clones are handles to one gauge. One thread writes it, and any thread reads it.
#[derive(Clone, Debug)]
pub struct Gauge(Arc<AtomicU64>);

impl Counter {
    /// Adds `more` to the count.
    #[inline]
    pub fn add(&self, more: u64) {
        add(&self.0, more);
    }

    /// Replaces the count, to copy one that a driver keeps.
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
    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Returns the value.
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

impl Kind {
    /// Returns a number of this kind as text.
    pub(crate) fn text(self, cell: &Arc<AtomicU64>) -> String {
        match self {
            Self::Counter => Counter(cell.clone()).get().to_string(),
            Self::Gauge => match Gauge(cell.clone()).get() {
                f64::INFINITY => "+Inf".into(),
                f64::NEG_INFINITY => "-Inf".into(),
                value => value.to_string(),
            },
        }
    }
}

/// The counters or gauges of one name, by their labels.
pub(crate) struct Family {
    pub(crate) kind: Kind,
    pub(crate) help: String,
    pub(crate) cells: BTreeMap<Vec<(String, String)>, Arc<AtomicU64>>,
}

/// Counters and gauges. A name and labels that exist already return the same counter or gauge; the order of the labels
/// does not matter.
///
/// A board keeps what it has returned for as long as it lives. Use labels whose values are few and known, such as a
/// reason, and none whose values keep coming, such as an address.
impl Board {
    /// Returns the counter of this name. `_total` is added to the name if it is missing. `help` explains the number to
    /// readers of the exposition.
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
    /// If the name is empty, has other characters than letters, digits and underscores, begins with a digit or with
    /// `nexus_handler_`, or belongs to a gauge.
    #[track_caller]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        self.counter_with(name, help, &[])
    }

    /// Returns the counter of this name with these labels.
    ///
    /// ```
    /// let board = nexus_gauge::Board::new();
    /// board.counter_with("ended", "Connections that ended.", &[("why", "silent")]).add(3);
    /// assert!(board.prometheus().contains("ended_total{why=\"silent\"} 3\n"));
    /// ```
    ///
    /// # Panics
    /// As [`counter`](Self::counter), or if the name of a label has other characters than letters, digits and
    /// underscores, begins with a digit or with two underscores, or is there twice.
    #[track_caller]
    pub fn counter_with(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        Counter(self.number(Kind::Counter, name.strip_suffix("_total").unwrap_or(name), help, labels))
    }

    /// Returns the gauge of this name. `help` explains the number to readers of the exposition.
    ///
    /// ```
    /// use nexus_gauge::Board;
    ///
    /// let board = Board::new();
    /// board.gauge("queue_depth", "Waiting events.").set(7.0);
    /// assert!(board.prometheus().contains("queue_depth 7\n"));
    /// ```
    ///
    /// # Panics
    /// As [`counter`](Self::counter), but if the name belongs to a counter.
    #[track_caller]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.gauge_with(name, help, &[])
    }

    /// Returns the gauge of this name with these labels.
    ///
    /// ```
    /// let board = nexus_gauge::Board::new();
    /// board.gauge_with("queue_depth", "Waiting events.", &[("queue", "orders")]).set(7.0);
    /// assert!(board.prometheus().contains("queue_depth{queue=\"orders\"} 7\n"));
    /// ```
    ///
    /// # Panics
    /// As [`counter_with`](Self::counter_with), but if the name belongs to a counter.
    #[track_caller]
    pub fn gauge_with(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        Gauge(self.number(Kind::Gauge, name, help, labels))
    }

    #[track_caller]
    fn number(&self, kind: Kind, name: &str, help: &str, labels: &[(&str, &str)]) -> Arc<AtomicU64> {
        assert!(is_name(name), "`{name}` is not a valid name: use letters, digits and underscores");
        let full = if kind == Kind::Counter { format!("{name}_total") } else { name.to_owned() };
        assert!(
            !full.starts_with("nexus_handler_"),
            "`{name}` is reserved: names that begin with `nexus_handler_` are the board's own"
        );
        for (label, _) in labels {
            assert!(is_name(label), "`{label}` is not a valid name of a label: use letters, digits and underscores");
            assert!(!label.starts_with("__"), "`{label}` is reserved: labels that begin with `__` are Prometheus' own");
        }
        // Labels have no order.
        let mut labels: Vec<(String, String)> =
            labels.iter().map(|(label, value)| ((*label).into(), (*value).into())).collect();
        labels.sort();
        if let Some(twice) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            panic!("`{}` is there twice: a label has one value", twice[0].0);
        }
        let mut families = self.families();
        let family = families.entry(full.clone());
        let family = family.or_insert_with(|| Family { kind, help: help.into(), cells: BTreeMap::new() });
        let is = family.kind;
        assert!(is == kind, "`{full}` is already a {is:?}, so it cannot be a {kind:?}: use another name");
        family.cells.entry(labels).or_default().clone()
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(is_part) && !text.starts_with(|c: char| c.is_ascii_digit())
}
