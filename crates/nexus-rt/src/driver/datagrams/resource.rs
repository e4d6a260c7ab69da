//! `Datagrams`: the resource through which handlers reach every socket.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::net::Ipv4Addr;
use std::sync::Arc;

use mio::net::UdpSocket;

use super::socket::{End, Socket};
use super::stats::{Count, Counters, Stats};
use super::wire::Wire;
use crate::driver::connections::Address;
use crate::driver::mio::{MOST, Port};
use crate::poll::{Driver, Polls, RegistrationKey, Registrations};

/// Identifies a socket of a [`Datagrams`], and is never reused.
pub type SocketId = RegistrationKey;

/// The datagram sockets of a world, UDP and Unix, as a resource: [`DatagramsInstaller`](super::DatagramsInstaller)
/// registers it, [`DatagramsPoller`](super::DatagramsPoller) runs a chain for each datagram.
///
/// Any handler can open sockets, send from them, close them, and access their state through this resource. A timer
/// needs only the [`SocketId`]. While a socket's own datagram runs, its [`Socket`] is the context of the chain: other
/// code can still send from the socket and close it, but cannot access its state.
///
/// `C` is the state that the program keeps for each socket, and `Tag` distinguishes two such drivers of one world.
///
/// ```
/// # #[cfg(not(feature = "timer"))]
/// # fn main() {}
/// # #[cfg(feature = "timer")]
/// # fn main() -> std::io::Result<()> {
/// use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, SocketId};
/// use nexus_rt::timer::TimerEvent;
/// use nexus_rt::{IntoCallback, MioInstaller, ResMut, WorldBuilder};
///
/// /// The handler of a timer. A heartbeat that cannot leave now would be useless later.
/// fn heartbeat(socket: &mut SocketId, mut datagrams: ResMut<Datagrams<()>>, _: TimerEvent) {
///     _ = datagrams.send(*socket, b"alive");
/// }
///
/// let mut builder = WorldBuilder::new();
/// let io = builder.install_driver(MioInstaller::new()?);
/// let _net = builder.install_driver(DatagramsInstaller::<()>::new(&io)?);
/// let mut world = builder.build();
///
/// let monitor = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let mut datagrams = world.resource_mut::<Datagrams<()>>();
/// let sender = datagrams.sender(monitor.local_addr()?, ())?;
/// let _heartbeat = heartbeat.into_callback(sender, world.registry());
/// # world.resource_mut::<Datagrams<()>>().send(sender, b"alive")?;
/// # let mut room = [0; 10];
/// # assert_eq!(monitor.recv(&mut room)?, 5);
/// # Ok(())
/// # }
/// ```
pub struct Datagrams<C, Tag = ()> {
    pub(super) table: Registrations<Box<Socket<C>>, Kept>,
    /// Sockets that may have datagrams to read.
    pub(super) ready: VecDeque<SocketId>,
    port: Port,
    stats: Arc<Counters>,
    tag: PhantomData<fn() -> Tag>,
}

/// The part of a registration that stays while a datagram runs.
pub(super) struct Kept {
    pub(super) end: Arc<End>,
    /// Whether it is among the ready ones.
    queued: bool,
}

impl<C, Tag> Datagrams<C, Tag> {
    pub(super) fn new(table: Registrations<Box<Socket<C>>, Kept>, port: Port) -> Self {
        Self { table, ready: VecDeque::new(), port, stats: Arc::default(), tag: PhantomData }
    }

