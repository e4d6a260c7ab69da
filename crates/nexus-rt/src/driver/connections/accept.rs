//! Listeners: which clients are accepted, which are refused, and which wait.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use mio::Interest;

use super::client::{Client, Phase};
use super::resource::{Connections, Due, ListenerId};
use super::stream::{Acceptor, Address};

/// The number of clients to accept before existing connections are served.
const AT_ONCE: usize = 1_000;

/// How soon a listener that ran out of file descriptors tries again, since the OS does not report when some are free.
const AGAIN: Duration = Duration::from_millis(100);

/// Makes the state of a connection.
type State<C> = Box<dyn FnMut() -> C + Send>;

/// A socket that listens.
pub(super) struct Listener<C> {
    pub(super) acceptor: Acceptor,
    /// Makes the state of an accepted connection.
    state: State<C>,
    /// Whether a client may be waiting without a place for it.
    pub(super) waits: bool,
    /// Whether a timer is set to try again.
    pub(super) timed: bool,
    /// A spare file descriptor, released when there are no others, so that a client can be accepted and refused.
    spare: Option<File>,
}

impl<C> Listener<C> {
    pub(super) fn new(acceptor: Acceptor, state: State<C>) -> Self {
        Self { acceptor, state, waits: false, timed: false, spare: spare() }
    }

    /// Accepts a client for which no file descriptor is left, and refuses it. Returns whether a client was accepted.
    fn turn_away(&mut self, refusal: &[u8]) -> bool {
        self.spare = None;
        let taken = self.acceptor.accept().map(|(mut socket, _)| _ = socket.write(refusal));
        self.spare = spare();
        taken.is_ok()
    }
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}

impl<C, Tag> Connections<C, Tag> {
    /// Listens at an address. Each client that connects becomes a connection with a default state.
    ///
    /// A Unix socket that a killed program left behind is replaced, and its path is removed with the listener.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # let mut world = builder.build();
    /// let mut connections = world.resource_mut::<Connections<u32>>();
    /// let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    /// assert_ne!(address.port(), 0); // the OS chose one
    /// # let _ = (io, net);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, such as an address in use, or an error if a [`drain`](Self::drain) has begun.
    pub fn listen(&mut self, address: impl Into<Address>) -> io::Result<ListenerId>
    where
        C: Default + 'static,
    {
        self.listen_with(address, C::default)
    }

    /// Like [`listen`](Self::listen), but `state` makes the state of each connection.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # builder.register(Vec::<u32>::new());
    /// # let mut world = builder.build();
    /// # use std::net::TcpStream;
    /// let mut next = 0;
    /// let numbered = move || {
    ///     next += 1;
    ///     next
    /// };
    /// let mut connections = world.resource_mut::<Connections<u32>>();
    /// let address = "127.0.0.1:0".parse::<Address>().unwrap();
    /// let listener = connections.listen_with(address, numbered)?;
    /// # let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    /// # let mut ignore = PipelineStart::<&[u8]>::borrowed()
    /// #     .with_context::<Client<u32>>()
    /// #     .then(|_: &mut Client<u32>, _: &[u8]| {}, world.registry())
    /// #     .build();
    ///
    /// let clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
    /// while world.resource::<Connections<u32>>().len() < clients.len() {
    ///     io.poll(&mut world, None)?;
    ///     net.poll(&mut world, usize::MAX, &mut ignore);
    /// }
    /// let connections = world.resource::<Connections<u32>>();
    /// let states: Vec<_> = connections.iter().map(|client| client.state).collect();
    /// assert_eq!(states, [1, 2]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn listen_with(
        &mut self,
        address: impl Into<Address>,
        state: impl FnMut() -> C + Send + 'static,
    ) -> io::Result<ListenerId> {
        self.admit(Acceptor::bind(&address.into())?, Box::new(state))
    }

    /// Takes over a TCP listener of the program: one with options that must be set before it is bound, such as
    /// `SO_REUSEPORT`, or one that the process was started with. It becomes non-blocking.
    ///
    /// ```
    /// use std::net::TcpListener;
    ///
    /// use nexus_rt::connections::{Address, Connections, ConnectionsInstaller, Lines};
    /// use nexus_rt::{MioInstaller, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let io = builder.install_driver(MioInstaller::new()?);
    /// let installer = ConnectionsInstaller::<(), _>::new(&io, Lines::new(1_000))?;
    /// let net = builder.install_driver(installer);
    /// let mut world = builder.build();
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = Address::Ip(listener.local_addr()?);
    /// let mut connections = world.resource_mut::<Connections<()>>();
    /// let listener = connections.listen_on(listener)?;
    /// assert_eq!(connections.address(listener), Some(address));
    /// # let _net = net;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error, or an error if a [`drain`](Self::drain) has begun.
    pub fn listen_on(&mut self, listener: TcpListener) -> io::Result<ListenerId>
    where
        C: Default + 'static,
    {
        self.admit(Acceptor::made(listener)?, Box::new(C::default))
    }

    fn admit(&mut self, mut acceptor: Acceptor, state: State<C>) -> io::Result<ListenerId> {
        self.is_serving()?;
        acceptor.register(&self.door, self.listeners.next_key())?;
        Ok(self.listeners.insert((), Listener::new(acceptor, state)))
    }

    /// Returns the address of a listener, with the port that the OS chose if it was 0.
    #[must_use]
    pub fn address(&self, listener: ListenerId) -> Option<Address> {
        self.listeners.get(listener)?.kept.acceptor.address().ok()
    }

    /// Closes a listener. Its connections stay. Returns whether the id matched a listener.
    pub fn stop_listening(&mut self, listener: ListenerId) -> bool {
        let Some(mut removed) = self.listeners.remove(listener) else { return false };
        // The program may have another handle of it, which would keep it registered.
        removed.kept.acceptor.deregister(&self.door);
        true
    }

    /// Accepts the clients that wait at a listener. Returns whether more may wait.
    pub(super) fn accept(&mut self, id: ListenerId) -> bool {
        for _ in 0..AT_ONCE {
            let full = self.is_full();
            let Some(registration) = self.listeners.get_mut(id) else { return false };
            let listener = &mut registration.kept;
            listener.waits = full && self.limits.refusal.is_none();
            if listener.waits {
                // The listener is queued again once a place is free.
                return false;
            }
            match listener.acceptor.accept() {
                Ok((mut socket, _)) if full => {
                    self.stats.refused += 1;
                    // If even a fresh socket has no room for it, the client sees only the end of the stream.
                    _ = socket.write(self.limits.refusal.as_deref().unwrap_or_default());
                }
                Ok((mut socket, peer)) => {
                    let key = self.table.next_key();
                    if socket.register(&self.port, key, Interest::READABLE).is_err() {
                        self.stats.refused += 1;
                        continue;
                    }
                    let mut client = Client::new(key, (listener.state)(), peer, Phase::Fresh(Some(id)), self.now);
                    client.socket = Some(socket);
                    self.stats.accepted += 1;
                    self.insert(client);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The client left before it was accepted.
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {
                }
                // No file is left, or no memory.
                Err(_) if self.limits.refusal.as_ref().is_some_and(|refusal| listener.turn_away(refusal)) => {
                    self.stats.refused += 1;
                }
                Err(_) => {
                    listener.waits = true;
                    if !std::mem::replace(&mut listener.timed, true) {
                        self.wheel.insert(self.now + AGAIN, Due::Listener(id));
                    }
                    return false;
                }
            }
        }
        // The OS does not report them again.
        true
    }
}
