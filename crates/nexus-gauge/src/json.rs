//! The board as JSON.

use std::fmt::Write as _;

use crate::board::Board;
use crate::meter::Meter;
use crate::number::{Family, Kind};

impl Board {
    /// Returns all meters and numbers as one JSON object: `{"handlers": [..], "counters": [..], "gauges": [..]}`.
    ///
    /// A handler is `{"name", "runs", "timed", "sum", "mean", "p50", "p99", "max"}`, with times in nanoseconds. A
    /// counter or a gauge is `{"name", "labels": {..}, "value"}`. A gauge that is not finite has the value `null`.
    ///
    /// ```
    /// let board = nexus_gauge::Board::new();
    /// board.counter("orders", "Orders accepted.").add(2);
    /// let counters = r#""counters":[{"name":"orders_total","labels":{},"value":2}]"#;
    /// assert!(board.json().contains(counters));
    /// ```
    #[must_use]
    pub fn json(&self) -> String {
        let handlers = list(self.meters().iter().map(meter));
        let families = self.families();
        let all = |kind: Kind| list(families.iter().filter(|(_, family)| family.kind == kind).flat_map(numbers));
        format!("{{\"handlers\":{handlers},\"counters\":{},\"gauges\":{}}}", all(Kind::Counter), all(Kind::Gauge))
    }
}

fn meter(meter: &Meter) -> String {
    let seen = meter.latency();
    let [p50, p99] = [0.5, 0.99].map(|share| seen.quantile(share));
    format!(
        "{{\"name\":{},\"runs\":{},\"timed\":{},\"sum\":{},\"mean\":{},\"p50\":{p50},\"p99\":{p99},\"max\":{}}}",
        text(meter.name()),
        meter.runs(),
        seen.count(),
        seen.sum(),
        seen.mean(),
        seen.max()
    )
}

fn numbers<'f>((name, Family { kind, cells, .. }): (&'f String, &'f Family)) -> impl Iterator<Item = String> + 'f {
    cells.iter().map(move |(labels, cell)| {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{}:{}", text(name), text(value))).collect();
        let value = kind.text(cell);
        let is_finite = value.parse().is_ok_and(f64::is_finite);
        let value = if is_finite { &value } else { "null" };
        format!("{{\"name\":{},\"labels\":{{{}}},\"value\":{value}}}", text(name), labels.join(","))
    })
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).expect("a string takes everything"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
