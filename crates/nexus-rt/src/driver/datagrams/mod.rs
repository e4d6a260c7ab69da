//! The datagrams driver: UDP and Unix datagram sockets.

mod poller;
mod resource;
mod socket;
mod stats;
mod wire;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

pub use poller::DatagramsPoller;
pub use resource::{Datagrams, SocketId};
pub use socket::Socket;
pub use stats::Stats;

use crate::doorbell::Doorbell;
use crate::driver::mio::{Inlet, MioEvent, MioPoller, Port, open};
use crate::handler::Handler;
use crate::poll::{Poller, Registrations};
use crate::world::{Installer, WorldBuilder};

/// Opens the port of a table.
type Open = Box<dyn FnOnce(&mut WorldBuilder, u32) -> ([Port; 1], Inlet, Doorbell)>;

/// The longest datagram of IP.
const LARGEST: usize = 65_535;

/// How many datagrams of a socket are read before others have their turn.
const PER_TURN: usize = 64;

/// Installs [`Datagrams`] over the wait of a [`MioPoller`], and returns their [`DatagramsPoller`].
///
/// `C` is the state that the program keeps for each socket.
///
/// ```
/// use std::net::UdpSocket;
///
/// use nexus_rt::connections::Address;
/// use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket};
/// use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};
///
/// /// Answers each datagram with its number. A reply without room is lost, like any datagram.
/// fn answer(socket: &mut Socket<u8>, mut bytes: ResMut<usize>, datagram: &[u8]) {
///     socket.state += 1;
///     *bytes += datagram.len();
///     _ = socket.reply(&[socket.state]);
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut io = builder.install_driver(MioInstaller::new()?);
/// let mut net = builder.install_driver(DatagramsInstaller::<u8>::new(&io)?);
/// builder.register(0_usize);
/// let mut world = builder.build();
/// let mut answer = PipelineStart::<&[u8]>::borrowed()
///     .with_context::<Socket<u8>>()
///     .then(answer, world.registry())
///     .build();
///
/// let mut datagrams = world.resource_mut::<Datagrams<u8>>();
/// let socket = datagrams.bind("127.0.0.1:0".parse::<Address>().unwrap(), 0)?;
/// let Some(Address::Ip(address)) = datagrams.address(socket) else { unreachable!() };
/// let client = UdpSocket::bind("127.0.0.1:0")?;
/// client.send_to(b"one", address)?;
/// client.send_to(b"three", address)?;
///
/// while *world.resource::<usize>() < 8 {
///     io.poll(&mut world, None)?; // waits until something comes
///     net.poll(&mut world, usize::MAX, &mut answer);
/// }
/// let mut replies = [0; 2];
/// for reply in &mut replies {
///     client.recv(std::slice::from_mut(reply))?;
/// }
/// assert_eq!(replies, [1, 2]);
/// assert_eq!(world.resource::<Datagrams<u8>>().stats().received_bytes, 8);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct DatagramsInstaller<C, Tag = ()> {
    open: Open,
    largest: usize,
    per_turn: usize,
    types: PhantomData<fn() -> (C, Tag)>,
}

impl<C> DatagramsInstaller<C> {
    /// Creates an installer of datagrams whose sockets `io` waits for.
    ///
    /// ```
    /// use nexus_rt::datagrams::{Datagrams, DatagramsInstaller};
    /// use nexus_rt::{MioInstaller, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let io = builder.install_driver(MioInstaller::new()?);
    /// let _net = builder.install_driver(DatagramsInstaller::<()>::new(&io)?.largest(1_500));
    /// let world = builder.build();
    /// assert!(world.resource::<Datagrams<()>>().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, such as too many open files.
    pub fn new<S, T>(io: &MioPoller<S, T>) -> io::Result<Self>
    where
        S: Handler<MioEvent> + 'static,
        T: 'static,
    {
        let key = io.key();
        let registry = Arc::new(io.registry()?);
        let open: Open = Box::new(move |builder, table| open(builder, key, &registry, [table]));
        Ok(Self { open, largest: LARGEST, per_turn: PER_TURN, types: PhantomData })
    }
}

impl<C, Tag> DatagramsInstaller<C, Tag> {
    /// Sets the length of the longest datagram that runs, in bytes: 65,535 by default. The OS truncates longer
    /// datagrams, so they do not run, but are [counted](Stats::truncated).
    pub fn largest(self, bytes: usize) -> Self {
        Self { largest: bytes, ..self }
    }

    /// Sets the number of datagrams to read from one socket before the other sockets are served: 64 by default, 1 at
    /// least.
    pub fn per_turn(self, datagrams: usize) -> Self {
        Self { per_turn: datagrams.max(1), ..self }
    }

    /// Distinguishes these sockets from others of the same world with the same state: their resource is a
    /// `Datagrams<C, Other>`.
    pub fn tagged<Other: 'static>(self) -> DatagramsInstaller<C, Other> {
        let Self { open, largest, per_turn, .. } = self;
        DatagramsInstaller { open, largest, per_turn, types: PhantomData }
    }
}

impl<C: Send + 'static, Tag: 'static> Installer for DatagramsInstaller<C, Tag> {
    type Poller = DatagramsPoller<C, Tag>;

    /// # Panics
    /// If the world does not have the driver of the poller passed to [`new`](Self::new), or already has such datagrams:
    /// [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> DatagramsPoller<C, Tag> {
        let mut sockets = Registrations::new();
        let table = sockets.polls().driver();
        let ([port], inlet, bell) = (self.open)(builder, table);
        builder.register(Datagrams::<C, Tag>::new(sockets, port));
        let (poller, room) = (Poller::new(builder.key()), vec![0; self.largest.saturating_add(1)]);
        DatagramsPoller {
            poller,
            inlet,
            events: Vec::new(),
            bell,
            table,
            room,
            per_turn: self.per_turn,
            lost: Vec::new(),
        }
    }
}

impl<C, Tag> fmt::Debug for DatagramsInstaller<C, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatagramsInstaller")
    }
}
