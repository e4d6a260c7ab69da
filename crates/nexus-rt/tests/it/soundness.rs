//! Attacks from safe code, each named after the defect it must not find here. Run them under the address sanitizer too.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_rt::{
    Describe, Handler, IntoCallback, IntoHandler, Param, PipelineStart, Res, ResMut, Virtual, World, WorldBuilder,
};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

fn write(mut log: ResMut<Log>, limit: Res<u64>, event: u64) {
    log.push(format!("{event} of {}", *limit));
}

#[test]
fn a_handler_outlives_its_world() {
    let first = world();
    let mut handler = write.into_handler(first.registry());
    drop(first);
    let mut second = world();
    refuses_world("it::soundness::write", || handler.run(&mut second, 1));
    assert!(second.resource::<Log>().is_empty());
}

#[test]
fn a_handler_replaces_the_world() {
    let mut here = world();
    let mut old = write.into_handler(here.registry());
    old.run(&mut here, 1);
    let mut replace = (|w: &mut World, _: u64| *w = world()).into_handler(here.registry());
    // Noticed as soon as the function returns ..
    notices_replacement("a_handler_replaces_the_world", || replace.run(&mut here, 2));
    // .. and by everything that belonged to the world that is gone.
    refuses_world("it::soundness::write", || old.run(&mut here, 3));
    let mut new = write.into_handler(here.registry());
    new.run(&mut here, 4);
    assert_eq!(*here.resource::<Log>(), ["4 of 10"]);
}

#[test]
fn a_handler_that_swaps_and_swaps_back_is_fine() {
    let mut here = world();
    let mut swap = (|w: &mut World, _: u64| {
        let mut other = world();
        std::mem::swap(w, &mut other);
        w.resource_mut::<Log>().push("lost".into());
        std::mem::swap(w, &mut other);
    })
    .into_handler(here.registry());
    swap.run(&mut here, 1);
    write.into_handler(here.registry()).run(&mut here, 2);
    assert_eq!(*here.resource::<Log>(), ["2 of 10"]);
}

#[test]
fn a_builder_is_dropped_without_build() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.register(Log::new());
    let mut handler = write.into_handler(builder.registry());
    let key = builder.key::<Log>();
    drop(builder);
    let mut other = world();
    refuses_world("it::soundness::write", || handler.run(&mut other, 1));
    assert!(panic_of(|| key.get(&other).len()).contains("a `Key<"));
}

#[test]
fn a_handler_resolved_before_build_runs_after_it() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.register(Log::new());
    let mut handler = write.into_handler(builder.registry());
    // The table grows, the cells stay.
    builder.register([0_u8; 1]);
    builder.register([0_u8; 2]);
    builder.register([0_u8; 3]);
    builder.register([0_u8; 4]);
    builder.register([0_u8; 5]);
    builder.register([0_u8; 6]);
    builder.register([0_u8; 7]);
    let mut world = builder.build();
    handler.run(&mut world, 1);
    assert_eq!(*world.resource::<Log>(), ["1 of 1"]);
}

#[test]
fn a_borrow_of_one_world_while_its_handler_runs_through_another() {
    let mut a = world();
    a.resource_mut::<Log>().push("kept".into());
    let mut clear = (|mut log: ResMut<Log>, _: ()| log.clear()).into_handler(a.registry());
    let mut b = world();
    let held = &a.resource::<Log>()[0];
    refuses_world("a_borrow_of_one_world", || clear.run(&mut b, ()));
    assert_eq!(held, "kept");
}

#[test]
fn a_world_inside_a_resource() {
    struct Inner {
        world: World,
        handler: Option<Virtual<u64>>,
    }
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.register(Log::new());
    builder.register(Inner { world: world(), handler: None });
    let mut outer = builder.build();
    let write_outer = write.into_handler(outer.registry());
    outer.resource_mut::<Inner>().handler = Some(Box::new(write_outer));

    // Holds the log of the outer world, and runs a handler of the outer world through the inner one.
    let mut run = (|log: Res<Log>, mut inner: ResMut<Inner>, event: u64| {
        let held = log.len();
        let Inner { world, handler } = &mut *inner;
        let handler = handler.as_mut().unwrap();
        refuses_world("it::soundness::write", || handler.run(world, event));
        assert_eq!(log.len(), held);
    })
    .into_handler(outer.registry());
    run.run(&mut outer, 5);

    // A handler of the inner world is welcome there.
    let mut inner = outer.resource_mut::<Inner>();
    let mut write_inner = write.into_handler(inner.world.registry());
    write_inner.run(&mut inner.world, 6);
    assert_eq!(*inner.world.resource::<Log>(), ["6 of 10"]);
}

