//! Four threads, two inboxes, timers and sockets in front of one sleep: nothing is lost, nothing comes twice, and each
//! sender's events come in order.
//!
//! `INGRESS_EVENTS=10000000 cargo test --release -p nexus-rt --all-features --test ingress` sends more.
#![cfg(all(feature = "mio", feature = "ring", feature = "timer"))]

use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as Client};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, Sender};
use nexus_rt::io::MioEvent;
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::TcpStream;
use nexus_rt::timer::TimerEvent;
use nexus_rt::wait::{Idle, Wait};
use nexus_rt::{IntoHandler, MioDriver, MioInstaller, ResMut, TimerInstaller, TimerWheel, WorldBuilder};

/// The second inbox.
enum Second {}

/// What has come from each of four senders: the next number that is expected.
#[derive(Default)]
struct Came {
    next: [u64; 4],
    ticks: u64,
    bytes: u64,
    closed: u32,
}

fn receive(mut came: ResMut<Came>, (sender, number): (usize, u64)) {
    assert_eq!(came.next[sender], number, "sender {sender}");
    came.next[sender] += 1;
}

/// Sends in bursts of all sizes, and pauses so that the loop falls asleep.
fn send(sender: &Sender<(usize, u64)>, own: usize, events: u64) {
    let (mut number, mut burst) = (0, 1);
    while number < events {
        let end = events.min(number + burst);
        for number in number..end {
            sender.push((own, number)).expect("the loop is there");
        }
        sender.ring();
        number = end;
        burst = burst * 7 % 509 + 1;
        if burst % 31 == 0 {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

#[test]
fn one_sleep_serves_threads_timers_and_sockets() {
    let events: u64 = env::var("INGRESS_EVENTS").map_or(100_000, |count| count.parse().expect("a number")) / 4;
    let mut builder = WorldBuilder::new();
    let start = Instant::now();
    let mut timers = builder.install_driver(TimerInstaller::new(start));
    let mut io = builder.install_driver(MioInstaller::new().expect("there are files"));
    let bell = builder.resource_mut::<MioDriver>().doorbell();
    let mut first = builder.install_driver(InboxInstaller::new(64, Full::Wait, &bell));
    let mut second = builder.install_driver(InboxInstaller::new(1_000, Full::Wait, &bell).tagged::<Second>());
    let one = builder.resource_mut::<Inbox<(usize, u64)>>().sender();
    let two = builder.resource_mut::<Inbox<(usize, u64), Second>>().sender();
    builder.register_default::<Came>();
    let mut world = builder.build();
    let reg = world.registry();
    let mut receive = receive.into_handler(reg);
    let closed = |mut came: ResMut<Came>, _: Closed| came.closed += 1;
    let (closed_first, closed_second) = (closed.into_handler(reg), closed.into_handler(reg));
    let tick = Box::new((|mut came: ResMut<Came>, _: TimerEvent| came.ticks += 1).into_handler(reg));
    let read = |mut came: ResMut<Came>, mut io: ResMut<MioDriver>, event: MioEvent| {
        let socket = io.source::<TcpStream>(event.token).expect("it is registered");
        let mut buffer = [0; 64];
        came.bytes += socket.read(&mut buffer).expect("it is ready") as u64;
    };
    let read = Box::new(read.into_handler(reg));
    world.resource_mut::<Inbox<(usize, u64)>>().on_closed(closed_first);
    world.resource_mut::<Inbox<(usize, u64), Second>>().on_closed(closed_second);
    world.resource_mut::<TimerWheel>().schedule_every(start, Duration::from_millis(1), tick);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let mut client = Client::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    let own = listener.accept().expect("it was connected").0;
    own.set_nonblocking(true).expect("it is a socket");
    let own = TcpStream::from_std(own);
    world.resource_mut::<MioDriver>().register(own, Interest::READABLE, read).expect("there are files");

    let senders = [one.clone(), one, two.clone(), two];
    let sending =
        senders.into_iter().enumerate().map(|(own, sender)| thread::spawn(move || send(&sender, own, events)));
    let sending: Vec<_> = sending.collect();
    let (mut idle, mut sleeps, mut sent) = (Idle::new(Wait::Block), 0, 0);
    while world.resource::<Came>().closed < 2 {
        let now = Instant::now();
        let ran = timers.poll(&mut world, now)
            + first.poll(&mut world, 32, &mut receive)
            + second.poll(&mut world, 500, &mut receive);
        let came = world.resource::<Came>();
        if came.bytes == sent && came.ticks > sent {
            client.write_all(b"x").expect("it is connected");
            sent += 1;
        }
        sleeps += u64::from(ran == 0);
        io.poll_until(&mut world, now, |world| idle.until(ran, now, timers.next_deadline(world))).expect("it works");
    }
    sending.into_iter().for_each(|thread| thread.join().expect("it only sends"));
    let came = world.resource::<Came>();
    assert_eq!(came.next, [events; 4]);
    assert!(sleeps > 0 && came.ticks > 0 && came.bytes > 0, "{sleeps} sleeps");
    let stats = world.resource::<Inbox<(usize, u64)>>().stats();
    assert!(stats.closed && stats.lost == 0 && stats.deepest <= 64, "{stats:?}");
    println!("{} events, {} ticks, {} bytes, {sleeps} sleeps", 4 * events, came.ticks, came.bytes);
}
