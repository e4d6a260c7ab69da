//! What changed since a function ran last: by whom, in which event, and as often as it is asked.

use std::mem::{replace, swap, take};

use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{
    CatchAssertUnwindSafe, DagStart, Handler, HandlerTemplate, IntoCallback, IntoHandler, LastRun, Local, Param,
    PipelineStart, Registry, Res, ResMut, Sequence, World, handler_blueprint,
};

use crate::support::{Log, panic_of, world};

/// Writes down whether the number changed since its last run.
fn look(last_run: LastRun, number: Res<u64>, mut log: ResMut<Log>, name: &str) {
    log.push(format!("{name} {}", u8::from(number.changed_since(last_run))));
}

fn looker(reg: &Registry) -> impl Handler<&'static str> + Clone + use<> {
    look.into_handler(reg)
}

fn write(world: &mut World) {
    *world.resource_mut::<u64>() += 1;
}

/// Takes what was written down.
fn told(world: &mut World) -> String {
    take(&mut *world.resource_mut::<Log>()).join(", ")
}

#[test]
fn a_pass_after_five_events_sees_what_each_of_them_wrote() {
    let mut world = world();
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let changed = |last_run: LastRun, number: Res<u64>| number.changed_since(last_run);
    let first = systems.add(changed.into_system(reg));
    let second = systems.add((|mut sum: ResMut<i64>| *sum += 1).into_system(reg));
    systems.after(second, first);
    let mut scheduler = systems.build().unwrap();
    assert_eq!(scheduler.run(&mut world), 2); // the first pass
    for writer in 0..5 {
        for event in 0..5 {
            world.next_sequence();
            if event == writer {
                write(&mut world);
            }
        }
        assert_eq!((scheduler.run(&mut world), scheduler.run(&mut world)), (2, 1), "event {writer} wrote");
    }
    assert_eq!(*world.resource::<i64>(), 6);
}

#[test]
fn a_write_after_a_run_is_seen_once_in_the_same_event_and_in_later_ones() {
    let mut world = world();
    let mut look = looker(world.registry());
    for name in ["first", "again"] {
        look.run(&mut world, name);
    }
    write(&mut world);
    for name in ["written", "seen"] {
        look.run(&mut world, name);
    }
    write(&mut world);
    world.next_sequence();
    for name in ["later", "seen"] {
        look.run(&mut world, name);
    }
    world.next_sequence();
    look.run(&mut world, "nothing");
    assert_eq!(told(&mut world), "first 1, again 0, written 1, seen 0, later 1, seen 0, nothing 0");
}

#[test]
fn in_the_first_run_everything_changed_whenever_it_is() {
    let mut world = world();
    let first = |last_run: LastRun, number: Res<u64>, log: ResMut<Log>, none: Option<Res<u8>>, _: ()| {
        assert!(number.changed_since(last_run) && log.changed_since(last_run) && none.is_none());
        assert_eq!((number.changed_at(), number.is_changed()), (Sequence::NEVER, false));
    };
    first.into_handler(world.registry()).run(&mut world, ());
    let mut early = looker(world.registry());
    early.run(&mut world, "early");
    world.next_sequence();
    early.run(&mut world, "early");
    looker(world.registry()).run(&mut world, "late");
    world.run_startup(|last_run: LastRun, number: Res<u64>| assert!(number.changed_since(last_run)));
    assert_eq!(told(&mut world), "early 1, early 0, late 1");
}

#[test]
fn own_writes_count_in_the_same_run_only_whichever_param_comes_first() {
    let mut world = world();
    let reg = world.registry();
    let before = |last_run: LastRun, mut number: ResMut<u64>, mut log: ResMut<Log>, by: u64| {
        let changed = number.changed_since(last_run);
        *number += by;
        log.push(format!("{} {}", u8::from(changed), u8::from(number.changed_since(last_run))));
    };
    let after = |mut log: ResMut<Log>, mut number: ResMut<u64>, last_run: LastRun, by: u64| {
        let changed = number.changed_since(last_run);
        *number.reborrow() += by;
        log.push(format!("{} {}", u8::from(changed), u8::from(number.changed_since(last_run))));
    };
    let handlers: [Box<dyn Handler<u64>>; 2] = [Box::new(before.into_handler(reg)), Box::new(after.into_handler(reg))];
    for mut handler in handlers {
        for _ in 0..3 {
            handler.run(&mut world, 1);
        }
        write(&mut world);
        handler.run(&mut world, 1);
        assert_eq!(told(&mut world), "1 1, 0 1, 0 1, 1 1");
    }
}

#[test]
fn only_what_marks_a_write_is_a_change() {
    let mut world = world();
    let mut look = looker(world.registry());
    look.run(&mut world, "first");
    assert_eq!(*world.resource_mut::<u64>(), 10);
    assert!(!world.resource_mut::<u64>().set_if_neq(10));
    *world.resource_mut::<u64>().bypass_change_detection() = 11;
    look.run(&mut world, "nothing");
    assert!(world.resource_mut::<u64>().set_if_neq(12));
    look.run(&mut world, "set");
    *world.resource_mut::<u64>().into_inner() += 1;
    look.run(&mut world, "inner");
    let key = world.key::<u64>();
    *key.get_mut(&mut world) += 1;
    look.run(&mut world, "key");
    assert_eq!(told(&mut world), "first 1, nothing 0, set 1, inner 1, key 1");
}