#[test]
fn two_exclusive_params_in_one_tuple() {
    fn alias((mut a, mut b): (ResMut<u64>, ResMut<u64>), _: ()) {
        std::mem::swap(&mut *a, &mut *b);
    }
    let world = world();
    assert!(panic_of(|| alias.into_handler(world.registry())).contains("parameter 1 (`(ResMut<u64>, ResMut<u64>)`)"));
}

#[test]
fn a_derived_struct_beside_what_it_contains() {
    #[derive(Param)]
    struct Reads<'w>(Res<'w, u64>);
    fn alias(reads: Reads, mut writes: ResMut<u64>, _: ()) {
        let value: &u64 = &reads.0;
        *writes += *value;
    }
    let world = world();
    let text = panic_of(|| alias.into_handler(world.registry()));
    assert!(text.contains("parameter 1 (`Reads`) reads `u64`, which parameter 2 (`ResMut<u64>`) writes"), "{text}");
}

#[test]
fn conflicts_are_found_in_every_place_and_form() {
    type W<'w> = ResMut<'w, u64>;
    type R<'w> = Res<'w, u64>;
    let world = world();
    let reg = world.registry();
    assert!((|_: W, _: W, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: R, _: W, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: W, _: R, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: W, _: Option<R>, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: Option<W>, _: R, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: Option<W>, _: Option<W>, _: ()| {}).try_into_handler(reg).is_err());
    assert!((|_: ((R,),), _: (ResMut<i64>, (W,)), _: ()| {}).try_into_handler(reg).is_err());
    assert!(
        (|_: R, _: Res<i64>, _: R, _: ResMut<Log>, _: R, _: R, _: Res<i64>, _: W, _: ()| {})
            .try_into_handler(reg)
            .is_err()
    );
    assert!(panic_of(|| (|_: &mut u8, _: W, _: W, _: ()| {}).into_callback(0, reg)).contains("parameter 3"));
    assert!(panic_of(|| PipelineStart::<()>::new().then(|_: W, _: W, (): ()| {}, reg)).contains("parameter 2"));
    assert!((|_: R, _: R, _: Option<R>, _: (R, R), _: ()| {}).try_into_handler(reg).is_ok());
    assert!((|_: Option<ResMut<u8>>, _: Option<ResMut<u8>>, _: ()| {}).try_into_handler(reg).is_ok());
}

#[test]
fn a_handler_runs_on_another_thread_with_that_threads_world() {
    let mut home = world();
    let mut handler = write.into_handler(home.registry());
    let text = std::thread::spawn(move || {
        let mut away = world();
        panic_of(|| handler.run(&mut away, 1))
    })
    .join()
    .unwrap();
    assert!(text.contains("it::soundness::write"), "{text}");
    home.resource_mut::<Log>().push("untouched".into());
}

#[test]
fn an_exclusive_step_replaces_the_world_in_mid_chain() {
    fn replace(w: &mut World, event: u64) -> u64 {
        *w = world();
        event
    }
    fn replace_with_context(_: &mut (), w: &mut World, event: &u64) -> Option<u64> {
        *w = world();
        Some(*event)
    }
    let mut a = world();
    let mut chain = PipelineStart::<u64>::new().then(replace, a.registry()).then(write, a.registry()).build();
    notices_replacement("::replace`", || chain.run(&mut a, 1));
    assert!(a.resource::<Log>().is_empty());

    let mut b = world();
    let reg = b.registry();
    let mut chain = PipelineStart::<u64>::new()
        .with_context::<()>()
        .then(replace_with_context, reg)
        .map(write, reg)
        .build()
        .into_callback(());
    notices_replacement("::replace_with_context`", || chain.run(&mut b, 1));
    assert!(b.resource::<Log>().is_empty());

    let mut c = world();
    let mut guarded = PipelineStart::<u64>::new()
        .guard(
            |w: &mut World, _: &u64| {
                *w = world();
                true
            },
            c.registry(),
        )
        .map(write, c.registry())
        .build();
    notices_replacement("an_exclusive_step_replaces", || guarded.run(&mut c, 1));
    assert!(c.resource::<Log>().is_empty());
}

#[test]
fn a_step_that_panics_after_replacing_the_world_leaves_nothing_to_follow() {
    let mut a = world();
    let reg = a.registry();
    let mut chain = PipelineStart::<u64>::new()
        .then(
            |w: &mut World, event: u64| {
                *w = world();
                assert!(event > 1, "too small");
                event
            },
            reg,
        )
        .then(write, reg)
        .build();
    assert_eq!(panic_of(|| chain.run(&mut a, 1)), "too small");
    refuses_world("{{closure}}", || chain.run(&mut a, 2));
}

