//! Resources that are swapped for those of another world, from safe code, while something runs on them or out of them.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller};
use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, SystemScheduler};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{
    Broadcast, CatchAssertUnwindSafe, Clock, Describe, Handler, HandlerTemplate, IntoCallback, IntoHandler, Key, Local,
    PipelineStart, Registry, Res, ResMut, Shutdown, TemplatedHandler, Virtual, World, WorldBuilder, fan_out,
    handler_blueprint,
};

use crate::support::{Log, notices_replacement, panic_of, refuses_world};

const DAY: Duration = Duration::from_hours(24);

/// Where a world keeps what it runs. It is empty while that runs.
struct Slot<T>(Option<T>);

/// What belongs to another world, and is on its way into the slot.
struct Intruder<T>(Option<T>);

/// What runs out of the slot: puts the intruder in its place.
fn intrude<T: Send + 'static>(mut slot: ResMut<Slot<T>>, mut intruder: ResMut<Intruder<T>>, mut log: ResMut<Log>) {
    if let Some(foreign) = intruder.0.take() {
        assert!(slot.0.replace(foreign).is_none());
    }
    log.push("ran".into());
}

fn intrude_on<T: Send + 'static>(slot: ResMut<Slot<T>>, intruder: ResMut<Intruder<T>>, log: ResMut<Log>, _: u64) {
    intrude(slot, intruder, log);
}

fn intrude_by<T: Send + 'static>(slot: ResMut<Slot<T>>, intruder: ResMut<Intruder<T>>, log: ResMut<Log>, _: &u64) {
    intrude(slot, intruder, log);
}

fn slotted<T: Send + 'static>() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(Slot::<T>(None));
    builder.register(Intruder::<T>(None));
    builder.register(Log::new());
    builder.build()
}

/// Runs what is in the slot, as a program does that keeps what it runs in a resource, and gives what was put there
/// meanwhile.
fn run_slot<T: Send + 'static>(world: &mut World, run: impl FnOnce(&mut T, &mut World)) -> Option<T> {
    let mut own = world.resource_mut::<Slot<T>>().0.take().expect("something to run");
    run(&mut own, world);
    world.resource_mut::<Slot<T>>().0.replace(own)
}

/// Keeps a `T` in a resource of each of two worlds, and swaps that of the second into the first while the first runs.
fn swap_while_it_runs<T: Send + 'static>(make: impl Fn(&Registry) -> T, run: impl Fn(&mut T, &mut World) + Copy) {
    let (mut here, mut there) = (slotted::<T>(), slotted::<T>());
    let own = make(here.registry());
    here.resource_mut::<Slot<T>>().0 = Some(own);
    here.resource_mut::<Intruder<T>>().0 = Some(make(there.registry()));

    let mut foreign = run_slot(&mut here, run).expect("an intruder");
    assert_eq!(*here.resource::<Log>(), ["ran"]);
    refuses_world("it::swaps::intrude", || run(&mut foreign, &mut here));
    assert_eq!(*here.resource::<Log>(), ["ran"]);

    // The intruder stays: it is refused, and again, and the world is as it was.
    let own = here.resource_mut::<Slot<T>>().0.replace(foreign);
    refuses_world("it::swaps::intrude", || run_slot(&mut here, run));
    assert!(here.resource::<Slot<T>>().0.is_none() && there.resource::<Log>().is_empty());
    here.resource_mut::<Slot<T>>().0 = own;
    assert!(run_slot(&mut here, run).is_none());
    assert_eq!(*here.resource::<Log>(), ["ran", "ran"]);

    // It also runs where it belongs, out of a slot of the other world.
    let back = make(there.registry());
    there.resource_mut::<Slot<T>>().0 = Some(back);
    assert!(run_slot(&mut there, run).is_none());
    assert_eq!(*there.resource::<Log>(), ["ran"]);
}

#[test]
fn handlers_in_a_resource_are_swapped_while_they_run() {
    type Kept = Virtual<u64>;
    let run = |handler: &mut Kept, world: &mut World| handler.run(world, 1);
    swap_while_it_runs::<Kept>(|reg| Box::new(intrude_on::<Kept>.into_handler(reg)), run);
    swap_while_it_runs::<Kept>(
        |reg| Box::new(fan_out!(intrude_by::<Kept>.into_handler(reg), (|_: &u64| {}).into_handler(reg))),
        run,
    );
    swap_while_it_runs::<Kept>(
        |reg| {
            let inner = fan_out!(intrude_by::<Kept>.into_handler(reg), (|_: &u64| {}).into_handler(reg)).borrowed();
            Box::new(fan_out!(inner, (|_: &u64| {}).into_handler(reg)))
        },
        run,
    );
    swap_while_it_runs::<Kept>(
        |reg| Box::new(PipelineStart::<u64>::new().tap(intrude_by::<Kept>, reg).then(|_: u64| {}, reg).build()),
        |handler, world| handler.run(world, 1),
    );
    swap_while_it_runs::<Kept>(
        |reg| {
            let chain = PipelineStart::<u64>::new().dispatch(intrude_on::<Kept>.into_handler(reg));
            Box::new(chain.build())
        },
        run,
    );
}

