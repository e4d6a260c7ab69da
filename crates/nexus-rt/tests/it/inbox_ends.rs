//! What becomes of events and of sleep when an end of a queue leaves, panics or is full.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, InboxPoller, Outbox, SendError, Sender, channel};
use nexus_rt::wait::{Doorbell, Parker};
use nexus_rt::{IntoHandler, MioDriver, MioInstaller, ResMut, World, WorldBuilder};

use crate::support::Blocking;

/// A loop without sockets, and an inbox of events of type `T`.
fn rig<T: Send + 'static>(capacity: usize, full: Full) -> (World, InboxPoller<T>, Sender<T>, Parker) {
    let mut builder = WorldBuilder::new();
    let parker = Parker::new(&builder.shutdown_handle());
    let inbox = builder.install_driver(InboxInstaller::<T>::new(capacity, full, &parker.doorbell()));
    let sender = builder.resource_mut::<Inbox<T>>().sender();
    builder.register(0_u64);
    (builder.build(), inbox, sender, parker)
}

#[test]
fn a_refused_sender_wakes_the_loop_that_has_to_make_room() {
    let (mut world, mut inbox, sender, mut parker) = rig::<u64>(2, Full::Refuse);
    let mut drops = (|_: u64| {}).into_handler(world.registry());
    // Filled without a ring.
    assert_eq!([1, 2, 3].map(|n| sender.push(n)), [Ok(()), Ok(()), Err(SendError::Full(3))]);
    parker.park(None);
    assert_eq!(inbox.poll(&mut world, 9, &mut drops), 2);
    // And one that leaves wakes it for what it only pushed, even if it is not the last.
    let other = sender.clone();
    other.push(4).unwrap();
    drop(other);
    parker.park(None);
    assert_eq!(inbox.poll(&mut world, 9, &mut drops), 1);
}

#[test]
fn events_do_not_outlive_the_receiving_end_because_a_sender_does() {
    type Request = (u64, Sender<u64>);
    let ends: [fn(World, InboxPoller<Request>); 3] =
        [|world, _| drop(world), |_, inbox| drop(inbox), |mut world, _| world.resource_mut::<Inbox<Request>>().close()];
    for (case, end) in ends.into_iter().enumerate() {
        let (world, inbox, requests, _) = rig::<Request>(4, Full::Wait);
        let (reply, replies) = channel(1, Full::Wait);
        requests.send((1, reply)).unwrap();
        end(world, inbox);
        // The reply's sender is gone with the request, although requests may still be tried.
        assert_eq!(replies.recv(), None, "{case}");
        let (reply, replies) = channel(1, Full::Wait);
        assert!(requests.send((2, reply)).is_err());
        assert_eq!(replies.recv(), None);
    }
    let (sender, receiver) = channel::<Arc<()>>(4, Full::Wait);
    let event = Arc::new(());
    sender.send(event.clone()).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&event), 1);
}

#[test]
fn a_sender_is_not_left_waiting_for_a_poller_that_is_gone() {
    let (world, inbox, sender, _parker) = rig::<u64>(1, Full::Wait);
    sender.send(1).unwrap();
    let (report, blocked) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        report.send(Blocking::this_thread()).unwrap();
        sender.send(2)
    });
    blocked.recv().unwrap().until_blocked();
    drop(inbox);
    assert_eq!(waiting.join().unwrap(), Err(SendError::Closed(2)));
    drop(world);
}