#[test]
fn zero_sized_resources_are_no_conflict() {
    struct A;
    struct B;
    fn both(_: ResMut<A>, _: ResMut<B>, mut n: ResMut<u64>, _: ()) {
        *n += 1;
    }
    let mut builder = WorldBuilder::new();
    builder.register(A);
    builder.register(B);
    builder.register(0_u64);
    let mut world = builder.build();
    assert_ne!(world.id::<A>(), world.id::<B>());
    both.into_handler(world.registry()).run(&mut world, ());
    assert_eq!(*world.resource::<u64>(), 1);
}

#[test]
fn a_chain_over_two_registries_is_refused_when_built() {
    let (a, b) = (world(), world());
    let text = panic_of(|| {
        PipelineStart::<u64>::new().then(|x: u64| Some(x), a.registry()).map(write, b.registry()).unwrap_or(()).build()
    });
    assert!(text.contains("it::soundness::write"), "{text}");
}

#[test]
fn inputs_of_a_foreign_world_are_not_looked_at() {
    let first = world();
    let reg = first.registry();
    let handler = write.into_handler(reg);
    let exclusive = (|_: &mut World, _: u64| {}).into_handler(reg);
    let chain = PipelineStart::<u64>::new().then(write, reg).build();
    let boxed: Virtual<u64> = Box::new(write.into_handler(reg));
    drop(first);
    let other = world();
    refuses_world("it::soundness::write", || handler.inputs_changed(&other));
    refuses_world("inputs_of_a_foreign_world", || exclusive.inputs_changed(&other));
    refuses_world("it::soundness::write", || chain.inputs_changed(&other));
    refuses_world("it::soundness::write", || boxed.inputs_changed(&other));
    // Names need no world.
    assert_eq!((handler.name(), chain.name()), ("it::soundness::write", "it::soundness::write"));
}

#[test]
fn a_world_may_move() {
    let world = world();
    let mut handler = write.into_handler(world.registry());
    let key = world.registry().key::<Log>();
    let mut moved = Box::new(world);
    handler.run(&mut moved, 1);
    let mut worlds = vec![*moved];
    worlds.reserve(100);
    handler.run(&mut worlds[0], 2);
    let mut back = std::thread::spawn(move || {
        handler.run(&mut worlds[0], 3);
        worlds.remove(0)
    })
    .join()
    .unwrap();
    assert_eq!(key.get(&back).len(), 3);
    key.get_mut(&mut back).clear();
}

#[test]
fn a_refused_registration_leaves_what_was_resolved_valid() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.register(Log::new());
    let mut handler = write.into_handler(builder.registry());
    panic_of(|| builder.register(Log::from(["other".to_owned()])));
    let mut world = builder.build();
    handler.run(&mut world, 1);
    assert_eq!(*world.resource::<Log>(), ["1 of 1"]);
}

#[test]
fn a_panicking_handler_leaves_the_world_usable() {
    let mut world = world();
    let mut handler = (|mut log: ResMut<Log>, event: u64| {
        log.push("started".into());
        assert!(event != 1, "one");
    })
    .into_handler(world.registry());
    assert!(catch_unwind(AssertUnwindSafe(|| handler.run(&mut world, 1))).is_err());
    handler.run(&mut world, 2);
    assert_eq!(world.resource::<Log>().len(), 2);
}

/// Params outlive nothing: what is borrowed in one run ends with it.
///
/// (The escape itself does not compile; see the `compile_fail` examples in SAFETY.md.)
#[test]
fn events_may_borrow_from_another_world() {
    let source = world();
    let mut target = world();
    let mut copy = (|mut log: ResMut<Log>, event: &u64| log.push(event.to_string())).into_handler(target.registry());
    copy.run(&mut target, source.resource::<u64>());
    assert_eq!(*target.resource::<Log>(), ["10"]);
}

#[test]
fn a_handler_may_own_the_world_of_another() {
    struct Nested {
        world: World,
        handler: Virtual<u64>,
    }
    impl Describe for Nested {}
    impl Handler<u64> for Nested {
        fn run(&mut self, _: &mut World, event: u64) {
            self.handler.run(&mut self.world, event);
        }
    }
    let inner = world();
    let handler = Box::new(write.into_handler(inner.registry()));
    let mut nested = Nested { world: inner, handler };
    nested.run(&mut world(), 1);
    assert_eq!(*nested.world.resource::<Log>(), ["1 of 10"]);
}
