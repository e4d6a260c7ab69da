//! How does a feed over UDP detect datagrams that are lost or broken?
//!
//! `cargo run --example udp_feed --features mio`
//!
//! Numbered datagrams run through a pipeline on the mio driver. The example sends to itself, reports what arrived, and
//! ends.

use std::io;
use std::net::{SocketAddr, UdpSocket as Sender};
use std::thread;

use nexus_rt::io::MioEvent;
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::UdpSocket;
use nexus_rt::plan::Visitor;
use nexus_rt::{
    Describe, Handler, Key, MioDriver, MioInstaller, PipelineStart, Registry, Res, ResMut, Shutdown, World,
    WorldBuilder,
};

/// How far ahead a number may be. A feed that has missed more begins anew, with a snapshot.
const WINDOW: u64 = 1_000_000;

/// How many datagrams are read in a row. A feed that is faster would keep other sockets waiting.
const ROUNDS: usize = 16;

/// How many reasons are kept.
const REASONS: usize = 5;

#[derive(Default)]
pub(crate) struct Feed {
    /// The next expected number.
    pub(crate) expected: u64,
    pub(crate) lost: u64,
    /// The number of broken datagrams.
    pub(crate) broken: u64,
    /// What was wrong with the first of them.
    pub(crate) reasons: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Prices {
    last: u64,
    pub(crate) ticks: u64,
}

struct Tick {
    number: u64,
    price: u64,
}

fn decode(bytes: &[u8]) -> Result<Tick, String> {
    let words = bytes.split_at_checked(8).and_then(|(number, price)| {
        Some((u64::from_be_bytes(number.try_into().ok()?), u64::from_be_bytes(price.try_into().ok()?)))
    });
    words.map(|(number, price)| Tick { number, price }).ok_or_else(|| format!("{} bytes instead of 16", bytes.len()))
}

/// Refuses a number from nowhere. If it counted, all real ones would be late from then on.
fn within_window(feed: Res<Feed>, tick: Tick) -> Result<Tick, String> {
    let is_near = tick.number.saturating_sub(feed.expected) <= WINDOW;
    if is_near { Ok(tick) } else { Err(format!("number {} instead of {}", tick.number, feed.expected)) }
}

fn on_broken(mut feed: ResMut<Feed>, reason: String) {
    feed.broken += 1;
    if feed.reasons.len() < REASONS {
        feed.reasons.push(reason);
    }
}

/// Passes on new datagrams. A late one was already counted as lost, and is dropped.
fn in_order(mut feed: ResMut<Feed>, tick: Tick) -> Option<Tick> {
    let ahead = tick.number.checked_sub(feed.expected)?;
    feed.lost += ahead;
    feed.expected = tick.number + 1;
    Some(tick)
}

fn on_tick(mut prices: ResMut<Prices>, tick: &Tick) {
    prices.last = tick.price;
    prices.ticks += 1;
}

fn until_the_last(feed: Res<Feed>, shutdown: Res<Shutdown>, _: ()) {
    if feed.expected == LAST + 1 {
        shutdown.shutdown();
    }
}

/// Reads datagrams from the socket one by one, each a separate event, and runs a pipeline over each in place, in the
/// receiver's buffer.
pub(crate) struct Receiver<P> {
    pub(crate) io: Key<MioDriver>,
    pub(crate) buffer: [u8; 2048],
    pub(crate) pipeline: P,
}

impl<P: Describe> Describe for Receiver<P> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.pipeline.describe(visitor);
    }
}

impl<P: for<'a> Handler<&'a [u8]>> Handler<MioEvent> for Receiver<P> {
    fn run(&mut self, world: &mut World, event: MioEvent) {
        for _ in 0..ROUNDS {
            // The socket is borrowed from the world only for the read, so that the pipeline can use the world.
            let receive = |socket: &mut UdpSocket| socket.recv(&mut self.buffer);
            let received = self.io.get_mut(world).source(event.token).map(receive);
            let Some(Ok(length)) = received else { return };
            world.next_sequence();
            self.pipeline.run(world, &self.buffer[..length]);
        }
        // The driver reports the rest after what other sockets have received.
        let registered = self.io.get_mut(world).reregister(event.token, Interest::READABLE);
        registered.expect("the socket stays registered");
    }
}

pub(crate) fn pipeline(reg: &Registry) -> impl for<'a> Handler<&'a [u8]> + use<> {
    PipelineStart::<&[u8]>::borrowed()
        .then(decode, reg)
        .and_then(within_window, reg)
        .catch(on_broken, reg)
        .and_then(in_order, reg)
        .map(on_tick, reg)
        .map(until_the_last, reg)
        .build()
}

const LAST: u64 = 99;

fn main() -> io::Result<()> {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new()?);
    builder.register_default::<Feed>();
    builder.register_default::<Prices>();
    let mut world = builder.build();

    let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    let address = socket.local_addr()?;
    let receiver = Receiver { io: world.key(), buffer: [0; 2048], pipeline: pipeline(world.registry()) };
    print!("{}", receiver.plan());
    world.resource_mut::<MioDriver>().register(socket, Interest::READABLE, Box::new(receiver))?;

    let sender = thread::spawn(move || send(address));
    world.run(|world| io.poll(world, None).map(drop))?;
    sender.join().expect("the sender does not panic")?;

    let (feed, prices) = (world.resource::<Feed>(), world.resource::<Prices>());
    println!("{} ticks, the last at {}; {} lost", prices.ticks, prices.last, feed.lost);
    println!("{} broken: {}", feed.broken, feed.reasons.join(", "));
    Ok(())
}

/// Sends 100 datagrams, of which ten are lost, one is late and one is cut short.
fn send(to: SocketAddr) -> io::Result<()> {
    let socket = Sender::bind("127.0.0.1:0")?;
    let datagram = |number: u64| [number.to_be_bytes(), (1_000 + number).to_be_bytes()].concat();
    for number in (0..=LAST).filter(|number| !(40..50).contains(number)) {
        socket.send_to(&datagram(number), to)?;
        match number {
            60 => _ = socket.send_to(&datagram(45), to)?,
            70 => _ = socket.send_to(&datagram(70)[..5], to)?,
            _ => {}
        }
    }
    Ok(())
}
