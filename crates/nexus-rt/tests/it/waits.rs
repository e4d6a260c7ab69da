//! How a loop sleeps, and what ends its sleep.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
use nexus_rt::io::MioEvent;
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::TcpStream;
use nexus_rt::testing::VirtualClock;
use nexus_rt::timer::TimerEvent;
use nexus_rt::wait::{Doorbell, Idle, Parker, Wait};
use nexus_rt::{
    Clock, IntoHandler, MioDriver, MioInstaller, Res, ResMut, TimerInstaller, TimerWheel, World, WorldBuilder,
};

use crate::socket_rig::{LONG, Rig};
use crate::support::Blocking;

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_way_to_wait_parses_from_what_it_prints() {
    let ways = [Wait::Spin, Wait::Yield, Wait::Block, Wait::Backoff(7)];
    for wait in ways {
        assert_eq!(wait.to_string().parse(), Ok(wait));
    }
    assert!(matches!("backoff".parse(), Ok(Wait::Backoff(1..))));
    for name in ["", "Spin", "backoff=", "backoff=x", "backoff=-1"] {
        assert!(name.parse::<Wait>().unwrap_err().to_string().starts_with(&format!("`{name}` is not a way to wait")));
    }
}

#[test]
fn a_turn_with_work_never_sleeps_and_one_without_does_what_it_is_told() {
    let now = Instant::now();
    let (asks, sleeps) = (false, true);
    let of = |wait: Wait, turns: &[usize]| {
        let mut idle = Idle::new(wait);
        let until = turns.iter().map(|ran| idle.until(*ran, now, Some(now + MS)).unwrap());
        until.map(|until| if until == now + MS { sleeps } else { until > now }).collect::<Vec<_>>()
    };
    assert_eq!(of(Wait::Block, &[1, 0, 2, 0]), [asks, sleeps, asks, sleeps]);
    assert_eq!(of(Wait::Spin, &[0, 0]), [asks; 2]);
    assert_eq!(of(Wait::Yield, &[0, 0]), [asks; 2]);
    assert_eq!(of(Wait::Backoff(1), &[0, 0, 0, 1, 0, 0]), [asks, sleeps, sleeps, asks, asks, sleeps]);
    assert_eq!(of(Wait::Backoff(0), &[0]), [sleeps]);
    assert_eq!(Idle::new(Wait::Block).until(0, now, None), None);
    // A clock that is ahead of the machine's: no sleep is none on either.
    let ahead = now + 1_000 * MS;
    assert!(Idle::new(Wait::Spin).until(0, ahead, None).unwrap() <= Instant::now());
}

#[test]
fn a_doorbell_wakes_once_for_many_rings_and_only_who_sleeps() {
    let wakes = Arc::new(AtomicU32::new(0));
    let bell = Doorbell::new({
        let wakes = wakes.clone();
        move || _ = wakes.fetch_add(1, Ordering::Relaxed)
    });
    let woken = || wakes.load(Ordering::Relaxed);
    // Awake: a ring wakes nobody, and keeps the loop from sleeping.
    bell.ring();
    assert!(woken() == 0 && !bell.may_sleep());
    bell.answer();
    assert!(bell.may_sleep());
    // Asleep: the first ring wakes.
    (0..3).for_each(|_| bell.ring());
    assert_eq!((woken(), format!("{bell:?}").as_str()), (1, "Doorbell(rung)"));
    assert!(!bell.may_sleep());
    bell.answer();
    assert!(bell.may_sleep());
    bell.answer();
    bell.ring();
    assert_eq!(woken(), 1);
}

#[test]
fn a_parked_loop_wakes_by_a_ring_a_time_and_a_request() {
    let builder = WorldBuilder::new();
    let shutdown = builder.shutdown_handle();
    let mut parker = Parker::new(&shutdown);
    let (bell, blocking) = (parker.doorbell(), Blocking::this_thread());
    let ringing = thread::spawn(move || {
        blocking.until_blocked();
        bell.ring();
    });
    parker.park(None);
    ringing.join().unwrap();
    let until = Instant::now() + 5 * MS;
    while Instant::now() < until {
        parker.park(Some(until)); // it may wake without a cause
    }
    parker.park(Some(until)); // a time that has come
    shutdown.shutdown();
    parker.park(None); // the request ends one sleep
    let until = Instant::now() + 5 * MS;
    parker.park(Some(until));
}

