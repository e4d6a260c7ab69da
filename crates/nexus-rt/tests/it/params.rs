//! Every param, alone and together.

use nexus_rt::param::{Access, Dispatch, Requests, Resolver};
use nexus_rt::{
    Handler, IntoHandler, LastRun, Local, Param, Registry, RegistryRef, Res, ResMut, Sequence, WorldBuilder,
};

use crate::support::{Log, world};

#[test]
fn optional_params_are_there_or_not() {
    fn look(there: Option<Res<u64>>, not: Option<Res<u8>>, log: Option<ResMut<Log>>, nor: Option<ResMut<u16>>, _: ()) {
        log.expect("registered").push(format!("{:?} {:?} {:?}", there.as_deref(), not.as_deref(), nor.as_deref()));
    }
    let mut world = world();
    look.into_handler(world.registry()).run(&mut world, ());
    assert_eq!(*world.resource::<Log>(), ["Some(10) None None"]);
}

#[test]
fn locals_belong_to_their_handler() {
    fn count(mut n: Local<u32>, mut log: ResMut<Log>, name: &str) {
        *n += 1;
        log.push(format!("{name}{}", *n));
    }
    let mut world = world();
    let mut a = count.into_handler(world.registry());
    let mut b = count.into_handler(world.registry());
    for name in ["a", "b"] {
        a.run(&mut world, name);
    }
    b.run(&mut world, "c");
    assert_eq!(*world.resource::<Log>(), ["a1", "b2", "c1"]);
}

#[test]
fn the_sequence_and_the_registry_are_params() {
    let mut world = world();
    let mut tell = (|now: Sequence, registry: RegistryRef, mut log: ResMut<Log>, _: ()| {
        log.push(format!("{now} {} {}", registry.len(), registry.contains::<u64>()));
    })
    .into_handler(world.registry());
    world.next_sequence();
    tell.run(&mut world, ());
    assert_eq!(*world.resource::<Log>(), ["2 3 true"]);
}

#[test]
fn a_handler_makes_handlers_while_it_runs() {
    fn bump(mut n: ResMut<i64>, by: i64) {
        *n += by;
    }
    type Made = Vec<Box<dyn Handler<i64>>>;
    let mut builder = WorldBuilder::new();
    builder.register(0_i64);
    builder.register(Made::new());
    let mut world = builder.build();
    let mut make = (|mut made: ResMut<Made>, registry: RegistryRef, _: ()| {
        made.push(Box::new(bump.into_handler(&registry)));
    })
    .into_handler(world.registry());
    make.run(&mut world, ());
    let mut made = std::mem::take(&mut *world.resource_mut::<Made>());
    made[0].run(&mut world, 3);
    assert_eq!(*world.resource::<i64>(), 3);
}

#[test]
fn tuples_nest() {
    type Inner<'w> = (Res<'w, u64>, (ResMut<'w, i64>, ()));
    let mut world = world();
    let mut sum = (|(a, (mut b, ())): Inner, mut l: Local<i64>, _: ()| {
        *l += 1;
        *b += i64::try_from(*a).unwrap() + *l;
    })
    .into_handler(world.registry());
    sum.run(&mut world, ());
    sum.run(&mut world, ());
    assert_eq!(*world.resource::<i64>(), 23);
}

#[test]
fn two_reads_of_one_resource_are_fine() {
    let mut world = world();
    let mut twice = (|a: Res<u64>, b: Res<u64>, c: Option<Res<u64>>, mut sum: ResMut<i64>, _: ()| {
        *sum = i64::try_from(*a + *b + c.map_or(0, |c| *c)).unwrap();
    })
    .into_handler(world.registry());
    twice.run(&mut world, ());
    assert_eq!(*world.resource::<i64>(), 30);
}

#[test]
fn res_gives_the_value_for_the_whole_run() {
    fn inner<'w>(a: Res<'w, u64>, b: Res<'w, i64>) -> (&'w u64, &'w i64) {
        (a.into_inner(), b.into_inner())
    }
    let mut world = world();
    let mut read =
        (|a: Res<u64>, b: Res<i64>, _: ()| assert_eq!(inner(a, b), (&10, &0))).into_handler(world.registry());
    read.run(&mut world, ());
}

/// 72 params: more than there are bits for types and for resources, so some meet by chance in both, such as `V<0>` and
/// `V<32>`, which are 64 apart.
#[test]
fn params_that_meet_by_chance_are_no_conflict() {
    struct V<const N: usize>(usize);
    type Eight<'w, const A: usize, const B: usize, const C: usize, const D: usize> = (
        (ResMut<'w, V<A>>, ResMut<'w, V<B>>, ResMut<'w, V<C>>, ResMut<'w, V<D>>),
        (Res<'w, W<A>>, Res<'w, W<B>>, Res<'w, W<C>>, Res<'w, W<D>>),
    );
    struct W<const N: usize>(usize);
    macro_rules! values {
        ($($N:literal)*) => {{
            let mut builder = WorldBuilder::new();
            $(builder.register(V::<$N>($N)); builder.register(W::<$N>(100 + $N));)*
            builder.build()
        }};
    }
    let mut world =
        values!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35);

    type All<'w> = (
        Eight<'w, 0, 1, 2, 3>,
        Eight<'w, 4, 5, 6, 7>,
        Eight<'w, 8, 9, 10, 11>,
        Eight<'w, 12, 13, 14, 15>,
        Eight<'w, 16, 17, 18, 19>,
        Eight<'w, 20, 21, 22, 23>,
        Eight<'w, 24, 25, 26, 27>,
        (Eight<'w, 28, 29, 30, 31>, Eight<'w, 32, 33, 34, 35>),
    );
    let all = |mut all: All, x: usize| {
        all.0.0.0.0 = all.7.1.1.3.0 + x;
        all.7.1.0.3.0 = all.0.1.0.0 + x;
    };
    all.try_into_handler(world.registry()).unwrap().run(&mut world, 1000);
    assert_eq!((world.resource::<V<0>>().0, world.resource::<V<35>>().0), (1135, 1100));

    let twice = |_: All, _: Res<V<17>>, _: usize| {};
    let error = twice.try_into_handler(world.registry()).unwrap_err();
    assert_eq!(error.conflicts().len(), 1);
    assert!(error.conflicts()[0].resource().ends_with("V<17>"), "{error}");
}

/// Remembers no run.
struct Forgetful;

// SAFETY: reaches no resource.
#[expect(unsafe_code, reason = "implements Param, an unsafe trait")]
unsafe impl Param for Forgetful {
    type State = ();
    type Item<'w> = Self;

    fn try_init(_: &Registry, _: &mut Resolver) -> Option<()> {
        Some(())
    }

    fn requests(_: &mut Requests) {}

    fn access((): &(), _: &mut dyn FnMut(Access)) {}

    unsafe fn fetch<'w>(_: Dispatch<'w>, (): &'w mut ()) -> Self {
        Self
    }

    fn end_run((): &mut (), _: u64) {
        panic!("called only if REMEMBERS_RUN");
    }
}

#[derive(Param)]
#[expect(dead_code, reason = "only how it is run counts")]
struct Both<'w>(Forgetful, LastRun<'w>);

#[test]
fn the_end_of_a_run_is_told_only_to_what_remembers_it() {
    let mut world = world();
    (|_: Forgetful, _: LastRun, _: ()| {}).into_handler(world.registry()).run(&mut world, ());
    (|_: Both, _: ()| {}).into_handler(world.registry()).run(&mut world, ());
}
