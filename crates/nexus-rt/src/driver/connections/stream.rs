//! Streams and listeners over TCP and Unix sockets, behind one interface.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[cfg(unix)]
use super::path::SocketPath;
use crate::driver::mio::Port;
use crate::poll::RegistrationKey;
use mio::Interest;
use mio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use mio::net::{UnixListener, UnixStream};

/// The address of a socket: IP and port, or the path of a Unix socket.
///
/// It parses from `127.0.0.1:6379`, `[::1]:6379` and `unix:/run/socket`.
///
/// ```
/// use nexus_rt::connections::Address;
///
/// let address: Address = "unix:/run/socket".parse()?;
/// assert_eq!(address, std::path::Path::new("/run/socket").into());
/// assert_eq!(
///     "localhost".parse::<Address>().unwrap_err().to_string(),
///     "`localhost` is not an address: use one like `127.0.0.1:6379`, `[::1]:6379` or `unix:/run/socket`"
/// );
/// # Ok::<(), nexus_rt::connections::UnknownAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// The path of a Unix socket. It is empty for a peer without an address, such as most clients.
    Unix(Box<Path>),
}

impl Address {
    #[cfg(unix)]
    pub(in crate::driver) fn unix(address: &std::os::unix::net::SocketAddr) -> Self {
        address.as_pathname().unwrap_or_else(|| Path::new("")).into()
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Unix(path.into())
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path.into())
    }
}

impl FromStr for Address {
    type Err = UnknownAddress;

    fn from_str(text: &str) -> Result<Self, UnknownAddress> {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Path::new(path).into()),
            _ => text.parse().map(Self::Ip).map_err(|_| UnknownAddress(text.into())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The error of parsing an [`Address`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownAddress(String);

impl fmt::Display for UnknownAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address: use one like `127.0.0.1:6379`, `[::1]:6379` or `unix:/run/socket`", self.0)
    }
}

impl std::error::Error for UnknownAddress {}

/// Calls a method of the socket inside.
macro_rules! on {
    ($socket:expr, $inside:ident => $call:expr) => {
        match $socket {
            Self::Tcp($inside) => $call,
            #[cfg(unix)]
            Self::Unix(.., $inside) => $call,
        }
    };
}

/// A connected stream of `mio`, over TCP or a Unix socket: see [`Connections::adopt`](super::Connections::adopt).
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// A TCP stream.
    Tcp(TcpStream),
    /// A Unix stream socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(socket: TcpStream) -> Self {
        Self::Tcp(socket)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Self {
        Self::Unix(socket)
    }
}

impl Stream {
    /// Begins to connect. It is writable once that has succeeded or failed.
    pub(super) fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Ip(address) => {
                let socket = TcpStream::connect(*address)?;
                socket.set_nodelay(true)?;
                Ok(Self::Tcp(socket))
            }
            #[cfg(unix)]
            Address::Unix(path) => Ok(Self::Unix(UnixStream::connect(path)?)),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(no_unix()),
        }
    }

    /// Returns whether the connection is established, or the error with which it failed.
    pub(super) fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = on!(self, socket => socket.take_error())? {
            return Err(error);
        }
        match on!(self, socket => socket.peer_addr().map(drop)) {
            Ok(()) if self.is_its_own_peer() => Err(io::ErrorKind::ConnectionRefused.into()),
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotConnected | io::ErrorKind::WouldBlock) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns whether it is connected to itself: the OS does that if it gives a socket the very port that the socket
    /// connects to, where no one listens.
    fn is_its_own_peer(&self) -> bool {
        let Self::Tcp(socket) = self else { return false };
        socket.local_addr().is_ok_and(|own| socket.peer_addr().is_ok_and(|peer| own == peer))
    }

    /// Returns the address of the peer.
    pub(super) fn peer(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(socket) => socket.peer_addr().map(Address::Ip),
            #[cfg(unix)]
            Self::Unix(socket) => socket.peer_addr().map(|peer| Address::unix(&peer)),
        }
    }

    pub(super) fn register(&mut self, port: &Port, key: RegistrationKey, interest: Interest) -> io::Result<()> {
        on!(self, socket => port.register(socket, key, interest))
    }

    pub(super) fn reregister(&mut self, port: &Port, key: RegistrationKey, interest: Interest) -> io::Result<()> {
        on!(self, socket => port.reregister(socket, key, interest))
    }

    #[inline]
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        on!(self, socket => socket.read(room))
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        on!(self, socket => socket.write(bytes))
    }

    pub(super) fn write_both(&mut self, first: &[u8], second: &[u8]) -> io::Result<usize> {
        on!(self, socket => socket.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]))
    }

    /// Closes this side of the stream.
    pub(super) fn shut(&self) -> io::Result<()> {
        on!(self, socket => socket.shutdown(Shutdown::Write))
    }

    /// Returns the number of bytes that wait to be read.
    #[cfg(unix)]
    pub(super) fn waiting(&self) -> usize {
        on!(self, socket => rustix::io::ioctl_fionread(socket)).map_or(0, |bytes| bytes as usize)
    }

    #[cfg(not(unix))]
    pub(super) fn waiting(&self) -> usize {
        let Self::Tcp(socket) = self;
        socket.peek(&mut [0; super::framing::READ]).unwrap_or(0)
    }

    pub(super) fn deregister(&mut self, port: &Port) {
        on!(self, socket => port.deregister(socket));
    }
}