#[test]
fn what_catches_panics_is_swapped_while_it_runs() {
    type Kept = Broadcast<u64>;
    let make = |reg: &Registry| {
        let mut broadcast = Kept::new();
        broadcast.add(intrude_by::<Kept>.into_handler(reg));
        broadcast.add(CatchAssertUnwindSafe::new((|_: &u64| panic!("caught")).into_handler(reg)));
        broadcast.add((|seen: &mut u64, x: &u64| *seen += *x).into_callback(0, reg));
        broadcast
    };
    swap_while_it_runs::<Kept>(make, |broadcast, world| broadcast.run(world, &1));
}

#[test]
fn a_scheduler_in_a_resource_is_swapped_while_it_runs() {
    type Kept = SystemScheduler;
    let make = |reg: &Registry| {
        let mut builder = SchedulerBuilder::new();
        let first = builder.add(intrude::<Kept>.into_system(reg));
        let second = builder.add((|log: Res<Log>| assert!(!log.is_empty())).into_system(reg));
        builder.after(second, first);
        builder.build().unwrap()
    };
    swap_while_it_runs::<Kept>(make, |scheduler, world| assert_eq!(scheduler.run(world), 2));
}

handler_blueprint!(
    Intrudes,
    Event = u64,
    Params = (
        ResMut<'static, Slot<HandlerTemplate<Intrudes>>>,
        ResMut<'static, Intruder<HandlerTemplate<Intrudes>>>,
        ResMut<'static, Log>,
    )
);

handler_blueprint!(
    Stamped,
    Event = u64,
    Params = (
        ResMut<'static, Slot<TemplatedHandler<Stamped>>>,
        ResMut<'static, Intruder<TemplatedHandler<Stamped>>>,
        ResMut<'static, Log>,
    )
);

#[test]
fn templates_and_what_they_stamp_are_swapped_while_they_run() {
    swap_while_it_runs::<HandlerTemplate<Intrudes>>(
        |reg| HandlerTemplate::new(intrude_on, reg),
        |template, world| template.generate().run(world, 1),
    );
    swap_while_it_runs::<TemplatedHandler<Stamped>>(
        |reg| HandlerTemplate::new(intrude_on, reg).generate(),
        |handler, world| handler.run(world, 1),
    );
}

#[cfg(feature = "smartptr")]
#[test]
fn handlers_in_place_are_swapped_while_they_run() {
    use nexus_rt::{FlatVirtual, FlexVirtual};

    swap_while_it_runs::<FlatVirtual<u64>>(
        |reg| FlatVirtual::new(intrude_on::<FlatVirtual<u64>>.into_handler(reg)),
        |handler, world| handler.run(world, 1),
    );
    swap_while_it_runs::<FlexVirtual<u64>>(
        |reg| FlexVirtual::new(intrude_on::<FlexVirtual<u64>>.into_handler(reg)),
        |handler, world| handler.run(world, 1),
    );
}

/// Another world, as an event.
struct Other<'a>(&'a mut World);

/// Swaps the `T` of this world with that of the other.
fn swap<T: Send + 'static>(mut own: ResMut<T>, other: Other) {
    mem::swap(&mut *own, &mut *other.0.resource_mut::<T>());
}

