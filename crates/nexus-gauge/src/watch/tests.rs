//! What the eye of a watch sees, at times that the test makes up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Full, Inbox, InboxInstaller, Sender};
use nexus_rt::wait::{Doorbell, Idle, Parker, Wait};
use nexus_rt::{
    Cloned, Handler, IntoHandler, MioDriver, MioInstaller, PipelineStart, ShutdownHandle, World, WorldBuilder,
};

use super::Eye;
use crate::board::Board;

const HOUR: Duration = Duration::from_secs(3600);

fn eye(limit: Duration) -> Eye {
    Eye { limit, seen: None }
}

/// Looks at once and an hour later.
fn look_twice(board: &Board) -> [Option<super::Stall>; 2] {
    let (mut eye, now) = (eye(Duration::from_secs(1)), Instant::now());
    [eye.look(board, now), eye.look(board, now + HOUR)]
}

/// What a handler does, with the board that it is on.
type Look = Box<dyn FnMut(&Board) + Send>;

/// Runs a handler that looks at its own board while it runs, inside another handler if `nested`.
fn run(nested: bool, mut look: Look) -> Board {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let reg = world.registry();
    let looks = board.clone();
    let inner = board.named("inner").timed((move |_: u64| look(&looks)).into_handler(reg));
    world.next_sequence();
    if nested {
        let advance = |world: &mut World, x: u64| {
            world.next_sequence();
            x
        };
        let outer = PipelineStart::<u64>::new().then(advance, world.registry()).dispatch(inner).build();
        board.named("outer").timed(outer).run(&mut world, 1);
    } else {
        let mut inner = inner;
        inner.run(&mut world, 1);
    }
    board
}

#[test]
fn a_run_is_told_of_once_and_again_when_it_has_returned() {
    for nested in [false, true] {
        let (send, eyes) = mpsc::channel();
        let look = move |board: &Board| {
            let (mut eye, now) = (eye(HOUR), Instant::now());
            let minute = Duration::from_secs(60);
            assert_eq!(eye.look(board, now), None);
            assert_eq!(eye.look(board, now + HOUR - minute), None);
            let stall = eye.look(board, now + HOUR + minute).unwrap();
            assert_eq!((&stall.handler[..], stall.lasted, stall.ended), ("inner", HOUR + minute, false));
            assert_eq!(stall.sequence.get(), if nested { 3 } else { 2 });
            assert_eq!(eye.look(board, now + 2 * HOUR), None);
            send.send((eye, now)).unwrap();
        };
        let board = run(nested, Box::new(look));
        let (mut eye, now) = eyes.recv().unwrap();
        let stall = eye.look(&board, now + 3 * HOUR).unwrap();
        assert_eq!((&stall.handler[..], stall.lasted, stall.ended), ("inner", 3 * HOUR, true));
        assert_eq!(stall.to_string(), format!("`inner` stalled the loop for 10800.0s on event {}", stall.sequence));
        assert_eq!(eye.look(&board, now + 4 * HOUR), None);
    }
}

#[test]
fn the_outer_handler_is_named_once_the_inner_one_has_returned() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let reg = world.registry();
    let inner = board.named("inner").timed((|_: u64| {}).into_handler(reg));
    let looks = board.clone();
    let look = move |(): ()| {
        let stalls = look_twice(&looks);
        assert_eq!(stalls[1].as_ref().map(|stall| &stall.handler[..]), Some("outer"));
    };
    let outer = PipelineStart::<u64>::new().tee(|x| x.dispatch(Cloned(inner))).then(|_: u64| (), reg);
    board.named("outer").timed(outer.then(look, reg).build()).run(&mut world, 1);
    assert!(board.meters().iter().all(|meter| meter.runs() == 1));
}

#[test]
fn a_run_that_goes_on_is_a_stall_however_many_others_begin_in_it() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    // Only its first run is timed.
    let mut inner = board.named("inner").sampled(1 << 63, (|_: u32| {}).into_handler(world.registry()));
    let (looks, mut eye, now) = (board.clone(), eye(HOUR), Instant::now());
    let (send, stalls) = mpsc::channel();
    let outer = move |world: &mut World, _: u64| {
        for half_hours in 0..6 {
            inner.run(world, half_hours);
            if let Some(stall) = eye.look(&looks, now + half_hours * HOUR / 2) {
                send.send((stall.handler, stall.lasted)).unwrap();
            }
        }
    };
    board.named("outer").timed(outer.into_handler(world.registry())).run(&mut world, 1);
    assert_eq!(stalls.iter().collect::<Vec<_>>(), [("outer".to_owned(), HOUR)]);
}

