//! The report of a replay, as text or as JSON.

use std::fmt::{self, Display};
use std::time::Duration;

use hdrhistogram::Histogram;
use nexus_rt::World;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::book::Book;
use crate::counts::{Checks, Counts, Symbol};
use crate::decimal::Decimal;
use crate::journal::Journaled;
use crate::message::Level;
use crate::problems::Problems;
use crate::profile::Profile;
use crate::replay::Latency;
use crate::signal::Signals;
use crate::strategies::Strategies;
use crate::threads::Load;
use crate::trades::Trades;

/// The result of a replay. Its fields, in this order, are the JSON object. Prices and quantities are strings with 8
/// digits after the point.
#[derive(Serialize, Debug)]
pub struct Report {
    events: u64,
    depth: u64,
    book_ticker: u64,
    trade: u64,
    snapshot: u64,
    applied: u64,
    stale: u64,
    gaps: u64,
    checked: u64,
    agree: u64,
    vwap: Option<Decimal>,
    volume: Decimal,
    last_price: Option<Decimal>,
    best_bid: Option<Decimal>,
    best_bid_qty: Option<Decimal>,
    best_ask: Option<Decimal>,
    best_ask_qty: Option<Decimal>,
    bid_levels: usize,
    ask_levels: usize,
    bad_lines: u64,
    duplicates: u64,
    crossed: u64,
    out_of_order: u64,
    /// Counts only the time spent in dispatch.
    events_per_sec: u64,
    latency_ns: Latencies,
    /// Only for a replay on two threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<TwoThreads>,
    /// Only with strategies.
    #[serde(skip_serializing_if = "Option::is_none")]
    strategies: Option<Desk>,
    /// Only if a journal was recorded or replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Journaled>,
    /// The cost of each function: an object for each thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Box<RawValue>>,
    #[serde(skip)]
    symbol: String,
    #[serde(skip)]
    signals: Signals,
    #[serde(skip)]
    decode_per_sec: u64,
    #[serde(skip)]
    whole: Whole,
}

/// The load of two threads, each over its own busy time, and the largest number of entries in the inbox between them.
#[derive(Serialize, Debug)]
struct TwoThreads {
    lines_per_sec: u64,
    events_per_sec: u64,
    inbox_deepest: usize,
    inbox_room: usize,
}

impl TwoThreads {
    fn of(load: &Load) -> Self {
        Self {
            lines_per_sec: per_second(load.lines, load.decoding),
            events_per_sec: per_second(load.events, load.dispatching),
            inbox_deepest: load.deepest,
            inbox_room: load.room,
        }
    }
}

/// The work of the strategies.
#[derive(Serialize, Debug)]
struct Desk {
    strategies: usize,
    marks: u64,
    runs: u64,
    busiest: String,
    busiest_runs: u64,
}

impl Desk {
    fn of(strategies: &Strategies) -> Option<Self> {
        let busiest = strategies.busiest()?;
        Some(Self {
            strategies: strategies.each().len(),
            marks: strategies.marks(),
            runs: strategies.runs(),
            busiest: busiest.watches.to_string(),
            busiest_runs: busiest.runs,
        })
    }
}

impl Display for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [marks, runs, busiest_runs] = [self.marks, self.runs, self.busiest_runs].map(grouped);
        let (strategies, busiest) = (grouped(self.strategies as u64), &self.busiest);
        write!(f, "{strategies}: {runs} runs of {marks} marks, the busiest {busiest_runs} runs ({busiest})")
    }
}

/// The replay in wall-clock time.
#[derive(Debug)]
struct Whole {
    lines: u64,
    time: Duration,
}

#[derive(Serialize, Debug)]
struct Latencies {
    decode: Percentiles,
    dispatch: Percentiles,
}

#[derive(Serialize, Debug)]
struct Percentiles {
    p50: u64,
    p99: u64,
    #[serde(rename = "p99.9")]
    p99_9: u64,
    max: u64,
}

impl Percentiles {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p99: at(0.99), p99_9: at(0.999), max: histogram.max() }
    }
}

impl Report {
    /// Creates the report of a world that has seen the whole input.
    pub fn new(world: &World, latency: &Latency) -> Self {
        let counts = world.resource::<Counts>();
        let checks = world.resource::<Checks>();
        let trades = world.resource::<Trades>();
        let book = world.resource::<Book>();
        let (bid, ask) = book.top();
        let (bid_levels, ask_levels) = book.levels();
        let (price, quantity) = (|level: Level| level.0, |level: Level| level.1);
        Self {
            events: counts.events,
            depth: counts.depth,
            book_ticker: counts.ticker,
            trade: counts.trade,
            snapshot: counts.snapshot,
            applied: counts.applied,
            stale: counts.stale,
            gaps: counts.gaps,
            checked: checks.made,
            agree: checks.agreed,
            vwap: trades.vwap(),
            volume: trades.volume(),
            last_price: trades.last_price(),
            best_bid: bid.map(price),
            best_bid_qty: bid.map(quantity),
            best_ask: ask.map(price),
            best_ask_qty: ask.map(quantity),
            bid_levels,
            ask_levels,
            bad_lines: counts.bad_lines,
            duplicates: counts.duplicates,
            crossed: counts.crossed,
            out_of_order: counts.out_of_order,
            events_per_sec: rate(&latency.dispatch),
            latency_ns: Latencies {
                decode: Percentiles::of(&latency.decode),
                dispatch: Percentiles::of(&latency.dispatch),
            },
            symbol: world.resource::<Symbol>().0.as_deref().unwrap_or("-").to_uppercase(),
            signals: *world.resource::<Signals>(),
            decode_per_sec: rate(&latency.decode),
            whole: Whole {
                // A journal has no lines, only inputs.
                lines: latency.journal.as_ref().map_or(latency.decode.len(), |journal| journal.inputs),
                time: latency.whole,
            },
            strategies: world.try_resource::<Strategies>().and_then(Desk::of),
            journal: latency.journal.clone(),
            threads: latency.load.as_ref().map(TwoThreads::of),
            profile: None,
        }
    }

