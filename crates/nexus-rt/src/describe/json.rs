//! Plans as JSON.

use super::pattern::{case_name, one_line};
use super::plan::function_name;
use super::{Node, Plan};

pub(super) fn write(plan: &Plan) -> String {
    let mut out = String::new();
    out.push_str("{\"name\":");
    text(&mut out, &plan.name);
    out.push_str(",\"nodes\":");
    list(&mut out, &plan.nodes, node);
    out.push('}');
    out
}

fn node(out: &mut String, node: &Node) {
    match node {
        Node::Function(function) => {
            out.push_str("{\"function\":");
            text(out, &function_name(function.name));
            out.push_str(",\"path\":");
            text(out, function.name);
            out.push_str(",\"reads\":");
            list(out, &function.reads, |out, name| text(out, name));
            out.push_str(",\"writes\":");
            list(out, &function.writes, |out, name| text(out, name));
            out.push_str(",\"exclusive\":");
            out.push_str(if function.exclusive { "true" } else { "false" });
            if let Some(note) = &function.note {
                out.push_str(",\"note\":");
                text(out, note);
            }
            out.push('}');
        }
        Node::Part { kind, pattern, output, after, nodes } => {
            out.push_str("{\"kind\":");
            text(out, kind.name());
            if let Some(pattern) = pattern {
                out.push_str(",\"name\":");
                text(out, &case_name(pattern));
                out.push_str(",\"pattern\":");
                text(out, &one_line(pattern));
            }
            out.push_str(",\"output\":");
            match output {
                Some(output) => text(out, output),
                None => out.push_str("null"),
            }
            out.push_str(",\"after\":");
            list(out, after, |out, place| out.push_str(&place.to_string()));
            out.push_str(",\"nodes\":");
            list(out, nodes, self::node);
            out.push('}');
        }
    }
}

fn list<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
