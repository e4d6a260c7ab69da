//! Plans for Graphviz.

use std::fmt::Write as _;

use super::Plan;
use super::graph::{Graph, Shape};

pub(super) fn write(plan: &Plan) -> String {
    let graph = Graph::new(plan);
    let mut out = String::from("digraph plan {\n");
    out.push_str("  node [fontname=\"Helvetica\", fontsize=11, style=\"filled,rounded\", shape=box];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=9];\n");
    for (number, item) in graph.boxes.iter().enumerate() {
        let look = match item.shape {
            Shape::Entry => "shape=plain, style=\"\"",
            Shape::Function => "fillcolor=\"#e8f0fe\"",
            Shape::Value => "fillcolor=\"#ffffff\"",
            Shape::Turn => "fillcolor=\"#f4f4f4\", style=filled, shape=diamond",
        };
        let lines: Vec<_> = item.lines.iter().map(|line| escape(line)).collect();
        writeln!(out, "  n{number} [label=\"{}\", {look}];", lines.join("\\n")).expect("a string takes everything");
    }
    for arrow in &graph.arrows {
        let label = escape(&arrow.label);
        writeln!(out, "  n{} -> n{} [label=\"{label}\"];", arrow.from, arrow.to).expect("a string takes everything");
    }
    out.push_str("}\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