#[test]
fn the_end_is_told_after_a_panic_and_to_a_handler_that_is_set_late() {
    let (mut world, mut inbox, sender, mut parker) = rig::<u64>(4, Full::Wait);
    let told = |mut n: ResMut<u64>, _: Closed| *n += 100;
    let told = told.into_handler(world.registry());
    world.resource_mut::<Inbox<u64>>().on_closed(told.clone());
    sender.send(1).unwrap();
    drop(sender);
    parker.park(None);
    let mut fails = (|_: u64| panic!("the last event")).into_handler(world.registry());
    catch_unwind(AssertUnwindSafe(|| inbox.poll(&mut world, 9, &mut fails))).unwrap_err();
    parker.park(None); // would sleep for ever
    assert_eq!((inbox.poll(&mut world, 9, &mut fails), *world.resource::<u64>()), (1, 100));

    let (mut world, mut inbox, sender, mut parker) = rig::<u64>(4, Full::Wait);
    drop(sender);
    let mut fails = (|_: u64| {}).into_handler(world.registry());
    parker.park(None);
    assert_eq!(inbox.poll(&mut world, 9, &mut fails), 0);
    let told = (|mut n: ResMut<u64>, _: Closed| *n += 100).into_handler(world.registry());
    world.resource_mut::<Inbox<u64>>().on_closed(told);
    parker.park(None); // would sleep for ever
    assert_eq!((inbox.poll(&mut world, 9, &mut fails), *world.resource::<u64>()), (1, 100));
}

#[test]
fn a_loop_that_has_been_told_of_the_end_sleeps() {
    let (mut builder, bell) = (WorldBuilder::new(), Doorbell::new(|| {}));
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(4, Full::Wait, &bell));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    let mut world = builder.build();
    let told = (|_: Closed| {}).into_handler(world.registry());
    world.resource_mut::<Inbox<u64>>().on_closed(told);
    sender.send(1).unwrap();
    drop(sender);
    let mut drops = (|_: u64| {}).into_handler(world.registry());
    // The budget of the second poll is left over, the third has none.
    for (budget, ran) in [(1, 1), (2, 1), (0, 0), (9, 0)] {
        bell.answer();
        assert_eq!(inbox.poll(&mut world, budget, &mut drops), ran);
        assert_eq!(bell.may_sleep(), (budget, ran) != (1, 1), "after a poll with a budget of {budget}");
    }
}

#[test]
fn an_outbox_that_waits_for_one_end_has_woken_those_before_it() {
    let (to_first, first) = channel::<u64>(4, Full::Wait);
    let (to_second, second) = channel::<u64>(1, Full::Wait);
    to_second.send(0).unwrap();
    let mut outbox = Outbox::from([to_first, to_second]);
    let sending = thread::spawn(move || outbox.send(&7));
    assert_eq!(first.recv(), Some(7)); // while the second is full
    assert_eq!((second.recv(), second.recv(), sending.join().unwrap()), (Some(0), Some(7), 2));
}

#[test]
fn what_an_outbox_pushed_is_received_once_it_rings() {
    let mut outbox = Outbox::default();
    assert!(outbox.is_empty());
    let (to_asleep, asleep) = channel::<u64>(4, Full::Wait);
    let (to_full, full) = channel::<u64>(1, Full::Refuse);
    let (to_gone, _) = channel::<u64>(1, Full::Wait);
    [to_asleep, to_full, to_gone].into_iter().for_each(|sender| outbox.add(sender));
    assert!(!outbox.is_empty());
    let (blocking, blocked) = std::sync::mpsc::channel();
    let (passes, passed) = std::sync::mpsc::channel();
    let receiving = thread::spawn(move || {
        blocking.send(Blocking::this_thread()).unwrap();
        std::iter::from_fn(|| asleep.recv()).for_each(|n| passes.send(n).unwrap());
    });
    blocked.recv().unwrap().until_blocked();
    assert_eq!((outbox.push(&1), outbox.push(&2), outbox.len()), (2, 1, 2));
    outbox.ring();
    assert_eq!((passed.recv(), passed.recv(), full.recv(), outbox.send(&3)), (Ok(1), Ok(2), Some(1), 2));
    drop(outbox);
    receiving.join().unwrap();
    assert_eq!(passed.recv(), Ok(3));
}

