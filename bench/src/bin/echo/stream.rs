//! Connections over TCP or over a Unix socket. Servers see no difference.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnix;

use nexus_rt::mio::event::Source;
use nexus_rt::mio::net::{TcpListener, TcpStream, UnixStream};
use nexus_rt::mio::{Interest, Registry, Token};

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Transport {
    Tcp,
    Unix,
}

/// The server's end of a connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The client's end, which blocks.
pub(crate) trait Client: Read + Write + Send {}

impl<T: Read + Write + Send> Client for T {}

/// A new connection.
pub(crate) fn connect(transport: Transport) -> io::Result<(Stream, Box<dyn Client>)> {
    match transport {
        Transport::Unix => {
            let (server, client) = StdUnix::pair()?;
            server.set_nonblocking(true)?;
            Ok((Stream::Unix(UnixStream::from_std(server)), Box::new(client)))
        }
        Transport::Tcp => {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
            let client = std::net::TcpStream::connect(listener.local_addr()?)?;
            let server = loop {
                match listener.accept() {
                    Ok((server, _)) => break server,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                    Err(error) => return Err(error),
                }
            };
            server.set_nodelay(true)?;
            client.set_nodelay(true)?;
            Ok((Stream::Tcp(server), Box::new(client)))
        }
    }
}

macro_rules! both {
    ($stream:expr, $inner:pat => $do:expr) => {
        match $stream {
            Stream::Tcp($inner) => $do,
            Stream::Unix($inner) => $do,
        }
    };
}

impl Stream {
    /// Moves the stream to another loop.
    pub(crate) fn into_fd(self) -> (Transport, OwnedFd) {
        match self {
            Self::Tcp(stream) => (Transport::Tcp, stream.into()),
            Self::Unix(stream) => (Transport::Unix, stream.into()),
        }
    }
}

impl Read for &Stream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        both!(*self, stream => (&mut &*stream).read(buffer))
    }
}

impl Write for &Stream {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        both!(*self, stream => (&mut &*stream).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        both!(self, stream => stream.as_fd())
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        both!(self, stream => stream.register(registry, token, interests))
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        both!(self, stream => stream.reregister(registry, token, interests))
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        both!(self, stream => stream.deregister(registry))
    }
}
