//! The mio driver over real sockets.

use std::io::Write;
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::io::MioEvent;
use nexus_rt::mio::net::{TcpListener, TcpStream};
use nexus_rt::mio::{Interest, Token};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{
    CallbackTemplate, Clock, IntoCallback, IntoHandler, Key, MioDriver, MioInstaller, Res, ResMut, TemplatedCallback,
    TimerInstaller, TimerWheel, WorldBuilder, callback_blueprint,
};

use crate::socket_rig::{LONG, Rig, is_closed, read};
use crate::support::{Blocking, Log};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_registration_stays_until_it_is_closed() {
    let mut rig = Rig::new();
    let (a, mut a_client) = rig.reader("a");
    let (b, mut b_client) = rig.reader("b");
    for text in ["x", "y"] {
        a_client.write_all(text.as_bytes()).unwrap();
        rig.run(1);
    }
    assert_eq!(rig.logged(), "a:x a:y");
    assert!(rig.is_quiet());
    b_client.write_all(b"z").unwrap();
    drop(a_client);
    rig.run(2);
    assert_eq!(rig.logged(), "a: b:z");
    assert!(!rig.io().contains(a) && rig.io().contains(b) && !rig.io().is_empty());
    assert_eq!(rig.io().panicked(), 0);
    assert!(rig.io().close(b));
    assert!(is_closed(&mut b_client) && rig.io().is_empty());
}

#[test]
fn a_handler_may_own_its_source() {
    let mut rig = Rig::new();
    let (own, mut client) = Rig::pair();
    let on_bytes = |stream: &mut TcpStream, mut io: ResMut<MioDriver>, mut log: ResMut<Log>, event: MioEvent| {
        assert!(io.source::<TcpStream>(event.token).is_none());
        let (text, ended) = read(stream);
        log.push(text);
        if ended {
            io.close(event.token);
        }
    };
    let mut handler = on_bytes.into_callback(own, rig.world.registry());
    // The token first, then the source: it is registered where it is.
    let registry = rig.io().registry().try_clone().unwrap();
    let nothing = (|_: MioEvent| {}).into_handler(rig.world.registry());
    let token = rig.io().insert(Box::new(nothing));
    registry.register(&mut handler.ctx, token.into(), Interest::READABLE).unwrap();
    *rig.io().get_mut(token).unwrap() = Box::new(handler);
    client.write_all(b"mine").unwrap();
    rig.run(1);
    drop(client);
    rig.run(1);
    assert_eq!((rig.logged().as_str(), rig.io().len()), (" mine", 0));
}

#[test]
fn one_that_fires_once_stamps_its_successor() {
    struct Once {
        left: u32,
        stream: TcpStream,
        template: CallbackTemplate<OnBytes>,
    }
    callback_blueprint!(OnBytes, Context = Option<Once>, Event = MioEvent, Params = (ResMut<'static, MioDriver>, ResMut<'static, Log>));
    fn on_bytes(ctx: &mut Option<Once>, mut io: ResMut<MioDriver>, mut log: ResMut<Log>, event: MioEvent) {
        assert!(!io.contains(event.token), "it is moved out before it runs");
        let mut once = ctx.take().unwrap();
        log.push(read(&mut once.stream).0);
        if once.left > 0 {
            once.left -= 1;
            let template = once.template;
            let token = io.insert_once(Box::new(template.generate(None)));
            io.registry().reregister(&mut once.stream, token.into(), Interest::READABLE).unwrap();
            *io.get_mut(token).unwrap() = Box::new(template.generate(Some(once)));
        }
    }
    let mut rig = Rig::new();
    let (mut stream, mut client) = Rig::pair();
    let template = CallbackTemplate::<OnBytes>::new(on_bytes, rig.world.registry());
    let token = rig.io().insert_once(Box::new(template.generate(None)));
    rig.io().registry().register(&mut stream, token.into(), Interest::READABLE).unwrap();
    *rig.io().get_mut(token).unwrap() = Box::new(template.generate(Some(Once { left: 2, stream, template })));
    for text in ["a", "b", "c"] {
        client.write_all(text.as_bytes()).unwrap();
        rig.run(1);
    }
    assert_eq!((rig.logged().as_str(), rig.io().len()), ("a b c", 0));
    assert!(is_closed(&mut client));
}