#[test]
fn a_poll_wakes_by_its_doorbell_and_does_not_sleep_on_a_ring() {
    let mut rig = Rig::new();
    let (bell, blocking) = (rig.io().doorbell(), Blocking::this_thread());
    let ringing = thread::spawn(move || {
        blocking.until_blocked();
        bell.ring();
    });
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    ringing.join().unwrap();
    // Rung before: it asks, and does not wait.
    rig.io().doorbell().ring();
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    // A poll that only asks leaves the ring to the one that would wait.
    rig.io().doorbell().ring();
    assert_eq!(rig.poller.poll(&mut rig.world, Some(Duration::ZERO)).unwrap(), 0);
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    // So it does with a request to stop.
    rig.shutdown.shutdown();
    assert_eq!(rig.poller.poll(&mut rig.world, Some(Duration::ZERO)).unwrap(), 0);
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    // And sockets are served all the while.
    let (token, mut client) = rig.reader("served");
    client.write_all(b"x").unwrap();
    rig.until_readable(token);
    rig.io().doorbell().ring();
    assert_eq!(rig.poller.poll(&mut rig.world, LONG).unwrap(), 1);
}

#[test]
fn a_wait_never_ends_before_its_time_whatever_was_waited_for_before() {
    let mut rig = Rig::new();
    for wait in [MS / 10, MS, 3 * MS / 2] {
        let start = Instant::now();
        // An alarm that is not waited for any more.
        rig.poller.poll_until(&mut rig.world, start, |_| Some(start + MS / 20)).unwrap();
        let (later, waker) = (Instant::now(), rig.io().waker());
        waker.wake().unwrap();
        rig.poller.poll_until(&mut rig.world, later, |_| Some(later + wait / 2)).unwrap();
        let until = Instant::now() + wait;
        assert_eq!(rig.poller.poll_until(&mut rig.world, later, |_| Some(until)).unwrap(), 0);
        assert!(Instant::now() >= until);
    }
    // Nor does a wait without limit end by the alarm of an earlier one.
    let now = Instant::now();
    rig.io().waker().wake().unwrap();
    rig.poller.poll_until(&mut rig.world, now, |_| Some(now + 10 * MS)).unwrap();
    let (bell, blocking) = (rig.io().doorbell(), Blocking::this_thread());
    let ringing = thread::spawn(move || {
        while Instant::now() < now + 20 * MS {
            blocking.until_blocked();
        }
        bell.ring();
    });
    assert_eq!(rig.poller.poll(&mut rig.world, None).unwrap(), 0);
    assert!(Instant::now() >= now + 20 * MS);
    ringing.join().unwrap();
}

/// As after the replay of a journal that another clock had recorded. By the machine's clock, the deadline is an hour
/// away.
#[test]
fn a_wait_by_a_clock_that_is_ahead_lasts_from_its_now_to_the_deadline() {
    let mut rig = Rig::new();
    let (start, hour) = (Instant::now(), Duration::from_secs(3_600));
    let now = start + hour;
    assert_eq!(rig.poller.poll_until(&mut rig.world, now, |_| Some(now + 5 * MS)).unwrap(), 0);
    assert!((5 * MS..hour).contains(&start.elapsed()));
}