#[test]
fn the_sequence_may_jump() {
    let mut world = world();
    let mut look = looker(world.registry());
    look.run(&mut world, "first");
    for number in [1_000, 1 << 40, Sequence::MAX.get()] {
        write(&mut world);
        world.advance_to(Sequence::new(number));
        look.run(&mut world, "before");
        write(&mut world);
        look.run(&mut world, "after");
        look.run(&mut world, "seen");
    }
    assert_eq!(told(&mut world), format!("first 1{}", ", before 1, after 1, seen 0".repeat(3)));
    let beyond = Sequence::new(Sequence::MAX.get() + 1);
    let text = panic_of(|| world.advance_to(beyond));
    assert_eq!(text, "a world ends with sequence 9223372036854775807, before 9223372036854775808");
}

#[test]
fn each_resolved_function_has_its_own_last_run() {
    handler_blueprint!(Look, Event = &'static str, Params = (LastRun<'static>, Res<'static, u64>, ResMut<'static, Log>));
    let mut world = world();
    let template = HandlerTemplate::<Look>::new(look, world.registry());
    let mut stamped = [template.generate(), template.generate()];
    stamped[0].run(&mut world, "a");
    stamped[1].run(&mut world, "b");
    stamped[0].run(&mut world, "a");
    template.generate().run(&mut world, "c");
    assert_eq!(told(&mut world), "a 1, b 1, a 0, c 1");

    // A clone goes on where its original is, and then alone.
    let mut one = looker(world.registry());
    let mut fresh = one.clone();
    one.run(&mut world, "one");
    let mut two = one.clone();
    two.run(&mut world, "two");
    write(&mut world);
    two.run(&mut world, "two");
    one.run(&mut world, "one");
    fresh.run(&mut world, "fresh");
    assert_eq!(told(&mut world), "one 1, two 0, two 1, one 1, fresh 1");
}

#[derive(Param)]
struct Watched<'w> {
    number: Option<Res<'w, u64>>,
    last_run: LastRun<'w>,
}

impl Watched<'_> {
    fn changed(&self) -> bool {
        self.number.as_ref().is_some_and(|number| number.changed_since(self.last_run))
    }
}

