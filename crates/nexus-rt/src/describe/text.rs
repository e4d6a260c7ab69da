//! Plans as indented trees.

use std::fmt;

use super::pattern::case_name;
use super::{Kind, Node, Plan};
use crate::names::short;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = Vec::new();
        collect(&mut rows, &self.nodes, "");
        let width = |column: fn(&Row) -> &str| {
            let widths = rows.iter().map(|row| column(row).chars().count());
            widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
        };
        let (names, accesses) = (width(|row| &row.name), width(|row| &row.accesses));
        let outputs = width(|row| &row.output);
        writeln!(f, "{}", self.name)?;
        for row in &rows {
            let line =
                format!("{:names$}  {:accesses$}  {:outputs$}  {}", row.name, row.accesses, row.output, row.note);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Wider entries exceed their column, so that a single one does not widen all lines.
const WIDEST: usize = 120;

/// A line of the tree.
struct Row {
    /// Includes the branches before it.
    name: String,
    accesses: String,
    output: String,
    note: String,
}

/// Returns the output of a part, or the siblings after which it runs.
fn onward(output: Option<&str>, after: &[usize], siblings: &[Node]) -> String {
    let names: Vec<_> = after.iter().filter_map(|place| siblings.get(*place)).map(Node::first_name).collect();
    match output {
        Some(output) => format!("-> {}", short(output)),
        None if names.is_empty() => String::new(),
        None => format!("after {}", names.join(", ")),
    }
}

fn collect(rows: &mut Vec<Row>, siblings: &[Node], indent: &str) {
    for (place, node) in siblings.iter().enumerate() {
        let last = place + 1 == siblings.len();
        let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let mut row = |name: &str, accesses: String, output: String, note: Option<String>| {
            let (name, note) = (format!("{indent}{branch}{name}"), note.unwrap_or_default());
            rows.push(Row { name, accesses, output, note });
        };
        match node {
            Node::Function(function) => {
                row(&function.short_name(), function.accesses(), String::new(), function.note_line());
            }
            Node::Part { kind, pattern, output, after, nodes } => match &nodes[..] {
                // A function that simply runs needs no separate row for its part.
                [Node::Function(function)] if matches!(kind, Kind::Then | Kind::System) => {
                    let onward = onward(*output, after, siblings);
                    row(&function.short_name(), function.accesses(), onward, function.note_line());
                }
                _ => {
                    let name = pattern.map(|pattern| format!("{} {}", kind.name(), case_name(pattern)));
                    let name = name.as_deref().unwrap_or(kind.name());
                    row(name, String::new(), onward(*output, after, siblings), None);
                    collect(rows, nodes, &format!("{indent}{below}"));
                }
            },
        }
    }
}
