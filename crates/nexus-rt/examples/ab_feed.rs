//! How are two lines of the same numbered packets merged into one complete feed?
//!
//! `cargo run --example ab_feed --features mio,timer`
//!
//! Each line loses some packets. The first copy of a packet counts. Packets after a gap are held until the other line
//! fills the gap or a timer gives it up. The example sends to itself, reports what arrived, and ends. With `-- --plan`,
//! it prints what runs for a packet and for a gap.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use nexus_rt::chain::ByReference;
use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket, SocketId};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    BoxedPipeline, Clock, Describe, Handler, IntoHandler, MioInstaller, PipelineStart, Registry, Res, ResMut, Shutdown,
    TimerInstaller, TimerWheel, WorldBuilder,
};

const PACKETS: u64 = 100;
const BURST: u64 = 10;
/// How long a gap may stay open before it is given up.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);
/// The delay of the gap timer while there is no gap.
pub(crate) const NEVER: Duration = Duration::from_secs(365 * 86_400);

/// How far ahead a number may be. A feed that has missed more begins anew, with a snapshot.
const WINDOW: u64 = 1_000_000;

/// How many lost gaps are kept.
const GAPS: usize = 10;

/// Sockets whose state is the name of their line.
pub(crate) type Sockets = Datagrams<&'static str>;
pub(crate) type Price = u64;

/// A numbered packet of messages, which are prices of eight bytes each. It borrows from the datagram.
struct Packet<'a> {
    number: u64,
    messages: &'a [[u8; 8]],
}

#[derive(Default)]
pub(crate) struct Feed {
    /// The number of the next packet.
    expected: u64,
    /// Packets that arrived ahead of it, and when.
    held: BTreeMap<u64, (Instant, Vec<Price>)>,
    /// Where the open gap begins, and the timer that all gaps share.
    gap: Option<u64>,
    pub(crate) timer: Option<TimerKey>,
    /// The number of gaps that were given up.
    pub(crate) given_up: u64,
    /// The first of them.
    pub(crate) lost: Vec<Range<u64>>,
    duplicates: u64,
}

/// The number of prices, and the last one.
#[derive(Default)]
pub(crate) struct Book(pub(crate) u64, pub(crate) Price);

/// Both lines, from the sender's side: sockets that only send.
struct Exchange {
    lines: [SocketId; 2],
    next: u64,
}

fn decode(datagram: &[u8]) -> Result<Packet<'_>, &'static str> {
    let (number, rest) = datagram.split_first_chunk().ok_or("a packet without a number")?;
    match rest.as_chunks() {
        (messages, []) => Ok(Packet { number: u64::from_be_bytes(*number), messages }),
        _ => Err("a packet with half a message"),
    }
}

/// Refuses a number from nowhere. If it counted, all real ones would be duplicates from then on.
fn within_window<'a>(feed: Res<Feed>, packet: Packet<'a>) -> Result<Packet<'a>, &'static str> {
    let is_near = packet.number.saturating_sub(feed.expected) <= WINDOW;
    if is_near { Ok(packet) } else { Err("a packet with a number far ahead") }
}

fn on_broken(line: &mut Socket<&'static str>, reason: &'static str) {
    eprintln!("line {}: {reason}", line.state);
}

fn messages(packet: Packet<'_>) -> impl Iterator<Item = Price> {
    packet.messages.iter().map(|message| u64::from_be_bytes(*message))
}

/// Passes on the expected packet without a copy. Holds an early packet, and drops a duplicate.
fn arbitrate<'a>(mut feed: ResMut<Feed>, clock: Res<Clock>, packet: Packet<'a>) -> Option<Packet<'a>> {
    if packet.number < feed.expected || feed.held.contains_key(&packet.number) {
        feed.duplicates += 1;
        return None;
    }
    if packet.number > feed.expected {
        feed.held.insert(packet.number, (clock.now(), messages(packet).collect()));
        return None;
    }
    feed.expected += 1;
    Some(packet)
}

/// Releases the held packets up to the next gap, and sets the timer for it, which counts from the first arrival among
/// the packets that are held.
fn release(mut feed: ResMut<Feed>, mut timers: ResMut<TimerWheel>, clock: Res<Clock>, _: ()) -> Vec<Price> {
    let feed = &mut *feed;
    let mut released = Vec::new(); // allocates nothing unless something is released
    while let Some((_, prices)) = feed.held.remove(&feed.expected) {
        released.extend(prices);
        feed.expected += 1;
    }
    let gap = (!feed.held.is_empty()).then_some(feed.expected);
    if let Some(timer) = feed.timer.filter(|_| gap != feed.gap) {
        feed.gap = gap;
        let first = feed.held.values().map(|(arrived, _)| *arrived).min();
        timers.reschedule(timer, first.map_or(clock.now() + NEVER, |arrived| arrived + PATIENCE));
    }
    released
}

