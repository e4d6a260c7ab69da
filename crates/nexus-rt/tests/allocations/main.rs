//! No allocation at dispatch: every combinator, fork, batch, fan-out and adapter, by a counting allocator.

mod cases;
#[cfg(all(feature = "mio", unix))]
mod connections;
#[path = "../../../nexus-timer/tests/counting/mod.rs"]
mod counting;
#[cfg(feature = "mio")]
mod datagrams;
#[cfg(feature = "ring")]
mod inbox;

use counting::allocations;
use nexus_rt::chain::ViewAt;
use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{
    Adapt, Broadcast, ByRef, CallbackTemplate, CatchAssertUnwindSafe, Cloned, DagStart, Describe, Handler,
    HandlerTemplate, IntoCallback, IntoHandler, Local, PipelineStart, RegistryRef, Res, ResMut, Sequence, Virtual,
    World, WorldBuilder, callback_blueprint, fan_out, handler_blueprint, no_event,
};

#[cfg(all(feature = "mio", feature = "timer", unix))]
#[path = "../it/datagram_rig.rs"]
mod datagram_rig;
#[cfg(all(feature = "mio", feature = "timer", unix))]
#[path = "../it/driver_rigs.rs"]
mod driver_rigs;
#[cfg(all(feature = "mio", feature = "timer", unix))]
#[path = "../it/hand_rigs.rs"]
mod hand_rigs;
#[cfg(all(feature = "mio", feature = "timer", unix))]
#[path = "../it/connections/rig.rs"]
mod net_rig;

struct Limit(u64);

fn add(limit: Res<Limit>, x: u64) -> u64 {
    x + limit.0
}

fn even(x: &u64) -> bool {
    x.is_multiple_of(2)
}

fn sum(mut total: ResMut<u64>, x: &u64) {
    *total += *x;
}

fn parity(x: u64) -> Result<u64, u64> {
    if even(&x) { Ok(x) } else { Err(x) }
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(Limit(3));
    builder.register(0_u64);
    builder.build()
}

/// How often this thread has allocated.
#[cfg(all(feature = "mio", feature = "timer", unix))]
fn allocated() -> Option<u64> {
    Some(counting::allocated())
}

#[cfg(all(feature = "mio", feature = "timer", unix))]
#[test]
fn drivers_do_not_allocate_per_event_and_one_that_does_is_told() {
    use driver_rigs::{MioRig, ReactorsRig, TimerRig};
    use hand_rigs::{BusRig, ByHand, fault};
    use nexus_rt::testing::check_driver;

    check_driver::<TimerRig>();
    check_driver::<MioRig>();
    check_driver::<ReactorsRig>();
    check_driver::<BusRig>();
    check_driver::<net_rig::NetRig>();
    check_driver::<datagram_rig::DatagramRig>();
    check_driver::<ByHand<{ fault::NONE }>>();
    let told = std::panic::catch_unwind(check_driver::<ByHand<{ fault::ALLOCATES }>>).expect_err("it allocates");
    let told = told.downcast::<String>().expect("a text");
    assert_eq!(*told, "the driver breaks the rule \"nothing allocates\": 80 events allocated 80 instead of 0");
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1)), 1);
}

