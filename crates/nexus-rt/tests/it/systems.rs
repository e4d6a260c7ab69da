//! Systems and their scheduler: order, edges, what runs and what does not, circles, plans.

use std::cell::Cell;
use std::collections::BTreeSet;

use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, System, SystemId, SystemScheduler};
use nexus_rt::{Describe, Handler, IntoHandler, Local, PipelineStart, Registry, Res, ResMut, Virtual, World};
use proptest::prelude::*;

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

/// A system that logs its name and says what it is told to.
pub(crate) fn logs(name: &'static str, says: bool, reg: &Registry) -> impl System + use<> {
    (move |mut log: ResMut<Log>| {
        log.push(name.into());
        says
    })
    .into_system(reg)
}

fn log_of(world: &mut World) -> String {
    std::mem::take(&mut *world.resource_mut::<Log>()).join(" ")
}

#[test]
fn functions_and_closures_are_systems() {
    fn above(limit: Res<u64>, mut sum: ResMut<i64>) -> bool {
        *sum += 1;
        *sum as u64 > *limit
    }
    fn reset(world: &mut World) {
        *world.resource_mut::<i64>() = 10;
    }
    let mut world = world();
    let reg = world.registry();
    let mut above = above.into_system(reg);
    let mut reset = reset.into_system(reg);
    let step = 5;
    let mut add = (move |mut sum: ResMut<i64>| *sum += step).into_system(reg);
    let mut nothing = (|| {}).into_system(reg);
    assert!(!above.run(&mut world));
    assert!(reset.run(&mut world));
    assert!(above.run(&mut world) && add.run(&mut world) && nothing.run(&mut world));
    assert_eq!(*world.resource::<i64>(), 16);
    assert_eq!(above.name(), "it::systems::functions_and_closures_are_systems::above");
}

#[test]
fn a_pipeline_is_a_system() {
    let mut world = world();
    let pipeline = PipelineStart::<()>::new()
        .then(|sum: Res<i64>, ()| *sum, world.registry())
        .then(|limit: Res<u64>, x: i64| x as u64 >= *limit, world.registry())
        .build();
    let mut systems = SchedulerBuilder::new();
    let (first, second) = (systems.add(pipeline), systems.add(logs("second", true, world.registry())));
    systems.after(second, first);
    let mut scheduler = systems.build().unwrap();
    assert_eq!(scheduler.run(&mut world), 1);
    *world.resource_mut::<i64>() = 10;
    assert_eq!(scheduler.run(&mut world), 2);
    assert_eq!(log_of(&mut world), "second");
    // With a guard in it, `None` says no.
    let mut guarded = PipelineStart::<()>::new()
        .guard(|limit: Res<u64>, (): &()| *limit > 20, world.registry())
        .map(|(): ()| {}, world.registry())
        .build();
    assert!(!System::run(&mut guarded, &mut world));
    *world.resource_mut::<u64>() = 21;
    assert!(System::run(&mut guarded, &mut world));
}

#[test]
fn a_missing_resource_is_a_value_or_a_panic() {
    let world = world();
    let error = (|_: Res<u8>| {}).try_into_system(world.registry()).unwrap_err();
    assert_eq!(error.missing()[0].resource(), "u8");
    let text = panic_of(|| (|_: Res<u8>| true).into_system(world.registry()));
    assert!(text.contains("no `u8` is registered"), "{text}");
}

#[test]
fn systems_without_edges_run_in_the_order_in_which_they_were_added() {
    let mut world = world();
    let mut systems = SchedulerBuilder::new();
    for name in ["c", "a", "b"] {
        systems.add(logs(name, false, world.registry()));
    }
    let mut scheduler = systems.build().unwrap();
    assert_eq!((scheduler.run(&mut world), scheduler.len(), scheduler.is_empty()), (3, 3, false));
    assert_eq!(log_of(&mut world), "c a b");
    let mut empty = SchedulerBuilder::new().build().unwrap();
    assert_eq!((empty.run(&mut world), empty.is_empty()), (0, true));
}

/// A diamond whose systems are added from the bottom up: `top`, then `left` and `right`, then `bottom`.
pub(crate) fn diamond(world: &World, says: [bool; 3]) -> SystemScheduler {
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let bottom = systems.add(logs("bottom", true, reg));
    let right = systems.add(logs("right", says[2], reg));
    let left = systems.add(logs("left", says[1], reg));
    let top = systems.add(logs("top", says[0], reg));
    systems.before(top, left).before(top, right).after(bottom, left).after(bottom, right);
    // Saying it twice changes nothing.
    systems.after(left, top);
    systems.build().expect("a diamond has no circle")
}