#[test]
fn clocks_that_are_swapped_follow_the_time_that_they_came_with() {
    let clocked = |time: &VirtualClock, unix| {
        let mut builder = WorldBuilder::new();
        builder.register(Clock::test(time.clone(), unix));
        builder.register(time.clone());
        builder.build()
    };
    let (fast, slow) = (VirtualClock::new(), VirtualClock::new());
    let (mut here, mut there) = (clocked(&fast, DAY), clocked(&slow, 10 * DAY));
    here.next_sequence();
    swap::<Clock>.into_handler(here.registry()).run(&mut here, Other(&mut there));
    assert_eq!((here.resource::<Clock>().unix(), there.resource::<Clock>().unix()), (10 * DAY, DAY));
    assert_eq!(here.changed_at::<Clock>(), here.current_sequence());
    assert_eq!(there.changed_at::<Clock>(), there.current_sequence());
    fast.advance(DAY);
    slow.advance(2 * DAY);
    let now = [&mut here, &mut there].map(|world| world.resource_mut::<Clock>().update());
    assert_eq!(now, [slow.now(), fast.now()]);
    assert_eq!((here.resource::<Clock>().unix(), there.resource::<Clock>().unix()), (12 * DAY, 2 * DAY));

    // Handles on a time go their own way: a clock does not look at the one beside it.
    swap::<VirtualClock>.into_handler(here.registry()).run(&mut here, Other(&mut there));
    here.resource::<VirtualClock>().advance(DAY);
    assert_eq!(here.resource_mut::<Clock>().update(), slow.now());
    assert_eq!(here.resource::<Clock>().unix(), 13 * DAY);

    // A clock of another kind in the middle of a turn.
    let mut replace =
        (|mut clock: ResMut<Clock>, unix: Duration| *clock = Clock::historical(unix)).into_handler(here.registry());
    replace.run(&mut here, 5 * DAY);
    assert_eq!(here.resource_mut::<Clock>().set_unix(6 * DAY), here.resource::<Clock>().now());
}

#[test]
fn keys_that_are_swapped_are_refused_by_name() {
    let keyed = |value: u64| {
        let mut builder = WorldBuilder::new();
        builder.register(value);
        let key = builder.key::<u64>();
        builder.register(key);
        builder.build()
    };
    let (mut here, mut there) = (keyed(1), keyed(2));
    swap::<Key<u64>>.into_handler(here.registry()).run(&mut here, Other(&mut there));
    let key = *here.resource::<Key<u64>>();
    assert!(panic_of(|| *key.get(&here)).contains("a `Key<u64>` of world"));
    assert!(panic_of(|| *key.get_mut(&mut here) = 3).contains("a `Key<u64>` of world"));
    assert_eq!((*key.get(&there), *here.resource::<u64>()), (2, 1));
}

#[test]
fn locals_may_be_swapped_for_those_of_another_handler_and_hold_worlds() {
    #[derive(Default)]
    struct Inner(Option<(World, Virtual<u64>)>);

    fn run(mut inner: Local<Inner>, mut log: ResMut<Log>, other: &mut Inner) {
        mem::swap(&mut *inner, other);
        let Some((world, handler)) = &mut inner.0 else { return };
        log.push(world.world_id().to_string());
        handler.run(world, 1);
    }
    let nested = || {
        let world = slotted::<Virtual<u64>>();
        let handler: Virtual<u64> = Box::new(intrude_on::<Virtual<u64>>.into_handler(world.registry()));
        Inner(Some((world, handler)))
    };
    let mut outer = slotted::<Virtual<u64>>();
    let mut handlers = [(); 2].map(|()| run.into_handler(outer.registry()));
    let (mut first, mut second) = (nested(), nested());
    handlers[0].run(&mut outer, &mut first);
    handlers[1].run(&mut outer, &mut second);
    assert!(first.0.is_none() && outer.resource::<Log>().len() == 2);

    // The world of one with the handler of the other: refused, and each finds what it had.
    handlers[0].run(&mut outer, &mut first);
    handlers[1].run(&mut outer, &mut second);
    let (Some((one, _)), Some((other, _))) = (&mut first.0, &mut second.0) else {
        panic!("both gave back what they had")
    };
    mem::swap(one, other);
    refuses_world("it::swaps::intrude_on", || handlers[0].run(&mut outer, &mut first));
    refuses_world("it::swaps::intrude_on", || handlers[1].run(&mut outer, &mut second));
}