#[test]
fn a_loop_does_not_sleep_while_an_inbox_with_events_is_away() {
    let (mut world, mut inbox, sender, mut parker) = rig::<u64>(1, Full::Wait);
    let (mut other, ..) = rig::<u64>(1, Full::Wait);
    let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(world.registry());
    let mut swap = |world: &mut World| {
        std::mem::swap(&mut *world.resource_mut::<Inbox<u64>>(), &mut *other.resource_mut::<Inbox<u64>>());
    };
    let closed = (|mut sum: ResMut<u64>, _: Closed| *sum += 1_000).into_handler(world.registry());
    world.resource_mut::<Inbox<u64>>().on_closed(closed);
    let bell = parker.doorbell();
    let is_asleep = || {
        let may_sleep = bell.may_sleep();
        bell.answer();
        may_sleep
    };
    swap(&mut world);
    assert!(inbox.poll(&mut world, 9, &mut add) == 0 && is_asleep(), "nothing has come yet");
    let sending = thread::spawn(move || (1..=100).for_each(|n| sender.send(n).unwrap()));
    parker.park(None); // until the first event
    for _ in 0..3 {
        assert_eq!((inbox.poll(&mut world, 9, &mut add), is_asleep()), (0, false));
        assert_eq!((inbox.fill(&mut world, 9, &mut Vec::new()), is_asleep()), (0, false));
    }
    // What brings it back, such as a timer, does so after the poll of the turn: no sender rings again.
    assert_eq!(inbox.poll(&mut world, 9, &mut add), 0);
    swap(&mut world);
    while *world.resource::<u64>() < 5_050 {
        parker.park(None);
        inbox.poll(&mut world, 9, &mut add);
    }
    // The same for the end of the senders, until it was handled.
    swap(&mut world);
    sending.join().unwrap();
    bell.answer();
    assert_eq!((inbox.poll(&mut world, 9, &mut add), is_asleep()), (0, *world.resource::<u64>() > 6_000));
    swap(&mut world);
    assert!(inbox.poll(&mut world, 9, &mut add) <= 1 && *world.resource::<u64>() == 6_050);
    swap(&mut world);
    bell.answer();
    assert!(inbox.poll(&mut world, 9, &mut add) == 0 && is_asleep(), "nothing is left to be done");
}

#[test]
fn a_drain_within_a_drain_ends_with_the_outer_one() {
    let builder = WorldBuilder::new();
    let mut parker = Parker::new(&builder.shutdown_handle());
    let mut world = builder.build();
    let start = Instant::now();
    let (short, long) = (start + Duration::from_millis(30), start + Duration::from_secs(60));
    let (mut turns, mut inner) = (0, 0);
    let ended = world.drain(
        short,
        |_| false,
        |world| {
            turns += 1;
            let is_done = turns == 1;
            let ended = world.drain(
                long,
                |_| is_done,
                |_| {
                    inner += 1;
                    parker.park(None);
                    if inner < 100 { Ok(()) } else { Err("it spins") }
                },
            );
            // After it, the limit is the outer one's again.
            parker.park(None);
            ended
        },
    );
    assert_eq!(ended, Ok(()));
    assert!(Instant::now() >= short && Instant::now() < long && turns < 10, "{turns}");
}

#[test]
fn a_driver_that_is_away_has_its_doorbell_and_lets_time_pass() {
    let mut worlds = [(); 2].map(|()| {
        let mut builder = WorldBuilder::new();
        let io = builder.install_driver(MioInstaller::new().unwrap());
        builder.register(nexus_rt::Clock::realtime());
        (builder.build(), io)
    });
    let [(one, io), (other, _)] = &mut worlds;
    let swap = |one: &mut World, other: &mut World| {
        std::mem::swap(&mut *one.resource_mut::<MioDriver>(), &mut *other.resource_mut::<MioDriver>());
    };
    // Asked for while it is in the other world, it still ends the sleep of its poller.
    one.resource::<MioDriver>().waker().wake().unwrap();
    swap(one, other);
    let (bell, blocking) = (other.resource::<MioDriver>().doorbell(), Blocking::this_thread());
    assert_eq!(io.poll(one, None).unwrap(), 0); // the waker
    let ringing = thread::spawn(move || {
        blocking.until_blocked();
        bell.ring();
    });
    let before = one.resource::<nexus_rt::Clock>().now();
    assert_eq!(io.poll(one, None).unwrap(), 0);
    ringing.join().unwrap();
    assert!(one.resource::<nexus_rt::Clock>().now() > before);
    swap(one, other);
    assert_eq!(io.poll(one, Some(Duration::ZERO)).unwrap(), 0);
}
