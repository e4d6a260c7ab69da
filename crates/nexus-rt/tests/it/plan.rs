//! Plans: of everything, in every form.

use nexus_rt::param::Access;
use nexus_rt::plan::{Function, Kind, Node, Plan, Visitor};
use nexus_rt::registry::WorldId;
use nexus_rt::{
    Adapt, Broadcast, ByRef, Cloned, DagStart, Describe, Handler, IntoCallback, IntoHandler, Local, PipelineStart, Res,
    ResMut, Virtual, World, WorldBuilder, fan_out,
};

use crate::support::{Log, world};

fn check(limit: Res<u64>, x: u64) -> Result<u64, String> {
    if x <= *limit { Ok(x) } else { Err(format!("{x} is too much")) }
}

fn reject(mut log: ResMut<Log>, error: String) {
    log.push(error);
}

fn double(x: &u64) -> u64 {
    *x * 2
}

fn store(mut sum: ResMut<i64>, _limit: Option<Res<u64>>, _none: Option<Res<u8>>, _l: Local<u8>, x: &u64) {
    *sum = x.cast_signed();
}

fn small(limit: Res<u64>, x: &u64) -> bool {
    *x < *limit
}

fn exclusive(_: &mut World, _: &u64) -> u64 {
    0
}

fn merge(mut log: ResMut<Log>, a: &u64, b: &()) {
    log.push(format!("{a} {b:?}"));
}

/// A chain with a bit of everything.
fn plan(world: &World) -> Plan {
    let reg = world.registry();
    DagStart::<u64>::new()
        .root(check, reg)
        .catch(reject, reg)
        .filter(small, reg)
        .unwrap_or(3)
        .tee(|x| x.then(store, reg))
        .route(|r| r.case(small, reg, |x| x.then(double, reg)).or(|x| x.then(exclusive, reg)))
        .fork()
        .arm(|x| x.then(double, reg).then(double, reg))
        .arm(|x| x.then(store, reg))
        .merge(merge, reg)
        .build()
        .plan()
}

#[test]
fn as_a_tree() {
    let expected = "\
check
├─ check           reads u64              -> Result<u64, String>
├─ catch                                  -> Option<u64>
│  └─ reject       writes Vec<String>
├─ filter                                 -> Option<u64>
│  └─ small        reads u64
├─ unwrap_or                              -> u64
├─ tee                                    -> u64
│  └─ store        reads u64; writes i64  -> ()
├─ route                                  -> u64
│  ├─ case
│  │  ├─ if
│  │  │  └─ small  reads u64
│  │  └─ double                           -> u64
│  └─ otherwise
│     └─ exclusive  the whole world       -> u64
└─ fork                                   -> ()
   ├─ arm
   │  ├─ double                           -> u64
   │  └─ double                           -> u64
   ├─ arm
   │  └─ store     reads u64; writes i64  -> ()
   └─ merge
      └─ merge     writes Vec<String>
";
    let text = plan(&world()).to_string();
    // The columns are as wide as they must be; what stands in them is golden.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&text), words(expected), "\n{text}");
    let outputs: Vec<usize> = text.lines().filter_map(|line| Some(line[..line.find("->")?].chars().count())).collect();
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "\n{text}");
}

#[test]
fn as_a_graph_for_mermaid() {
    let expected = r#"flowchart TD
  n0(["event"])
  n1["check<br/>reads u64"]
  n2["catch: reject<br/>writes Vec&lt;String&gt;"]
  n3["filter: small<br/>reads u64"]
  n4("unwrap_or")
  n5{"tee"}
  n6["store<br/>reads u64; writes i64"]
  n7{"route"}
  n8["double"]
  n9["exclusive<br/>the whole world"]
  n10{"fork"}
  n11["double"]
  n12["double"]
  n13["store<br/>reads u64; writes i64"]
  n14["merge<br/>writes Vec&lt;String&gt;"]
  n0 --> n1
  n1 -->|"Result&lt;u64, String&gt;"| n2
  n2 -->|"Option&lt;u64&gt;"| n3
  n3 -->|"Option&lt;u64&gt;"| n4
  n4 -->|"u64"| n5
  n5 --> n6
  n5 -->|"u64"| n7
  n7 -->|"small (reads u64)"| n8
  n7 -->|"otherwise"| n9
  n8 -->|"u64"| n10
  n9 -->|"u64"| n10
  n10 --> n11
  n11 -->|"u64"| n12
  n10 --> n13
  n12 -->|"u64"| n14
  n13 -->|"()"| n14
"#;
    assert_eq!(plan(&world()).to_mermaid(), expected);
}