#[test]
fn a_system_runs_if_one_before_it_ran_and_said_yes() {
    let mut world = world();
    for (says, ran) in [
        ([true, true, true], "top right left bottom"),
        ([true, true, false], "top right left bottom"),
        ([true, false, true], "top right left bottom"),
        ([true, false, false], "top right left"),
        ([false, true, true], "top"),
    ] {
        let mut scheduler = diamond(&world, says);
        assert_eq!(scheduler.run(&mut world), ran.split(' ').count());
        assert_eq!(log_of(&mut world), ran, "{says:?}");
        // What it remembers of one run does not reach into the next.
        scheduler.run(&mut world);
        assert_eq!(log_of(&mut world), ran, "{says:?}");
    }
}

#[test]
fn a_circle_is_an_error_that_lists_it() {
    let world = world();
    let reg = world.registry();
    fn read(_: ResMut<Log>) {}
    fn price() {}
    fn send() -> bool {
        true
    }
    fn report() {}
    let mut systems = SchedulerBuilder::new();
    let report = systems.add(report.into_system(reg));
    let read = systems.add(read.into_system(reg));
    let price = systems.add(price.into_system(reg));
    let send = systems.add(send.into_system(reg));
    systems.after(price, read).after(send, price).before(send, read).after(report, send);
    let error = systems.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "systems wait for each other in a circle: `read` (added as number 2) before `price` (added as number 3) before \
         `send` (added as number 4) before `read`. Take out one of these edges"
    );
    assert_eq!(error.systems().next(), Some("it::systems::a_circle_is_an_error_that_lists_it::read"));

    let mut systems = SchedulerBuilder::new();
    let only = systems.add((|| {}).into_system(reg));
    systems.after(only, only);
    let error = systems.build().unwrap_err();
    assert_eq!(error.systems().len(), 1);
    assert!(
        error.to_string().contains("`closure in a_circle_is_an_error_that_lists_it` (added as number 1) before"),
        "{error}"
    );
}

#[test]
fn an_id_of_another_builder_is_refused() {
    let world = world();
    let (mut one, mut two) = (SchedulerBuilder::new(), SchedulerBuilder::new());
    let a = one.add(logs("a", true, world.registry()));
    let b = two.add(logs("b", true, world.registry()));
    let expected = "this system was not added to this scheduler: use the id that its own `add` returned";
    assert_eq!(panic_of(|| _ = one.after(a, b)), expected);
    assert_eq!(panic_of(|| _ = two.before(a, b)), expected);
}

#[test]
fn what_a_system_said_in_one_run_is_forgotten_in_the_next() {
    let mut world = world();
    let mut systems = SchedulerBuilder::new();
    let says = [true, false, true];
    let first = systems.add(
        (move |mut n: Local<usize>| {
            *n += 1;
            says[*n - 1]
        })
        .into_system(world.registry()),
    );
    let second = systems.add((|| {}).into_system(world.registry()));
    let third = systems.add((|| {}).into_system(world.registry()));
    systems.after(second, first).after(third, second);
    let mut scheduler = systems.build().unwrap();
    assert_eq!([0; 3].map(|_| scheduler.run(&mut world)), [3, 1, 3]);
}

#[test]
fn changes_are_seen_downstream_in_the_same_event() {
    let mut world = world();
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let write = systems.add((|mut sum: ResMut<i64>| *sum += 1).into_system(reg));
    let look = systems.add(
        (|sum: Res<i64>, limit: Res<u64>, mut log: ResMut<Log>| {
            log.push(format!("{} {}", sum.is_changed(), limit.is_changed()));
        })
        .into_system(reg),
    );
    systems.after(look, write);
    let mut scheduler = systems.build().unwrap();
    let before = world.next_sequence();
    scheduler.run(&mut world);
    assert_eq!((log_of(&mut world).as_str(), world.current_sequence()), ("true false", before));
}

#[test]
fn a_scheduler_is_a_handler_of_any_event() {
    let mut world = world();
    let mut handlers: Vec<Virtual<&str>> = vec![
        Box::new(diamond(&world, [true; 3])),
        Box::new((|mut log: ResMut<Log>, text: &str| log.push(text.into())).into_handler(world.registry())),
    ];
    handlers.iter_mut().for_each(|handler| handler.run(&mut world, "tick"));
    assert_eq!(log_of(&mut world), "top right left bottom tick");
}

#[test]
fn a_scheduler_runs_on_its_own_world_only() {
    let (here, mut other) = (world(), world());
    let mut scheduler = diamond(&here, [true; 3]);
    drop(here);
    refuses_world("it::systems::logs", || scheduler.run(&mut other));
    refuses_world("it::systems::logs", || Handler::run(&mut scheduler, &mut other, ()));
    assert_eq!(log_of(&mut other), "");
    // The systems of one scheduler belong to one world.
    let mut systems = SchedulerBuilder::new();
    systems.add(logs("a", true, other.registry()));
    systems.add(logs("b", true, world().registry()));
    let text = panic_of(|| systems.build());
    assert!(text.contains("before it in the same scheduler, against world"), "{text}");
}