#[test]
fn a_budget_bounds_a_poll() {
    let mut rig = Rig::new();
    let mut readers: Vec<_> = ["a", "b", "c"].map(|name| rig.reader(name)).into();
    readers.iter_mut().for_each(|(_, client)| client.write_all(b"x").unwrap());
    readers.iter().for_each(|(token, _)| rig.until_readable(*token));
    let ran: Vec<_> = (0..3).map(|_| rig.poller.poll_budget(&mut rig.world, LONG, 2).unwrap()).take(2).collect();
    assert_eq!((ran, rig.logged().as_str()), (vec![2, 1], "a:x b:x c:x"));
    assert_eq!(rig.poller.poll_budget(&mut rig.world, Some(Duration::ZERO), 0).unwrap(), 0);
}

#[test]
fn a_poll_does_not_spin_while_events_are_left_of_a_driver_that_is_away() {
    let mut rig = Rig::new();
    let mut readers: Vec<_> = ["a", "b"].map(|name| rig.reader(name)).into();
    readers.iter_mut().for_each(|(_, client)| client.write_all(b"x").unwrap());
    readers.iter().for_each(|(token, _)| rig.until_readable(*token));
    let mut ran = rig.poller.poll_budget(&mut rig.world, LONG, 1).unwrap();
    let mut other = Rig::new();
    let mut swap = |rig: &mut Rig| std::mem::swap(&mut *rig.io(), &mut *other.io());
    swap(&mut rig);
    let (start, moment) = (Instant::now(), Duration::from_millis(1));
    for (polls, timeout) in [(1, None), (2, LONG), (3, Some(moment))] {
        assert_eq!(rig.poller.poll(&mut rig.world, timeout).unwrap(), 0);
        assert!(start.elapsed() >= polls * moment, "{timeout:?}");
    }
    assert_eq!(rig.poller.poll(&mut rig.world, Some(Duration::ZERO)).unwrap(), 0);
    swap(&mut rig);
    while ran < 2 {
        ran += rig.poller.poll(&mut rig.world, LONG).unwrap();
    }
    assert_eq!(rig.logged(), "a:x b:x");
}

#[test]
fn a_poll_waits_for_its_timeout_or_the_next_timer_and_no_longer() {
    let start = Instant::now();
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut timers = builder.install_driver(TimerInstaller::new(start));
    builder.register(0_u32);
    let mut world = builder.build();
    let tick = Box::new((|mut n: ResMut<u32>, _: nexus_rt::timer::TimerEvent| *n += 1).into_handler(world.registry()));
    let due = start + Duration::from_millis(40);
    world.resource_mut::<TimerWheel>().schedule(due, tick);
    let mut waits = 0;
    while *world.resource::<u32>() == 0 {
        let now = Instant::now();
        assert!(now - start < 30 * SECOND);
        io.poll_until(&mut world, now, |world| timers.next_deadline(world)).unwrap();
        timers.poll(&mut world, Instant::now());
        waits += 1;
    }
    assert!(Instant::now() >= due);
    assert!(waits < 20, "it waited {waits} times for 40 ms");
    // A deadline that is past does not wait, and neither does a timeout of nothing.
    assert_eq!(io.poll_until(&mut world, Instant::now(), |_| Some(start)).unwrap(), 0);
    assert_eq!(io.poll(&mut world, Some(Duration::ZERO)).unwrap(), 0);
}