    /// Opens a socket that receives datagrams at this address. The file of a Unix socket is removed when the socket is
    /// closed.
    ///
    /// ```
    /// # use nexus_rt::datagrams::{Datagrams, DatagramsInstaller};
    /// # use nexus_rt::{MioInstaller, WorldBuilder};
    /// use nexus_rt::connections::Address;
    /// # let mut builder = WorldBuilder::new();
    /// # let io = builder.install_driver(MioInstaller::new()?);
    /// # let _net = builder.install_driver(DatagramsInstaller::<u32>::new(&io)?);
    /// # let mut world = builder.build();
    ///
    /// let mut datagrams = world.resource_mut::<Datagrams<u32>>();
    /// let address = "127.0.0.1:0".parse::<Address>().unwrap();
    /// let socket = datagrams.bind(address, 7)?; // 7 is its state
    /// let Some(Address::Ip(address)) = datagrams.address(socket) else { unreachable!() };
    /// assert_ne!(address.port(), 0); // the OS chose one
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, such as an address in use.
    pub fn bind(&mut self, address: impl Into<Address>, state: C) -> io::Result<SocketId> {
        self.insert(Wire::bind(&address.into())?, state, false, true)
    }

    /// Opens a socket for one peer, at an address that the OS chooses. [`send`](Self::send) sends to the peer, and only
    /// datagrams of the peer are received. Those that others sent before the peer was set do not run, and are not
    /// counted.
    ///
    /// A Unix socket then has no address, so no peer can send to it. To give it one, [`bind`](Self::bind) it, and
    /// [`set_peer`](Self::set_peer).
    ///
    /// # Errors
    /// The OS error.
    pub fn connect(&mut self, peer: impl Into<Address>, state: C) -> io::Result<SocketId> {
        self.insert(Wire::open(&peer.into())?, state, true, true)
    }

    /// Opens a socket that only sends, to one peer. Datagrams to it are not read, and its events do not wake the loop.
    ///
    /// # Errors
    /// The OS error.
    pub fn sender(&mut self, peer: impl Into<Address>, state: C) -> io::Result<SocketId> {
        self.insert(Wire::open(&peer.into())?, state, true, false)
    }

    /// Takes over a bound UDP socket. Use it for options that must be set before the socket is bound, such as an
    /// address that several programs share, or the size of the receive buffer.
    ///
    /// # Errors
    /// The OS error.
    pub fn add(&mut self, socket: std::net::UdpSocket, state: C) -> io::Result<SocketId> {
        socket.set_nonblocking(true)?;
        let connected = socket.peer_addr().is_ok();
        self.insert(Wire::Udp(UdpSocket::from_std(socket)), state, connected, true)
    }

    fn insert(&mut self, mut wire: Wire, state: C, connected: bool, reads: bool) -> io::Result<SocketId> {
        if self.table.len() >= MOST {
            return Err(io::Error::other(format!("a driver of datagrams has at most {MOST} sockets")));
        }
        let id = self.table.next_key();
        if reads {
            wire.register(&self.port, id)?;
        }
        let end = Arc::new(End::new(wire, connected, self.stats.clone()));
        Ok(self.table.insert(Box::new(Socket::new(state, id, end.clone())), Kept { end, queued: false }))
    }

    /// Sets or changes the peer of a socket: see [`connect`](Self::connect).
    ///
    /// # Errors
    /// The OS error, or `NotFound` if the id matches no socket.
    pub fn set_peer(&mut self, id: SocketId, peer: impl Into<Address>) -> io::Result<()> {
        self.of(id)?.connect(&peer.into())
    }

    /// Joins an IPv4 multicast group at the interface with this address. With `Ipv4Addr::UNSPECIFIED`, the OS chooses
    /// the interface. For IPv6 groups, and to leave a group, use [`udp`](Self::udp).
    ///
    /// # Errors
    /// The OS error, or `NotFound` if the id matches no UDP socket.
    pub fn join(&mut self, id: SocketId, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.udp(id).ok_or_else(not_found)?.join_multicast_v4(&group, &interface)
    }

    /// Returns the UDP socket itself, for its options. Datagrams that are read from it directly do not run.
    #[must_use]
    pub fn udp(&self, id: SocketId) -> Option<&UdpSocket> {
        self.table.get(id)?.kept.end.wire.udp()
    }

    /// Returns the local address of a socket, with the port that the OS chose if it was 0. The path is empty for a Unix
    /// socket that is not bound.
    #[must_use]
    pub fn address(&self, id: SocketId) -> Option<Address> {
        self.table.get(id)?.kept.end.wire.address().ok()
    }

