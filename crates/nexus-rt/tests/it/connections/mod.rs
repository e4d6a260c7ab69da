//! The connections driver, with real sockets on both sides.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod attacks;
mod chaos;
mod dials;
mod drains;
mod ends;
mod frames;
mod held_limits;
mod holds;
mod hostile;
mod limits;
mod memory;
mod panics;
mod paths;
mod random;
pub(crate) mod rig;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use nexus_rt::connections::{
    Address, Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, Limits, LineTooLong,
    Lines, ListenerId, Opened,
};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{BoxedPipeline, Clock, MioInstaller, MioPoller, PipelineStart, ResMut, World, WorldBuilder};

/// For what must happen, however slow the machine.
const LONG: Duration = Duration::from_secs(60);

/// What a test knows of a connection.
#[derive(Default, Debug)]
struct State {
    name: String,
    paused: bool,
}

/// What happened, in order.
type Log = Vec<String>;

type Net = Connections<State>;

/// A world with connections of lines, on a clock of the test's own.
struct Rig {
    world: World,
    io: MioPoller,
    net: ConnectionsPoller<State, Lines>,
    chain: BoxedPipeline<[u8], (), Client<State>, nexus_rt::chain::ByReference>,
    time: VirtualClock,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(limit: impl FnOnce(&mut Limits)) -> Self {
        Self::of(Lines::new(100), limit)
    }

    fn of(lines: Lines, limit: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        limit(&mut limits);
        let time = VirtualClock::new();
        let mut builder = WorldBuilder::new();
        builder.register(Clock::test(time.clone(), Duration::ZERO));
        builder.register(Log::new());
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let net = ConnectionsInstaller::<State, _>::new(&io, lines).unwrap();
        let mut net = builder.install_driver(net.limits(limits));
        let world = builder.build();
        let reg = world.registry();
        let chain = PipelineStart::<&[u8]>::borrowed().with_context::<Client<State>>().then(act, reg).build().boxed();
        net.on_opened(PipelineStart::<Opened>::new().with_context::<Client<State>>().then(opened, reg).build());
        net.on_ended(
            PipelineStart::<Ended<LineTooLong>>::new().with_context::<Client<State>>().then(ended, reg).build(),
        );
        Self { world, io, net, chain, time }
    }

    fn net(&mut self) -> ResMut<'_, Net> {
        self.world.resource_mut()
    }

    fn listen(&mut self) -> (ListenerId, Address) {
        let listener = self.net().listen("127.0.0.1:0".parse::<Address>().unwrap()).unwrap();
        let address = self.net().address(listener).unwrap();
        (listener, address)
    }

    /// One turn, which waits no longer than it must.
    fn turn(&mut self) -> usize {
        self.budget(usize::MAX)
    }

    fn budget(&mut self, budget: usize) -> usize {
        self.io.poll(&mut self.world, Some(Duration::from_millis(1))).unwrap();
        self.net.poll(&mut self.world, budget, &mut self.chain)
    }

    /// Turns until it holds.
    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(started.elapsed() < LONG, "waited in vain until {what}: {:?}", self.log());
            self.turn();
        }
    }

    fn log(&self) -> &Log {
        self.world.resource()
    }

    #[track_caller]
    fn until_logged(&mut self, line: &str) {
        self.until(line, |rig| rig.log().iter().any(|logged| logged == line));
    }

    fn has_logged(&self, line: &str) -> usize {
        self.log().iter().filter(|logged| *logged == line).count()
    }

    /// A peer, accepted, with its name.
    fn peer(&mut self, address: &Address, name: &str) -> (Peer, ConnectionId) {
        let mut peer = Peer::connect(address);
        peer.send(&format!("name {name}\n"));
        self.until_logged(&format!("{name} is named"));
        let id = self.net().iter().find(|client| client.state.name == name).unwrap().id();
        (peer, id)
    }

    /// Turns until the peer has received this.
    #[track_caller]
    fn expect(&mut self, peer: &mut Peer, text: &str) {
        self.until(text, |_| peer.receive().len() >= text.len());
        let rest = peer.received.split_off(text.len());
        assert_eq!(std::mem::replace(&mut peer.received, rest), text);
    }
}

/// Does what a line says.
fn act(client: &mut Client<State>, mut net: ResMut<Net>, mut log: ResMut<Log>, line: &[u8]) {
    let line = str::from_utf8(line).unwrap();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let named = |net: &Net, name: &str| net.iter().find(|client| client.state.name == name).map(Client::id);
    match word {
        "name" => {
            client.state.name = rest.into();
            log.push(format!("{rest} is named"));
        }
        "echo" => client.send(rest.as_bytes()),
        "big" => client.out().extend(std::iter::repeat_n(b'x', rest.parse().unwrap())),
        "tell" => {
            let (name, text) = rest.split_once(' ').unwrap();
            let id = if name == client.state.name { Some(client.id()) } else { named(&net, name) };
            let sent = id.is_some_and(|id| net.send(id, text.as_bytes()));
            log.push(format!("told {name}: {sent}"));
        }
        "flood" => {
            let sent = (0..rest.parse().unwrap()).filter(|_| net.send(client.id(), &[b'x'; 1_000])).count();
            log.push(format!("sent itself {sent}"));
        }
        "end" if rest == client.state.name => _ = net.close(client.id(), "by its id"),
        "end" => {
            let id = named(&net, rest).unwrap();
            log.push(format!("ends {rest}: {}", net.close(id, "by another")));
        }
        "close" => client.close("asked"),
        "finish" => client.finish(),
        "pause" => {
            client.pause();
            client.state.paused = true;
        }
        "owe" => client.owe(true),
        "hold" => net.hold(rest.parse().unwrap()),
        "release" => net.release(rest.parse().unwrap()),
        "panic" => panic!("as it was told"),
        "log" => log.push(format!("{} says {rest}", client.state.name)),
        other => panic!("{other:?} is no word"),
    }
}

fn opened(_: &mut Client<State>, mut log: ResMut<Log>, opened: Opened) {
    log.push(format!("opened, accepted: {}", opened.listener.is_some()));
}

fn ended(client: &mut Client<State>, mut log: ResMut<Log>, why: Ended<LineTooLong>) {
    client.send(b"farewell");
    let name = &client.state.name;
    log.push(match why {
        Ended::Lost(_) => format!("{name} lost"),
        Ended::Unreachable(_) => format!("{name} unreachable"),
        why => format!("{name} ended: {why}"),
    });
}

/// The other side of a connection.
struct Peer {
    socket: TcpStream,
    received: String,
    over: bool,
}

impl Peer {
    fn connect(address: &Address) -> Self {
        let Address::Ip(address) = address else { panic!("{address} is not of TCP") };
        Self::of(TcpStream::connect(address).unwrap())
    }

    fn of(socket: TcpStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, received: String::new(), over: false }
    }

    /// Sends what sockets have room for.
    fn send(&mut self, text: &str) {
        assert_eq!(self.socket.write(text.as_bytes()).unwrap(), text.len());
    }

    /// Receives what is there.
    fn receive(&mut self) -> &str {
        let mut bytes = [0; 65_536];
        loop {
            match self.socket.read(&mut bytes) {
                Ok(0) => self.over = true,
                Ok(length) => {
                    self.received.push_str(str::from_utf8(&bytes[..length]).unwrap());
                    continue;
                }
                Err(error) => self.over |= error.kind() != std::io::ErrorKind::WouldBlock,
            }
            return &self.received;
        }
    }

    fn finish(&self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }
}