#[test]
fn other_threads_and_a_shutdown_wake_a_poll() {
    let mut rig = Rig::new();
    let (waker, blocking) = (rig.io().waker(), Blocking::this_thread());
    let waking = thread::spawn(move || {
        blocking.until_blocked();
        waker.wake().unwrap();
    });
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    waking.join().unwrap();
    let (shutdown, blocking) = (rig.shutdown.clone(), Blocking::this_thread());
    let asking = thread::spawn(move || {
        blocking.until_blocked();
        shutdown.shutdown();
    });
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    asking.join().unwrap();
    // The request ends one wait. From then on it serves and waits as before.
    let (last, mut client) = rig.reader("last");
    client.write_all(b"x").unwrap();
    rig.until_readable(last);
    rig.poller.poll(&mut rig.world, None).unwrap();
    assert_eq!(rig.logged(), "last:x");
    let (start, wait) = (Instant::now(), Duration::from_millis(20));
    assert_eq!(rig.poller.poll(&mut rig.world, Some(wait)).unwrap(), 0);
    assert!(start.elapsed() >= wait);
}

/// Logs a letter for everything that an event says.
fn note(mut log: ResMut<Log>, event: MioEvent) {
    let flags = [
        (event.is_readable(), 'r'),
        (event.is_writable(), 'w'),
        (event.is_read_closed(), 'R'),
        (event.is_write_closed(), 'W'),
        (event.is_error(), 'e'),
        (event.is_priority(), 'p'),
    ];
    log.push(flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect());
}

#[test]
fn interest_can_be_changed_and_events_tell_what_is_ready() {
    let mut rig = Rig::new();
    let (own, mut client) = Rig::pair();
    let handler = Box::new(note.into_handler(rig.world.registry()));
    let token = rig.io().register(own, Interest::WRITABLE, handler).unwrap();
    rig.run(1);
    assert_eq!(rig.logged(), "w");
    rig.io().reregister(token, Interest::READABLE).unwrap();
    client.write_all(b"x").unwrap();
    rig.run(1);
    assert_eq!(rig.logged(), "r");
    client.shutdown(Shutdown::Write).unwrap();
    rig.run(1);
    assert_eq!(rig.logged(), "rR");
    let event = format!("{:?}", rig.world.resource::<MioDriver>());
    assert!(event.contains("RegistrationKey {") && event.contains("sockets::note"), "{event}");

    // Nobody listens there any more.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let handler = Box::new(note.into_handler(rig.world.registry()));
    rig.io().register(TcpStream::connect(nobody).unwrap(), Interest::WRITABLE, handler).unwrap();
    rig.run(1);
    assert_eq!(rig.logged(), "wRWe");
}

