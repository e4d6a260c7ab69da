//! The server: its connections, what a request runs through, and its loop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use nexus_rt::connections::{
    Address, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, Limits as NetLimits, Opened,
};
use nexus_rt::plan::Plan;
use nexus_rt::wait::{Idle, Wait};
use nexus_rt::{Clock, Key, MioInstaller, MioPoller, PipelineStart, ResMut, World, WorldBuilder};

use crate::channels::Channels;
use crate::commands::{Commands, pubsub, transactions};
use crate::engine::{Engine, ExpiryPoller};
use crate::error::ProtocolError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::{Client, Reply, Session};
use crate::settings::Settings;
use crate::stats::Stats;

/// A server, to be run with its world.
pub struct Server {
    wait: Wait,
    address: SocketAddr,
    io: MioPoller,
    net: ConnectionsPoller<Session, Request>,
    expiry: ExpiryPoller,
    commands: Commands,
}

impl Server {
    /// Listens, and gives the server with its world.
    ///
    /// # Errors
    /// If an address cannot be listened on, or the system has no more files.
    pub fn bind(address: SocketAddr, unix: Option<&Path>, wait: Wait, limits: Limits) -> io::Result<(Self, World)> {
        let clock = Clock::realtime();
        let settings = Settings { address, started: clock.now() };
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits: limits.clone() });
        let io = builder.install_driver(MioInstaller::new()?);
        let framing = Request::new(limits.request);
        let net = ConnectionsInstaller::<Session, _>::new(&io, framing)?.limits(net_limits(&limits));
        let net = builder.install_driver(net);
        let connections = builder.resource_mut::<Connections<Session>>();
        let listener = connections.listen(address)?;
        let Some(Address::Ip(address)) = connections.address(listener) else {
            return Err(io::ErrorKind::Other.into());
        };
        unix.map(|path| connections.listen(path)).transpose()?;
        builder.resource_mut::<Settings>().address = address;
        let world = builder.build();
        let commands = Commands::new(world.registry());
        let mut server = Self { wait, address, io, net, expiry, commands };
        server.watch(&world);
        Ok((server, world))
    }

    /// Counts clients, and tells those that break the protocol.
    fn watch(&mut self, world: &World) {
        let reg = world.registry();
        let opened = PipelineStart::<Opened>::new().with_context::<Client>().then(on_opened, reg).build();
        let ended = PipelineStart::<Ended<ProtocolError>>::new().with_context::<Client>().then(on_ended, reg).build();
        self.net.on_opened(opened);
        self.net.on_ended(ended);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.commands.plan()
    }

    /// Runs until a shutdown is requested. Then, for `drain` at most, it answers what had come by then, sends the
    /// replies, and closes each connection when its client has read them.
    ///
    /// # Errors
    /// If the system cannot tell what happens to sockets.
    pub fn run(self, world: &mut World, drain: Duration) -> io::Result<()> {
        let Self { wait, mut io, mut net, mut expiry, mut commands, .. } = self;
        let reg = world.registry();
        let (clock, stats): (Key<Clock>, Key<Stats>) = (reg.key(), reg.key());
        let mut answer = PipelineStart::<&Request>::borrowed()
            .with_context::<Client>()
            .then(
                move |client: &mut Client, world: &mut World, request: &Request| commands.run(client, world, request),
                reg,
            )
            .build();
        let (mut idle, mut ran) = (Idle::new(wait), 0);
        let mut turn = |world: &mut World| {
            let now = clock.get(world).now();
            let happened = io.poll_until(world, now, |world| {
                let due = [expiry.next_deadline(world), net.next_deadline(world)].into_iter().flatten().min();
                idle.until(ran, now, due)
            })?;
            let now = clock.get(world).now();
            ran = happened + expiry.poll(world, now) + net.poll(world, usize::MAX, &mut answer);
            stats.get_mut(world).turns += 1;
            if wait == Wait::Block {
                // The system tells of everything, so a loop that blocks need not ask again.
                ran = 0;
            }
            Ok::<(), io::Error>(())
        };
        world.run(&mut turn)?;
        let deadline = Instant::now() + drain;
        world.resource_mut::<Connections<Session>>().drain(deadline);
        world.drain(deadline, |world| world.resource::<Connections<Session>>().is_empty(), turn)
    }
}

/// The limits of connections.
fn net_limits(limits: &Limits) -> NetLimits {
    let mut net = NetLimits::default();
    net.connections = limits.clients;
    net.refusal = Some(b"-ERR max number of clients reached\r\n"[..].into());
    // Requests have limits of their own, whose errors clients know.
    net.frame = usize::MAX;
    net.pause = limits.replies;
    net.unsent = limits.most_replies();
    net.memory = limits.buffers;
    net.stalled = limits.stalled;
    net
}

/// Gives a client its number.
fn on_opened(client: &mut Client, mut stats: ResMut<Stats>, _: Opened) {
    stats.connections += 1;
    stats.clients += 1;
    client.state.number = stats.connections;
}

/// Forgets a client, and tells it what was wrong with its last request.
fn on_ended(
    client: &mut Client,
    mut stats: ResMut<Stats>,
    mut channels: ResMut<Channels>,
    mut keys: ResMut<Keys>,
    why: Ended<ProtocolError>,
) {
    stats.clients -= 1;
    stats.cut_off += u64::from(matches!(why, Ended::Malformed(_) | Ended::TooMuch | Ended::Stalled));
    if let Ended::Malformed(error) = why {
        client.reply().error_of(&error.text());
    }
    pubsub::forget(client, &mut channels);
    transactions::forget(client, &mut keys);
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}