#[test]
fn runs_that_return_are_no_stall_however_many_there_are() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let mut eye = eye(Duration::from_secs(1));
    let mut at = Instant::now();
    let looks = board.clone();
    let look = move |_: u64| {
        at += HOUR;
        assert_eq!(eye.look(&looks, at), None);
    };
    let mut handler = board.timed(look.into_handler(world.registry()));
    (0..10).for_each(|x| handler.run(&mut world, x));
}

#[test]
fn a_panic_leaves_no_handler_that_seems_to_run() {
    let panics = catch_unwind(AssertUnwindSafe(|| {
        let looks = |board: &Board| {
            assert!(look_twice(board)[1].is_some());
            panic!("on purpose");
        };
        run(true, Box::new(looks))
    }));
    assert!(panics.is_err());

    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let panics = |_: u64| panic!("on purpose");
    let mut panics = board.timed(panics.into_handler(world.registry()));
    catch_unwind(AssertUnwindSafe(|| panics.run(&mut world, 1))).unwrap_err();
    assert_eq!(board.0.now.read().0, 0);
    assert_eq!(look_twice(&board), [None, None]);
    assert_eq!((panics.meter().runs(), panics.meter().latency().count()), (1, 0));
}

/// How a loop sleeps, on its own thread.
type Sleep = Box<dyn FnMut(&mut World, Option<Instant>)>;

/// Makes the sleep of a loop, and the bell that ends it.
type Bed = fn(&mut WorldBuilder) -> (Doorbell, Sleep);

fn parker(builder: &mut WorldBuilder) -> (Doorbell, Sleep) {
    let mut parker = Parker::new(&builder.shutdown_handle());
    (parker.doorbell(), Box::new(move |_, until| parker.park(until)))
}

fn sockets(builder: &mut WorldBuilder) -> (Doorbell, Sleep) {
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let bell = builder.resource::<MioDriver>().doorbell();
    let sleep = move |world: &mut World, until: Option<Instant>| {
        let now = Instant::now();
        _ = io.poll_until(world, now, |_| until).unwrap();
    };
    (bell, Box::new(sleep))
}

/// Runs a loop on a thread of its own, whose handler is measured, and looks at it in its idle turns and its sleep.
fn an_idle_loop_is_no_stall(wait: Wait, bed: Bed) {
    let (board, over) = (Board::new(), Arc::new(AtomicU64::new(0)));
    let (send, made) = mpsc::channel();
    let (loops, counts) = (board.clone(), over.clone());
    let thread = thread::spawn(move || {
        let mut builder = WorldBuilder::new();
        let shutdown = builder.shutdown_handle();
        let (bell, mut sleep) = bed(&mut builder);
        let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(8, Full::Wait, &bell));
        let sender = builder.resource_mut::<Inbox<u64>>().sender();
        let mut world = builder.build();
        let mut handler = loops.timed((|_: u64| {}).into_handler(world.registry()));
        send.send((sender, shutdown)).unwrap();
        let mut idle = Idle::new(wait);
        world.run(|world| {
            let ran = inbox.poll(world, 64, &mut handler);
            counts.fetch_add(ran as u64, Ordering::SeqCst);
            sleep(world, idle.until(ran, Instant::now(), None));
        });
    });
    let (sender, shutdown): (Sender<u64>, ShutdownHandle) = made.recv().unwrap();
    let mut eye = eye(Duration::from_secs(1));
    let mut at = Instant::now();
    for event in 1..=20 {
        sender.send(event).unwrap();
        // Once its handler has returned, the loop is on its way into its sleep, or in it, or asks its drivers in vain.
        while over.load(Ordering::SeqCst) < event {
            thread::yield_now();
        }
        for _ in 0..3 {
            at += HOUR;
            assert_eq!(eye.look(&board, at), None, "{wait}");
        }
    }
    shutdown.shutdown();
    thread.join().unwrap();
}

#[test]
fn a_loop_that_spins_is_no_stall() {
    an_idle_loop_is_no_stall(Wait::Spin, parker);
    an_idle_loop_is_no_stall(Wait::Spin, sockets);
}

#[test]
fn a_loop_that_yields_is_no_stall() {
    an_idle_loop_is_no_stall(Wait::Yield, parker);
    an_idle_loop_is_no_stall(Wait::Yield, sockets);
}

#[test]
fn a_loop_that_blocks_is_no_stall() {
    an_idle_loop_is_no_stall(Wait::Block, parker);
    an_idle_loop_is_no_stall(Wait::Block, sockets);
}

#[test]
fn a_loop_that_backs_off_is_no_stall() {
    an_idle_loop_is_no_stall(Wait::Backoff(3), parker);
    an_idle_loop_is_no_stall(Wait::Backoff(3), sockets);
}
