//! The board in the text format of Prometheus.

use std::fmt::{self, Write as _};

use crate::board::Board;
use crate::meter::Meter;
use crate::number::{Family, Kind};

impl Board {
    /// Returns all meters and numbers in the text format of Prometheus, version 0.0.4. Serve it as
    /// `text/plain; version=0.0.4`.
    ///
    /// Each meter has the label `handler` with its name. It has `nexus_handler_runs_total`, the histogram
    /// `nexus_handler_seconds` of its timed runs, and `nexus_handler_max_seconds`. Buckets end just below powers of two
    /// nanoseconds. A meter that has not run has no histogram yet. Counters and gauges follow, by name.
    ///
    /// ```
    /// let board = nexus_gauge::Board::new();
    /// board.gauge("queue_depth", "Waiting events.").set(7.0);
    /// let text = "# HELP queue_depth Waiting events.\n# TYPE queue_depth gauge\nqueue_depth 7\n";
    /// assert_eq!(board.prometheus(), text);
    /// ```
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        write(self, &mut out).expect("a string takes everything");
        out
    }
}

/// The powers of two at which buckets end: from 127 ns to 17 s.
const BUCKETS: std::ops::RangeInclusive<u32> = 7..=34;

fn write(board: &Board, out: &mut String) -> fmt::Result {
    let meters = board.meters();
    let label = |meter: &Meter| format!("handler=\"{}\"", escaped(meter.name(), true));
    if !meters.is_empty() {
        head(out, "nexus_handler_runs_total", "counter", "Runs of a handler.")?;
        for meter in &meters {
            writeln!(out, "nexus_handler_runs_total{{{}}} {}", label(meter), meter.runs())?;
        }
        head(out, "nexus_handler_seconds", "histogram", "How long the timed runs of a handler took.")?;
        for meter in meters.iter().filter(|meter| meter.runs() > 0) {
            let (seen, label) = (meter.latency(), label(meter));
            for limit in BUCKETS.map(|power| (1_u64 << power) - 1) {
                let (le, count) = (seconds(limit), seen.up_to(limit));
                writeln!(out, "nexus_handler_seconds_bucket{{{label},le=\"{le}\"}} {count}")?;
            }
            writeln!(out, "nexus_handler_seconds_bucket{{{label},le=\"+Inf\"}} {}", seen.count())?;
            writeln!(out, "nexus_handler_seconds_sum{{{label}}} {}", seconds(seen.sum()))?;
            writeln!(out, "nexus_handler_seconds_count{{{label}}} {}", seen.count())?;
        }
        head(out, "nexus_handler_max_seconds", "gauge", "The longest timed run of a handler.")?;
        for meter in meters.iter().filter(|meter| meter.runs() > 0) {
            writeln!(out, "nexus_handler_max_seconds{{{}}} {}", label(meter), seconds(meter.latency().max()))?;
        }
    }
    for (name, Family { kind, help, cells }) in &*board.families() {
        head(out, name, if *kind == Kind::Counter { "counter" } else { "gauge" }, help)?;
        for (labels, cell) in cells {
            let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value, true)));
            let labels = match &labels.collect::<Vec<_>>()[..] {
                [] => String::new(),
                labels => format!("{{{}}}", labels.join(",")),
            };
            writeln!(out, "{name}{labels} {}", kind.text(cell))?;
        }
    }
    Ok(())
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false))
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn escaped(text: &str, quoted: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quoted { text.replace('"', "\\\"") } else { text }
}
