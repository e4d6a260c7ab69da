//! Plans as indented trees.

use std::fmt;

use super::{Kind, Node, Plan};
use crate::names::short;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = Vec::new();
        collect(&mut rows, &self.nodes, "");
        let width = |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
        let (names, accesses) = (width(|row| &row.name), width(|row| &row.accesses));
        writeln!(f, "{}", self.name)?;
        for row in &rows {
            let line = format!("{:names$}  {:accesses$}  {}", row.name, row.accesses, row.output);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A line of the tree.
struct Row {
    /// With the branches before it.
    name: String,
    accesses: String,
    output: String,
}

fn collect(rows: &mut Vec<Row>, nodes: &[Node], indent: &str) {
    for (place, node) in nodes.iter().enumerate() {
        let last = place + 1 == nodes.len();
        let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let mut row = |name: &str, accesses: String, output: Option<&str>| {
            let output = output.map_or(String::new(), |output| format!("-> {}", short(output)));
            rows.push(Row { name: format!("{indent}{branch}{name}"), accesses, output });
        };
        match node {
            Node::Function(function) => row(&function.short_name(), function.accesses(), None),
            Node::Part { kind, output, nodes } => match &nodes[..] {
                // A function that simply runs needs no row for the part that it is.
                [Node::Function(function)] if *kind == Kind::Then => {
                    row(&function.short_name(), function.accesses(), *output);
                }
                _ => {
                    row(kind.name(), String::new(), *output);
                    collect(rows, nodes, &format!("{indent}{below}"));
                }
            },
        }
    }
}