/// Gives up a gap that neither line has filled in time.
fn give_up(mut feed: ResMut<Feed>, mut timers: ResMut<TimerWheel>, timer: TimerEvent) {
    let Some(first) = feed.held.keys().next().copied() else {
        // There was no gap for so long. Without a new time, the timer would end here.
        timers.reschedule(timer.key, timer.now + NEVER);
        return;
    };
    let lost = feed.expected..first;
    feed.given_up += 1;
    if feed.lost.len() < GAPS {
        feed.lost.push(lost);
    }
    feed.expected = first;
}

fn on_price(mut book: ResMut<Book>, price: Price) {
    *book = Book(book.0 + 1, price);
}

fn until_the_last(feed: Res<Feed>, shutdown: Res<Shutdown>, _: ()) {
    if feed.expected == PACKETS {
        shutdown.shutdown();
    }
}

/// Sends the next packets over both lines. Each line loses some, and three are lost by both.
fn publish(mut exchange: ResMut<Exchange>, mut sockets: ResMut<Sockets>, _: TimerEvent) {
    let Exchange { lines: [a, b], next } = *exchange;
    exchange.next = PACKETS.min(next + BURST);
    for number in next..exchange.next {
        let packet: Vec<u8> = [number, 10 * number, 10 * number + 1, 10 * number + 2].map(u64::to_be_bytes).concat();
        for (line, _) in [(a, number % 7 != 3), (b, number % 5 != 2)].iter().filter(|(_, passes)| *passes) {
            sockets.send(*line, &packet).expect("the loopback has room");
        }
    }
}

pub(crate) fn on_packet(reg: &Registry) -> BoxedPipeline<[u8], (), Socket<&'static str>, ByReference> {
    PipelineStart::<&[u8]>::borrowed()
        .with_context::<Socket<&'static str>>()
        .then(decode, reg)
        .and_then(within_window, reg)
        .catch(on_broken, reg)
        .and_then(arbitrate, reg)
        .each(|packet| packet.then(messages, reg).each(|price| price.then(on_price, reg)))
        .then(release, reg)
        .each(|price| price.then(on_price, reg))
        .then(until_the_last, reg)
        .build()
        .boxed()
}

pub(crate) fn on_gap(reg: &Registry) -> impl Handler<TimerEvent> + use<> {
    PipelineStart::<TimerEvent>::new()
        .then(give_up, reg)
        .then(release, reg)
        .each(|price| price.then(on_price, reg))
        .then(until_the_last, reg)
        .build()
}

fn main() -> io::Result<()> {
    let clock = Clock::realtime();
    let start = clock.now();
    let mut builder = WorldBuilder::new();
    let mut timers = builder.install_driver(TimerInstaller::new(start));
    let mut io = builder.install_driver(MioInstaller::new()?);
    let mut net = builder.install_driver(DatagramsInstaller::<&'static str>::new(&io)?);
    let sockets = builder.resource_mut::<Sockets>();
    let [a, b] = ["A", "B"].map(|name| sockets.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), name));
    let lines = [a?, b?]; // on a real feed: `sockets.join(line, group, interface)`
    let [to_a, to_b] = lines.map(|line| sockets.sender(sockets.address(line).expect("it is bound"), "exchange"));
    builder.register(Exchange { lines: [to_a?, to_b?], next: 0 });
    builder.register(clock);
    builder.register(Feed::default());
    builder.register(Book::default());
    let mut world = builder.build();
    let reg = world.registry();
    let (mut on_packet, on_gap) = (on_packet(reg), on_gap(reg));
    if std::env::args().any(|arg| arg == "--plan") {
        print!("{}{}", on_packet.plan(), on_gap.plan());
        return Ok(());
    }
    let publish = Box::new(publish.into_handler(reg));
    let mut wheel = world.resource_mut::<TimerWheel>();
    wheel.schedule_every(start, Duration::from_millis(1), publish);
    let timer = wheel.schedule(start + NEVER, Box::new(on_gap));
    world.resource_mut::<Feed>().timer = Some(timer);

    world.run(|world| {
        let now = world.resource::<Clock>().now();
        io.poll_until(world, now, |world| timers.next_deadline(world))?;
        let now = world.resource::<Clock>().now();
        net.poll(world, usize::MAX, &mut on_packet); // before anything is given up
        timers.poll(world, now);
        Ok::<(), io::Error>(())
    })?;

    let (feed, book, sockets) = (world.resource::<Feed>(), world.resource::<Book>(), world.resource::<Sockets>());
    let all = sockets.stats().received - feed.duplicates;
    for socket in lines.into_iter().filter_map(|line| sockets.socket(line)) {
        let (name, received) = (socket.state, socket.stats().received);
        println!("line {name}: {received} packets; the other line had {} more", all - received);
    }
    println!("{} duplicates; {} gaps given up: {:?}", feed.duplicates, feed.given_up, feed.lost);
    println!("{} prices, the last is {}", book.0, book.1);
    Ok(())
}