#[test]
fn no_dispatch_allocates() {
    let mut world = world();
    let reg = world.registry();
    let chain = PipelineStart::<u64>::new()
        .then(add, reg)
        .tap(sum, reg)
        .dedup()
        .on_none(|mut total: ResMut<u64>| *total += 1, reg)
        .inspect(sum, reg)
        .filter(even, reg)
        .and_then(|x: u64| x.checked_sub(1), reg)
        .map(add, reg)
        .ok_or_else(|limit: Res<Limit>| limit.0, reg)
        .inspect_err(sum, reg)
        .map_err(add, reg)
        .or_else(parity, reg)
        .and_then(parity, reg)
        .unwrap_or_else(add, reg)
        .scan(
            0,
            |n: &mut u64, x: u64| {
                *n += x;
                (*n, x)
            },
            reg,
        )
        .splat()
        .then(|a: u64, b: u64| a ^ b, reg)
        .tee(|x| x.then(sum, reg))
        .route(|r| r.case(even, reg, |x| x.then(add, reg)).or(|x| x.then(|x: u64| x, reg)))
        .fork()
        .arm(|x| x.then(even, reg).not().and(|| true, reg))
        .arm(|x| x.cloned().then(parity, reg).ok().unwrap_or(2))
        .arm(|x| x.then(sum, reg))
        .merge(|a: &bool, b: &u64, (): &()| u64::from(*a) + *b, reg)
        .guard(even, reg)
        .map(|w: &mut World, x: u64| *w.resource_mut::<u64>() += x, reg)
        .build();
    let batched = DagStart::<u64>::new().root(parity, reg).catch(sum, reg).map(sum, reg);
    let mut batch = batched.build_batch(100);
    let mut broadcast = Broadcast::<u64>::new();
    let key = broadcast.add(sum.into_handler(reg));
    broadcast.add(Cloned((|mut total: ResMut<u64>, x: u64| *total ^= x).into_handler(reg)));
    let mut handlers: [Virtual<u64>; 6] = [
        Box::new(chain),
        Box::new(
            (|mut n: Local<u64>, mut total: ResMut<u64>, x: u64| {
                *n += x;
                *total = *n;
            })
            .into_handler(reg),
        ),
        Box::new((|seen: &mut u64, x: u64| *seen += x).into_callback(0, reg)),
        Box::new(fan_out!(sum.into_handler(reg), ByRef(Noted), sum.into_handler(reg))),
        Box::new(Adapt::new(|x: u64| even(&x).then_some(x), ByRef(broadcast))),
        Box::new(CatchAssertUnwindSafe::new(
            PipelineStart::<u64>::new().dispatch(ByRef(sum.into_handler(reg))).then(|(): ()| {}, reg).build(),
        )),
    ];
    let _ = key;
    for (number, handler) in handlers.iter_mut().enumerate() {
        let made = allocations(|| {
            for x in 0..100 {
                world.next_sequence();
                handler.run(&mut world, x);
            }
        });
        assert_eq!(made, 0, "handler {number}: {}", handler.name());
        assert_eq!(allocations(|| handler.inputs_changed(&world)), 0, "handler {number}");
    }
    batch.input_mut().extend(0..100);
    let made = allocations(|| {
        for _ in 0..3 {
            batch.run(&mut world);
            batch.input_mut().extend(0..100);
        }
    });
    assert_eq!(made, 0);
}

struct Itself;

impl<'a> ViewAt<'a, u64> for Itself {
    type Item = &'a u64;

    fn view(value: &'a u64) -> &'a u64 {
        value
    }
}

#[test]
fn no_dispatch_of_the_rest_allocates() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = DagStart::<u64>::new()
        .with_context::<u64>()
        .root(
            |seen: &mut u64, x: u64| {
                *seen += x;
                x
            },
            reg,
        )
        .view::<Itself, _, _>(|x| x.then(even, reg)) // -> Option<u64>
        .fork()
        .arm(|x| x.as_ref().cloned().ok_or(3).catch(sum, reg).map(sum, reg))
        .arm(|x| x.as_ref().map(even, reg).unwrap_or(true).or(|| false, reg).xor(|| true, reg).then(|_: bool| {}, reg))
        .join()
        .then(|limit: Res<Limit>, (): ()| if limit.0 == 3 { Ok(limit.0) } else { Err(()) }, reg)
        .inspect(sum, reg)
        .map(add, reg)
        .unwrap_or(0)
        .build();
    let mut seen = 0;
    let mut total = 0;
    let made = allocations(|| {
        for x in 0..100 {
            total += chain.run_with(&mut seen, &mut world, x);
        }
    });
    assert_eq!((made, seen, total), (0, 4950, 600));
}

