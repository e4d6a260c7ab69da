//! Plans: what a handler consists of, as data.

use super::pattern::one_line;
use super::{Describe, Function, Kind, PlanFormat, Visitor, name_of};
use crate::names::{path_length, short};
use crate::param::AccessKind;

/// What a handler consists of: its functions in the order in which they run, and what each of them reads and writes.
///
/// [`Describe::plan`](crate::Describe::plan) makes one.
///
/// ```
/// use nexus_rt::{Describe, PipelineStart, Res, ResMut, WorldBuilder};
///
/// fn check(limit: Res<u64>, x: u64) -> Result<u64, String> {
///     if x <= *limit { Ok(x) } else { Err(format!("{x} is too much")) }
/// }
///
/// fn reject(mut log: ResMut<Vec<String>>, error: String) {
///     log.push(error);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(10_u64);
/// builder.register(Vec::<String>::new());
/// let world = builder.build();
/// let reg = world.registry();
/// let pipeline = PipelineStart::<u64>::new().then(check, reg).catch(reject, reg).build();
/// assert_eq!(
///     pipeline.plan().to_string(),
///     "\
/// check
/// ├─ check      reads u64           -> Result<u64, String>
/// └─ catch                          -> Option<u64>
///    └─ reject  writes Vec<String>
/// "
/// );
/// ```
///
/// It prints as a tree (`Display`), as a graph for Graphviz ([`to_dot`](Self::to_dot)) or Mermaid
/// ([`to_mermaid`](Self::to_mermaid)), and as JSON ([`to_json`](Self::to_json)). Types and functions are shown without
/// their paths, except in JSON. A plan does not know what a function calls.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The name of the handler.
    pub name: String,
    /// Its functions and parts, in order.
    pub nodes: Vec<Node>,
}

/// A piece of a [`Plan`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Node {
    /// A function.
    Function(FunctionNode),
    /// A part with other nodes in it.
    #[non_exhaustive]
    Part {
        /// What it does.
        kind: Kind,
        /// For a case of a `match`: its pattern, as written in the source.
        pattern: Option<&'static str>,
        /// The full type name of its output, if it is known.
        output: Option<&'static str>,
        /// For a system: the places of the systems in the same scheduler that it runs after.
        after: Vec<usize>,
        /// Its functions and parts, in order.
        nodes: Vec<Node>,
    },
}

/// A function in a [`Plan`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FunctionNode {
    /// Its full name.
    pub name: &'static str,
    /// The full type names of the resources that it reads and does not write.
    pub reads: Vec<&'static str>,
    /// The full type names of the resources that it writes.
    pub writes: Vec<&'static str>,
    /// Whether it receives the whole world, and so may read and write anything.
    pub exclusive: bool,
    /// The number by which a handler around it finds it: see [`Visitor::mark`](crate::plan::Visitor::mark).
    pub mark: Option<u64>,
    /// A note, such as how long its runs take. [`Plan::annotate`] writes it, and every form of the plan shows it.
    pub note: Option<String>,
}

impl Plan {
    pub(super) fn new(handler: &dyn Describe) -> Self {
        let mut collector = Collector::default();
        handler.describe(&mut collector);
        while !collector.open.is_empty() {
            collector.close(None);
        }
        Self { name: function_name(name_of(handler)), nodes: collector.nodes }
    }

    /// Returns the plan in a format that is chosen at run time, such as by an option of a program. It ends with a line
    /// break.
    ///
    /// ```
    /// use nexus_rt::plan::PlanFormat;
    /// use nexus_rt::{Describe, IntoHandler, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let plan = (|_: u32| {}).into_handler(world.registry()).plan();
    /// assert_eq!(plan.render("dot".parse()?), plan.to_dot());
    /// assert_eq!(
    ///     "xml".parse::<PlanFormat>().unwrap_err().to_string(),
    ///     "`xml` is no format of a plan: use `text`, `dot`, `mermaid` or `json`"
    /// );
    /// # Ok::<(), nexus_rt::plan::UnknownPlanFormat>(())
    /// ```
    #[must_use]
    pub fn render(&self, format: PlanFormat) -> String {
        match format {
            PlanFormat::Text => self.to_string(),
            PlanFormat::Dot => self.to_dot(),
            PlanFormat::Mermaid => self.to_mermaid(),
            PlanFormat::Json => self.to_json() + "\n",
        }
    }