/// What each handler of a turn saw of the time.
#[derive(Default)]
struct Seen(Vec<(&'static str, Instant)>);

/// Of many waits, since others may have the processor at the end of one. Rounded up to milliseconds, each would be late
/// by at least half of one.
#[cfg(target_os = "linux")]
#[test]
fn a_wait_is_not_rounded_to_milliseconds() {
    let mut rig = Rig::new();
    let late = (0..100).map(|_| {
        let now = Instant::now();
        let until = now + MS + MS / 4;
        rig.poller.poll_until(&mut rig.world, now, |_| Some(until)).unwrap();
        until.elapsed()
    });
    assert!(late.min().unwrap() < MS / 2);
}

#[test]
fn all_handlers_of_a_turn_see_one_time() {
    let mut builder = WorldBuilder::new();
    let clock = Clock::realtime();
    let start = clock.now();
    builder.register(clock);
    builder.register_default::<Seen>();
    let mut timers = builder.install_driver(TimerInstaller::new(start));
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let bell = builder.resource_mut::<MioDriver>().doorbell();
    let mut inbox = builder.install_driver(InboxInstaller::<u8>::new(4, Full::Wait, &bell));
    let sender = builder.resource_mut::<Inbox<u8>>().sender();
    let mut world = builder.build();
    let reg = world.registry();
    let socket = |clock: Res<Clock>, mut seen: ResMut<Seen>, _: MioEvent| seen.0.push(("socket", clock.now()));
    let timer = |clock: Res<Clock>, mut seen: ResMut<Seen>, event: TimerEvent| {
        assert_eq!(event.now, clock.now());
        seen.0.push(("timer", clock.now()));
    };
    let sent = |clock: Res<Clock>, mut seen: ResMut<Seen>, _: u8| seen.0.push(("sent", clock.now()));
    let (socket, timer, mut sent) =
        (Box::new(socket.into_handler(reg)), Box::new(timer.into_handler(reg)), sent.into_handler(reg));
    let (own, mut client) = Rig::pair();
    world.resource_mut::<MioDriver>().register::<TcpStream>(own, Interest::READABLE, socket).unwrap();
    world.resource_mut::<TimerWheel>().schedule_every(start + 2 * MS, 2 * MS, timer);
    let (mut idle, mut ran, mut turns) = (Idle::new(Wait::Block), 0, Vec::new());
    while turns.len() < 20 {
        if turns.len() % 3 == 0 {
            sender.send(1).unwrap();
            client.write_all(b"x").unwrap();
        }
        // A turn begins with the wait, where the time moves.
        let now = world.resource::<Clock>().now();
        ran = io.poll_until(&mut world, now, |world| idle.until(ran, now, timers.next_deadline(world))).unwrap();
        let now = world.resource::<Clock>().now();
        ran += timers.poll(&mut world, now);
        ran += inbox.poll(&mut world, 16, &mut sent);
        let seen = std::mem::take(&mut world.resource_mut::<Seen>().0);
        if !seen.is_empty() {
            assert!(seen.iter().all(|(_, time)| *time == now), "{seen:?}");
            turns.push(seen);
        }
    }
    let kinds = |kind| turns.iter().flatten().filter(|(seen, _)| *seen == kind).count();
    assert!(kinds("timer") > 0 && kinds("socket") > 0 && kinds("sent") > 0);
    assert!(turns.windows(2).all(|turns| turns[0][0].1 < turns[1][0].1));
}

#[test]
fn events_that_a_budget_leaves_run_at_the_time_of_their_own_turn() {
    let time = VirtualClock::new();
    let mut builder = WorldBuilder::new();
    builder.register(Clock::test(time.clone(), Duration::ZERO));
    builder.register_default::<Seen>();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut world = builder.build();
    let mut clients = Vec::new();
    for name in ["first", "second"] {
        let see = move |clock: Res<Clock>, mut seen: ResMut<Seen>, _: MioEvent| seen.0.push((name, clock.now()));
        let see = Box::new(see.into_handler(world.registry()));
        let (own, client) = Rig::pair();
        // It is writable at once.
        world.resource_mut::<MioDriver>().register::<TcpStream>(own, Interest::WRITABLE, see).unwrap();
        clients.push(client);
    }
    for _ in 0..2 {
        assert_eq!(io.poll_budget(&mut world, LONG, 1).unwrap(), 1);
        time.advance(MS);
    }
    let seen = &world.resource::<Seen>().0;
    assert_eq!(seen[1].1 - seen[0].1, MS);
}

#[test]
fn a_drain_blocks_until_its_deadline_and_handles_what_came_in_every_stage() {
    let mut builder = WorldBuilder::new();
    let mut timers = builder.install_driver(TimerInstaller::new(Instant::now()));
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let bell = builder.resource_mut::<MioDriver>().doorbell();
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(8, Full::Wait, &bell));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    let shutdown = builder.shutdown_handle();
    builder.register(0_u64);
    let mut world = builder.build();
    let add = |mut sum: ResMut<u64>, n: u64| *sum += n;
    let mut add = add.into_handler(world.registry());
    let (mut idle, mut turns) = (Idle::new(Wait::Block), 0_u32);
    let mut turn = |world: &mut World| {
        turns += 1;
        let now = Instant::now();
        let ran = timers.poll(world, now) + inbox.poll(world, 2, &mut add);
        io.poll_until(world, now, |world| idle.until(ran, now, timers.next_deadline(world))).map(drop)
    };
    // While it runs: two come, and then the request.
    (0..2).for_each(|_| sender.send(1).unwrap());
    shutdown.shutdown();
    world.run(&mut turn).unwrap();
    // What came before the ingress was stopped is handled in the drain, and what comes after is refused.
    (0..5).for_each(|_| sender.send(10).unwrap());
    world.resource_mut::<Inbox<u64>>().close();
    assert!(sender.send(100).is_err());
    // A timer that is due within the drain.
    let finish = (|mut sum: ResMut<u64>, _: TimerEvent| *sum += 1_000).into_handler(world.registry());
    world.resource_mut::<TimerWheel>().schedule(Instant::now() + 5 * MS, Box::new(finish));
    let done = |world: &World| *world.resource::<u64>() >= 1_050;
    world.drain(Instant::now() + LONG.unwrap(), done, &mut turn).unwrap();
    assert_eq!(*world.resource::<u64>(), 1_052);
    // Nothing is left to do: it blocks until the deadline instead of asking all the time.
    let deadline = Instant::now() + 50 * MS;
    world.drain(deadline, |_| false, &mut turn).unwrap();
    assert!(Instant::now() >= deadline);
    assert!(turns < 40, "{turns}");
    // And a wait after it has no limit of its own.
    let later = Instant::now() + 20 * MS;
    while Instant::now() < later {
        io.poll_until(&mut world, Instant::now(), |_| Some(later)).unwrap();
    }
}
