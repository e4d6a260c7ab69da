//! Servers and clients over TCP and Unix sockets, with framing, limits and draining (feature `mio`).
//!
//! [`Connections`] is the resource that listens, connects and sends. A [`Framing`] cuts the bytes of each connection
//! into frames, and the [`ConnectionsPoller`] runs one chain for each frame, with its [`Client`] as the context. An
//! echo server:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
//! use nexus_rt::{MioInstaller, PipelineStart, WorldBuilder};
//!
//! fn echo(client: &mut Client<()>, line: &[u8]) {
//!     client.send(line);
//!     client.send(b"\n");
//! }
//!
//! let mut builder = WorldBuilder::new();
//! let mut io = builder.install_driver(MioInstaller::new()?);
//! let installer = ConnectionsInstaller::<(), _>::new(&io, Lines::new(1_000))?;
//! let mut net = builder.install_driver(installer);
//! let mut world = builder.build();
//! let mut echo = PipelineStart::<&[u8]>::borrowed()
//!     .with_context::<Client<()>>()
//!     .then(echo, world.registry())
//!     .build();
//!
//! let mut connections = world.resource_mut::<Connections<()>>();
//! let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
//! let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
//!
//! let mut client = TcpStream::connect(address)?;
//! client.write_all(b"hello\n")?;
//! while world.resource::<Connections<()>>().stats().sent < 6 {
//!     io.poll(&mut world, None)?; // waits until a socket is ready
//!     net.poll(&mut world, usize::MAX, &mut echo);
//! }
//! let mut reply = [0; 6];
//! client.read_exact(&mut reply)?;
//! assert_eq!(&reply, b"hello\n");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - [`Lines`] and [`LengthPrefixed`] are framings; [`Framing`] shows how to write one.
//! - [`Limits`] bound what connections may cost, and [`Stats`] count what happened.
//! - [`Opened`] and [`Ended`] are the events before the first frame of a connection, and after its last.
//! - [`Connections::connect`] dials, with the attempts of a [`Retry`].
//! - [`Connections::hold`] holds output until it is safe to send, and [`Connections::drain`] ends all connections
//!   gracefully.

pub use crate::driver::{
    Address, Buffer, Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, EndedStats,
    FrameTooLong, Framing, LengthPrefixed, Limits, LineTooLong, Lines, ListenerId, Opened, Retry, Stats, Stream,
    UnknownAddress,
};
