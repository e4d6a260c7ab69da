//! Datagrams over UDP and Unix sockets (feature `mio`).
//!
//! [`Datagrams`] is the resource that opens sockets and sends. The [`DatagramsPoller`] runs one chain for each
//! datagram, with its [`Socket`] as the context. A server that answers each datagram with its length:
//!
//! ```
//! use std::net::UdpSocket;
//!
//! use nexus_rt::connections::Address;
//! use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket};
//! use nexus_rt::{MioInstaller, PipelineStart, WorldBuilder};
//!
//! fn answer(socket: &mut Socket<()>, datagram: &[u8]) {
//!     // A reply for which there is no room is lost, like any datagram.
//!     _ = socket.reply(&[datagram.len() as u8]);
//! }
//!
//! let mut builder = WorldBuilder::new();
//! let mut io = builder.install_driver(MioInstaller::new()?);
//! let mut net = builder.install_driver(DatagramsInstaller::<()>::new(&io)?);
//! let mut world = builder.build();
//! let mut answer = PipelineStart::<&[u8]>::borrowed()
//!     .with_context::<Socket<()>>()
//!     .then(answer, world.registry())
//!     .build();
//!
//! let mut datagrams = world.resource_mut::<Datagrams<()>>();
//! let socket = datagrams.bind("127.0.0.1:0".parse::<Address>().unwrap(), ())?;
//! let Some(Address::Ip(address)) = datagrams.address(socket) else { unreachable!() };
//!
//! let client = UdpSocket::bind("127.0.0.1:0")?;
//! client.send_to(b"hello", address)?;
//! while net.poll(&mut world, usize::MAX, &mut answer) == 0 {
//!     io.poll(&mut world, None)?; // waits until a socket is ready
//! }
//! let mut reply = [0];
//! client.recv(&mut reply)?;
//! assert_eq!(reply, [5]);
//! # Ok::<(), std::io::Error>(())
//! ```

pub use crate::driver::{DatagramStats as Stats, Datagrams, DatagramsInstaller, DatagramsPoller, Socket, SocketId};
