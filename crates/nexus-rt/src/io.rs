//! Events, tokens and wakers of other sources, such as pipes and your own sockets (feature `mio`).
//!
//! A handler registers a source with the resource [`MioDriver`](crate::MioDriver), and receives a [`MioEvent`] when the
//! source is ready. The [`MioPoller`](crate::MioPoller) waits for all sources of a loop:
//!
//! ```
//! use nexus_rt::io::MioEvent;
//! use nexus_rt::mio::Interest;
//! use nexus_rt::mio::net::UdpSocket;
//! use nexus_rt::{IntoHandler, MioDriver, MioInstaller, ResMut, WorldBuilder};
//!
//! fn receive(mut io: ResMut<MioDriver>, mut bytes: ResMut<usize>, event: MioEvent) {
//!     // Reads until `WouldBlock`, since data left unread are not reported again.
//!     let mut room = [0; 64];
//!     let Some(socket) = io.source::<UdpSocket>(event.token) else { return };
//!     while let Ok(length) = socket.recv(&mut room) {
//!         *bytes += length;
//!     }
//! }
//!
//! let mut builder = WorldBuilder::new();
//! let mut poller = builder.install_driver(MioInstaller::new()?);
//! builder.register(0_usize);
//! let mut world = builder.build();
//!
//! let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
//! let address = socket.local_addr()?;
//! let receive = Box::new(receive.into_handler(world.registry()));
//! world.resource_mut::<MioDriver>().register(socket, Interest::READABLE, receive)?;
//!
//! std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", address)?;
//! while *world.resource::<usize>() == 0 {
//!     poller.poll(&mut world, None)?; // waits until a source is ready
//! }
//! assert_eq!(*world.resource::<usize>(), 5);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! For streams, [`connections`](crate::connections) reads, writes and cuts bytes into frames. For datagrams, use
//! [`datagrams`](crate::datagrams).

pub use crate::driver::{MioEvent, MioToken, MioWaker};
