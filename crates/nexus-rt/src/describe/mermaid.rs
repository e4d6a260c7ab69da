//! Plans for Mermaid.

use std::fmt::Write as _;

use super::Plan;
use super::graph::{Graph, Shape};

pub(super) fn write(plan: &Plan) -> String {
    let graph = Graph::new(plan);
    let mut out = String::from("flowchart TD\n");
    for (number, item) in graph.boxes.iter().enumerate() {
        let lines: Vec<_> = item.lines.iter().map(|line| escape(line)).collect();
        let (open, close) = match item.shape {
            Shape::Value => ("(\"", "\")"),
            Shape::Entry => ("([\"", "\"])"),
            Shape::Function => ("[\"", "\"]"),
            Shape::Turn => ("{\"", "\"}"),
        };
        writeln!(out, "  n{number}{open}{}{close}", lines.join("<br/>")).expect("a string takes everything");
    }
    for arrow in &graph.arrows {
        let label = match &arrow.label[..] {
            "" => String::new(),
            label => format!("|\"{}\"|", escape(label)),
        };
        writeln!(out, "  n{} -->{label} n{}", arrow.from, arrow.to).expect("a string takes everything");
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Mermaid reads `#word;` and `#12;` as signs.
            '#' => out.push_str("#35;"),
            c => out.push(c),
        }
    }
    out
}