#[test]
fn a_world_is_swapped_for_one_that_it_keeps() {
    fn enter(world: &mut World, _: u64) {
        let inner = world.resource_mut::<Slot<World>>().0.take().expect("a world");
        let outer = mem::replace(world, inner);
        // The world in which this runs is now in a resource of the one that it kept.
        world.resource_mut::<Slot<World>>().0 = Some(outer);
    }
    let (mut outer, inner) = (slotted::<World>(), slotted::<World>());
    let ids = (outer.world_id(), inner.world_id());
    outer.resource_mut::<Slot<World>>().0 = Some(inner);
    let mut log = (|mut log: ResMut<Log>, _: u64| log.push("ran".into())).into_handler(outer.registry());
    let mut chain = PipelineStart::<u64>::new()
        .tap(|w: &mut World, x: &u64| enter(w, *x), outer.registry())
        .then(|mut log: ResMut<Log>, _: u64| log.push("after".into()), outer.registry())
        .build();
    notices_replacement("a_world_is_swapped_for_one_that_it_keeps", || chain.run(&mut outer, 1));
    refuses_world("a_world_is_swapped_for_one_that_it_keeps", || log.run(&mut outer, 1));
    let kept = outer.resource_mut::<Slot<World>>().0.as_mut().expect("the world before").world_id();
    assert_eq!((kept, outer.world_id()), ids);
    // And back, from outside.
    let mut before = outer.resource_mut::<Slot<World>>().0.take().unwrap();
    log.run(&mut before, 1);
    assert_eq!(*before.resource::<Log>(), ["ran"]);
}

/// How many turns the loop takes.
fn turns(world: &mut World, mut turn: impl FnMut(&mut World, u32)) -> u32 {
    let mut turns = 0;
    world.run(|world| {
        turns += 1;
        assert!(turns < 10, "it does not end");
        turn(world, turns);
    });
    turns
}

#[test]
fn a_loop_ends_by_whichever_shutdown_is_there() {
    let stoppable = || {
        let world = WorldBuilder::new().build();
        let handle = world.shutdown_handle();
        (world, handle)
    };
    let replace = |world: &mut World| *world.resource_mut::<Shutdown>() = Shutdown::default();

    // By a handler, through the one that was put there in the turn before.
    let (mut world, _outside) = stoppable();
    let mut stop = (|shutdown: Res<Shutdown>, _: ()| shutdown.shutdown()).into_handler(world.registry());
    let ended = turns(&mut world, |world, turn| if turn == 1 { replace(world) } else { stop.run(world, ()) });
    assert_eq!(ended, 2);

    // From outside, by a handle that was taken before.
    let (mut world, outside) = stoppable();
    let ended = turns(&mut world, |world, turn| if turn == 1 { replace(world) } else { outside.shutdown() });
    assert_eq!(ended, 2);

    // By that of another world.
    let ((mut here, _), (mut there, outside)) = (stoppable(), stoppable());
    swap::<Shutdown>.into_handler(here.registry()).run(&mut here, Other(&mut there));
    outside.shutdown();
    assert_eq!(turns(&mut here, |_, _| {}), 0);
}

/// A handler that runs in any world.
struct Anywhere<F>(F);

impl<F> Describe for Anywhere<F> {}

impl<F: FnMut(&mut World, ReactorEvent) + Send> Handler<ReactorEvent> for Anywhere<F> {
    fn run(&mut self, world: &mut World, event: ReactorEvent) {
        (self.0)(world, event);
    }
}

#[test]
fn a_reactor_that_marks_its_source_runs_again_even_if_its_table_is_polled_elsewhere_meanwhile() {
    let reacting = || {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(ReactorsInstaller::new());
        (builder.build(), poller)
    };
    let ((mut here, mut poller), (mut there, mut elsewhere)) = (reacting(), reacting());
    let ran = Arc::new(Mutex::new(Vec::new()));
    let note = |number: u32| {
        let ran = ran.clone();
        move || ran.lock().unwrap().push(number)
    };
    let noted = note(1);
    let mut first = true;
    let marks = Anywhere(move |world: &mut World, event: ReactorEvent| {
        noted();
        if mem::take(&mut first) {
            assert!(world.resource_mut::<Reactors>().mark(event.first));
            mem::swap(&mut *world.resource_mut::<Reactors>(), &mut *there.resource_mut::<Reactors>());
            // The rest of the pass, and then a part of the next one, in which this reactor is due as well.
            assert_eq!([usize::MAX, 1].map(|budget| elsewhere.poll_budget(&mut there, budget)), [2, 1]);
            mem::swap(&mut *world.resource_mut::<Reactors>(), &mut *there.resource_mut::<Reactors>());
        }
    });
    let mut reactors = here.resource_mut::<Reactors>();
    let source = reactors.add_source();
    reactors.add(Box::new(marks), [source]);
    for number in [2, 3] {
        let note = note(number);
        reactors.add(Box::new(Anywhere(move |_: &mut World, _| note())), [source]);
    }
    reactors.mark(source);
    assert_eq!([(); 3].map(|()| poller.poll(&mut here)), [1, 2, 0]);
    assert_eq!(*ran.lock().unwrap(), [1, 2, 3, 2, 1, 3]);
    assert!(!poller.is_due(&here));
}
