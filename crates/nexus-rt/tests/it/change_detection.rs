//! Who changed what, and when.

use std::cell::Cell;

use nexus_rt::param::Access;
use nexus_rt::plan::{Function, Visitor};
use nexus_rt::registry::WorldId;
use nexus_rt::{
    Describe, Handler, HandlerTemplate, IntoHandler, Local, PipelineStart, Res, ResMut, Sequence, World,
    handler_blueprint,
};

use crate::support::{refuses_world, world};

#[test]
fn registration_is_not_a_write() {
    let world = world();
    assert_eq!(world.changed_at::<u64>(), Sequence::NEVER);
    let mut world = world;
    let mut look = (|value: Res<u64>, _: ()| assert!(!value.is_changed())).into_handler(world.registry());
    look.run(&mut world, ());
    world.next_sequence();
    look.run(&mut world, ());
}

#[test]
fn only_a_write_stamps() {
    let mut world = world();
    let mut touch = (|mut value: ResMut<u64>, write: bool| {
        assert_eq!(*value, 10);
        let was_changed = value.is_changed();
        if write {
            *value = 10;
        }
        assert_eq!(value.is_changed(), write || was_changed);
    })
    .into_handler(world.registry());
    world.next_sequence();
    touch.run(&mut world, false);
    assert_eq!(world.changed_at::<u64>(), Sequence::NEVER);
    touch.run(&mut world, true);
    let written = world.current_sequence();
    assert_eq!(world.changed_at::<u64>(), written);
    world.next_sequence();
    touch.run(&mut world, false);
    assert_eq!(world.changed_at::<u64>(), written);
}

#[test]
fn res_mut_writes_as_told() {
    let mut world = world();
    let now = world.next_sequence();

    assert!(!world.resource_mut::<u64>().set_if_neq(10));
    *world.resource_mut::<u64>().bypass_change_detection() = 11;
    assert_eq!((*world.resource::<u64>(), world.changed_at::<u64>()), (11, Sequence::NEVER));

    let mut outer = world.resource_mut::<u64>();
    let inner: ResMut<u64> = outer.reborrow();
    assert!(!inner.is_changed());
    assert!(outer.set_if_neq(12));
    assert!(outer.is_changed() && outer.changed_after(Sequence::NEVER) && !outer.changed_after(now));
    assert_eq!((*outer, outer.changed_at()), (12, now));

    *world.resource_mut::<i64>().into_inner() -= 1;
    assert_eq!((*world.resource::<i64>(), world.changed_at::<i64>()), (-1, now));
    assert_eq!(format!("{:?}", world.resource_mut::<i64>()), "-1");
}

#[test]
fn readers_see_changes_of_this_event_or_since_one() {
    let mut world = world();
    let mut write = (|mut value: ResMut<u64>, x: u64| *value = x).into_handler(world.registry());
    let mut read = (|value: Res<u64>, mut seen: Local<Sequence>, mut log: ResMut<Vec<String>>, _: ()| {
        log.push(format!("{} {}", value.is_changed(), value.changed_after(*seen)));
        *seen = value.changed_at();
    })
    .into_handler(world.registry());

    read.run(&mut world, ());
    world.next_sequence();
    write.run(&mut world, 1);
    read.run(&mut world, ());
    world.next_sequence();
    read.run(&mut world, ());
    world.next_sequence();
    write.run(&mut world, 2);
    world.next_sequence();
    read.run(&mut world, ());
    // Written after the look, in the same sequence.
    world.next_sequence();
    read.run(&mut world, ());
    write.run(&mut world, 3);
    world.next_sequence();
    read.run(&mut world, ());
    let seen = ["false false", "true true", "false false", "false true", "false false", "false true"];
    assert_eq!(*world.resource::<Vec<String>>(), seen);
}

#[test]
fn inputs_are_what_is_read() {
    let mut world = world();
    let reg = world.registry();
    let reads =
        (|_: Res<u64>, _: Option<Res<i64>>, _: Option<Res<u8>>, _: ResMut<Vec<String>>, _: ()| {}).into_handler(reg);
    let exclusive = (|_: &mut World, _: ()| {}).into_handler(reg);
    let chain = PipelineStart::<u32>::new()
        .then(|mut log: ResMut<Vec<String>>, x: u32| log.push(x.to_string()), reg)
        .then(|_: Res<i64>, (): ()| {}, reg)
        .build();
    let boxed: Box<dyn Handler<()>> = Box::new((|_: Res<u64>, _: ()| {}).into_handler(reg));
    let all = |world: &World| {
        [
            reads.inputs_changed(world),
            exclusive.inputs_changed(world),
            chain.inputs_changed(world),
            boxed.inputs_changed(world),
        ]
    };

    assert_eq!(all(&world), [false; 4]);
    world.next_sequence();
    world.resource_mut::<Vec<String>>().clear();
    assert_eq!(all(&world), [false, true, false, false]);
    world.next_sequence();
    *world.resource_mut::<i64>() = 1;
    assert_eq!(all(&world), [true, true, true, false]);
    world.next_sequence();
    *world.resource_mut::<u64>() = 1;
    assert_eq!(all(&world), [true, true, false, true]);
    world.next_sequence();
    assert_eq!(all(&world), [false; 4]);
}

/// Many functions that are handed the world. Each looks at all resources when it is asked, and says that some changed.
struct Many {
    functions: usize,
    asked: Cell<usize>,
}

impl Function for Many {
    fn name(&self) -> &'static str {
        "many"
    }

    fn world_id(&self) -> Option<WorldId> {
        None
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn access(&self, _: &mut dyn FnMut(Access)) {}

    fn inputs_changed(&self, _: &World) -> bool {
        self.asked.set(self.asked.get() + 1);
        true
    }
}

impl Describe for Many {
    fn describe(&self, visitor: &mut dyn Visitor) {
        (0..self.functions).for_each(|_| visitor.function(self));
    }
}

#[test]
fn all_resources_are_looked_at_once_and_not_for_each_function() {
    let mut world = world();
    let many = Many { functions: 100, asked: Cell::new(0) };
    assert_eq!((Describe::inputs_changed(&many, &world), many.asked.get()), (false, 0));
    world.next_sequence();
    *world.resource_mut::<u64>() = 1;
    assert_eq!((Describe::inputs_changed(&many, &world), many.asked.get()), (true, 1));
}

/// Asks each function by itself, past what the handler around it would check.
struct Asks<'w>(&'w World);

impl Visitor for Asks<'_> {
    fn function(&mut self, function: &dyn Function) {
        function.inputs_changed(self.0);
    }
}

#[test]
fn a_function_looks_at_no_other_world_than_its_own() {
    handler_blueprint!(Reads, Event = u64, Params = (Res<'static, u64>,));
    fn reads(_: Res<u64>, _: u64) {}
    fn whole(_: &mut World, _: u64) {}
    let gone = world();
    let handlers: [Box<dyn Describe>; 3] = [
        Box::new(reads.into_handler(gone.registry())),
        Box::new(whole.into_handler(gone.registry())),
        Box::new(HandlerTemplate::<Reads>::new(reads, gone.registry())),
    ];
    drop(gone);
    let other = world();
    for handler in handlers {
        refuses_world(handler.name(), || handler.describe(&mut Asks(&other)));
    }
}
