//! The graph in which values flow, built from a plan, which is a tree.

use super::pattern::case_name;
use super::{Kind, Node, Plan};
use crate::names::short;

/// Boxes and the arrows between them.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) boxes: Vec<GraphBox>,
    pub(super) arrows: Vec<Arrow>,
}

pub(super) struct GraphBox {
    pub(super) shape: Shape,
    /// Its text, line by line.
    pub(super) lines: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Where events come in.
    Entry,
    /// A function, with what it reads and writes.
    Function,
    /// A combinator without a function.
    Value,
    /// A place where the flow divides.
    Turn,
}

pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
}

/// The open ends of the flow: boxes whose next arrow is still to be drawn.
type Ends = Vec<End>;

#[derive(Clone)]
struct End {
    from: usize,
    /// The label of the next arrow.
    label: String,
    /// Whether the label is the condition of a case that has drawn nothing yet. It stays, whatever the case is part of.
    condition: bool,
}

impl End {
    fn new(from: usize, label: &str) -> Self {
        Self { from, label: label.to_owned(), condition: false }
    }

    /// Shows the output of a part that ends here, if it is known.
    fn labelled(self, output: &str) -> Self {
        if self.condition || output.is_empty() { self } else { Self { label: output.to_owned(), ..self } }
    }
}

impl Graph {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut graph = Self::default();
        let entry = graph.add(Shape::Entry, vec!["event".into()], vec![]);
        graph.walk(&plan.nodes, vec![End::new(entry, "")]);
        graph
    }

    fn add(&mut self, shape: Shape, lines: Vec<String>, from: Ends) -> usize {
        self.boxes.push(GraphBox { shape, lines });
        let to = self.boxes.len() - 1;
        self.arrows.extend(from.into_iter().map(|End { from, label, .. }| Arrow { from, to, label }));
        to
    }

    fn walk(&mut self, nodes: &[Node], mut ends: Ends) -> Ends {
        for node in nodes {
            ends = self.node(node, ends);
        }
        ends
    }

    fn node(&mut self, node: &Node, ends: Ends) -> Ends {
        let (kind, output, nodes) = match node {
            Node::Function(_) => return self.function(None, node, ends),
            Node::Part { kind, output, nodes, .. } => (*kind, output.map(short).unwrap_or_default(), &nodes[..]),
        };
        let labelled = |ends: Ends| ends.into_iter().map(|end| end.labelled(&output)).collect();
        match kind {
            Kind::Fork => labelled(self.fork(nodes, ends)),
            Kind::FanOut | Kind::Broadcast => {
                let turn = self.add(Shape::Turn, vec![kind.name().into()], ends);
                let ends = self.arms(nodes, turn);
                if ends.is_empty() { vec![End::new(turn, "")] } else { ends }
            }
            Kind::Scheduler if nodes.is_empty() => ends,
            Kind::Scheduler => {
                // All first systems continue from one box.
                let start = match ends.len() {
                    1 => ends,
                    _ => vec![End::new(self.add(Shape::Turn, vec![kind.name().into()], ends), "")],
                };
                self.systems(nodes, &start)
            }
            Kind::Route => {
                let turn = self.add(Shape::Turn, vec![kind.name().into()], ends);
                // A case without steps continues from the turn itself, and still shows its condition.
                let ends = self.cases(nodes, turn);
                if ends.is_empty() { vec![End::new(turn, &output)] } else { labelled(ends) }
            }
            Kind::Tee | Kind::View | Kind::Each => {
                // The side chain ends; what goes on continues from where it branched off.
                let turn = self.add(Shape::Turn, vec![kind.name().into()], ends);
                self.walk(nodes, vec![End::new(turn, "")]);
                vec![End::new(turn, &output)]
            }
            _ => match nodes {
                [function @ Node::Function(_)] => labelled(self.function(Some(kind), function, ends)),
                [] => vec![End::new(self.add(Shape::Value, vec![kind.name().into()], ends), &output)],
                _ => labelled(self.walk(nodes, ends)),
            },
        }
    }

    fn function(&mut self, kind: Option<Kind>, node: &Node, ends: Ends) -> Ends {
        let Node::Function(function) = node else { return ends };
        let name = function.short_name();
        let first = match kind {
            None | Some(Kind::Then | Kind::Merge | Kind::Arm) => name,
            Some(kind) => format!("{}: {name}", kind.name()),
        };
        let accesses = Some(function.accesses()).filter(|text| !text.is_empty());
        let lines = [Some(first), accesses, function.note_line()].into_iter().flatten().collect();
        vec![End::new(self.add(Shape::Function, lines, ends), "")]
    }

    /// Draws the arms, and the function that merges them, if there is one.
    fn fork(&mut self, nodes: &[Node], ends: Ends) -> Ends {
        let turn = self.add(Shape::Turn, vec![Kind::Fork.name().into()], ends);
        let is_merge = |node: &&Node| matches!(node, Node::Part { kind: Kind::Merge, .. });
        let (merge, arms): (Vec<&Node>, Vec<&Node>) = nodes.iter().partition(is_merge);
        let ends = self.arms(arms, turn);
        match merge.first() {
            Some(merge) => self.node(merge, ends),
            None => ends,
        }
    }

    fn arms<'n>(&mut self, arms: impl IntoIterator<Item = &'n Node>, turn: usize) -> Ends {
        let mut ends = Ends::new();
        for arm in arms {
            ends.extend(self.node(arm, vec![End::new(turn, "")]));
        }
        ends
    }

    /// Draws each system after those that it runs after, and the others after what comes before the scheduler.
    fn systems(&mut self, systems: &[Node], before: &Ends) -> Ends {
        let mut ends: Vec<Ends> = Vec::new();
        let mut last = vec![true; systems.len()];
        for system in systems {
            let Node::Part { after, nodes, .. } = system else { continue };
            let known: Vec<_> = after.iter().filter(|place| **place < ends.len()).collect();
            known.iter().for_each(|place| last[**place] = false);
            let start =
                if known.is_empty() { before.clone() } else { known.iter().flat_map(|p| ends[**p].clone()).collect() };
            // A system that shows no function gets a box too, or the arrows to it would multiply with those from it.
            ends.push(match &nodes[..] {
                [] => vec![End::new(self.add(Shape::Value, vec![Kind::System.name().into()], start), "")],
                nodes => self.walk(nodes, start),
            });
        }
        ends.into_iter().zip(last).filter(|(_, last)| *last).flat_map(|(ends, _)| ends).collect()
    }

    /// Draws each case after an arrow that shows its condition.
    fn cases(&mut self, cases: &[Node], turn: usize) -> Ends {
        let mut ends = Ends::new();
        for case in cases {
            let Node::Part { kind, pattern, nodes, .. } = case else { continue };
            let (when, arm) = match &nodes[..] {
                [Node::Part { kind: Kind::If, nodes: predicate, .. }, arm @ ..] => (predicate_name(predicate), arm),
                arm => (pattern.map_or_else(|| kind.name().to_owned(), case_name), arm),
            };
            ends.extend(self.walk(arm, vec![End { from: turn, label: when, condition: true }]));
        }
        ends
    }
}

fn predicate_name(nodes: &[Node]) -> String {
    match nodes {
        [Node::Function(function)] => {
            let accesses = Some(function.accesses()).filter(|text| !text.is_empty());
            let accesses = accesses.map(|text| format!(" ({text})")).unwrap_or_default();
            let note = function.note_line().map(|note| format!(": {note}")).unwrap_or_default();
            function.short_name() + &accesses + &note
        }
        _ => Kind::If.name().to_owned(),
    }
}
