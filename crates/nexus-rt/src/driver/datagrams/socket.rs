//! `Socket`: one socket, which is the context of the chain that handles its datagrams.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::stats::{Count, Counters, Stats};
use super::wire::{Origin, Wire};
use crate::driver::connections::Address;
use crate::poll::RegistrationKey;

/// One socket, as the context of the chain that handles its datagrams: functions take a `&mut Socket<C>` first.
///
/// A datagram is sent at once, and never queued: if the buffer of the socket is full, it is dropped, counted, and
/// reported as `WouldBlock`. Other handlers send from the socket by its [`id`](Self::id), through
/// [`Datagrams`](super::Datagrams).
///
/// ```
/// use nexus_rt::ResMut;
/// use nexus_rt::datagrams::Socket;
///
/// /// Acknowledges each datagram, and counts acknowledgements that could not be sent.
/// fn acknowledge(socket: &mut Socket<u64>, mut unheard: ResMut<u64>, datagram: &[u8]) {
///     socket.state += 1;
///     let number = datagram.first_chunk().map(|number| u64::from_be_bytes(*number));
///     if socket.reply(&number.unwrap_or(0).to_be_bytes()).is_err() {
///         *unheard += 1;
///     }
///     if number == Some(u64::MAX) {
///         socket.close();
///     }
/// }
/// ```
pub struct Socket<C> {
    /// The state that the program keeps for this socket.
    pub state: C,
    pub(super) id: RegistrationKey,
    pub(super) end: Arc<End>,
    /// The sender of the present datagram.
    from: Origin,
    /// The peer as of the last datagram, and how often one had been set.
    peer: Origin,
    connects: usize,
    /// How often it was read in its present turn.
    pub(super) turn: usize,
    pub(super) closing: bool,
}

/// The part of a socket that its context and the resource share, so that others can send while its own datagram runs.
pub(super) struct End {
    pub(super) wire: Wire,
    /// How often a peer was set.
    connects: AtomicUsize,
    /// The peer that was set last. The OS forgets one of a Unix socket that it finds closed.
    peer: Mutex<Origin>,
    own: Counters,
    /// Those of all sockets.
    all: Arc<Counters>,
}

/// The result of a read.
pub(super) enum Received {
    Datagram(usize),
    /// Nothing to run: a stranger's datagram, or an event that is only counted.
    Skipped,
    Nothing,
}

impl End {
    pub(super) fn new(wire: Wire, connected: bool, all: Arc<Counters>) -> Self {
        let peer = if connected { wire.peer() } else { Origin::Nobody };
        Self { wire, connects: AtomicUsize::new(connected.into()), peer: peer.into(), own: Counters::default(), all }
    }

    pub(super) fn connect(&self, peer: &Address) -> io::Result<()> {
        let connected = self.wire.connect(peer);
        // If it fails, the OS may still have the earlier peer.
        let named = self.wire.peer();
        if connected.is_ok() || !matches!(named, Origin::Nobody) {
            *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = named;
        }
        self.connects.fetch_add(1, Ordering::Relaxed);
        connected
    }

    #[inline]
    pub(super) fn count(&self, count: Count, by: u64) {
        self.own.add(count, by);
        self.all.add(count, by);
    }

    pub(super) fn stats(&self) -> Stats {
        self.own.stats()
    }

    #[inline]
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.sent(self.wire.send(bytes))
    }

    pub(super) fn send_to(&self, address: &Address, bytes: &[u8]) -> io::Result<()> {
        self.sent(self.wire.send_to(address, bytes))
    }

    fn sent(&self, sent: io::Result<usize>) -> io::Result<()> {
        match sent {
            Ok(length) => {
                self.count(Count::Sent, 1);
                self.count(Count::SentBytes, length as u64);
                Ok(())
            }
            Err(error) => {
                let full = error.kind() == io::ErrorKind::WouldBlock;
                self.count(if full { Count::Dropped } else { Count::Errors }, 1);
                Err(error)
            }
        }
    }
}

impl<C> Socket<C> {
    pub(super) fn new(state: C, id: RegistrationKey, end: Arc<End>) -> Self {
        Self { state, id, end, from: Origin::Nobody, peer: Origin::Nobody, connects: 0, turn: 0, closing: false }
    }

    /// Returns the id of this socket, which is never reused.
    #[inline]
    #[must_use]
    pub fn id(&self) -> RegistrationKey {
        self.id
    }

    /// Returns the sender of the present datagram, or of the last one. The path is empty for a Unix socket without an
    /// address, and before the first datagram.
    #[inline]
    #[must_use]
    pub fn from(&self) -> Address {
        self.from.address()
    }

    /// Sends a datagram to the sender of the present one, at once.
    ///
    /// # Errors
    /// As [`send`](Self::send), or `AddrNotAvailable` if the sender has no address.
    #[inline]
    pub fn reply(&self, bytes: &[u8]) -> io::Result<()> {
        let wire = &self.end.wire;
        let is_known = self.end.connects.load(Ordering::Relaxed) == self.connects;
        let to_peer = if is_known { self.from.is(&self.peer) } else { self.from.is(&wire.peer()) };
        // Not every system lets a socket with a peer name an address, not even that of the peer.
        if to_peer {
            return self.send(bytes);
        }
        self.end.sent(wire.reply(&self.from, bytes))
    }

    /// Sends a datagram to the peer, at once.
    ///
    /// # Errors
    /// The OS error: `WouldBlock` if the buffer of the socket is full. `ConnectionRefused` reports that an earlier
    /// datagram had no receiver, and this one is not sent.
    #[inline]
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.end.send(bytes)
    }

    /// Sends a datagram to an address, at once.
    ///
    /// # Errors
    /// As [`send`](Self::send), or `InvalidInput` if the address is not of the socket's kind.
    pub fn send_to(&self, address: &Address, bytes: &[u8]) -> io::Result<()> {
        self.end.send_to(address, bytes)
    }

    /// Closes the socket once the present datagram has run. Received datagrams that have not run are lost.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Returns the counts for this socket so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.end.stats()
    }

    /// Reads a datagram into `room`, which is one byte longer than the longest that is run.
    #[inline]
    pub(super) fn receive(&mut self, room: &mut [u8]) -> Received {
        match self.end.wire.receive(room) {
            Ok((_, from)) if !self.hears(&from) => {}
            Ok((length, from)) if length < room.len() => {
                self.from = from;
                self.end.count(Count::Received, 1);
                self.end.count(Count::ReceivedBytes, length as u64);
                return Received::Datagram(length);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Received::Nothing,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // One that does not fit is an error on Windows: WSAEMSGSIZE.
            Err(error) if !cfg!(windows) || error.raw_os_error() != Some(10_040) => self.end.count(Count::Errors, 1),
            Ok(_) | Err(_) => self.end.count(Count::Truncated, 1),
        }
        Received::Skipped
    }

    /// Whether a datagram of this sender may run. The OS lets through what strangers sent before the peer was set.
    #[inline]
    fn hears(&mut self, from: &Origin) -> bool {
        let connects = self.end.connects.load(Ordering::Relaxed);
        if connects == 0 || connects == self.connects && from.is(&self.peer) {
            return true;
        }
        self.connects = connects;
        self.peer = match self.end.wire.peer() {
            Origin::Nobody => self.end.peer.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            peer => peer,
        };
        from.is(&self.peer) || matches!(self.peer, Origin::Nobody)
    }
}

impl<C: fmt::Debug> fmt::Debug for Socket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Socket");
        shown.field("id", &self.id).field("from", &self.from().to_string());
        shown.field("stats", &self.stats()).field("state", &self.state).finish()
    }
}
