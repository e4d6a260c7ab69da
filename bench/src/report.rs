//! The output: a table for the terminal, Markdown for `RESULTS.md`, or one JSON object for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Budget, Measured, Timed, quantile};
use crate::machine;

/// Marks a ratio over its budget. `RESULTS.md` begins with the budgets.
const OVER: &str = "✗";

/// The median of the ratios of all rounds, and the range of the middle four fifths.
struct Ratio {
    low: f64,
    middle: f64,
    high: f64,
}

/// Returns the ratio of our time to that of another contender in the same round.
fn ratio(ours: &Timed, other: &Timed) -> Ratio {
    let ratios: Vec<f64> = ours.rounds.iter().zip(&other.rounds).map(|(ours, other)| ours / other).collect();
    let [low, middle, high] = [0.1, 0.5, 0.9].map(|part| quantile(&ratios, part));
    Ratio { low, middle, high }
}

impl Measured {
    fn of(&self, contender: &str) -> Option<&Timed> {
        self.timed.iter().find(|timed| timed.contender == contender)
    }

    fn middle(&self, contender: &str) -> Option<f64> {
        Some(quantile(&self.of(contender)?.rounds, 0.5))
    }

    /// Returns the contender that is compared with all others: the first.
    fn ours(&self) -> &'static str {
        self.timed.first().map_or("ours", |timed| timed.contender)
    }

    fn ratio_to(&self, contender: &str) -> Option<Ratio> {
        let ours = self.ours();
        if contender == ours { None } else { Some(ratio(self.of(ours)?, self.of(contender)?)) }
    }

    /// Returns whether a budget holds, by the ratio or by the difference of the medians.
    fn meets(&self, budget: &Budget) -> Option<bool> {
        let by_ratio = self.ratio_to(budget.against)?.middle <= budget.at_most;
        let (ours, other) = (self.middle(self.ours())?, self.middle(budget.against)?);
        let few = budget.or_more > 0.0 && other < Budget::FEW;
        Some(by_ratio || few && ours - other <= budget.or_more)
    }

    /// Formats the ratio to a contender, marked if it is over its budget. Empty for the contender that others are
    /// compared with. `bold` encloses the median.
    fn ratio_text(&self, contender: &str, bold: &str) -> String {
        let over = |budget: &Budget| budget.against == contender && self.meets(budget) == Some(false);
        let mark = if self.budgets.iter().any(over) { format!(" {OVER}") } else { String::new() };
        self.ratio_to(contender).map_or(String::new(), |Ratio { low, middle, high }| {
            format!("{bold}{middle:.2}{bold}{mark} ({low:.2} .. {high:.2})")
        })
    }
}

impl Budget {
    fn text(&self, unit: &str) -> String {
        let few = Self::FEW;
        let more = if self.or_more > 0.0 { format!(", +{} {unit} under {few}", self.or_more) } else { String::new() };
        let at_most = (self.at_most * 1_000.0).round() / 1_000.0;
        format!("<= {at_most}{more}")
    }
}

/// A table in one unit.
pub struct Report {
    pub title: String,
    /// "cycles" or "ns".
    pub unit: &'static str,
    pub rows: Vec<Measured>,
}

impl Report {
    /// Prints a row at once, with a heading before the first of its group.
    pub fn push(&mut self, row: Measured) {
        if self.rows.last().is_none_or(|last| last.group != row.group) {
            let ours = format!("{} / it (10 % .. 90 % of rounds)", row.ours());
            println!("\n{:<44} {:<9} {:>9}   {ours}", row.group, "contender", self.unit);
        }
        for (place, timed) in row.timed.iter().enumerate() {
            let name = if place == 0 { row.row.as_str() } else { "" };
            let ratio = row.ratio_text(timed.contender, "");
            let middle = quantile(&timed.rounds, 0.5);
            let line = format!("{name:<44} {:<9} {middle:>9.2}   {ratio}", timed.contender);
            println!("{}", line.trim_end());
        }
        self.rows.push(row);
    }

    /// Returns the missed budgets, one line each.
    pub fn missed(&self) -> Vec<String> {
        let missed = |row: &Measured| {
            let missed: Vec<_> = row.budgets.iter().filter(|budget| row.meets(budget) == Some(false)).collect();
            let lines = missed.into_iter().filter_map(|budget| {
                let ratio = row.ratio_to(budget.against)?.middle;
                Some(format!("{}: {ratio:.2} of {}, budget {}", row.row, budget.against, budget.text(self.unit)))
            });
            lines.collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(missed).collect()
    }

    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        json!({ "title": self.title, "unit": self.unit, "machine": machine::describe(), "rows": rows })
    }

