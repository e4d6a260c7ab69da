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
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