#[test]
fn as_a_graph_for_graphviz() {
    let dot = plan(&world()).to_dot();
    assert!(dot.starts_with("digraph plan {\n") && dot.ends_with("}\n"));
    for line in [
        r#"  n0 [label="event", shape=plain, style=""];"#,
        r##"  n2 [label="catch: reject\nwrites Vec<String>", fillcolor="#e8f0fe"];"##,
        r##"  n10 [label="fork", fillcolor="#f4f4f4", style=filled, shape=diamond];"##,
        r#"  n1 -> n2 [label="Result<u64, String>"];"#,
        r#"  n7 -> n8 [label="small (reads u64)"];"#,
    ] {
        assert!(dot.lines().any(|found| found == line), "{line} is not in\n{dot}");
    }
    assert_eq!(dot.matches(" -> ").count(), 16);
}

#[test]
fn as_json() {
    let json: serde_json::Value = serde_json::from_str(&plan(&world()).to_json()).unwrap();
    assert_eq!(json["name"], "check");
    let nodes = json["nodes"].as_array().unwrap();
    let kinds: Vec<_> = nodes.iter().map(|node| node["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["then", "catch", "filter", "unwrap_or", "tee", "route", "fork"]);
    let first = &nodes[0]["nodes"][0];
    assert_eq!((&first["function"], &first["path"]), (&"check".into(), &"it::plan::check".into()));
    assert_eq!((&first["reads"][0], &first["exclusive"]), (&"u64".into(), &false.into()));
    assert_eq!(nodes[0]["output"], "core::result::Result<u64, alloc::string::String>");
    let exclusive = &nodes[5]["nodes"][1]["nodes"][0]["nodes"][0];
    assert_eq!((&exclusive["function"], &exclusive["exclusive"]), (&"exclusive".into(), &true.into()));
}

#[test]
fn every_handler_has_one() {
    struct ByHand;
    impl Describe for ByHand {}
    impl Handler<u64> for ByHand {
        fn run(&mut self, _: &mut World, _: u64) {}
    }
    fn on_event(_: &mut u8, _: Res<u64>, _: u64) {}
    fn look(_: ResMut<i64>, _: &u64) {}
    fn text(handler: &impl Describe) -> String {
        handler.plan().to_string()
    }

    let world = world();
    let reg = world.registry();
    assert_eq!(text(&look.into_handler(reg)), "look\n└─ look  writes i64\n");
    assert_eq!(text(&on_event.into_callback(0, reg)), "on_event\n└─ on_event  reads u64\n");
    assert_eq!(text(&ByHand), "ByHand\n└─ ByHand  the whole world\n");
    let boxed: Virtual<u64> = Box::new(ByHand);
    assert_eq!(text(&boxed), text(&ByHand));
    let fan = fan_out!(look.into_handler(reg), Cloned(ByHand));
    let expected = "look\n└─ fan_out\n   ├─ arm\n   │  └─ look       writes i64\n   └─ arm\n      └─ cloned\n         └─ ByHand  the whole world\n";
    assert_eq!(text(&fan), expected);
    let mut broadcast = Broadcast::<u64>::new();
    broadcast.add(look.into_handler(reg));
    let chain =
        PipelineStart::<u64>::new().dispatch(Adapt::new(Some::<u64>, fan)).then(|(): ()| {}, reg).build_batch(1);
    let Node::Part { nodes, .. } = &chain.plan().nodes[0] else { panic!("dispatch is a part") };
    assert!(matches!(&nodes[0], Node::Part { kind: Kind::Adapt, nodes, .. } if nodes.len() == 1));
    assert!(text(&broadcast).contains("broadcast"));
    assert_eq!(broadcast.plan().to_mermaid().matches("-->").count(), 2);
}

/// A handler that describes itself as it likes.
struct Describes(fn(&mut dyn Visitor));

impl Describe for Describes {
    fn describe(&self, visitor: &mut dyn Visitor) {
        (self.0)(visitor);
    }
}

impl Handler<()> for Describes {
    fn run(&mut self, _: &mut World, (): ()) {}
}

#[test]
fn a_handler_that_opens_or_closes_too_much_harms_nothing_around_it() {
    let world = world();
    let reg = world.registry();
    let before = |_: Res<u64>, (): ()| {};
    let after = |_: ResMut<i64>, (): ()| {};
    let plan = |describe| {
        PipelineStart::<()>::new().then(before, reg).dispatch(Describes(describe)).then(after, reg).build().plan()
    };
    let opens = plan(|visitor| (visitor.open(Kind::Fork), visitor.open(Kind::Arm)).0);
    let closes = plan(|visitor| (visitor.close(None), visitor.close(None)).0);
    for plan in [&opens, &closes] {
        assert_eq!(plan.nodes.len(), 3, "{plan}");
        assert!(plan.to_string().contains("reads u64") && plan.to_string().contains("writes i64"), "{plan}");
        assert!(matches!(&plan.nodes[1], Node::Part { kind: Kind::Dispatch, output: Some("()"), .. }), "{plan:?}");
    }
    assert_eq!(Describes(|visitor| visitor.open(Kind::Tee)).plan().nodes.len(), 1);
    assert_eq!(Describes(|visitor| visitor.close(None)).plan().nodes.len(), 0);
    // Who shows no function is called by what else it shows.
    assert_eq!(Cloned(ByRef(Describes(|_| {}))).name(), "cloned");
    assert_eq!(Describes(|_| {}).name(), "something without functions");
}

#[test]
fn functions_are_named_without_their_paths_and_resources_once() {
    fn generic<T: Send + 'static>(_: (Res<T>, Res<T>), _: u64) {}
    let mut builder = WorldBuilder::new();
    builder.register(Log::new());
    let world = builder.build();
    let text = generic::<Log>.into_handler(world.registry()).plan().to_string();
    assert_eq!(text, "generic<Vec<String>>\n└─ generic<Vec<String>>  reads Vec<String>\n");
}

#[test]
fn a_route_without_steps_and_a_broadcast_without_handlers_keep_the_flow() {
    let world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new()
        .route(|r| r.case(small, reg, |x| x).or(|x| x))
        .dispatch(ByRef(Broadcast::<u64>::new()))
        .then(|(): ()| {}, reg)
        .build();
    let expected = r#"flowchart TD
  n0(["event"])
  n1{"route"}
  n2{"broadcast"}
  n3["closure in a_route_without_steps_and_a_broadcast_without_handlers_keep_the_flow"]
  n0 --> n1
  n1 -->|"small (reads u64)"| n2
  n1 -->|"otherwise"| n2
  n2 -->|"()"| n3
"#;
    assert_eq!(chain.plan().to_mermaid(), expected);
}

#[test]
fn a_plan_needs_no_world() {
    let plan = {
        let world = world();
        let chain = PipelineStart::<u64>::new().then(check, world.registry()).build();
        drop(world);
        chain.plan()
    };
    assert_eq!(plan.to_string(), "check\n└─ check  reads u64  -> Result<u64, String>\n");
}

/// Shows functions of these names, each giving a `u64`.
struct Names(Vec<&'static str>);

impl Describe for Names {
    fn describe(&self, visitor: &mut dyn Visitor) {
        struct Named(&'static str);
        impl Function for Named {
            fn name(&self) -> &'static str {
                self.0
            }
            fn world_id(&self) -> Option<WorldId> {
                None
            }
            fn is_exclusive(&self) -> bool {
                false
            }
            fn access(&self, _: &mut dyn FnMut(Access)) {}
            fn inputs_changed(&self, _: &World) -> bool {
                false
            }
        }
        for name in &self.0 {
            visitor.open(Kind::Then);
            visitor.function(&Named(name));
            visitor.close(Some("u64"));
        }
    }
}

#[test]
fn one_long_name_does_not_widen_every_line_of_a_tree() {
    static LONG: [u8; 2_000] = [b'g'; 2_000];
    let tree = |count: usize| {
        let mut names = vec!["f"; count];
        names.push(std::str::from_utf8(&LONG[..10 * count]).expect("it is ASCII"));
        Names(names).plan().to_string()
    };
    let (small, large) = (tree(100).len(), tree(200).len());
    assert!(large < 2 * small + 100, "{small} and {large}");
    // Up to a line's width the columns stand in line.
    assert_eq!(Names(vec!["f", "long"]).plan().to_string(), "f\n├─ f       -> u64\n└─ long    -> u64\n");
}
