//! What a scheduler tells of itself.

use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, System};
use nexus_rt::{Describe, PipelineStart, Res, ResMut, World};

use crate::support::{Log, world};
use crate::systems::{diamond, logs};

#[test]
fn a_scheduler_draws_itself() {
    fn read(mut sum: ResMut<i64>) -> bool {
        *sum += 1;
        true
    }
    fn price(_: Res<i64>, _: ResMut<u64>) {}
    fn log(_: ResMut<Log>) {}
    fn send(_: Res<u64>, _: Res<Log>) {}
    let world = world();
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let send = systems.add(send.into_system(reg));
    let read = systems.add(read.into_system(reg));
    let price = systems.add(price.into_system(reg));
    let log = systems.add(log.into_system(reg));
    systems.after(price, read).after(log, read).after(send, price).after(send, log);
    let plan = systems.build().unwrap().plan();
    assert_eq!(
        plan.to_string(),
        "\
read
└─ scheduler
   ├─ read    writes i64
   ├─ price   reads i64; writes u64   after read
   ├─ log     writes Vec<String>      after read
   └─ send    reads u64, Vec<String>  after price, log
"
    );
    let mermaid = plan.to_mermaid();
    let arrows = |from: usize, to: usize| mermaid.contains(&format!("n{from} --> n{to}"));
    assert!(arrows(0, 1) && arrows(1, 2) && arrows(1, 3) && arrows(2, 4) && arrows(3, 4), "{mermaid}");
    assert_eq!(mermaid.matches("-->").count(), 5, "{mermaid}");
    assert_eq!(plan.to_dot().matches(" -> ").count(), 5);
    let json: serde_json::Value = serde_json::from_str(&plan.to_json()).unwrap();
    assert_eq!(json["nodes"][0]["nodes"][3]["after"], serde_json::json!([1, 2]));
}

#[test]
fn upstreams_are_listed_in_the_order_in_which_they_run() {
    let world = world();
    let mut systems = SchedulerBuilder::new();
    let late = systems.add(logs("late", true, world.registry()));
    let last = systems.add(logs("last", true, world.registry()));
    let early = systems.add(logs("early", true, world.registry()));
    // `late` is added first and runs second.
    systems.after(late, early).after(last, late).after(last, early);
    let json: serde_json::Value = serde_json::from_str(&systems.build().unwrap().plan().to_json()).unwrap();
    assert_eq!(json["nodes"][0]["nodes"][2]["after"], serde_json::json!([0, 1]));
}

#[test]
fn a_scheduler_in_a_chain_is_drawn_with_what_follows() {
    struct Unbalanced;
    impl Describe for Unbalanced {
        fn describe(&self, visitor: &mut dyn nexus_rt::plan::Visitor) {
            visitor.close(None);
            visitor.close(None);
            visitor.after(&[7]);
            visitor.open(nexus_rt::plan::Kind::Tee);
        }
    }
    impl System for Unbalanced {
        fn run(&mut self, _: &mut World) -> bool {
            true
        }
    }
    let world = world();
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let first = systems.add(logs("first", true, reg));
    let hand = systems.add(Unbalanced);
    let third = systems.add(logs("third", true, reg));
    systems.after(hand, first).after(third, hand);
    let scheduler = systems.build().unwrap();
    // One that describes itself badly is kept within its own part.
    let json: serde_json::Value = serde_json::from_str(&scheduler.plan().to_json()).unwrap();
    let parts = &json["nodes"][0]["nodes"];
    assert_eq!((parts.as_array().unwrap().len(), &parts[1]["after"]), (3, &serde_json::json!([0])));
    assert_eq!((json["nodes"].as_array().unwrap().len(), &parts[2]["after"]), (1, &serde_json::json!([1])));

    let ends = SchedulerBuilder::new().build().unwrap();
    assert!(ends.plan().to_dot().contains("event"));
    let chain = PipelineStart::<()>::new()
        .dispatch(diamond(&world, [true; 3]))
        .then(|mut log: ResMut<Log>, ()| log.push("end".into()), reg)
        .build();
    // From `bottom`, the only system that nothing follows.
    let dot = chain.plan().to_dot();
    assert_eq!(dot.lines().filter(|line| line.contains(" -> ")).count(), 6, "{dot}");
    assert!(dot.contains("n4 -> n5"), "{dot}");
}

/// A system written by hand that shows no function.
struct Shows;

impl Describe for Shows {
    fn describe(&self, _: &mut dyn nexus_rt::plan::Visitor) {}
}

impl System for Shows {
    fn run(&mut self, _: &mut World) -> bool {
        true
    }
}

/// Rungs of two systems, each after both of the rung before.
fn ladder(rungs: usize) -> nexus_rt::plan::Plan {
    let mut systems = SchedulerBuilder::new();
    let mut before: Vec<nexus_rt::scheduler::SystemId> = Vec::new();
    for _ in 0..rungs {
        let rung = [systems.add(Shows), systems.add(Shows)];
        for system in rung {
            before.iter().for_each(|upstream| _ = systems.after(system, *upstream));
        }
        before = rung.to_vec();
    }
    systems.build().expect("there is no circle").plan()
}

#[test]
fn a_picture_grows_with_its_systems_whether_they_show_a_function_or_not() {
    let forms: [fn(&nexus_rt::plan::Plan) -> String; 4] = [
        nexus_rt::plan::Plan::to_dot,
        nexus_rt::plan::Plan::to_mermaid,
        nexus_rt::plan::Plan::to_json,
        ToString::to_string,
    ];
    for picture in forms {
        let [one, two] = [100, 200].map(|rungs| picture(&ladder(rungs)).len());
        assert!(two < 3 * one, "{one} {two}");
    }
    // A box each, and four arrows between two rungs.
    assert_eq!(ladder(3).to_dot().matches(" -> ").count(), 2 + 4 + 4);
}

#[test]
fn first_systems_go_on_from_one_box() {
    let world = world();
    let reg = world.registry();
    let two = || {
        let mut systems = SchedulerBuilder::new();
        (0..20).for_each(|_| _ = systems.add((|_: Res<i64>| {}).into_system(reg)));
        systems.build().expect("there is no circle")
    };
    // Twenty that end one scheduler, twenty that begin the next.
    let chain = nexus_rt::fan_out!(two(), two());
    let chain = PipelineStart::<u64>::new().dispatch(chain).dispatch(two()).build();
    assert!(chain.plan().to_dot().matches(" -> ").count() < 150, "{}", chain.plan().to_dot());
}