/// A socket that listens.
pub(super) enum Acceptor {
    Tcp(TcpListener),
    /// With the path, which is removed before it is closed.
    #[cfg(unix)]
    Unix(SocketPath, UnixListener),
}

impl Acceptor {
    pub(super) fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Ip(address) => Ok(Self::Tcp(TcpListener::bind(*address)?)),
            #[cfg(unix)]
            Address::Unix(path) => {
                let (path, socket) = SocketPath::bind(path, UnixListener::bind, UnixStream::connect)?;
                Ok(Self::Unix(path, socket))
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err(no_unix()),
        }
    }

    /// Takes a listener that the program made.
    pub(super) fn made(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self::Tcp(TcpListener::from_std(listener)))
    }

    /// Returns the local address, with the port that the OS chose if it was 0.
    pub(super) fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Address::Ip),
            #[cfg(unix)]
            Self::Unix(path, _) => Ok(path.path().into()),
        }
    }

    pub(super) fn accept(&self) -> io::Result<(Stream, Address)> {
        match self {
            Self::Tcp(socket) => {
                let (socket, peer) = socket.accept()?;
                // Output is sent once per turn, so a delay would gain nothing.
                // This fails if the client has left already, as its first read will report too.
                _ = socket.set_nodelay(true);
                Ok((Stream::Tcp(socket), Address::Ip(peer)))
            }
            #[cfg(unix)]
            Self::Unix(_, socket) => {
                let (socket, peer) = socket.accept()?;
                Ok((Stream::Unix(socket), Address::unix(&peer)))
            }
        }
    }

    pub(super) fn register(&mut self, port: &Port, key: RegistrationKey) -> io::Result<()> {
        on!(self, socket => port.register(socket, key, Interest::READABLE))
    }

    pub(super) fn deregister(&mut self, port: &Port) {
        on!(self, socket => port.deregister(socket));
    }
}

#[cfg(not(unix))]
fn no_unix() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets")
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A socket that the OS has connected to itself, as it does once it happens to choose the port that is dialed.
    fn itself() -> std::net::TcpStream {
        // For connections, Linux chooses even ports.
        let mut port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() & !1;
        for _ in 0..2_000_000 {
            match std::net::TcpStream::connect(("127.0.0.1", port)) {
                Ok(socket) if socket.local_addr().unwrap() == socket.peer_addr().unwrap() => return socket,
                // Another one listens there.
                Ok(_) => port -= 2,
                Err(_) => {}
            }
        }
        panic!("the OS never chooses port {port}");
    }

    #[test]
    fn a_socket_that_is_connected_to_itself_is_refused() {
        let socket = itself();
        socket.set_nonblocking(true).unwrap();
        let error = Stream::from(TcpStream::from_std(socket)).is_connected().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