#[test]
fn several_in_one_function_agree() {
    type Nested<'w> = (LastRun<'w>, (Res<'w, u64>, (Local<'w, u8>, LastRun<'w>)));
    let mut world = world();
    let mut look = (|first: LastRun, nested: Nested, watched: Watched, mut log: ResMut<Log>, _: ()| {
        let (second, (number, (_, third))) = nested;
        let all = [first, second, third].map(|last_run| number.changed_since(last_run));
        assert_eq!(all, [watched.changed(); 3]);
        log.push(u8::from(watched.changed()).to_string());
    })
    .into_handler(world.registry());
    for writes in [false, false, true, false] {
        if writes {
            write(&mut world);
        }
        look.run(&mut world, ());
    }
    assert_eq!(told(&mut world), "1, 0, 1, 0");
}

#[test]
fn each_step_has_its_own() {
    let mut world = world();
    let reg = world.registry();
    let ask = |last_run: LastRun, number: Res<u64>, mut log: ResMut<Log>, x: u64| {
        log.push(format!("ask {}", u8::from(number.changed_since(last_run))));
        x
    };
    let add = |last_run: LastRun, mut number: ResMut<u64>, mut log: ResMut<Log>, x: u64| {
        log.push(format!("add {}", u8::from(number.changed_since(last_run))));
        *number += x;
    };
    let mut chain = PipelineStart::<u64>::new().then(ask, reg).then(add, reg).build();
    chain.run(&mut world, 1);
    chain.run(&mut world, 1);
    chain.run_each(&mut world, [1, 1]);
    // Each run of the first sees what the second wrote in the run before, and the second only what others did.
    assert_eq!(told(&mut world), "ask 1, add 1, ask 1, add 0, ask 1, add 0, ask 1, add 0");
    write(&mut world);
    chain.run(&mut world, 1);
    assert_eq!(told(&mut world), "ask 1, add 1");
}

#[test]
fn arms_see_what_arms_before_them_wrote() {
    let mut world = world();
    let reg = world.registry();
    let changed = |last_run: LastRun, number: Res<u64>, _: &u64| number.changed_since(last_run);
    let mut dag = DagStart::<u64>::new()
        .root(|x: u64| x, reg)
        .fork()
        .arm(|x| x.then(changed, reg))
        .arm(|x| x.then(|mut number: ResMut<u64>, x: &u64| *number += x, reg))
        .arm(|x| x.then(changed, reg))
        .merge(|mut log: ResMut<Log>, a: &bool, (): &(), b: &bool| log.push(format!("{a} {b}")), reg)
        .build();
    for _ in 0..2 {
        dag.run(&mut world, 1);
    }
    assert_eq!(told(&mut world), "true true, true true");
}

#[test]
fn each_item_of_a_batch_is_a_run_unless_it_panics() {
    let mut world = world();
    let mut batch = PipelineStart::<&str>::new()
        .then(
            |last_run: LastRun, mut number: ResMut<u64>, mut log: ResMut<Log>, name: &str| {
                log.push(format!("{name} {}", u8::from(number.changed_since(last_run))));
                *number += 1;
                assert!(name != "bad", "a bad item");
            },
            world.registry(),
        )
        .build_batch(4);
    batch.input_mut().extend(["a", "b", "bad", "c"]);
    panic_of(|| batch.run(&mut world));
    batch.run(&mut world);
    write(&mut world);
    batch.input_mut().extend(["d", "e"]);
    batch.run(&mut world);
    assert_eq!(told(&mut world), "a 1, b 0, bad 0, c 1, d 1, e 0");
}

#[test]
fn after_a_panic_the_changes_are_seen_again() {
    let mut world = world();
    let careless = |last_run: LastRun, mut number: ResMut<u64>, mut log: ResMut<Log>, fails: bool| {
        log.push(u8::from(number.changed_since(last_run)).to_string());
        *number += 1;
        assert!(!fails, "as told");
    };
    let mut caught = CatchAssertUnwindSafe::new(careless.into_handler(world.registry()));
    let mut look = looker(world.registry());
    for fails in [true, false, true, false] {
        caught.run(&mut world, fails);
    }
    look.run(&mut world, "others");
    write(&mut world);
    for _ in 0..2 {
        caught.run(&mut world, false);
    }
    assert_eq!((told(&mut world).as_str(), caught.panics()), ("1, 1, 0, 1, others 1, 1, 0", 2));
}

#[test]
fn the_moment_belongs_to_its_world() {
    let (mut one, mut two) = (world(), world());
    let (mut first, mut second) = (looker(one.registry()), looker(two.registry()));
    for _ in 0..50 {
        first.run(&mut one, "");
    }
    told(&mut one);
    second.run(&mut two, "two");
    // Worlds change their places, and come back.
    swap(&mut one, &mut two);
    write(&mut one);
    write(&mut two);
    second.run(&mut one, "two");
    first.run(&mut two, "one");
    second.run(&mut one, "two");
    assert_eq!((told(&mut one), told(&mut two)), ("two 1, two 1, two 0".into(), "one 1".into()));

    // A function that has the whole world runs another handler, writes, and leaves and brings back its world.
    let mut inner = looker(two.registry());
    let mut spare = Some(one);
    let whole = move |world: &mut World, x: u64| {
        inner.run(world, "inner");
        write(world);
        let own = replace(world, spare.take().unwrap());
        write(world);
        spare = Some(replace(world, own));
        inner.run(world, "inner");
        write(world);
        x
    };
    let ask = |last_run: LastRun, number: Res<u64>, mut log: ResMut<Log>, x: u64| {
        log.push(format!("chain {}", u8::from(number.changed_since(last_run))));
        x
    };
    let reg = two.registry();
    let mut chain =
        PipelineStart::<u64>::new().then(ask, reg).then(whole, reg).then(ask, reg).then(|_: u64| {}, reg).build();
    chain.run(&mut two, 1);
    assert_eq!(told(&mut two), "chain 1, inner 1, inner 1, chain 1");
    chain.run(&mut two, 1);
    assert_eq!(told(&mut two), "chain 1, inner 1, inner 1, chain 1");
    first.run(&mut two, "one");
    first.run(&mut two, "one");
    assert_eq!(told(&mut two), "one 1, one 0");
}

#[test]
fn a_world_that_was_replaced_is_noticed_before_anything_is_asked() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<u64>::new()
        .then(|world: &mut World, x: u64| _ = (replace(world, crate::support::world()), x), reg)
        .then(|last_run: LastRun, number: Res<u64>, (): ()| assert!(number.changed_since(last_run)), reg)
        .build();
    crate::support::notices_replacement("last_run", || chain.run(&mut world, 1));
    crate::support::refuses_world("last_run", || chain.run(&mut world, 1));
}

#[test]
fn a_context_and_a_thread_take_it_along() {
    let mut world = world();
    let mut look = (|seen: &mut Vec<bool>, last_run: LastRun, number: Res<u64>, _: ()| {
        seen.push(number.changed_since(last_run));
    })
    .into_callback(vec![], world.registry());
    look.run(&mut world, ());
    let (mut look, mut world) = std::thread::spawn(move || {
        look.run(&mut world, ());
        write(&mut world);
        (look, world)
    })
    .join()
    .unwrap();
    look.run(&mut world, ());
    assert_eq!(look.ctx, [true, false, true]);
}
