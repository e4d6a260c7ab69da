//! UDP and Unix datagram sockets, behind one interface.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
#[cfg(unix)]
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::Path;

use mio::Interest;
use mio::net::UdpSocket;
#[cfg(unix)]
use mio::net::UnixDatagram;

use crate::driver::connections::Address;
#[cfg(unix)]
use crate::driver::connections::SocketPath;
use crate::driver::mio::Port;
use crate::poll::RegistrationKey;

/// A socket of the OS.
pub(super) enum Wire {
    Udp(UdpSocket),
    /// With the path, if it is bound to one, which is removed before it is closed.
    #[cfg(unix)]
    Unix(Option<SocketPath>, UnixDatagram),
}

/// The sender of a datagram, as the OS reports it: an [`Address`] would allocate.
#[derive(Clone)]
pub(super) enum Origin {
    Nobody,
    Ip(SocketAddr),
    #[cfg(unix)]
    Unix(UnixAddr),
}

/// Calls a method of the socket inside.
macro_rules! on {
    ($socket:expr, $inside:ident => $call:expr) => {
        match $socket {
            Self::Udp($inside) => $call,
            #[cfg(unix)]
            Self::Unix(_, $inside) => $call,
        }
    };
}

impl Wire {
    pub(super) fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Ip(address) => UdpSocket::bind(*address).map(Self::Udp),
            #[cfg(unix)]
            Address::Unix(path) => {
                let connect = |path| UnixDatagram::unbound()?.connect(path);
                let (path, socket) = SocketPath::bind(path, UnixDatagram::bind, connect)?;
                Ok(Self::Unix(Some(path), socket))
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err(other_kind()),
        }
    }

    /// Opens a socket for this peer, at an address that the OS chooses.
    pub(super) fn open(peer: &Address) -> io::Result<Self> {
        let socket = match peer {
            Address::Ip(SocketAddr::V4(_)) => Self::bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?,
            Address::Ip(SocketAddr::V6(_)) => Self::bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?,
            #[cfg(unix)]
            Address::Unix(_) => Self::Unix(None, UnixDatagram::unbound()?),
            #[cfg(not(unix))]
            Address::Unix(_) => return Err(other_kind()),
        };
        socket.connect(peer)?;
        Ok(socket)
    }

    pub(super) fn connect(&self, peer: &Address) -> io::Result<()> {
        match (self, peer) {
            (Self::Udp(socket), Address::Ip(peer)) => socket.connect(*peer),
            #[cfg(unix)]
            (Self::Unix(_, socket), Address::Unix(path)) => socket.connect(path),
            _ => Err(other_kind()),
        }
    }

    pub(super) fn peer(&self) -> Origin {
        match self {
            Self::Udp(socket) => socket.peer_addr().map_or(Origin::Nobody, Origin::Ip),
            #[cfg(unix)]
            Self::Unix(_, socket) => socket.peer_addr().map_or(Origin::Nobody, Origin::Unix),
        }
    }

    pub(super) fn address(&self) -> io::Result<Address> {
        match self {
            Self::Udp(socket) => socket.local_addr().map(Address::Ip),
            #[cfg(unix)]
            Self::Unix(path, _) => Ok(path.as_ref().map_or(Path::new(""), SocketPath::path).into()),
        }
    }

    pub(super) fn udp(&self) -> Option<&UdpSocket> {
        match self {
            Self::Udp(socket) => Some(socket),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    pub(super) fn register(&mut self, port: &Port, key: RegistrationKey) -> io::Result<()> {
        on!(self, socket => port.register(socket, key, Interest::READABLE))
    }

    /// Ends the registration of a socket that is about to be closed. Elsewhere, closing it does this.
    pub(super) fn deregister(&self, port: &Port) {
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd;

            // Its own handle may be lent out, and another program may have the file open.
            let file = on!(self, socket => socket.as_raw_fd());
            port.deregister(&mut mio::unix::SourceFd(&file));
        }
        #[cfg(not(unix))]
        let _ = port;
    }

    #[inline]
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<(usize, Origin)> {
        match self {
            Self::Udp(socket) => socket.recv_from(room).map(|(length, from)| (length, Origin::Ip(from))),
            #[cfg(unix)]
            Self::Unix(_, socket) => socket.recv_from(room).map(|(length, from)| (length, Origin::Unix(from))),
        }
    }

    #[inline]
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        on!(self, socket => socket.send(bytes))
    }

    pub(super) fn send_to(&self, address: &Address, bytes: &[u8]) -> io::Result<usize> {
        match (self, address) {
            (Self::Udp(socket), Address::Ip(address)) => socket.send_to(bytes, *address),
            #[cfg(unix)]
            (Self::Unix(_, socket), Address::Unix(path)) => socket.send_to(bytes, path),
            _ => Err(other_kind()),
        }
    }

    #[inline]
    pub(super) fn reply(&self, to: &Origin, bytes: &[u8]) -> io::Result<usize> {
        match (self, to) {
            (Self::Udp(socket), Origin::Ip(to)) => socket.send_to(bytes, *to),
            #[cfg(unix)]
            (Self::Unix(_, socket), Origin::Unix(to)) if let Some(path) = to.as_pathname() => {
                socket.send_to(bytes, path)
            }
            _ => Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "the sender has no address to reply to")),
        }
    }
}

impl Origin {
    /// Whether both are the same address, which can be sent to.
    #[inline]
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            // The flow of an IPv6 address is not part of it.
            (Self::Ip(one), Self::Ip(other)) => one.ip() == other.ip() && one.port() == other.port(),
            #[cfg(unix)]
            (Self::Unix(one), Self::Unix(other)) => {
                one.as_pathname().is_some_and(|path| other.as_pathname() == Some(path))
            }
            _ => false,
        }
    }

    pub(super) fn address(&self) -> Address {
        match self {
            Self::Nobody => Path::new("").into(),
            Self::Ip(address) => (*address).into(),
            #[cfg(unix)]
            Self::Unix(address) => Address::unix(address),
        }
    }
}

fn other_kind() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "the address is not of the socket's kind, or this system has no such addresses",
    )
}
