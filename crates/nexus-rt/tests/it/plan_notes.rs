//! Notes beside the functions of a plan, and the marks by which their owners find them.

use nexus_rt::chain::Around;
use nexus_rt::plan::{Kind, Node, Plan, Visitor};
use nexus_rt::{
    Broadcast, Cloned, Describe, Handler, IntoHandler, PipelineStart, Res, ResMut, Sequence, World, WorldBuilder,
    fan_out,
};

fn double(x: u64) -> u64 {
    2 * x
}

fn add(mut total: ResMut<u64>, x: u64) {
    *total += x;
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    builder.build()
}

/// A handler around another one, which it marks.
struct Marked<H>(u64, H);

impl<H: Describe> Describe for Marked<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.mark(Some(self.0));
        self.1.describe(visitor);
        visitor.mark(None);
    }
}

impl<E, H: Handler<E>> Handler<E> for Marked<H> {
    fn run(&mut self, world: &mut World, event: E) {
        self.1.run(world, event);
    }
}

/// Runs that it counts.
struct Count(u64);

impl Around for Count {
    fn around<Out>(&mut self, _: Sequence, run: impl FnOnce() -> Out) -> Out {
        self.0 += 1;
        run()
    }

    fn mark(&self) -> Option<u64> {
        Some(self.0)
    }
}