    /// Sends a datagram to the peer of a socket, at once: see [`Socket::send`].
    ///
    /// # Errors
    /// As [`Socket::send`], or `NotFound` if the id matches no socket.
    #[inline]
    pub fn send(&mut self, id: SocketId, bytes: &[u8]) -> io::Result<()> {
        self.of(id)?.send(bytes)
    }

    /// Sends a datagram from a socket to an address, at once: see [`Socket::send_to`].
    ///
    /// # Errors
    /// As [`Socket::send_to`], or `NotFound` if the id matches no socket.
    pub fn send_to(&mut self, id: SocketId, address: &Address, bytes: &[u8]) -> io::Result<()> {
        self.of(id)?.send_to(address, bytes)
    }

    #[inline]
    fn of(&self, id: SocketId) -> io::Result<&End> {
        self.table.get(id).map(|registration| &*registration.kept.end).ok_or_else(not_found)
    }

    /// Closes a socket. Received datagrams that have not run are lost. Returns whether the id matched a socket.
    pub fn close(&mut self, id: SocketId) -> bool {
        let Some(registration) = self.table.remove(id) else { return false };
        registration.kept.end.wire.deregister(&self.port);
        true
    }

    /// Returns a socket, or `None` if the id matches none or if the socket's own datagram is running.
    #[must_use]
    pub fn socket(&self, id: SocketId) -> Option<&Socket<C>> {
        self.table.get(id)?.handler.as_deref()
    }

    /// Returns the state of a socket mutably: see [`socket`](Self::socket).
    #[must_use]
    pub fn state_mut(&mut self, id: SocketId) -> Option<&mut C> {
        self.table.get_mut(id)?.handler.as_deref_mut().map(|socket| &mut socket.state)
    }

    /// Returns whether the id matches a socket, even one whose own datagram is running.
    #[must_use]
    pub fn contains(&self, id: SocketId) -> bool {
        self.table.contains(id)
    }

    /// Iterates over the ids of all sockets.
    pub fn ids(&self) -> impl Iterator<Item = SocketId> {
        self.table.iter().map(|(id, _)| id)
    }

    /// Returns the number of sockets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are no sockets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the counts for all sockets so far, including closed ones. [`Socket::stats`] returns those of one socket.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.stats()
    }

    /// Queues a socket to be read by this poll or the next: after the other queued ones or, with `first`, before them.
    pub(super) fn queue(&mut self, id: SocketId, first: bool) {
        let Some(registration) = self.table.get_mut(id) else { return };
        if mem::replace(&mut registration.kept.queued, true) {
            return;
        }
        if first {
            self.ready.push_front(id);
        } else {
            self.ready.push_back(id);
        }
    }

    /// Takes out the next socket that may have datagrams to read.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Box<Socket<C>>> {
        while let Some(id) = self.ready.pop_front() {
            if let Some(registration) = self.table.get_mut(id) {
                registration.kept.queued = false;
                return registration.handler.take();
            }
        }
        None
    }

    /// Ends a socket whose context did not come back.
    pub(super) fn lose(&mut self, id: SocketId, panicked: bool) {
        self.stats.add(Count::Panicked, u64::from(panicked));
        self.close(id);
    }
}

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the id matches no socket here")
}

impl<C: 'static, Tag: 'static> Driver for Datagrams<C, Tag> {
    type Handler = Box<Socket<C>>;
    type Key = SocketId;

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        self.table.polls()
    }

    fn put_back(&mut self, id: SocketId, socket: Box<Socket<C>>) -> Result<(), Box<Socket<C>>> {
        self.table.put_back(id, socket)
    }

    fn end(&mut self, id: SocketId) {
        self.close(id);
    }
}

impl<C, Tag> fmt::Debug for Datagrams<C, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("len", &self.len()).field("stats", &self.stats()).finish()
    }
}
