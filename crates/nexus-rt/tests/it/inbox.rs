//! Events from other threads: policies, ends, panics, and order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, InboxPoller, Outbox, SendError, Sender, channel};
use nexus_rt::wait::{Doorbell, Parker};
use nexus_rt::{Handler, IntoHandler, PipelineStart, ResMut, World, WorldBuilder};

use crate::support::{Blocking, Log, notices_replacement, panic_of, refuses_world};

type Numbers = Vec<u64>;

/// A world with an inbox of numbers and a list of what came.
struct Rig {
    world: World,
    inbox: InboxPoller<u64>,
    parker: Parker,
}

impl Rig {
    fn new(capacity: usize, full: Full) -> (Self, Sender<u64>) {
        let mut builder = WorldBuilder::new();
        let parker = Parker::new(&builder.shutdown_handle());
        let inbox = builder.install_driver(InboxInstaller::<u64>::new(capacity, full, &parker.doorbell()));
        let sender = builder.resource_mut::<Inbox<u64>>().sender();
        builder.register(Numbers::new());
        builder.register(Log::new());
        (Self { world: builder.build(), inbox, parker }, sender)
    }

    fn poll(&mut self, budget: usize) -> usize {
        let mut keep = (|mut list: ResMut<Numbers>, n: u64| list.push(n)).into_handler(self.world.registry());
        self.inbox.poll(&mut self.world, budget, &mut keep)
    }

    fn came(&mut self) -> Numbers {
        std::mem::take(&mut *self.world.resource_mut::<Numbers>())
    }

    fn stats(&self) -> (usize, usize, u64, bool, usize) {
        let stats = self.world.resource::<Inbox<u64>>().stats();
        (stats.waiting, stats.capacity, stats.lost, stats.closed, stats.deepest)
    }
}

#[test]
fn a_full_inbox_does_what_its_policy_says() {
    let (mut rig, sender) = Rig::new(2, Full::Refuse);
    assert_eq!([1, 2, 3].map(|n| sender.send(n)), [Ok(()), Ok(()), Err(SendError::Full(3))]);
    assert_eq!(rig.stats(), (2, 2, 1, false, 0));
    assert_eq!((rig.poll(9), rig.came()), (2, vec![1, 2]));
    assert_eq!(rig.stats(), (0, 2, 1, false, 2));
    assert_eq!(sender.send(4), Ok(()));

    let (mut rig, sender) = Rig::new(2, Full::DropOldest);
    assert_eq!([1, 2, 3, 4].map(|n| sender.send(n)), [Ok(()); 4]);
    assert_eq!((rig.poll(9), rig.came(), rig.stats().2), (2, vec![3, 4], 2));

    let error = SendError::Full(5_u8);
    assert_eq!(
        format!("{error:?}: {error}"),
        "Full(..): the queue is full: retry later, make it larger, or choose `Full::Wait` or `Full::DropOldest`"
    );
    assert_eq!(SendError::Closed(5_u8).into_inner(), 5);
    let bell = Doorbell::new(|| {});
    let text = panic_of(|| InboxInstaller::<u64>::new(0, Full::Wait, &bell));
    assert!(text.contains("its capacity must be greater than zero"), "{text}");
}

#[test]
fn a_sender_waits_for_room_and_is_let_in_when_there_is_some() {
    let (mut rig, sender) = Rig::new(1, Full::Wait);
    let (report, blocked) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        report.send(Blocking::this_thread()).unwrap();
        (1..=3).for_each(|n| sender.send(n).unwrap());
    });
    blocked.recv().unwrap().until_blocked();
    let mut came = vec![];
    while came.len() < 3 {
        rig.poll(1);
        came.extend(rig.came());
        if came.len() < 3 {
            rig.parker.park(None); // until the sender rings
        }
    }
    waiting.join().unwrap();
    assert_eq!(came, [1, 2, 3]);
}