    /// Adds the cost of each function to the JSON.
    #[must_use]
    pub fn with_profile(self, profile: &Profile) -> Self {
        Self { profile: Some(profile.json()), ..self }
    }
}

/// Returns the events per second of the recorded time. The sum of a histogram is exact to its 3 digits.
fn rate(histogram: &Histogram<u64>) -> u64 {
    per_second(histogram.len(), Duration::from_secs_f64(histogram.mean() * histogram.len() as f64 / 1e9))
}

pub(crate) fn per_second(number: u64, time: Duration) -> u64 {
    if time.is_zero() { 0 } else { (number as f64 / time.as_secs_f64()).round() as u64 }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |value: Option<Decimal>| value.map_or("-".into(), |value| value.to_string());
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<18} {value}");
        row("symbol", self.symbol.clone())?;
        row(
            "events",
            format!(
                "{}: {} depth, {} book ticker, {} trades, {} snapshot",
                grouped(self.events),
                grouped(self.depth),
                grouped(self.book_ticker),
                grouped(self.trade),
                grouped(self.snapshot)
            ),
        )?;
        row(
            "book",
            format!(
                "{} diffs applied, {} stale, {} gaps",
                grouped(self.applied),
                grouped(self.stale),
                grouped(self.gaps)
            ),
        )?;
        row(
            "checks",
            format!("{} of {} agree with the exchange's own top", grouped(self.agree), grouped(self.checked)),
        )?;
        row("best bid", format!("{} x {}", or_none(self.best_bid), or_none(self.best_bid_qty)))?;
        row("best ask", format!("{} x {}", or_none(self.best_ask), or_none(self.best_ask_qty)))?;
        row("levels", format!("{} bid, {} ask", grouped(self.bid_levels as u64), grouped(self.ask_levels as u64)))?;
        row(
            "trades",
            format!("VWAP {}, volume {}, last {}", or_none(self.vwap), self.volume, or_none(self.last_price)),
        )?;
        row(
            "signals",
            format!(
                "{}; microprice {}, spread at most {}, mean imbalance {:+.3}, {} with the flow and {} against",
                grouped(self.signals.count),
                or_none(self.signals.microprice),
                self.signals.widest,
                self.signals.mean_imbalance(),
                grouped(self.signals.with_flow),
                grouped(self.signals.against_flow)
            ),
        )?;
        row("bad lines", grouped(self.bad_lines))?;
        let [again, crossed, late] = [self.duplicates, self.crossed, self.out_of_order].map(grouped);
        row("odd messages", format!("{again} duplicates, {crossed} crossed, {late} out of order"))?;
        row(
            "events per second",
            format!("{} dispatch, {} decode", grouped(self.events_per_sec), grouped(self.decode_per_sec)),
        )?;
        self.fmt_times(f)
    }
}

impl Report {
    fn fmt_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<18} {value}");
        let Whole { lines, time } = self.whole;
        row(
            "whole replay",
            format!("{:.3} s, {} lines per second", time.as_secs_f64(), grouped(per_second(lines, time))),
        )?;
        if let Some(threads) = &self.threads {
            let [lines, events] = [threads.lines_per_sec, threads.events_per_sec].map(grouped);
            row("two threads", format!("{lines} lines decoded per second, {events} events dispatched per second"))?;
            let [deepest, room] = [threads.inbox_deepest, threads.inbox_room].map(|number| grouped(number as u64));
            row("inbox", format!("at most {deepest} waiting, with room for {room}"))?;
        }
        if let Some(strategies) = &self.strategies {
            row("strategies", strategies.to_string())?;
        }
        if let Some(journal) = &self.journal {
            row("journal", journal.to_string())?;
        }
        self.latency_ns.fmt(f)
    }
}

impl Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n  {:<18} {:>10} {:>10} {:>10} {:>10}", "latency, ns", "p50", "p99", "p99.9", "max")?;
        for (name, latency) in [("decode", &self.decode), ("dispatch", &self.dispatch)] {
            let [p50, p99, p99_9, max] = [latency.p50, latency.p99, latency.p99_9, latency.max].map(grouped);
            writeln!(f, "  {name:<18} {p50:>10} {p99:>10} {p99_9:>10} {max:>10}")?;
        }
        Ok(())
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.first() {
            // Text from the input must not reach the terminal as control characters.
            let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            let text = format!("{}: {}", self.place(problem.line), problem.reason);
            writeln!(f, "{}", text.chars().map(printable).collect::<String>())?;
        }
        let more = self.total() - self.first().len() as u64;
        if more > 0 {
            write!(f, ".. and {} more: ", grouped(more))?;
        }
        writeln!(f, "{} problem{} in the input", grouped(self.total()), if self.total() == 1 { "" } else { "s" })
    }
}

/// Formats `1234567` as `1,234,567`.
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
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