#[test]
fn a_system_that_replaces_the_world_is_noticed() {
    struct Replaces;
    impl Describe for Replaces {}
    impl System for Replaces {
        fn run(&mut self, here: &mut World) -> bool {
            *here = world();
            true
        }
    }
    fn replaces(here: &mut World) {
        *here = world();
    }
    for by_hand in [true, false] {
        let mut here = world();
        let mut systems = SchedulerBuilder::new();
        let first = if by_hand { systems.add(Replaces) } else { systems.add(replaces.into_system(here.registry())) };
        let second = systems.add(logs("after", true, here.registry()));
        systems.after(second, first);
        let mut scheduler = systems.build().unwrap();
        notices_replacement(if by_hand { "Replaces" } else { "replaces" }, || scheduler.run(&mut here));
        assert_eq!(log_of(&mut here), "");
        refuses_world("", || scheduler.run(&mut here));
    }
}

#[test]
fn a_panic_ends_the_run_and_the_next_starts_anew() {
    let mut world = world();
    let reg = world.registry();
    let fail = Cell::new(true);
    let mut systems = SchedulerBuilder::new();
    let first = systems.add(logs("first", true, reg));
    let second = systems.add((move || assert!(!fail.replace(false), "on purpose")).into_system(reg));
    let third = systems.add(logs("third", true, reg));
    systems.after(second, first).after(third, second);
    let mut scheduler = systems.build().unwrap();
    assert_eq!(panic_of(|| scheduler.run(&mut world)), "on purpose");
    assert_eq!(log_of(&mut world), "first");
    assert_eq!(scheduler.run(&mut world), 3);
    assert_eq!(log_of(&mut world), "first third");
}

proptest! {
    /// Against a model: the order keeps every edge and is the first such order; and what runs is what the edges say.
    #[test]
    fn any_graph_runs_as_its_edges_say(
        says in prop::collection::vec(any::<bool>(), 1..12),
        edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..30),
    ) {
        let n = says.len();
        let edges: BTreeSet<_> = edges.into_iter().map(|(a, b)| (a % n, b % n)).collect();
        let mut world = world();
        let mut systems = SchedulerBuilder::new();
        let ids: Vec<SystemId> = says.iter().enumerate().map(|(i, says)| {
            let says = *says;
            systems.add((move |mut log: ResMut<Log>| { log.push(i.to_string()); says }).into_system(world.registry()))
        }).collect();
        for (a, b) in &edges {
            systems.after(ids[*b], ids[*a]);
        }
        // The model: of those whose upstreams are all placed, the first.
        let mut order: Vec<usize> = Vec::new();
        while let Some(next) = (0..n).find(|i| {
            !order.contains(i) && edges.iter().all(|(a, b)| b != i || order.contains(a))
        }) {
            order.push(next);
        }
        let built = systems.build();
        if order.len() < n {
            // It is one: each system in it has an edge to the next, and none is in it twice.
            let text = built.unwrap_err().to_string();
            let numbers = text.split("number ").skip(1).map(|rest| rest.split(')').next().unwrap().parse::<usize>().unwrap() - 1);
            let circle: Vec<usize> = numbers.collect();
            prop_assert_eq!(circle.iter().collect::<BTreeSet<_>>().len(), circle.len());
            let next = circle.iter().cycle().skip(1);
            prop_assert!(circle.iter().zip(next).all(|(a, b)| edges.contains(&(*a, *b))), "{}", text);
        } else {
            let mut expected: Vec<usize> = Vec::new();
            for i in order {
                let mut before = edges.iter().filter(|(_, b)| *b == i).peekable();
                if before.peek().is_none() || before.any(|(a, _)| expected.contains(a) && says[*a]) {
                    expected.push(i);
                }
            }
            let mut scheduler = built.unwrap();
            let ran: Vec<_> = expected.iter().map(usize::to_string).collect();
            for _again in 0..2 {
                prop_assert_eq!(scheduler.run(&mut world), expected.len());
                prop_assert_eq!(log_of(&mut world), ran.join(" "));
            }
        }
    }
}

#[test]
fn a_long_circle_is_listed_whole_and_in_order() {
    let world = world();
    let mut systems = SchedulerBuilder::new();
    let all: Vec<_> = (0..2_000).map(|_| systems.add((|| {}).into_system(world.registry()))).collect();
    // A line into the circle, which a search from its end goes along first.
    all.windows(2).for_each(|pair| _ = systems.after(pair[1], pair[0]));
    systems.after(all[500], all[1_499]);
    let circle = systems.build().unwrap_err();
    assert_eq!(circle.systems().len(), 1_000);
    let text = circle.to_string();
    let places: Vec<usize> = text
        .split("(added as number ")
        .skip(1)
        .map(|rest| rest.split(')').next().and_then(|n| n.parse().ok()).expect("a number"))
        .collect();
    assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1 || (pair[0], pair[1]) == (1_500, 501)), "{places:?}");
}
