//! Dialing: outgoing connections, and how often an attempt is repeated.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::time::{Duration, Instant};

use mio::Interest;

use super::client::{Client, Phase};
use super::ended::Ended;
use super::limits::after;
use super::resource::{ConnectionId, Connections};
use super::stream::{Address, Stream};

/// How often to try to connect, and how long to wait between attempts: see
/// [`Connections::connect`](super::Connections::connect).
///
/// The wait doubles after each attempt, from `first` to `most`, minus a random part of up to half, so that many clients
/// that lost the same server do not return at the same time.
///
/// ```
/// use std::time::Duration;
///
/// use nexus_rt::connections::Retry;
///
/// let mut retry = Retry::default();
/// retry.attempts = u32::MAX; // never gives up
/// retry.most = Duration::from_secs(60);
/// assert_eq!(Retry::once().attempts, 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// The number of attempts, at least 1. Default: 10.
    pub attempts: u32,
    /// How long one attempt may take. Default: 10 s.
    pub patience: Duration,
    /// The wait after the first attempt. Default: 100 ms.
    pub first: Duration,
    /// The longest wait. Default: 10 s.
    pub most: Duration,
}

impl Retry {
    /// Returns a policy of one attempt.
    #[must_use]
    pub fn once() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after attempt number `attempt`, the first of which is 1. `random` is any number.
    pub(super) fn wait(&self, attempt: u32, random: u64) -> Duration {
        let doubled = 1_u32.checked_shl(attempt - 1).and_then(|times| self.first.checked_mul(times));
        let wait = doubled.unwrap_or(self.most).min(self.most);
        let part = (random >> 11) as f64 / (1_u64 << 53) as f64;
        wait - wait.mul_f64(part / 2.0)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 10,
            patience: Duration::from_secs(10),
            first: Duration::from_millis(100),
            most: Duration::from_secs(10),
        }
    }
}

/// The state of a connection that is being dialed.
pub(super) struct Dial {
    pub(super) retry: Retry,
    pub(super) attempts: u32,
    /// When the next attempt begins, or this one times out.
    pub(super) until: Instant,
}

impl<C, Tag> Connections<C, Tag> {
    /// Connects to an address, with the attempts of `retry`, and returns the id of the connection at once.
    ///
    /// The connection exists from now on, with this state, and bytes sent to it wait until it is established. It is
    /// then [`Opened`](super::Opened), or ends as [`Ended::Unreachable`]. If it is lost later, it ends: the handler of
    /// that event may connect again.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # builder.register(Vec::<u8>::new());
    /// # let mut world = builder.build();
    /// use nexus_rt::connections::Retry;
    /// # let read = |_: &mut Client<u32>, mut log: ResMut<Vec<u8>>, line: &[u8]| log.extend_from_slice(line);
    /// # let mut read =
    /// #     PipelineStart::<&[u8]>::borrowed().with_context::<Client<u32>>().then(read, world.registry()).build();
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let mut connections = world.resource_mut::<Connections<u32>>();
    /// let id = connections.connect(server.local_addr()?, 7, Retry::default())?;
    /// connections.send(id, b"hello\n"); // leaves once the connection is established
    ///
    /// let server = std::thread::spawn(move || {
    ///     let (stream, _) = server.accept()?;
    ///     std::io::copy(&mut &stream, &mut &stream) // an echo server
    /// });
    /// while world.resource::<Vec<u8>>().is_empty() {
    ///     io.poll(&mut world, None)?;
    ///     net.poll(&mut world, usize::MAX, &mut read);
    /// }
    /// assert_eq!(*world.resource::<Vec<u8>>(), b"hello");
    /// # drop((world, io, net));
    /// # server.join().unwrap()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are already [`Limits::connections`](super::Limits::connections) connections, or if a
    /// [`drain`](Self::drain) has begun.
    pub fn connect(&mut self, address: impl Into<Address>, state: C, retry: Retry) -> io::Result<ConnectionId> {
        self.has_room()?;
        let mut client = Client::new(self.table.next_key(), state, address.into(), Phase::Dialing, self.now);
        client.dial = Some(Box::new(Dial { retry, attempts: 0, until: self.now }));
        Ok(self.insert(client))
    }

    /// Takes over a connected stream, such as one from another process, or an end of a pair.
    ///
    /// # Errors
    /// If there are already [`Limits::connections`](super::Limits::connections) connections, if a
    /// [`drain`](Self::drain) has begun, or the OS error.
    pub fn adopt(&mut self, socket: impl Into<Stream>, state: C) -> io::Result<ConnectionId> {
        self.has_room()?;
        let (mut socket, id) = (socket.into(), self.table.next_key());
        let mut client = Client::new(id, state, socket.peer()?, Phase::Fresh(None), self.now);
        socket.register(&self.port, id, Interest::READABLE)?;
        client.socket = Some(socket);
        Ok(self.insert(client))
    }

    fn has_room(&self) -> io::Result<()> {
        self.is_serving()?;
        if self.is_full() {
            let all = self.limits.connections;
            return Err(io::Error::other(format!("all {all} places are taken: raise `Limits::connections`")));
        }
        Ok(())
    }

    /// Continues to dial a connection: begins an attempt, or checks its result.
    pub(super) fn dial(&mut self, client: &mut Client<C>, now: Instant) {
        let Some(dial) = &mut client.dial else { return };
        if client.ending.is_some() {
            return;
        }
        let failed = match &client.socket {
            None if dial.until > now => return,
            None => {
                dial.attempts += 1;
                let connected = Stream::connect(&client.peer).and_then(|mut socket| {
                    // It is writable once it is established.
                    socket.register(&self.port, client.id, Interest::READABLE | Interest::WRITABLE)?;
                    Ok(socket)
                });
                match connected {
                    Ok(socket) => {
                        client.socket = Some(socket);
                        dial.until = after(now, dial.retry.patience);
                        return;
                    }
                    Err(error) => error,
                }
            }
            Some(socket) => match socket.is_connected() {
                Ok(true) => {
                    (client.dial, client.phase, client.heard) = (None, Phase::Fresh(None), now);
                    client.hears_of_room = true;
                    self.stats.connected += 1;
                    return;
                }
                Ok(false) if dial.until > now => return,
                Ok(false) => io::ErrorKind::TimedOut.into(),
                Err(error) => error,
            },
        };
        if dial.attempts >= dial.retry.attempts {
            client.ending = Some(Ended::Unreachable(failed));
        } else {
            let wait = dial.retry.wait(dial.attempts, RandomState::new().build_hasher().finish());
            dial.until = after(now, wait);
        }
        self.hang_up(client);
        // What the OS reported was about that socket.
        client.forget_events();
    }
}
