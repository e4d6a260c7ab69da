//! `Drain`: how connections end with the program: input that has arrived is answered, and output is sent.

use std::io;
use std::time::Instant;

use super::client::{Client, Phase};
use super::ended::Ended;
use super::resource::{Connections, Due};

/// The number of bytes that a drain still reads from a connection. A frame that goes beyond it does not run.
const LAST: usize = 1 << 20;

/// How often a drain accepts clients of one listener. Their number is above any usual backlog.
const MOST_WAITING: usize = 16;

/// How far a drain has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Drain {
    /// There is none.
    Serving,
    /// Input that had arrived when the drain began is read and answered.
    Answering,
    /// Everything was answered that did not wait for its peer to read, and the connections are ending. Each of the
    /// others ends once it is answered.
    Parting,
}

impl Drain {
    /// Limits the work that is still done for a connection.
    pub(super) fn limit<C>(self, client: &mut Client<C>) {
        match (self, client.phase) {
            (Self::Answering, Phase::Open | Phase::Fresh(_)) if client.left.is_none() => {
                let waiting = client.waiting().min(LAST);
                client.left = Some(waiting);
                client.readable |= waiting > 0;
            }
            (Self::Serving, _) | (Self::Answering, Phase::Open | Phase::Fresh(_)) | (_, Phase::Parting) => {}
            (Self::Parting, _) if !client.is_answered() => {}
            (Self::Answering, Phase::Dialing) | (Self::Parting, _) => {
                let why = client.closing.take().map_or(Ended::Drained, Ended::Closed);
                client.ending.get_or_insert(why);
            }
        }
    }
}

impl<C, Tag> Connections<C, Tag> {
    /// Begins to end all connections gracefully, and closes all listeners. Clients that wait at a listener are accepted
    /// first.
    ///
    /// The next polls run the frames that have arrived by now, up to 1 MiB for each connection. Then each connection
    /// ends as [`Ended::Drained`]: its output is sent, and its socket is closed once the peer has closed its own. A
    /// slow reader, or a connection that is [owed](Client::owe) replies, delays only itself: it ends once it is
    /// answered. At the deadline, the remaining connections end as [`Ended::CutOff`]. Another drain moves the deadline.
    /// [`World::drain`](crate::World::drain) runs these polls:
    ///
    /// ```
    /// use std::io::{self, Read, Write};
    /// use std::net::TcpStream;
    /// use std::time::{Duration, Instant};
    ///
    /// use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// use nexus_rt::{Clock, MioInstaller, PipelineStart, World, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let mut io = builder.install_driver(MioInstaller::new()?);
    /// let installer = ConnectionsInstaller::<(), _>::new(&io, Lines::new(1_000))?;
    /// let mut net = builder.install_driver(installer);
    /// let shutdown = builder.shutdown_handle();
    /// let mut world = builder.build();
    /// let mut echo = PipelineStart::<&[u8]>::borrowed()
    ///     .with_context::<Client<()>>()
    ///     .then(|client: &mut Client<()>, line: &[u8]| client.send(line), world.registry())
    ///     .build();
    /// let mut connections = world.resource_mut::<Connections<()>>();
    /// let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    /// let mut client = TcpStream::connect(address)?;
    /// client.write_all(b"last words\n")?;
    /// let client = std::thread::spawn(move || io::read_to_string(client));
    /// shutdown.shutdown();
    ///
    /// let mut turn = |world: &mut World| {
    ///     let now = world.resource::<Clock>().now();
    ///     io.poll_until(world, now, |world| net.next_deadline(world))?;
    ///     net.poll(world, usize::MAX, &mut echo);
    ///     Ok::<(), io::Error>(())
    /// };
    /// world.run(&mut turn)?;
    /// let deadline = Instant::now() + Duration::from_secs(5);
    /// world.resource_mut::<Connections<()>>().drain(deadline);
    /// world.drain(deadline, |world| world.resource::<Connections<()>>().is_empty(), turn)?;
    /// assert_eq!(client.join().unwrap()?, "last words");
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn drain(&mut self, deadline: Instant) {
        let listeners: Vec<_> = self.listeners.iter().map(|(id, _)| id).collect();
        for id in listeners {
            // Bounded, since clients may come as fast as they are accepted.
            _ = (0..MOST_WAITING).find(|_| !self.accept(id));
            self.stop_listening(id);
        }
        if self.end.is_none_or(|key| !self.wheel.reschedule(key, deadline)) {
            self.end = Some(self.wheel.insert(deadline, Due::End));
        }
        self.drain = Drain::Answering;
        self.each(|client| Drain::Answering.limit(client));
    }

    /// Returns an error once a drain has begun, since no new connection may begin.
    pub(super) fn is_serving(&self) -> io::Result<()> {
        match self.drain {
            Drain::Serving => Ok(()),
            _ => Err(io::Error::other("the connections are being drained, so no new one begins")),
        }
    }

    /// Continues a drain: ends the connections once all are answered, except those that do not read.
    #[inline]
    pub(super) fn proceed(&mut self) {
        if self.drain == Drain::Answering {
            self.end_answered();
        }
    }

    #[cold]
    fn end_answered(&mut self) {
        if self.iter().all(|client| client.has_run() || client.unsent() > self.limits.pause) {
            self.drain = Drain::Parting;
            self.each(|client| Drain::Parting.limit(client));
        }
    }

    /// Ends the remaining connections at once.
    pub(super) fn cut_off(&mut self) {
        self.each(|client| match client.phase {
            Phase::Parting => {
                client.output.forget();
                client.over = true;
            }
            _ => client.ending = Some(Ended::CutOff),
        });
    }

    /// Calls `act` for every connection, and queues the connection for its turn.
    fn each(&mut self, mut act: impl FnMut(&mut Client<C>)) {
        let ids: Vec<_> = self.ids().collect();
        for id in ids {
            if let Some(client) = self.client_mut(id) {
                act(client);
            }
        }
    }
}
