//! Every param, alone and together.

use nexus_rt::{Handler, IntoHandler, Local, RegistryRef, Res, ResMut, Sequence, WorldBuilder};

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