#[test]
fn no_run_over_the_parts_of_a_value_allocates() {
    fn chunks(numbers: &[u64]) -> impl Iterator<Item = &[u64]> {
        numbers.chunks(7)
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<&[u64]>::borrowed()
        .then(chunks, reg)
        .each(|chunk| chunk.each(|x| x.cloned().guard(even, reg).map(sum, reg)))
        .build();
    let numbers: Vec<u64> = (0..100).collect();
    assert_eq!(allocations(|| (0..100).for_each(|n| chain.run(&mut world, &numbers[n..]))), 0);
    assert!(*world.resource::<u64>() > 0);
}

handler_blueprint!(OnNumber, Event = u64, Params = (Res<'static, Limit>, ResMut<'static, u64>));

#[test]
fn no_dispatch_of_systems_slices_and_stamped_handlers_allocates() {
    let mut world = world();
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    let first = systems.add((|mut total: ResMut<u64>| *total += 1).into_system(reg));
    let then = systems.add((|limit: Res<Limit>| limit.0 > 0).into_system(reg));
    let last = systems.add(PipelineStart::<()>::new().then(|(): ()| true, reg).build());
    systems.after(then, first).after(last, then);
    let mut systems = systems.build().expect("there is no circle");
    let mut slice = PipelineStart::<&u64>::borrowed().then(even, reg).then(|_: bool| {}, reg).build();
    let mut optional = (|limit: Option<Res<Limit>>, none: Option<Res<String>>, mut total: ResMut<u64>, _: u64| {
        *total += limit.map_or(0, |limit| limit.0) + none.map_or(0, |text| text.len() as u64);
    })
    .into_handler(reg);
    let mut asks = (|registry: RegistryRef, now: Sequence, mut total: ResMut<u64>, _: u64| {
        *total += u64::from(registry.contains::<Limit>()) + u64::from(now == Sequence::NEVER);
    })
    .into_handler(reg);
    let mut exclusive = (|world: &mut World, x: u64| *world.resource_mut::<u64>() += x).into_handler(reg);
    let mut ignoring = no_event(|mut total: ResMut<u64>| *total += 1).into_handler(reg);
    let stamp = |limit: Res<Limit>, mut total: ResMut<u64>, x: u64| *total += limit.0 + x;
    let mut stamped = HandlerTemplate::<OnNumber>::new(stamp, reg).generate();
    let items: Vec<u64> = (0..100).collect();
    let made = allocations(|| {
        for x in 0..100 {
            world.next_sequence();
            assert_eq!(systems.run(&mut world), 3);
            slice.run_each(&mut world, &items);
            slice.run(&mut world, &x);
            optional.run(&mut world, x);
            asks.run(&mut world, x);
            exclusive.run(&mut world, x);
            Handler::<u64>::run(&mut ignoring, &mut world, x);
            stamped.run(&mut world, x);
        }
    });
    assert_eq!((made, *world.resource::<u64>()), (0, 100 * (1 + 3 + 1 + 1 + 3) + 2 * 4950));
}

#[cfg(feature = "smartptr")]
#[test]
fn handlers_in_place_do_not_allocate() {
    use nexus_rt::{FlatVirtual, FlexVirtual};

    let events: [u64; 100] = std::array::from_fn(|n| n as u64);
    let mut world = world();
    // Debug builds make room for what they keep book of when the first function of a thread is resolved.
    let _first = sum.into_handler(world.registry());
    let made = allocations(|| {
        let reg = world.registry();
        let mut flat: FlatVirtual<&u64> = FlatVirtual::new(sum.into_handler(reg));
        let mut flex: FlexVirtual<&u64> = FlexVirtual::new(sum.into_handler(reg));
        for x in &events {
            flat.run(&mut world, x);
            flex.run(&mut world, x);
        }
    });
    assert_eq!((made, *world.resource::<u64>()), (0, 2 * 4950));
}

/// A handler written by hand.
struct Noted;

impl Describe for Noted {}

impl Handler<&&u64> for Noted {
    fn run(&mut self, _: &mut World, _: &&u64) {}
}

callback_blueprint!(OnValue, Context = u64, Event = u64, Params = (Res<'static, Limit>, ResMut<'static, u64>));

#[test]
fn stamping_does_not_allocate() {
    let mut world = world();
    let template = CallbackTemplate::<OnValue>::new(
        |seen: &mut u64, limit: Res<Limit>, mut total: ResMut<u64>, x: u64| {
            *seen += 1;
            *total += x + limit.0;
        },
        world.registry(),
    );
    let pipeline = PipelineStart::<u64>::new().then(add, world.registry()).then(sum, world.registry()).build();
    let stamped = allocations(|| {
        for x in 0..10 {
            template.generate(x).run(&mut world, x);
            pipeline.clone().run(&mut world, x);
        }
    });
    assert_eq!(stamped, 0);
}

#[cfg(feature = "timer")]
#[test]
fn timers_that_repeat_or_set_themselves_anew_do_not_allocate() {
    use std::time::{Duration, Instant};

    use nexus_rt::timer::{MissedTicks, TimerEvent};
    use nexus_rt::{Periodic, TimerInstaller, TimerWheel};

    let us = Duration::from_micros;
    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    let mut poller = builder.install_driver(TimerInstaller::new(start).tick(us(10)));
    builder.register(0_u64);
    let mut world = builder.build();
    let repeats = |mut n: ResMut<u64>, _: TimerEvent| *n += 1;
    let again = move |mut n: ResMut<u64>, mut timers: ResMut<TimerWheel>, event: TimerEvent| {
        *n += 1;
        timers.reschedule(event.key, event.deadline + us(70));
    };
    for n in 0..100 {
        let repeats = Box::new(repeats.into_handler(world.registry()));
        let again = Box::new(again.into_handler(world.registry()));
        let missed = [MissedTicks::CatchUp, MissedTicks::Skip, MissedTicks::Delay][n as usize % 3];
        let every = Periodic::every(us(n + 50)).missed(missed);
        let mut wheel = world.resource_mut::<TimerWheel>();
        wheel.schedule_every(start, every, repeats);
        wheel.schedule(start + us(n), again);
    }
    let mut turn = |n: u64| poller.poll(&mut world, start + us(n * 100));
    (0..1_000).for_each(|n| _ = turn(n));
    let mut ran = 0;
    assert_eq!(allocations(|| ran = (1_000..2_000).map(&mut turn).sum()), 0);
    assert!(ran > 100_000, "{ran}");
}

#[cfg(feature = "mio")]
#[test]
fn a_socket_that_is_served_does_not_allocate() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Client};
    use std::time::Duration;

    use nexus_rt::io::MioEvent;
    use nexus_rt::mio::Interest;
    use nexus_rt::mio::net::TcpStream;
    use nexus_rt::{MioDriver, MioInstaller};

    fn echo(buffer: &mut [u8; 64], mut io: ResMut<MioDriver>, mut n: ResMut<u64>, event: MioEvent) {
        let stream = io.source::<TcpStream>(event.token).expect("the driver owns it");
        while let Ok(length @ 1..) = stream.read(buffer) {
            stream.write_all(&buffer[..length]).expect("there is room for a few bytes");
            *n += 1;
        }
    }

    let mut builder = WorldBuilder::new();
    let mut poller = builder.install_driver(MioInstaller::new().expect("there are files left"));
    builder.register(0_u64);
    let mut world = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut client = Client::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    let (own, _) = listener.accept().expect("somebody connected");
    own.set_nonblocking(true).expect("a fresh socket");
    let echo = Box::new(echo.into_callback([0; 64], world.registry()));
    let own = TcpStream::from_std(own);
    world.resource_mut::<MioDriver>().register(own, Interest::READABLE, echo).expect("a fresh socket");
    let mut turn = || {
        client.write_all(b"ping").expect("it is open");
        poller.poll(&mut world, Some(Duration::from_secs(30))).expect("it polls");
        client.read_exact(&mut [0; 4]).expect("an echo");
    };
    (0..10).for_each(|_| turn());
    assert_eq!(allocations(|| (0..1_000).for_each(|_| turn())), 0);
    assert!(*world.resource::<u64>() >= 1_010);
}