    fn row_json(&self, row: &Measured) -> Value {
        let contender = |timed: &Timed| {
            let [low, middle, high] = [0.1, 0.5, 0.9].map(|part| quantile(&timed.rounds, part));
            let mut value = json!({ "contender": timed.contender, "median": middle, "p10": low, "p90": high });
            if let Some([p50, p99, p999]) = timed.calls {
                value["calls"] = json!({ "p50": p50, "p99": p99, "p99.9": p999 });
            }
            if let Some(Ratio { low, middle, high }) = row.ratio_to(timed.contender) {
                value["ours_to_it"] = json!({ "median": middle, "p10": low, "p90": high });
            }
            value
        };
        let budget = |budget: &Budget| json!({ "against": budget.against, "at_most": budget.at_most, "or_more": budget.or_more, "met": row.meets(budget) });
        json!({
            "group": row.group,
            "row": row.row,
            "contenders": row.timed.iter().map(contender).collect::<Vec<_>>(),
            "budgets": row.budgets.iter().map(budget).collect::<Vec<_>>(),
        })
    }

    /// Returns a table for each group, and one for the distributions of calls.
    pub fn markdown(&self) -> String {
        let mut text = format!("Machine: {}.\n", machine::describe());
        let mut groups: Vec<&str> = self.rows.iter().map(|row| row.group.as_str()).collect();
        groups.dedup();
        for group in groups {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.group == group).collect();
            self.group_markdown(&mut text, group, &rows);
        }
        self.calls_markdown(&mut text);
        text
    }

    fn group_markdown(&self, text: &mut String, group: &str, rows: &[&Measured]) {
        let ours = rows.first().map_or("ours", |row| row.ours());
        let mut contenders: Vec<&str> = Vec::new();
        for timed in rows.iter().flat_map(|row| &row.timed) {
            if timed.contender != ours && !contenders.contains(&timed.contender) {
                contenders.push(timed.contender);
            }
        }
        let _ = write!(text, "\n| {group}, {} | {ours} |", self.unit);
        contenders.iter().for_each(|name| _ = write!(text, " {name} | {ours} / it |"));
        let _ = writeln!(text, "\n|---|--:|{}", "--:|--:|".repeat(contenders.len()));
        for row in rows {
            let time = |name| row.middle(name).map_or(String::new(), figure);
            let _ = write!(text, "| {} | {} |", row.row, time(ours));
            contenders.iter().for_each(|name| _ = write!(text, " {} | {} |", time(name), row.ratio_text(name, "**")));
            text.push('\n');
        }
    }

    fn calls_markdown(&self, text: &mut String) {
        let with_calls = || self.rows.iter().filter(|row| row.timed.iter().any(|timed| timed.calls.is_some()));
        if with_calls().next().is_none() {
            return;
        }
        let _ = writeln!(text, "\n| each of 64 calls in a row, {} | contender | p50 | p99 | p99.9 |", self.unit);
        text.push_str("|---|---|--:|--:|--:|\n");
        for row in with_calls() {
            for (place, timed) in row.timed.iter().enumerate() {
                let name = if place == 0 { row.row.as_str() } else { "" };
                if let Some([p50, p99, p999]) = timed.calls {
                    let contender = timed.contender;
                    let _ = writeln!(text, "| {name} | {contender} | {p50:.1} | {p99:.1} | {p999:.1} |");
                }
            }
        }
    }
}

/// Formats a time, with a decimal below 100.
fn figure(time: f64) -> String {
    if time < 100.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

/// Replaces the text between the markers `<!-- NAME -->` and `<!-- /NAME -->` of a file.
///
/// # Panics
/// If the file cannot be read or written, or has no such markers.
pub fn replace_section(file: &Path, name: &str, text: &str) {
    let old = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let new = replaced(&old, name, text).unwrap_or_else(|| panic!("{}: no markers <!-- {name} -->", file.display()));
    std::fs::write(file, new).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

fn replaced(old: &str, name: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(&format!("<!-- {name} -->\n"))?;
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->\n"))?;
    Some(format!("{before}<!-- {name} -->\n{text}<!-- /{name} -->\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let old = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";
        let new = "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";
        assert_eq!(replaced(old, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(old, "z", "new\n"), None);
    }

    #[test]
    fn ratios_are_of_the_same_round_and_budgets_are_held_to_them() {
        let timed = vec![Timed::new("ours", vec![2.0, 20.0, 6.0]), Timed::new("by hand", vec![1.0, 10.0, 3.0])];
        let budget = |at_most, or_more| Budget { against: "by hand", at_most, or_more };
        let budgets = vec![budget(1.05, 1.0), budget(2.0, 0.0), budget(1.05, 3.0)];
        let row = Measured { group: String::new(), row: "row".into(), timed, budgets };
        assert_eq!(row.budgets.iter().map(|it| row.meets(it)).collect::<Vec<_>>(), [false, true, true].map(Some));
        let report = Report { title: String::new(), unit: "cycles", rows: vec![row] };
        assert_eq!(report.missed(), ["row: 2.00 of by hand, budget <= 1.05, +1 cycles under 5"]);
        let last = "| row | 6.0 | 3.0 | **2.00** ✗ (2.00 .. 2.00) |\n";
        assert!(report.markdown().ends_with(last), "{}", report.markdown());
    }
}
