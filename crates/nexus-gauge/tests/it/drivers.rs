//! Handlers that drivers store or are given, and their numbers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nexus_gauge::{Board, Gauge, Meter};
use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Ended, LineTooLong, Lines, Opened};
use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
use nexus_rt::io::MioEvent;
use nexus_rt::mio::{Interest, net};
use nexus_rt::testing::VirtualClock;
use nexus_rt::timer::TimerEvent;
use nexus_rt::wait::Parker;
use nexus_rt::{
    Clock, IntoHandler, MioDriver, MioInstaller, PipelineStart, ResMut, TimerInstaller, TimerWheel, World, WorldBuilder,
};

fn runs(board: &Board) -> Vec<(String, u64)> {
    board.meters().iter().map(|meter| (meter.name().to_owned(), Meter::runs(meter))).collect()
}

#[test]
fn timers_and_how_late_they_are() {
    let time = VirtualClock::new();
    let mut builder = WorldBuilder::new();
    let mut timers = builder.install_driver(TimerInstaller::new(time.now()));
    let board = Board::new();
    builder.register(board.gauge("timer_late_seconds", "How late the latest timer was."));
    let mut world = builder.build();
    let tick = |late: nexus_rt::Res<Gauge>, timer: TimerEvent| late.set(timer.late().as_secs_f64());
    let tick = board.timed(tick.into_handler(world.registry()));
    let second = Duration::from_secs(1);
    world.resource_mut::<TimerWheel>().schedule_every(time.now() + second, second, Box::new(tick));
    board.gauge("timers", "Timers that are set.").set(timers.len(&world) as f64);
    time.advance(second + second / 2);
    timers.poll(&mut world, time.now());
    time.advance(second);
    timers.poll(&mut world, time.now());
    assert_eq!(runs(&board), [("closure in timers_and_how_late_they_are".into(), 2)]);
    let text = board.prometheus();
    assert!(text.contains("timer_late_seconds 0.5\n") && text.contains("timers 1\n"), "{text}");
}

#[test]
fn sockets() {
    let board = Board::new();
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    builder.register(0_usize);
    let mut world = builder.build();
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut stream = listener.accept().unwrap().0;
    stream.set_nonblocking(true).unwrap();
    let source = net::TcpStream::from_std(stream.try_clone().unwrap());
    let read = move |mut count: ResMut<usize>, _: MioEvent| {
        let mut bytes = [0; 64];
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            *count += length;
        }
    };
    let read = board.named("read").timed(read.into_handler(world.registry()));
    world.resource_mut::<MioDriver>().register(source, Interest::READABLE, Box::new(read)).unwrap();
    client.write_all(b"hello").unwrap();
    while *world.resource::<usize>() < 5 {
        io.poll(&mut world, None).unwrap();
    }
    assert!(matches!(&runs(&board)[..], [(name, 1..)] if name == "read"));
}

#[test]
fn what_other_threads_send() {
    let board = Board::new();
    let mut builder = WorldBuilder::new();
    let shutdown = builder.shutdown_handle();
    let mut parker = Parker::new(&shutdown);
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(4, Full::Refuse, &parker.doorbell()));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    let mut world = builder.build();
    thread::spawn(move || (0..6).for_each(|x| _ = sender.send(x))).join().unwrap();
    let mut handler = board.named("event").timed((|_: u64| {}).into_handler(world.registry()));
    let stats = world.resource::<Inbox<u64>>().stats();
    board.gauge("inbox_waiting", "Events in the inbox.").set(stats.waiting as f64);
    board.counter("inbox_lost", "Events for which the inbox had no room.").set(stats.lost);
    parker.park(Some(Instant::now()));
    inbox.poll(&mut world, 64, &mut handler);
    assert_eq!(runs(&board), [("event".into(), 4)]);
    let text = board.prometheus();
    assert!(text.contains("inbox_waiting 4\n") && text.contains("inbox_lost_total 2\n"), "{text}");
}

#[test]
fn the_chains_of_connections() {
    fn frame(client: &mut Client<()>, line: &[u8]) {
        client.send(line);
        client.send(b"\n");
    }
    fn opened(client: &mut Client<()>, _: Opened) {
        client.send(b"welcome\n");
    }
    fn ended(_: &mut Client<()>, mut ends: ResMut<usize>, _: Ended<LineTooLong>) {
        *ends += 1;
    }
    let board = Board::new();
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).unwrap());
    let connections = builder.resource_mut::<Connections<()>>();
    let listener = connections.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let Some(Address::Ip(address)) = connections.address(listener) else { panic!("it listens") };
    builder.register(0_usize);
    let mut world = builder.build();
    let reg = world.registry();
    let frames = PipelineStart::<&[u8]>::borrowed().with_context().then(frame, reg).build();
    let mut frames = board.sampled(2, frames).into_pipeline();
    net.on_opened(board.timed(PipelineStart::<Opened>::new().with_context().then(opened, reg).build()).into_pipeline());
    net.on_ended(board.timed(PipelineStart::new().with_context().then(ended, reg).build()).into_pipeline());
    let client = thread::spawn(move || {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"one\ntwo\nthree\n").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        all
    });
    while *world.resource::<usize>() == 0 {
        let now = world.resource::<Clock>().now();
        io.poll_until(&mut world, now, |world| net.next_deadline(world)).unwrap();
        net.poll(&mut world, usize::MAX, &mut frames);
    }
    while !world.resource::<Connections<()>>().is_empty() {
        io.poll(&mut world, None).unwrap();
        net.poll(&mut world, usize::MAX, &mut frames);
    }
    assert_eq!(client.join().unwrap(), "welcome\none\ntwo\nthree\n");
    assert_eq!(runs(&board), [("frame".into(), 3), ("opened".into(), 1), ("ended".into(), 1)]);
    assert_eq!(board.meters()[0].latency().count(), 2);
    connections_are_copied(&board, &world);
}

fn connections_are_copied(board: &Board, world: &World) {
    let stats = *world.resource::<Connections<()>>().stats();
    for (why, count) in [("finished", stats.ended.finished), ("silent", stats.ended.silent)] {
        board.counter_with("connections_ended", "Connections that ended, by why.", &[("why", why)]).set(count);
    }
    let text = board.prometheus();
    assert!(text.contains("connections_ended_total{why=\"finished\"} 1\n"), "{text}");
}
