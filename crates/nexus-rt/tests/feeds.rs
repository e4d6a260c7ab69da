//! The examples `ab_feed` and `udp_feed`, with datagrams that a test chooses.
#![cfg(all(feature = "mio", feature = "timer"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/ab_feed.rs"]
#[expect(dead_code, reason = "its `main` runs in a process of its own")]
mod ab_feed;
#[path = "../examples/udp_feed.rs"]
#[expect(dead_code, reason = "its `main` runs in a process of its own")]
mod udp_feed;

use std::net::UdpSocket;
use std::time::Duration;

use ab_feed::{Book, Feed, NEVER, PATIENCE, Sockets};
use nexus_rt::chain::ByReference;
use nexus_rt::connections::Address;
use nexus_rt::datagrams::{DatagramsInstaller, DatagramsPoller, Socket};
use nexus_rt::mio::{self, Interest};
use nexus_rt::testing::VirtualClock;
use nexus_rt::timer::TimerEvent;
use nexus_rt::{
    BoxedPipeline, Clock, Handler, MioDriver, MioInstaller, MioPoller, PipelineStart, ResMut, TimerInstaller,
    TimerPoller, TimerWheel, World, WorldBuilder,
};

/// A datagram of words.
fn datagram<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.map(u64::to_be_bytes).concat()
}

#[test]
fn a_number_far_ahead_is_broken_and_later_datagrams_of_udp_feed_count() {
    let mut builder = WorldBuilder::new();
    builder.register_default::<udp_feed::Feed>();
    builder.register_default::<udp_feed::Prices>();
    let mut world = builder.build();
    let mut feed = udp_feed::pipeline(world.registry());
    for number in [0, u64::MAX, u64::MAX - 1, 1_000_002, 1, 1_000_002, 1_000_003] {
        feed.run(&mut world, &datagram([number, 7]));
    }
    let (feed, prices) = (world.resource::<udp_feed::Feed>(), world.resource::<udp_feed::Prices>());
    assert_eq!((prices.ticks, feed.lost, feed.expected), (4, 1_000_000, 1_000_004));
    let broken = [u64::MAX, u64::MAX - 1, 1_000_002].map(|number| format!("number {number} instead of 1"));
    assert_eq!((feed.broken, &feed.reasons[..]), (3, &broken[..]));
}

#[test]
fn of_many_broken_datagrams_the_first_are_kept_and_all_are_counted() {
    let mut builder = WorldBuilder::new();
    builder.register_default::<udp_feed::Feed>();
    builder.register_default::<udp_feed::Prices>();
    let mut world = builder.build();
    let mut feed = udp_feed::pipeline(world.registry());
    (0..100).for_each(|length| feed.run(&mut world, &[0; 16][..length % 16]));
    let feed = world.resource::<udp_feed::Feed>();
    assert_eq!((feed.broken, feed.reasons.len(), &*feed.reasons[4]), (100, 5, "4 bytes instead of 16"));
}

/// A sender that sends again as soon as something is received.
struct Fast {
    sender: UdpSocket,
    left: u32,
    received: u32,
}

fn send_again(mut fast: ResMut<Fast>, _: &[u8]) {
    fast.received += 1;
    fast.left -= 1;
    if fast.left > 0 {
        fast.sender.send(b"more").unwrap();
    }
}

#[test]
fn a_feed_that_is_faster_than_its_reader_does_not_keep_the_loop() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    sender.connect(socket.local_addr().unwrap()).unwrap();
    sender.send(b"first").unwrap();
    builder.register(Fast { sender, left: 1_000, received: 0 });
    let mut world = builder.build();
    let pipeline = PipelineStart::<&[u8]>::borrowed().then(send_again, world.registry()).build();
    let receiver = udp_feed::Receiver { io: world.key(), buffer: [0; 2048], pipeline };
    world.resource_mut::<MioDriver>().register(socket, Interest::READABLE, Box::new(receiver)).unwrap();
    let mut turns = 0;
    while world.resource::<Fast>().left > 0 {
        assert_eq!(io.poll(&mut world, Some(Duration::from_secs(30))).unwrap(), 1, "the rest is not reported");
        turns += 1;
        assert!(world.resource::<Fast>().received <= 16 * turns);
    }
    assert_eq!(world.resource::<Fast>().received, 1_000);
}

/// `ab_feed` on test time, with one line.
struct Rig {
    world: World,
    time: VirtualClock,
    io: MioPoller,
    net: DatagramsPoller<&'static str>,
    timers: TimerPoller<Box<dyn Handler<TimerEvent>>>,
    on_packet: BoxedPipeline<[u8], (), Socket<&'static str>, ByReference>,
    exchange: UdpSocket,
}