#[test]
fn senders_are_refused_by_a_closed_inbox_and_by_a_world_that_is_gone() {
    for close in [true, false] {
        let (mut rig, sender) = Rig::new(1, Full::Wait);
        sender.send(1).unwrap();
        let (other, (report, blocked)) = (sender.clone(), std::sync::mpsc::channel());
        let waiting = thread::spawn(move || {
            report.send(Blocking::this_thread()).unwrap();
            other.send(2)
        });
        blocked.recv().unwrap().until_blocked();
        if close {
            rig.world.resource_mut::<Inbox<u64>>().close();
            assert_eq!((rig.poll(9), rig.came()), (1, vec![1]));
        } else {
            drop(rig);
        }
        assert_eq!(waiting.join().unwrap(), Err(SendError::Closed(2)));
        assert_eq!(sender.send(3), Err(SendError::Closed(3)));
        assert!(sender.is_closed());
    }
}

#[test]
fn the_end_of_all_senders_is_an_event_after_their_last() {
    let (mut rig, sender) = Rig::new(8, Full::Wait);
    let told = |mut list: ResMut<Numbers>, _: Closed| list.push(99);
    let told = told.into_handler(rig.world.registry());
    rig.world.resource_mut::<Inbox<u64>>().on_closed(told.clone());
    let other = sender.clone();
    sender.send(1).unwrap();
    drop(sender);
    assert_eq!((rig.poll(9), rig.came()), (1, vec![1]));
    other.send(2).unwrap();
    drop(other);
    rig.parker.park(None); // the last one rings
    assert_eq!((rig.world.resource::<Inbox<u64>>().len(), rig.poll(1), rig.came()), (1, 1, vec![2]));
    assert_eq!((rig.poll(9), rig.poll(9), rig.came()), (1, 0, vec![99]));
    // Again, if there is a sender again; and a handler may set another in its place.
    drop(rig.world.resource_mut::<Inbox<u64>>().sender());
    assert_eq!((rig.poll(9), rig.came()), (1, vec![99]));
    drop(rig.world.resource_mut::<Inbox<u64>>().sender());
    let mut next = Some(told);
    let replace =
        move |mut inbox: ResMut<Inbox<u64>>, _: Closed| next.take().into_iter().for_each(|h| inbox.on_closed(h));
    let replace = replace.into_handler(rig.world.registry());
    rig.world.resource_mut::<Inbox<u64>>().on_closed(replace);
    assert_eq!((rig.poll(9), rig.came()), (1, vec![]));
    drop(rig.world.resource_mut::<Inbox<u64>>().sender());
    assert_eq!((rig.poll(9), rig.came()), (1, vec![99]));
    // Its panic loses it, and is counted.
    drop(rig.world.resource_mut::<Inbox<u64>>().sender());
    let fails = (|_: Closed| panic!("at the end")).into_handler(rig.world.registry());
    rig.world.resource_mut::<Inbox<u64>>().on_closed(fails);
    assert_eq!(rig.world.resource::<Inbox<u64>>().panicked(), 0);
    assert_eq!(panic_of(|| rig.poll(9)), "at the end");
    assert_eq!((rig.poll(9), rig.world.resource::<Inbox<u64>>().panicked()), (0, 1));
}

#[test]
fn the_end_comes_even_if_the_last_event_took_the_whole_budget() {
    let (mut rig, sender) = Rig::new(8, Full::Wait);
    let told = (|mut list: ResMut<Numbers>, _: Closed| list.push(99)).into_handler(rig.world.registry());
    rig.world.resource_mut::<Inbox<u64>>().on_closed(told);
    (1..=2).for_each(|n| sender.send(n).unwrap());
    drop(sender);
    let mut came = vec![];
    while came.last() != Some(&99) {
        rig.parker.park(None); // nobody rings any more but the inbox itself
        rig.poll(2);
        came.extend(rig.came());
    }
    assert_eq!(came, [1, 2, 99]);
}

