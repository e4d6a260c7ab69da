//! How do two loops on two threads talk to each other?
//!
//! `cargo run --release --example mesh --features ring`, with `-- --wait NAME` and `--rounds N`
//!
//! Each loop has a world with an inbox. One sends numbered pings, the other answers each with a pong, and both check
//! that nothing is lost or out of order. The example prints round trips per second, with one ping in flight and with
//! many. `NAME` is `spin`, `yield`, `block`, `backoff` or `backoff=N`.

mod options;

use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, InboxPoller, Sender};
use nexus_rt::wait::{Idle, Parker, Wait};
use nexus_rt::{Handler, IntoHandler, Res, ResMut, Shutdown, World, WorldBuilder};

use crate::options::{options, parsed};

/// The capacity of each inbox.
///
/// Two loops that wait for room in each other's inboxes would wait forever. At most this many pings are in flight, so
/// there is always room.
const CAPACITY: usize = 64;

#[derive(Clone, Copy)]
struct Ping(u64);

#[derive(Clone, Copy)]
struct Pong(u64);

/// The number of the next ping to arrive.
#[derive(Default)]
struct Expected(u64);

/// The pings that the first loop has sent and the pongs that it has received.
struct Rounds {
    sent: u64,
    received: u64,
    total: u64,
}

fn on_ping(mut expected: ResMut<Expected>, pongs: Res<Sender<Pong>>, Ping(number): Ping) {
    assert_eq!(number, expected.0, "pings arrive in order, and none is lost");
    expected.0 += 1;
    // This fails only if the other loop has ended, which the end of its pings also reports.
    let _ended = pongs.send(Pong(number));
}

fn on_pong(mut rounds: ResMut<Rounds>, pings: Res<Sender<Ping>>, shutdown: Res<Shutdown>, Pong(number): Pong) {
    assert_eq!(number, rounds.received, "pongs arrive in order, and none is lost");
    rounds.received += 1;
    if rounds.sent < rounds.total {
        pings.send(Ping(rounds.sent)).expect("the other loop ends after this one");
        rounds.sent += 1;
    } else if rounds.received == rounds.total {
        shutdown.shutdown();
    }
}

/// A world with an inbox, and the place where its loop sleeps.
struct Node<T: 'static> {
    builder: WorldBuilder,
    parker: Parker,
    inbox: InboxPoller<T>,
}

impl<T: Send + 'static> Node<T> {
    /// A parker stays on its thread, so each node is made where its loop runs.
    fn new() -> (Self, Sender<T>) {
        let mut builder = WorldBuilder::new();
        let parker = Parker::new(&builder.shutdown_handle());
        let inbox = builder.install_driver(InboxInstaller::new(CAPACITY, Full::Wait, &parker.doorbell()));
        let sender = builder.resource_mut::<Inbox<T>>().sender();
        (Self { builder, parker, inbox }, sender)
    }
}

/// Handles events until a shutdown.
fn serve<T: Send + 'static>(
    world: &mut World,
    wait: Wait,
    mut parker: Parker,
    mut inbox: InboxPoller<T>,
    handler: &mut impl Handler<T>,
) {
    let (mut idle, mut ran, start) = (Idle::new(wait), 0, Instant::now());
    world.run(|world| {
        // There are no timers. A deadline in the past means not to sleep.
        parker.park(idle.until(ran, start, None));
        ran = inbox.poll(world, CAPACITY, handler);
    });
}

/// Runs the loop that answers. It ends when the last sender of pings is gone.
fn answer(wait: Wait, hand_over: &mpsc::Sender<Sender<Ping>>, pongs: Sender<Pong>) -> u64 {
    let (Node { mut builder, parker, inbox }, pings) = Node::new();
    hand_over.send(pings).expect("the other thread waits for it");
    builder.register(pongs);
    builder.register_default::<Expected>();
    let mut world = builder.build();
    let on_end = |shutdown: Res<Shutdown>, _: Closed| shutdown.shutdown();
    let on_end = on_end.into_handler(world.registry());
    world.resource_mut::<Inbox<Ping>>().on_closed(on_end);
    let mut on_ping = on_ping.into_handler(world.registry());
    serve(&mut world, wait, parker, inbox, &mut on_ping);
    world.resource::<Expected>().0
}

/// Runs `total` round trips with `in_flight` pings under way, and returns round trips per second.
fn play(wait: Wait, total: u64, in_flight: u64) -> f64 {
    let (Node { mut builder, parker, inbox }, pongs) = Node::new();
    let (hand_over, handed) = mpsc::channel();
    let other = thread::spawn(move || answer(wait, &hand_over, pongs));
    let pings = handed.recv().expect("the other thread sends it");
    let sent = total.min(in_flight);
    (0..sent).for_each(|number| pings.send(Ping(number)).expect("the other loop runs"));
    builder.register(pings);
    builder.register(Rounds { sent, received: 0, total });
    let mut world = builder.build();
    let mut on_pong = on_pong.into_handler(world.registry());

    let start = Instant::now();
    serve(&mut world, wait, parker, inbox, &mut on_pong);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(world.resource::<Rounds>().received, total);
    drop(world); // and with it the only sender of pings
    assert_eq!(other.join().expect("the other loop does not panic"), total);
    total as f64 / seconds
}

fn main() -> Result<(), Box<dyn Error>> {
    let [wait, rounds] = options(["--wait", "--rounds"])?;
    let (wait, rounds) = (parsed(wait, Wait::Block)?, parsed(rounds, 20_000_u64)?.max(1));
    println!("{rounds} round trips between two loops that wait by `{wait}`");
    for in_flight in [1, CAPACITY as u64] {
        println!("{in_flight:>4} in flight: {:>9.0} round trips/s, in order", play(wait, rounds, in_flight));
    }
    Ok(())
}