    /// Replaces a function that runs one of several handlers by the plans of these handlers, as the cases of a route.
    ///
    /// It is for a function that finds its handlers in a table, for instance, where [`Describe`] does not see them.
    /// `function` is its full name, as [`type_name_of_val`](std::any::type_name_of_val) returns it.
    ///
    /// ```
    /// use std::any::type_name_of_val;
    ///
    /// use nexus_rt::{BoxedPipeline, Describe, PipelineStart, ResMut, World, WorldBuilder};
    ///
    /// fn double(mut total: ResMut<u64>, x: u64) {
    ///     *total += 2 * x;
    /// }
    ///
    /// fn clear(mut total: ResMut<u64>, _: u64) {
    ///     *total = 0;
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let world = builder.build();
    /// let reg = world.registry();
    /// let mut table: [BoxedPipeline<u64, ()>; 2] = [
    ///     PipelineStart::new().then(double, reg).build().boxed(),
    ///     PipelineStart::new().then(clear, reg).build().boxed(),
    /// ];
    /// let plans = [table[0].plan(), table[1].plan()];
    /// let execute = move |world: &mut World, (n, x): (usize, u64)| table[n].run(world, x);
    /// let name = type_name_of_val(&execute);
    /// let commands = PipelineStart::<(usize, u64)>::new().then(execute, reg).build();
    /// let mut plan = commands.plan().nest(name, plans);
    /// plan.name = "commands".into();
    /// assert_eq!(
    ///     plan.to_string(),
    ///     "\
    /// commands
    /// └─ then                         -> ()
    ///    └─ route
    ///       ├─ case
    ///       │  └─ double  writes u64  -> ()
    ///       └─ case
    ///          └─ clear   writes u64  -> ()
    /// "
    /// );
    /// ```
    ///
    /// # Panics
    /// If the plan has no function of that name, or several. (All closures of one function have the same name.)
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, function: &str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut places = Vec::new();
        self.nodes.iter_mut().for_each(|node| node.find(function, &mut places));
        let case = |plan: Self| Node::part(Kind::Case, plan.nodes);
        match &mut places[..] {
            [place] => **place = Node::part(Kind::Route, parts.into_iter().map(case).collect()),
            places => panic!(
                "{} functions of `{}` are `{function}`: use what `type_name_of_val(&function)` returns, of a function that \
                 stands once in the plan (all closures of one function have the same name)",
                places.len(),
                self.name
            ),
        }
        self
    }

    /// Writes notes beside functions: `note` is called for each, in order. If it returns `None`, the existing note
    /// stays.
    ///
    /// ```
    /// use nexus_rt::{Describe, PipelineStart, ResMut, WorldBuilder};
    ///
    /// fn double(x: u64) -> u64 {
    ///     2 * x
    /// }
    ///
    /// fn add(mut total: ResMut<u64>, x: u64) {
    ///     *total += x;
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let world = builder.build();
    /// let reg = world.registry();
    /// let mut plan = PipelineStart::<u64>::new().then(double, reg).then(add, reg).build().plan();
    /// plan.annotate(|function| function.name.ends_with("::add").then(|| "12 runs".into()));
    /// assert_eq!(
    ///     plan.to_string(),
    ///     "\
    /// double
    /// ├─ double              -> u64
    /// └─ add     writes u64  -> ()   12 runs
    /// "
    /// );
    /// ```
    pub fn annotate(&mut self, mut note: impl FnMut(&FunctionNode) -> Option<String>) {
        self.nodes.iter_mut().for_each(|node| node.annotate(&mut note));
    }

    /// Returns the graph in the language of Graphviz: `dot -Tsvg` draws it.
    #[must_use]
    pub fn to_dot(&self) -> String {
        super::dot::write(self)
    }

    /// Returns the graph as a Mermaid flow chart.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        super::mermaid::write(self)
    }

    /// Returns the plan as one JSON object: `{"name", "nodes": [..]}`.
    ///
    /// A node is a function, `{"function", "path", "reads", "writes", "exclusive"}`, with a `"note"` if it has one, or
    /// a part, `{"kind", "output", "after", "nodes": [..]}`, with a `"name"` and a `"pattern"` if it is a case of a
    /// `match`.
    #[must_use]
    pub fn to_json(&self) -> String {
        super::json::write(self)
    }
}