impl Rig {
    fn new() -> Self {
        let time = VirtualClock::new();
        let mut builder = WorldBuilder::new();
        let timers = builder.install_driver(TimerInstaller::new(time.now()));
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let net = builder.install_driver(DatagramsInstaller::new(&io).unwrap());
        builder.register(Clock::test(time.clone(), Duration::ZERO));
        builder.register_default::<Feed>();
        builder.register_default::<Book>();
        let mut world = builder.build();
        let on_packet = ab_feed::on_packet(world.registry());
        let on_gap = Box::new(ab_feed::on_gap(world.registry()));
        let timer = world.resource_mut::<TimerWheel>().schedule(time.now() + NEVER, on_gap);
        world.resource_mut::<Feed>().timer = Some(timer);
        let exchange = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sockets = world.resource_mut::<Sockets>();
        let line = sockets.bind("127.0.0.1:0".parse::<Address>().unwrap(), "A").unwrap();
        let Some(Address::Ip(address)) = sockets.address(line) else { unreachable!() };
        exchange.connect(address).unwrap();
        Self { world, time, io, net, timers, on_packet, exchange }
    }

    /// Receives packets, each of one price.
    fn receive<const N: usize>(&mut self, numbers: [u64; N]) {
        let received = |world: &World| world.resource::<Sockets>().stats().received;
        let all = received(&self.world) + N as u64;
        for number in numbers {
            self.exchange.send(&datagram([number, 7])).unwrap();
        }
        while received(&self.world) < all {
            self.io.poll(&mut self.world, None).unwrap();
            self.net.poll(&mut self.world, usize::MAX, &mut self.on_packet);
        }
    }

    /// Lets time pass, and returns where the gaps begin that have been given up.
    fn pass(&mut self, time: Duration) -> Vec<u64> {
        let now = self.time.advance(time);
        assert_eq!(self.world.resource_mut::<Clock>().update(), now);
        while self.timers.poll(&mut self.world, now) > 0 {}
        self.world.resource::<Feed>().lost.iter().map(|gap| gap.start).collect()
    }
}

#[test]
fn each_gap_of_ab_feed_is_given_up_when_its_own_time_is_over() {
    const INSTANT: Duration = Duration::from_nanos(1);
    let quarter = PATIENCE / 4;
    let mut rig = Rig::new();
    rig.receive([0, 2, 4]);
    rig.pass(quarter);
    rig.receive([6]);
    rig.pass(quarter);
    rig.receive([8]);
    assert_eq!(rig.pass(2 * quarter - INSTANT), [0; 0]);
    assert_eq!(rig.pass(INSTANT), [1, 3], "their times ended together");
    assert_eq!(rig.pass(quarter - INSTANT), [1, 3]);
    assert_eq!(rig.pass(INSTANT), [1, 3, 5]);
    rig.receive([7]);
    assert_eq!(rig.pass(quarter), [1, 3, 5], "it was filled in time");
    assert_eq!(rig.world.resource::<Book>().0, 6);
    rig.receive([10]);
    assert_eq!(rig.pass(PATIENCE - INSTANT), [1, 3, 5]);
    assert_eq!(rig.pass(INSTANT), [1, 3, 5, 9]);
}

#[test]
fn a_packet_of_ab_feed_that_came_before_those_it_follows_does_not_wait_longer() {
    const INSTANT: Duration = Duration::from_nanos(1);
    let quarter = PATIENCE / 4;
    let mut rig = Rig::new();
    rig.receive([0, 1, 2, 9]);
    rig.pass(2 * quarter);
    rig.receive([6]);
    rig.pass(quarter);
    rig.receive([3]);
    assert_eq!(rig.pass(quarter - INSTANT), [0; 0]);
    assert_eq!(rig.pass(INSTANT), [4, 7]);
    assert_eq!(rig.world.resource::<Book>().0, 6);
}

#[test]
fn gaps_of_ab_feed_are_given_up_after_years_without_one() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        assert_eq!(rig.pass(NEVER), [0; 0]);
    }
    rig.receive([0, 2]);
    assert_eq!(rig.pass(PATIENCE), [1]);
    rig.pass(NEVER);
    rig.receive([4]);
    assert_eq!(rig.pass(PATIENCE), [1, 3]);
}

#[test]
fn of_many_gaps_of_ab_feed_the_first_are_kept_and_all_are_counted() {
    let mut rig = Rig::new();
    (1..=100).for_each(|number| rig.receive([2 * number]));
    assert_eq!(rig.pass(PATIENCE).len(), 10);
    assert_eq!((rig.world.resource::<Feed>().given_up, rig.world.resource::<Book>().0), (100, 100));
}

#[test]
fn a_number_far_ahead_is_broken_and_later_packets_of_ab_feed_count() {
    let mut rig = Rig::new();
    rig.receive([0, u64::MAX, u64::MAX - 1, 1_000_002]);
    assert_eq!(rig.pass(PATIENCE), [0; 0], "no gap");
    rig.receive([1, 1_000_002]);
    assert_eq!(rig.pass(PATIENCE), [2]);
    assert_eq!(rig.world.resource::<Book>().0, 3);
}
