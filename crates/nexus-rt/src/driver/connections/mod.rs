//! The connections driver: framed streams over TCP and Unix sockets.

mod accept;
mod client;
mod dial;
mod drain;
mod ended;
mod framing;
mod hold;
mod limits;
mod lines;
mod output;
mod partial;
#[cfg(unix)]
mod path;
mod poller;
mod resource;
mod stream;
mod turn;
mod upkeep;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

pub use client::Client;
pub use dial::Retry;
pub use ended::{Ended, Opened};
pub use framing::{Buffer, Framing};
pub use limits::{EndedStats, Limits, Stats};
pub use lines::{FrameTooLong, LengthPrefixed, LineTooLong, Lines};
#[cfg(unix)]
pub(super) use path::SocketPath;
pub use poller::ConnectionsPoller;
pub use resource::{ConnectionId, Connections, ListenerId};
pub use stream::{Address, Stream, UnknownAddress};
use turn::Bell;

use crate::clock::Clock;
use crate::doorbell::Doorbell;
use crate::driver::mio::{Inlet, MioEvent, MioPoller, Port, open};
use crate::handler::Handler;
use crate::poll::{Poller, Registrations};
use crate::world::{Installer, WorldBuilder};

/// Opens the ports of two tables.
type Open = Box<dyn FnOnce(&mut WorldBuilder, [u32; 2]) -> ([Port; 2], Inlet, Doorbell)>;

/// Installs [`Connections`] over the wait of a [`MioPoller`], and returns their [`ConnectionsPoller`].
///
/// It also registers a real-time [`Clock`], unless the world has a clock.
///
/// `C` is the state that the program keeps for each connection, and `F` cuts the bytes into frames.
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use std::net::TcpStream;
///
/// use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
/// use nexus_rt::{Clock, MioInstaller, PipelineStart, ResMut, WorldBuilder};
///
/// #[derive(Default)]
/// struct Session {
///     lines: u32,
/// }
///
/// fn answer(client: &mut Client<Session>, mut total: ResMut<u32>, line: &[u8]) {
///     client.state.lines += 1;
///     *total += 1;
///     let text = format!("line {} of {}: {} bytes\n", client.state.lines, *total, line.len());
///     client.send(text.as_bytes());
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut io = builder.install_driver(MioInstaller::new()?);
/// let installer = ConnectionsInstaller::<Session, _>::new(&io, Lines::new(1_000))?;
/// let mut net = builder.install_driver(installer);
/// let shutdown = builder.shutdown_handle();
/// builder.register(0_u32);
/// let mut world = builder.build();
/// let mut answer = PipelineStart::<&[u8]>::borrowed()
///     .with_context::<Client<Session>>()
///     .then(answer, world.registry())
///     .build();
///
/// let mut connections = world.resource_mut::<Connections<Session>>();
/// let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
/// let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
/// let client = std::thread::spawn(move || {
///     let mut client = BufReader::new(TcpStream::connect(address)?);
///     client.get_mut().write_all(b"one\ntwo\n")?;
///     let mut replies = [String::new(), String::new()];
///     replies.iter_mut().try_for_each(|reply| client.read_line(reply).map(drop))?;
///     shutdown.shutdown();
///     Ok::<_, std::io::Error>(replies)
/// });
///
/// world.run(|world| {
///     let now = world.resource::<Clock>().now();
///     io.poll_until(world, now, |world| net.next_deadline(world))?;
///     net.poll(world, usize::MAX, &mut answer);
///     Ok::<(), std::io::Error>(())
/// })?;
/// assert_eq!(client.join().unwrap()?, ["line 1 of 1: 3 bytes\n", "line 2 of 2: 3 bytes\n"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct ConnectionsInstaller<C, F, Tag = ()> {
    open: Open,
    framing: F,
    limits: Limits,
    types: PhantomData<fn() -> (C, Tag)>,
}

impl<C, F: Framing> ConnectionsInstaller<C, F> {
    /// Creates an installer of connections whose sockets `io` waits for, and whose bytes `framing` cuts into frames.
    ///
    /// ```
    /// use nexus_rt::connections::{Connections, ConnectionsInstaller, LengthPrefixed};
    /// use nexus_rt::{MioInstaller, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let io = builder.install_driver(MioInstaller::new()?);
    /// let framing = LengthPrefixed::u32(1 << 20); // frames of at most 1 MiB
    /// let _net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, framing)?);
    /// let world = builder.build();
    /// assert!(world.resource::<Connections<()>>().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, such as too many open files.
    pub fn new<S, T>(io: &MioPoller<S, T>, framing: F) -> io::Result<Self>
    where
        S: Handler<MioEvent> + 'static,
        T: 'static,
    {
        let key = io.key();
        let registry = Arc::new(io.registry()?);
        let open: Open = Box::new(move |builder, tables| open(builder, key, &registry, tables));
        Ok(Self { open, framing, limits: Limits::default(), types: PhantomData })
    }
}

impl<C, F, Tag> ConnectionsInstaller<C, F, Tag> {
    /// Sets the limits. [`Connections::limits_mut`] changes them later.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Distinguishes these connections from others of the same world with the same state: their resource is a
    /// `Connections<C, Other>`.
    pub fn tagged<Other: 'static>(self) -> ConnectionsInstaller<C, F, Other> {
        let Self { open, framing, limits, .. } = self;
        ConnectionsInstaller { open, framing, limits, types: PhantomData }
    }
}

impl<C: Send + 'static, F: Framing, Tag: 'static> Installer for ConnectionsInstaller<C, F, Tag> {
    type Poller = ConnectionsPoller<C, F, Tag>;

    /// # Panics
    /// If the world does not have the driver of the poller passed to [`new`](Self::new), or already has such
    /// connections: [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> ConnectionsPoller<C, F, Tag> {
        if !builder.contains::<Clock>() {
            builder.register(Clock::realtime());
        }
        let now = builder.resource::<Clock>().now();
        let (mut table, mut listeners) = (Registrations::new(), Registrations::new());
        let tables = [table.polls().driver(), listeners.polls().driver()];
        let (ports, inlet, bell) = (self.open)(builder, tables);
        let bell = Bell::new(bell);
        builder.register(Connections::<C, Tag>::new(ports, (table, listeners), bell.clone(), self.limits, now));
        ConnectionsPoller::new(Poller::new(builder.key()), inlet, builder.key(), tables, self.framing, bell)
    }
}

impl<C, F, Tag> fmt::Debug for ConnectionsInstaller<C, F, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionsInstaller")
    }
}