/// The functions of a plan, each with its mark.
fn marks(plan: &Plan) -> Vec<(String, Option<u64>)> {
    fn collect(nodes: &[Node], out: &mut Vec<(String, Option<u64>)>) {
        for node in nodes {
            match node {
                Node::Function(function) => {
                    let name = function.name.rsplit("::").next().expect("a split has a part");
                    out.push((name.into(), function.mark));
                }
                Node::Part { nodes, .. } => collect(nodes, out),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    collect(&plan.nodes, &mut out);
    out
}

/// A plan with two notes, one of which has signs that some forms escape.
fn noted() -> Plan {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new()
        .tee(|x| x.dispatch(Cloned(add.into_handler(reg))))
        .then(double, reg)
        .dispatch(Marked(7, add.into_handler(reg)))
        .build();
    let mut plan = chain.plan();
    plan.annotate(|function| function.name.ends_with("double").then(|| "\"fast\" <1 µs".into()));
    plan.annotate(|function| function.mark.map(|mark| format!("number {mark}")));
    plan
}

#[test]
fn as_a_tree() {
    let expected = "\
add
├─ tee                       -> u64
│  └─ dispatch               -> ()
│     └─ cloned
│        └─ add  writes u64
├─ double                    -> u64  \"fast\" <1 µs
└─ dispatch                  -> ()
   └─ add        writes u64          number 7
";
    let plan = noted();
    assert_eq!(plan.to_string(), expected, "{plan}");
}

#[test]
fn as_a_graph_for_graphviz_and_mermaid() {
    let plan = noted();
    for line in [
        "  n3 [label=\"double\\n\\\"fast\\\" <1 µs\", fillcolor=\"#e8f0fe\"];\n",
        "  n4 [label=\"dispatch: add\\nwrites u64\\nnumber 7\", fillcolor=\"#e8f0fe\"];\n",
    ] {
        assert!(plan.to_dot().contains(line), "{}", plan.to_dot());
    }
    for line in
        ["  n3[\"double<br/>&quot;fast&quot; &lt;1 µs\"]\n", "  n4[\"dispatch: add<br/>writes u64<br/>number 7\"]\n"]
    {
        assert!(plan.to_mermaid().contains(line), "{}", plan.to_mermaid());
    }
}

fn even(x: &u64) -> bool {
    x.is_multiple_of(2)
}

fn small(limit: Res<u64>, x: &u64) -> bool {
    x < &limit
}

/// A predicate of a route has no box: its arrow shows what it is.
#[test]
fn a_predicate_has_its_note_on_its_arrow() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new()
        .route(|r| {
            r.case(even, reg, |x| x.then(add, reg)).case(small, reg, |x| x.then(add, reg)).or(|x| x.then(add, reg))
        })
        .build();
    let mut plan = chain.plan();
    plan.annotate(|function| Some(format!("about {}", function.name.rsplit("::").next()?)));
    for note in ["even: about even", "small (reads u64): about small"] {
        assert!(plan.to_dot().contains(&format!("[label=\"{note}\"]")), "{}", plan.to_dot());
        assert!(plan.to_mermaid().contains(&format!(" -->|\"{note}\"| n")), "{}", plan.to_mermaid());
    }
}

#[test]
fn a_note_of_several_lines_is_in_one_line_except_in_json() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new()
        .route(|r| r.case(even, reg, |x| x.then(double, reg)).or(|x| x.then(double, reg)))
        .then(add, reg)
        .build();
    let mut plan = chain.plan();
    let lines = [plan.to_string(), plan.to_dot(), plan.to_mermaid()].map(|form| form.lines().count());
    plan.annotate(|_| Some("1 &amp;\r\n  2#lt;\n".into()));
    let forms = [plan.to_string(), plan.to_dot(), plan.to_mermaid()];
    let notes = ["1 &amp; 2#lt;", "1 &amp; 2#lt;", "1 &amp;amp; 2#35;lt;"];
    for ((form, note), lines) in forms.iter().zip(notes).zip(lines) {
        assert_eq!((form.lines().count(), form.matches(note).count()), (lines, 4), "{form}");
    }
    assert_eq!(plan.to_json().matches(r#""note":"1 &amp;\u000d\u000a  2#lt;\u000a""#).count(), 4, "{}", plan.to_json());
}

#[test]
fn as_json() {
    let json: serde_json::Value = serde_json::from_str(&noted().to_json()).expect("valid JSON");
    let function = |place: usize| &json["nodes"][place]["nodes"][0];
    assert_eq!(function(1)["note"], "\"fast\" <1 µs");
    assert_eq!(function(2)["note"], "number 7");
    assert!(json["nodes"][0]["nodes"][0]["nodes"][0]["nodes"][0].get("note").is_none());
}

#[test]
fn a_mark_is_for_the_first_function_of_what_is_marked_and_for_no_other() {
    let world = world();
    let reg = world.registry();
    let two = || PipelineStart::<u64>::new().then(double, reg).then(add, reg).build();
    let of = |name: &str, mark: Option<u64>| (name.to_owned(), mark);
    assert_eq!(marks(&Marked(1, two()).plan()), [of("double", Some(1)), of("add", None)]);
    // What shows no function keeps its mark to itself; the innermost of two marks stays.
    let empty = Marked(1, Broadcast::<u64>::new());
    let chain = PipelineStart::<u64>::new()
        .tee(|x| x.dispatch(empty))
        .then(double, reg)
        .dispatch(Marked(2, Marked(3, add.into_handler(reg))))
        .build();
    assert_eq!(marks(&chain.plan()), [of("double", None), of("add", Some(3))]);
    let both = fan_out!(Marked(4, Cloned(add.into_handler(reg))), Cloned(two()));
    assert_eq!(marks(&both.plan()), [of("add", Some(4)), of("double", None), of("add", None)]);
}

#[test]
fn what_runs_around_a_pipeline_sees_its_events_and_marks_it() {
    let mut world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new().then(double, reg).then(add, reg).build();
    let plain = chain.plan();
    let mut chain = chain.around(Count(5));
    assert_eq!(marks(&chain.plan())[0].1, Some(5));
    assert_eq!((chain.plan().to_string(), chain.plan().to_dot()), (plain.to_string(), plain.to_dot()));
    chain.run_each(&mut world, [1, 2]);
    Handler::run(&mut chain, &mut world, 3);
    assert_eq!(marks(&chain.plan())[0].1, Some(8));
    assert_eq!(*world.resource::<u64>(), 12);
}

#[test]
fn what_runs_around_a_pipeline_is_given_the_sequence_of_its_event() {
    struct Expects(u64);
    impl Around for Expects {
        fn around<Out>(&mut self, sequence: Sequence, run: impl FnOnce() -> Out) -> Out {
            assert_eq!(sequence.get(), self.0);
            run()
        }
    }
    let mut world = world();
    let event = world.next_sequence();
    let chain = PipelineStart::<u64>::new().then(double, world.registry()).build();
    let chain = chain.around(Expects(event.get()));
    assert!(marks(&chain.plan()).iter().all(|(_, mark)| mark.is_none()), "it has no mark unless it says so");
    let mut boxed = chain.boxed();
    assert_eq!(boxed.run(&mut world, 4), 8);
    assert!(matches!(&boxed.plan().nodes[0], Node::Part { kind: Kind::Then, .. }));
}