#[test]
fn what_a_budget_or_a_panic_leaves_keeps_the_loop_awake() {
    let (mut rig, sender) = Rig::new(8, Full::Wait);
    assert!(rig.world.resource::<Inbox<u64>>().is_empty());
    (1..=3).for_each(|n| sender.push(n).unwrap());
    let waiting = rig.world.resource::<Inbox<u64>>();
    assert_eq!((waiting.len(), waiting.is_empty()), (3, false));
    sender.ring();
    rig.parker.park(None);
    assert_eq!((rig.poll(1), rig.came()), (1, vec![1]));
    rig.parker.park(None); // would sleep for ever
    let mut fails = (|n: u64| assert!(n != 2, "two")).into_handler(rig.world.registry());
    let Rig { world, inbox, .. } = &mut rig;
    catch_unwind(AssertUnwindSafe(|| inbox.poll(world, 9, &mut fails))).unwrap_err();
    rig.parker.park(None);
    assert_eq!((rig.poll(9), rig.came()), (1, vec![3]));
}

#[test]
fn pipelines_take_events_and_batches_are_filled() {
    let (mut rig, sender) = Rig::new(8, Full::Wait);
    let reg = rig.world.registry();
    let chain = || {
        PipelineStart::<u64>::new()
            .guard(|n: &u64| *n % 2 == 1, reg)
            .map(|mut l: ResMut<Numbers>, n: u64| l.push(n), reg)
    };
    let (mut pipeline, mut batch) = (chain().build(), chain().build_batch(8));
    (1..=8).for_each(|n| sender.send(n).unwrap());
    let first = rig.inbox.poll(&mut rig.world, 4, &mut pipeline);
    let second = rig.inbox.fill(&mut rig.world, 9, batch.input_mut());
    batch.run(&mut rig.world);
    assert_eq!((first, second, rig.came()), (4, 4, vec![1, 3, 5, 7]));
    // A buffer keeps what is in it.
    sender.send(9).unwrap();
    let mut buffer = vec![7, 8];
    assert_eq!((rig.inbox.fill(&mut rig.world, 9, &mut buffer), buffer), (1, vec![7, 8, 9]));
    // Each event is one, by its sequence.
    sender.send(1).unwrap();
    let before = rig.world.current_sequence();
    rig.poll(1);
    assert!(rig.world.current_sequence() > before);
}

#[test]
fn it_keeps_to_its_world_and_to_its_own_resource() {
    let (mut rig, sender) = Rig::new(8, Full::Wait);
    let (mut other, _keep) = Rig::new(8, Full::Wait);
    (1..=4).for_each(|n| sender.send(n).unwrap());
    let text = panic_of(|| rig.inbox.poll(&mut other.world, 1, &mut (|_: u64| {}).into_handler(rig.world.registry())));
    assert!(text.contains("Key") && text.contains("was used with world"), "{text}");
    let mut foreign = (|_: u64| {}).into_handler(other.world.registry());
    refuses_world("it_keeps_to_its_world", || rig.inbox.poll(&mut rig.world, 1, &mut foreign));
    // An exchanged inbox ends the poll; its events wait until it is back.
    let swap = |one: &mut World, other: &mut World| {
        std::mem::swap(&mut *one.resource_mut::<Inbox<u64>>(), &mut *other.resource_mut::<Inbox<u64>>());
    };
    let mut taken = other.world;
    let mut exchange = (move |world: &mut World, _: u64| swap(world, &mut taken)).into_handler(rig.world.registry());
    assert_eq!(rig.inbox.poll(&mut rig.world, 9, &mut exchange), 1);
    assert_eq!(rig.poll(9), 0);
    exchange.run(&mut rig.world, 0);
    assert_eq!((rig.poll(9), rig.came()), (2, vec![3, 4]));
    // And a world must be left in its place.
    sender.send(5).unwrap();
    let mut third = WorldBuilder::new().build();
    let mut replace =
        (move |world: &mut World, _: u64| std::mem::swap(world, &mut third)).into_handler(rig.world.registry());
    notices_replacement("it_keeps_to_its_world", || rig.inbox.poll(&mut rig.world, 1, &mut replace));
}