impl FunctionNode {
    fn new(function: &dyn Function) -> Self {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        function.access(&mut |access| match access.kind() {
            AccessKind::Read => reads.push(access.resource()),
            AccessKind::Write => writes.push(access.resource()),
        });
        // A function may read a resource twice; the plan says so once.
        let mut seen = std::collections::BTreeSet::new();
        reads.retain(|resource| seen.insert(*resource));
        let exclusive = function.is_exclusive();
        Self { name: function.name(), reads, writes, exclusive, mark: None, note: None }
    }

    /// The name without its path.
    pub(super) fn short_name(&self) -> String {
        function_name(self.name)
    }

    /// The note, for the forms that show it in one line.
    pub(super) fn note_line(&self) -> Option<String> {
        self.note.as_deref().map(one_line)
    }

    /// What it reads and writes, in words, or nothing.
    pub(super) fn accesses(&self) -> String {
        if self.exclusive {
            return "the whole world".into();
        }
        let list = |verb: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| short(name)).collect();
            if names.is_empty() { None } else { Some(format!("{verb} {}", names.join(", "))) }
        };
        [list("reads", &self.reads), list("writes", &self.writes)].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl Node {
    fn part(kind: Kind, nodes: Vec<Self>) -> Self {
        Self::Part { kind, pattern: None, output: None, after: Vec::new(), nodes }
    }

    /// Collects the nodes of the functions with that full name.
    fn find<'n>(&'n mut self, name: &str, found: &mut Vec<&'n mut Self>) {
        match self {
            Self::Function(function) if function.name == name => found.push(self),
            Self::Function(_) => {}
            Self::Part { nodes, .. } => nodes.iter_mut().for_each(|node| node.find(name, found)),
        }
    }

    fn annotate(&mut self, note: &mut dyn FnMut(&FunctionNode) -> Option<String>) {
        match self {
            Self::Function(function) => {
                if let Some(text) = note(function) {
                    function.note = Some(text);
                }
            }
            Self::Part { nodes, .. } => nodes.iter_mut().for_each(|node| node.annotate(note)),
        }
    }

    /// The name of the first function in it, without its path, or else what kind of part it is.
    pub(super) fn first_name(&self) -> String {
        match self {
            Self::Function(function) => function.short_name(),
            Self::Part { kind, nodes, .. } => nodes.first().map_or_else(|| kind.name().into(), Self::first_name),
        }
    }
}

/// The name of a function without its path; a closure is named after the function that it stands in.
pub(crate) fn function_name(full: &str) -> String {
    let mut name = full;
    while let Some(outer) = name.strip_suffix("::{{closure}}") {
        name = outer;
    }
    let own = short(&name[path_length(name)..]);
    if name.len() == full.len() { own } else { format!("closure in {own}") }
}

/// Turns a description into nodes. A handler written by hand may close more than it opened, or less: the parts around
/// it are fenced off, and what is left open at the end is closed.
#[derive(Default)]
struct Collector {
    /// The parts that are open, the innermost last, with what is known of each so far.
    open: Vec<Open>,
    /// The nodes outside of all parts.
    nodes: Vec<Node>,
    /// The mark of the next function.
    mark: Option<u64>,
}

/// A part that is open.
struct Open {
    kind: Kind,
    pattern: Option<&'static str>,
    after: Vec<usize>,
    nodes: Vec<Node>,
}

impl Collector {
    fn add(&mut self, node: Node) {
        self.open.last_mut().map_or(&mut self.nodes, |part| &mut part.nodes).push(node);
    }
}

impl Visitor for Collector {
    fn function(&mut self, function: &dyn Function) {
        let node = FunctionNode { mark: self.mark.take(), ..FunctionNode::new(function) };
        self.add(Node::Function(node));
    }

    fn open(&mut self, kind: Kind) {
        self.open.push(Open { kind, pattern: None, after: Vec::new(), nodes: Vec::new() });
    }

    fn pattern(&mut self, pattern: &'static str) {
        if let Some(part) = self.open.last_mut() {
            part.pattern = Some(pattern);
        }
    }

    fn after(&mut self, systems: &[usize]) {
        if let Some(part) = self.open.last_mut() {
            part.after.extend_from_slice(systems);
        }
    }

    fn mark(&mut self, mark: Option<u64>) {
        self.mark = mark;
    }

    fn close(&mut self, output: Option<&'static str>) {
        if let Some(Open { kind, pattern, after, nodes }) = self.open.pop() {
            self.add(Node::Part { kind, pattern, output, after, nodes });
        }
    }
}
