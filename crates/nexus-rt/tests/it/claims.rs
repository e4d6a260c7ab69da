//! What the pages say and no other test is about.

use std::collections::HashSet;
use std::thread;

use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{Broadcast, DagStart, Handler, IntoHandler, PipelineStart, ResMut, WorldBuilder};

use crate::support::{Log, panic_of, world};

/// How many different ones several threads make, each of which drops what it made before it makes the next.
fn different<T: Send + Eq + std::hash::Hash>(make: impl Fn() -> T + Sync) -> usize {
    let made = || (0..500).map(|_| make()).collect::<Vec<_>>();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(made)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("it only makes things"))
            .collect::<HashSet<_>>()
            .len()
    })
}

#[test]
fn identities_are_never_used_again() {
    let key = || {
        let world = WorldBuilder::new().build();
        Broadcast::<u64>::new().add((|_: &u64| {}).into_handler(world.registry()))
    };
    let system = || {
        let world = WorldBuilder::new().build();
        SchedulerBuilder::new().add((|| {}).into_system(world.registry()))
    };
    assert_eq!(different(|| WorldBuilder::new().build().world_id()), 2_000);
    assert_eq!(different(key), 2_000);
    assert_eq!(different(system), 2_000);
}

#[test]
fn a_panic_in_a_broadcast_loses_one_event_for_those_after_it() {
    let mut world = world();
    let note = |name: &'static str| {
        move |mut log: ResMut<Log>, event: &u64| {
            assert!(name != "b" || *event != 1, "one is too little");
            log.push(format!("{name}{event}"));
        }
    };
    let mut broadcast = Broadcast::<u64>::new();
    for name in ["a", "b", "c"] {
        broadcast.add(note(name).into_handler(world.registry()));
    }
    assert_eq!(panic_of(|| broadcast.run(&mut world, &1)), "one is too little");
    broadcast.run(&mut world, &2);
    assert_eq!(*world.resource::<Log>(), ["a1", "a2", "b2", "c2"]);
}

#[test]
fn plans_and_what_has_no_function_take_no_room_in_a_chain() {
    let world = world();
    let reg = world.registry();
    let word = size_of::<usize>();
    let parse = |text: &str| text.parse::<u64>();
    let bare = PipelineStart::<&str>::borrowed().then(parse, reg).build();
    let adapted = PipelineStart::<&str>::borrowed().then(parse, reg).ok().build();
    // The identity of the world, for the whole and for the function.
    assert_eq!((size_of_val(&bare), size_of_val(&adapted)), (2 * word, 2 * word));
    let forked = DagStart::<u64>::new()
        .root(|x: u64| x, reg)
        .fork()
        .arm(|x| x.cloned().then(|x: u64| x > 1, reg).not())
        .arm(|x| x.then(|x: &u64| Some(*x), reg))
        .merge(|_: &bool, _: &Option<u64>| {}, reg)
        .build();
    assert_eq!(size_of_val(&forked), 5 * word);
}