#[test]
fn handlers_are_kept_as_the_program_likes() {
    callback_blueprint!(Reads, Context = u32, Event = MioEvent, Params = (ResMut<'static, Typed>,));
    type Typed = MioDriver<TemplatedCallback<Reads>>;
    fn reads(count: &mut u32, mut io: ResMut<Typed>, event: MioEvent) {
        *count += read(io.source::<TcpStream>(event.token).unwrap()).0.len() as u32;
    }
    let mut builder = WorldBuilder::new();
    let mut poller = builder.install_driver(MioInstaller::new().unwrap().stored_as::<TemplatedCallback<Reads>>());
    let mut second = builder.install_driver(MioInstaller::new().unwrap().tagged::<u8>());
    let key: Key<Typed> = builder.key();
    let mut world = builder.build();
    let template = CallbackTemplate::<Reads>::new(reads, world.registry());
    let (own, mut client) = Rig::pair();
    let token = key.get_mut(&mut world).register(own, Interest::READABLE, template.generate(0)).unwrap();
    client.write_all(b"four").unwrap();
    assert_eq!(poller.poll(&mut world, LONG).unwrap(), 1);
    assert_eq!(key.get_mut(&mut world).get_mut(token).unwrap().ctx, 4);
    // Taken back, with what it has counted; the socket is closed.
    assert_eq!(key.get_mut(&mut world).remove(token).unwrap().ctx, 4);
    assert!(is_closed(&mut client) && second.poll(&mut world, Some(Duration::ZERO)).unwrap() == 0);
}

#[test]
fn a_source_that_the_system_refuses_leaves_nothing_behind() {
    let mut rig = Rig::new();
    let (own, _client) = Rig::pair();
    let handler = |rig: &Rig| Box::new((|_: MioEvent| {}).into_handler(rig.world.registry()));
    let mut other = Rig::new();
    let mut own = own;
    other.io().registry().register(&mut own, Token(0), Interest::READABLE).unwrap();
    let (first, second) = (handler(&rig), handler(&rig));
    assert!(rig.io().register(own, Interest::READABLE, first).is_err(), "it is registered elsewhere");
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let token = rig.io().register(listener, Interest::READABLE, second).unwrap();
    assert!(rig.io().source::<TcpListener>(token).is_some() && rig.io().source::<TcpStream>(token).is_none());
    assert_eq!(rig.io().len(), 1);
}

#[cfg(feature = "smartptr")]
#[test]
fn handlers_may_be_kept_in_place() {
    use nexus_rt::{FlatVirtual, FlexMio, FlexVirtual, InlineMio, flat, flex};

    let mut builder = WorldBuilder::new();
    let mut flat_poller = builder.install_driver(MioInstaller::new().unwrap().stored_as::<FlatVirtual<MioEvent>>());
    let mut flex_poller = builder.install_driver(MioInstaller::new().unwrap().stored_as::<FlexVirtual<MioEvent>>());
    builder.register(0_usize);
    let mut world = builder.build();
    let small = |mut io: ResMut<InlineMio>, mut n: ResMut<usize>, event: MioEvent| {
        *n += read(io.source::<TcpStream>(event.token).unwrap()).0.len();
    };
    let large = |ctx: &mut [u64; 100], mut io: ResMut<FlexMio>, mut n: ResMut<usize>, event: MioEvent| {
        ctx[99] += 1;
        *n += read(io.source::<TcpStream>(event.token).unwrap()).0.len();
    };
    let (small, large) = (small.into_handler(world.registry()), large.into_callback([0; 100], world.registry()));
    let ((first, mut first_client), (second, mut second_client)) = (Rig::pair(), Rig::pair());
    world.resource_mut::<InlineMio>().register(first, Interest::READABLE, flat!(small)).unwrap();
    world.resource_mut::<FlexMio>().register(second, Interest::READABLE, flex!(large)).unwrap();
    first_client.write_all(b"in place").unwrap();
    second_client.write_all(b"on the heap").unwrap();
    assert_eq!(flat_poller.poll(&mut world, LONG).unwrap() + flex_poller.poll(&mut world, LONG).unwrap(), 2);
    assert_eq!(*world.resource::<usize>(), 19);
}

#[test]
fn what_runs_after_a_wait_does_not_take_the_time_before_it_for_the_present() {
    fn seen(clock: Res<Clock>, mut log: ResMut<Log>, mut io: ResMut<MioDriver>, event: MioEvent) {
        let _ = io.source::<TcpStream>(event.token).map(read);
        log.push(clock.unix().as_secs().to_string());
    }
    let time = VirtualClock::new();
    let mut builder = WorldBuilder::new();
    let mut poller = builder.install_driver(MioInstaller::new().unwrap());
    builder.register(Clock::test(time.clone(), Duration::ZERO));
    builder.register(Log::new());
    let mut world = builder.build();
    let (own, mut client) = Rig::pair();
    let seen = Box::new(seen.into_handler(world.registry()));
    world.resource_mut::<MioDriver>().register(own, Interest::READABLE, seen).unwrap();
    // As if the wait had taken so long. Time moves with each question to the system, whether it waits or not.
    for timeout in [LONG, Some(Duration::ZERO), LONG] {
        time.advance(5 * SECOND);
        client.write_all(b"x").unwrap();
        while poller.poll(&mut world, timeout).unwrap() == 0 {}
    }
    assert_eq!(*world.resource::<Log>(), ["5", "10", "15"]);
}
