//! What happens when another thread sends events faster than the loop handles them?
//!
//! `cargo run --example ingress --features ring`
//!
//! The policy of the inbox decides. A fast producer meets a slow consumer three times, once for each policy.

use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, SendError, Sender};
use nexus_rt::wait::Parker;
use nexus_rt::{IntoHandler, Res, ResMut, Shutdown, WorldBuilder};

/// How many events the producer sends.
const EVENTS: u64 = 2_000;

/// How many events the inbox has room for.
const CAPACITY: usize = 64;

/// How long the consumer works on each event.
const WORK: Duration = Duration::from_micros(20);

#[derive(Default)]
struct Handled {
    count: u64,
    last: Option<u64>,
}

fn on_event(mut handled: ResMut<Handled>, number: u64) {
    assert!(handled.last < Some(number), "events arrive in the order in which they were sent");
    handled.last = Some(number);
    handled.count += 1;
    let start = Instant::now();
    while start.elapsed() < WORK {}
}

/// Runs after the last event of the last sender.
fn on_end(shutdown: Res<Shutdown>, _: Closed) {
    shutdown.shutdown();
}

/// Counts of the producer.
struct Sent {
    refused: u64,
    took: Duration,
}

fn produce(sender: &Sender<u64>) -> Sent {
    let start = Instant::now();
    let mut refused = 0;
    for number in 0..EVENTS {
        match sender.send(number) {
            Ok(()) => {}
            Err(SendError::Full(_)) => refused += 1,
            Err(SendError::Closed(_)) => break,
        }
    }
    Sent { refused, took: start.elapsed() }
}

fn run(full: Full) {
    let mut builder = WorldBuilder::new();
    let mut parker = Parker::new(&builder.shutdown_handle());
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(CAPACITY, full, &parker.doorbell()));
    builder.register_default::<Handled>();
    let mut world = builder.build();
    let on_end = on_end.into_handler(world.registry());
    let mut on_event = on_event.into_handler(world.registry());
    let mut resource = world.resource_mut::<Inbox<u64>>();
    resource.on_closed(on_end);
    let sender = resource.sender();

    let producer = thread::spawn(move || produce(&sender));
    world.run(|world| {
        parker.park(None); // until something is sent, or the producer ends
        inbox.poll(world, usize::MAX, &mut on_event);
    });
    let Sent { refused, took } = producer.join().expect("the producer does not panic");

    let (stats, handled) = (world.resource::<Inbox<u64>>().stats(), world.resource::<Handled>());
    assert!(stats.closed && stats.waiting == 0 && stats.deepest <= stats.capacity);
    assert_eq!(handled.count + stats.lost, EVENTS, "every event is handled or counted as lost");
    match full {
        Full::Wait => assert_eq!(stats.lost, 0, "nothing is lost"),
        Full::Refuse => assert_eq!(stats.lost, refused, "the producer knows of every loss"),
        Full::DropOldest => assert_eq!(handled.last, Some(EVENTS - 1), "the latest event arrives"),
    }
    let last = handled.last.map_or_else(|| "none".into(), |last| last.to_string());
    println!(
        "{:10} {EVENTS:>6} {:>8} {:>6} {:>8} {last:>6}   {took:.1?}",
        format!("{full:?}"),
        handled.count,
        stats.lost,
        stats.deepest
    );
}

fn main() {
    println!(
        "{:10} {:>6} {:>8} {:>6} {:>8} {:>6}   sending took",
        "policy", "sent", "handled", "lost", "deepest", "last"
    );
    [Full::Wait, Full::Refuse, Full::DropOldest].into_iter().for_each(run);
}
