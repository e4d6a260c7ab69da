//! Panics, and framings that give up, at the worst moments: they cost one connection, and the loop goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nexus_rt::connections::{
    Address, Buffer, Client, Connections, ConnectionsInstaller, Framing, LineTooLong, Lines, Retry,
};
use nexus_rt::{MioInstaller, PipelineStart, ResMut, World, WorldBuilder};

use super::dials::{named, nowhere};
use super::{Log, Peer, Rig};

#[test]
fn a_panic_in_a_new_state_loses_one_connection() {
    let mut rig = Rig::new();
    let mut count = 0;
    let state = move || {
        count += 1;
        assert_ne!(count, 3, "as it was told");
        named("")
    };
    let listener = rig.net().listen_with("127.0.0.1:0".parse::<Address>().unwrap(), state).unwrap();
    let address = rig.net().address(listener).unwrap();
    let peers: Vec<_> = (0..5).map(|_| Peer::connect(&address)).collect();
    let mut panics = 0;
    while rig.net().stats().accepted < 4 {
        // It would sleep for ever.
        rig.io.poll(&mut rig.world, None).unwrap();
        panics += usize::from(
            catch_unwind(AssertUnwindSafe(|| rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain))).is_err(),
        );
    }
    rig.until("all have come", |rig| rig.has_logged("opened, accepted: true") == 4);
    assert_eq!((panics, peers.len()), (1, 5));
}

/// A state whose end panics, once.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "as it was told");
    }
}

#[test]
fn a_loop_does_not_sleep_on_what_a_panic_in_a_drop_left() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut net = builder.install_driver(ConnectionsInstaller::<Bomb, _>::new(&io, Lines::new(100)).unwrap());
    builder.register(Log::new());
    let mut world = builder.build();
    let note =
        |_: &mut Client<Bomb>, mut log: ResMut<Log>, frame: &[u8]| log.push(str::from_utf8(frame).unwrap().into());
    let mut chain =
        PipelineStart::<&[u8]>::borrowed().with_context::<Client<Bomb>>().then(note, world.registry()).build();
    let mut peers: Vec<_> = (0..3)
        .map(|n| {
            let (peer, own) = std::os::unix::net::UnixStream::pair().unwrap();
            own.set_nonblocking(true).unwrap();
            let own = nexus_rt::mio::net::UnixStream::from_std(own);
            world.resource_mut::<Connections<Bomb>>().adopt(own, Bomb(n == 0)).unwrap();
            peer
        })
        .collect();
    (0..3).for_each(|_| {
        io.poll(&mut world, Some(Duration::from_millis(1))).unwrap();
        net.poll(&mut world, usize::MAX, &mut chain);
    });
    peers.reverse();
    drop(peers.pop());
    peers.iter_mut().for_each(|peer| std::io::Write::write_all(peer, b"a line\n").unwrap());
    let mut panics = 0;
    while world.resource::<Log>().len() < 2 {
        // It would sleep for ever.
        io.poll(&mut world, None).unwrap();
        panics += usize::from(catch_unwind(AssertUnwindSafe(|| net.poll(&mut world, usize::MAX, &mut chain))).is_err());
    }
    assert_eq!((panics, world.resource::<Connections<Bomb>>().len()), (1, 2));
}

#[test]
fn one_is_gone_though_its_last_handler_panics() {
    let mut rig = Rig::new();
    let id = rig.net().connect(nowhere(), named("dialed"), Retry::once()).unwrap();
    rig.net().send(id, b"early");
    rig.on_ended(|_, _| panic!("as it was told"));
    let started = Instant::now();
    let mut panics = 0;
    while !rig.net().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "it stays");
        panics += usize::from(catch_unwind(AssertUnwindSafe(|| rig.turn())).is_err());
    }
    assert_eq!((panics, rig.net().stats().memory, rig.net().stats().ended.unreachable), (1, 0, 1));
}

/// Frames of two bytes. It keeps what it has seen of one that is none.
#[derive(Clone, Default)]
struct Careless(Buffer, String);

impl Framing for Careless {
    type Frame = str;
    type Error = std::fmt::Error;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.0
    }

    fn decode(&mut self) -> Result<Option<&str>, std::fmt::Error> {
        if self.1.len() == 2 {
            self.1.clear();
        }
        if self.0.unread().len() < 2 {
            return Ok(None);
        }
        self.1.push(self.0.take(1)[0].into());
        let second = self.0.take(1)[0].into();
        if second == '!' {
            return Err(std::fmt::Error);
        }
        self.1.push(second);
        Ok(Some(&self.1))
    }
}

#[test]
fn what_a_framing_keeps_when_it_gives_up_is_nobody_elses() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Careless::default()).unwrap());
    builder.register(Log::new());
    let net_key = builder.key::<Connections<()>>();
    let mut world = builder.build();
    let listener = net_key.get_mut(&mut world).listen("127.0.0.1:0".parse::<Address>().unwrap()).unwrap();
    let address = net_key.get(&world).address(listener).unwrap();
    let note = |_: &mut Client<()>, mut log: ResMut<Log>, frame: &str| log.push(frame.into());
    let mut chain = PipelineStart::<&str>::borrowed().with_context::<Client<()>>().then(note, world.registry()).build();
    let mut turn = |world: &mut World| {
        io.poll(world, Some(Duration::from_millis(1))).unwrap();
        net.poll(world, usize::MAX, &mut chain);
    };
    for bad in [["x!", ""], ["x", "!"], ["aax", "!"]] {
        let (mut peer, mut other) = (Peer::connect(&address), Peer::connect(&address));
        for part in bad {
            peer.send(part);
            (0..5).for_each(|_| turn(&mut world));
        }
        assert!(net_key.get(&world).stats().ended.malformed > 0);
        world.resource_mut::<Log>().clear();
        other.send("hello.");
        (0..5).for_each(|_| turn(&mut world));
        assert_eq!(*world.resource::<Log>(), ["he", "ll", "o."]);
    }
}

/// Lines that do not know what they hold.
#[derive(Clone)]
struct Unsure(Lines);

impl Framing for Unsure {
    type Frame = [u8];
    type Error = LineTooLong;

    fn buffer(&mut self) -> &mut Buffer {
        self.0.buffer()
    }

    fn decode(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        self.0.decode()
    }

    fn holds(&self) -> usize {
        panic!("as it was told")
    }
}

#[test]
fn a_panic_of_a_framing_about_its_memory_ends_its_connection() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let installer = ConnectionsInstaller::<(), _>::new(&io, Unsure(Lines::new(100))).unwrap();
    let mut net = builder.install_driver(installer);
    let mut world = builder.build();
    let ignore = |_: &mut Client<()>, _: &[u8]| {};
    let mut chain =
        PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>().then(ignore, world.registry()).build();
    let (mut peer, own) = std::os::unix::net::UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    world.resource_mut::<Connections<()>>().adopt(nexus_rt::mio::net::UnixStream::from_std(own), ()).unwrap();
    std::io::Write::write_all(&mut peer, b"half a line").unwrap();
    let mut panics = 0;
    while !world.resource::<Connections<()>>().is_empty() {
        io.poll(&mut world, None).unwrap();
        panics += usize::from(catch_unwind(AssertUnwindSafe(|| net.poll(&mut world, usize::MAX, &mut chain))).is_err());
    }
    let stats = *world.resource::<Connections<()>>().stats();
    assert_eq!((panics, stats.ended.panicked, stats.memory), (1, 1, 0));
}