#[test]
fn an_outbox_reaches_threads_and_forgets_those_that_are_gone() {
    let (to_first, first) = channel::<u64>(8, Full::Wait);
    let (to_second, second) = channel(1, Full::Refuse);
    let mut outbox = Outbox::from([to_first, to_second]);
    let summing = thread::spawn(move || std::iter::from_fn(|| first.recv()).collect::<Vec<_>>());
    assert_eq!([1, 2].map(|n| outbox.send(&n)), [2, 1]); // the second had room for one
    assert_eq!((second.try_recv(), second.try_recv(), second.stats().lost), (Some(1), None, 1));
    drop(second);
    assert_eq!((outbox.send(&3), outbox.len()), (1, 1));
    drop(outbox);
    assert_eq!(summing.join().unwrap(), [1, 2, 3]);
}

#[test]
fn two_loops_on_two_threads_talk_in_order() {
    const ROUNDS: u64 = 2_000;
    /// A loop that answers each number with the next one, and ends after the last.
    fn play(mut rig: Rig, peer: Sender<u64>) -> Numbers {
        let shutdown = rig.world.shutdown_handle();
        let answer = move |mut list: ResMut<Numbers>, n: u64| {
            list.push(n);
            if n < ROUNDS {
                peer.send(n + 1).unwrap();
            }
            if n + 1 >= ROUNDS {
                shutdown.shutdown();
            }
        };
        let mut answer = answer.into_handler(rig.world.registry());
        rig.world.run(|world| {
            rig.inbox.poll(world, 16, &mut answer);
            rig.parker.park(None);
        });
        rig.came()
    }
    let (here, to_here) = Rig::new(4, Full::Wait);
    // A parker stays on its thread, so the other loop is made where it runs.
    let (hand_over, handed) = std::sync::mpsc::channel();
    let replies = to_here.clone();
    let other = thread::spawn(move || {
        let (rig, to_me) = Rig::new(4, Full::Wait);
        hand_over.send(to_me).unwrap();
        play(rig, replies)
    });
    let to_other = handed.recv().unwrap();
    to_other.send(0).unwrap();
    let (odd, even) = (play(here, to_other), other.join().unwrap());
    assert_eq!(odd, (1..=ROUNDS).step_by(2).take(odd.len()).collect::<Vec<_>>());
    assert_eq!(even, (0..=ROUNDS).step_by(2).take(even.len()).collect::<Vec<_>>());
    assert_eq!(odd.len() + even.len(), usize::try_from(ROUNDS).unwrap() + 1);
    drop(to_here);
}

#[test]
fn events_are_dropped_once_wherever_an_end_leaves() {
    let count = Arc::new(());
    for sent in 0..4 {
        for taken in 0..=sent {
            let mut builder = WorldBuilder::new();
            let parker = Parker::new(&builder.shutdown_handle());
            let installer = InboxInstaller::<Arc<()>>::new(4, Full::DropOldest, &parker.doorbell());
            let mut inbox = builder.install_driver(installer);
            let sender = builder.resource_mut::<Inbox<Arc<()>>>().sender();
            let mut world = builder.build();
            let mut drops = (|_: Arc<()>| {}).into_handler(world.registry());
            (0..sent).for_each(|_| sender.send(count.clone()).unwrap());
            assert_eq!(inbox.poll(&mut world, taken, &mut drops), taken);
            assert_eq!(Arc::strong_count(&count), 1 + sent - taken);
            if taken % 2 == 0 {
                drop(world);
                assert!(sender.send(count.clone()).is_err());
            } else {
                drop(sender);
                inbox.poll(&mut world, 9, &mut drops);
            }
            drop((inbox, drops));
        }
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
