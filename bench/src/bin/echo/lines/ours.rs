//! A line server on this library's connections driver.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nexus_rt::connections::{Address, Client as Context, Connections, ConnectionsInstaller, Lines};
use nexus_rt::{Clock, Key, MioInstaller, PipelineStart, World, WorldBuilder};

use super::LONGEST;
use crate::servers::Server;
use crate::stream::{Client, Transport};

pub(super) struct Ours {
    world: World,
    connections: Key<Connections<()>>,
    address: Address,
    /// A turn of the loop, as in the driver's documentation.
    turn: Box<dyn FnMut(&mut World)>,
}

impl Ours {
    pub(super) fn new(transport: Transport) -> Self {
        let mut builder = WorldBuilder::new();
        let mut io = builder.install_driver(MioInstaller::new().expect("there are files left"));
        let installer = ConnectionsInstaller::<(), _>::new(&io, Lines::new(LONGEST)).expect("there are files left");
        let mut net = builder.install_driver(installer);
        let connections = builder.key();
        let mut world = builder.build();
        let echo = |client: &mut Context<()>, line: &[u8]| {
            client.send(line);
            client.send(b"\n");
        };
        let mut echo =
            PipelineStart::<&[u8]>::borrowed().with_context::<Context<()>>().then(echo, world.registry()).build();
        let turn = move |world: &mut World| {
            let now = world.resource::<Clock>().now();
            io.poll_until(world, now, |world| net.next_deadline(world)).expect("it polls");
            net.poll(world, usize::MAX, &mut echo);
        };
        let address = match transport {
            Transport::Tcp => Address::Ip(([127, 0, 0, 1], 0).into()),
            Transport::Unix => path().into(),
        };
        let mut resource = world.resource_mut::<Connections<()>>();
        let listener = resource.listen(address).expect("nobody else listens there");
        let address = resource.address(listener).expect("it listens");
        Self { world, connections, address, turn: Box::new(turn) }
    }
}

/// Returns a socket path on which no other process listens.
fn path() -> PathBuf {
    std::env::temp_dir().join(format!("nexus-rt-echo-{}", std::process::id()))
}

impl Server for Ours {
    fn connect(&mut self, _: Transport) -> Box<dyn Client> {
        let before = self.connections.get(&self.world).len();
        let client: Box<dyn Client> = match &self.address {
            Address::Ip(address) => {
                let client = TcpStream::connect(address).expect("the server listens");
                client.set_nodelay(true).expect("it is connected");
                Box::new(client)
            }
            Address::Unix(path) => Box::new(UnixStream::connect(path).expect("the server listens")),
            other => unreachable!("nothing listens at {other}"),
        };
        while self.connections.get(&self.world).len() == before {
            self.poll();
        }
        client
    }

    fn poll(&mut self) {
        (self.turn)(&mut self.world);
    }

    fn echoed(&self) -> u64 {
        self.connections.get(&self.world).stats().sent
    }
}
