//! `Client`: one connection, which is the context of the chain that handles its frames.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::mem;
use std::time::Instant;

use nexus_timer::TimerKey;

use super::dial::Dial;
use super::ended::Ended;
use super::hold::Gate;
use super::limits::Limits;
use super::output::Output;
use super::stream::{Address, Stream};
use crate::driver::mio::MioEvent;
use crate::poll::{RegistrationKey, Registrations};

/// One connection, as the context of the chain that handles its frames: functions take a `&mut Client<C>` first.
///
/// It has the socket, the unsent output, and the state `C` of the program. [`send`](Self::send) needs no look-up, and
/// the bytes leave once the frames of this turn have run. Other handlers reach the connection by its [`id`](Self::id),
/// through [`Connections`](super::Connections). A program must not exchange one for another (`mem::swap`): the driver
/// knows it by its place.
pub struct Client<C> {
    /// The state that the program keeps for this connection.
    pub state: C,
    pub(super) id: RegistrationKey,
    pub(super) peer: Address,
    pub(super) socket: Option<Stream>,
    pub(super) output: Output,
    pub(super) phase: Phase,
    /// Set while the connection is dialed.
    pub(super) dial: Option<Box<Dial>>,
    /// Why the connection ends, once known.
    pub(super) ending: Option<Ended<Infallible>>,
    /// Why the program closes it.
    pub(super) closing: Option<Cow<'static, str>>,
    /// The number of bytes that are still read as frames, if limited.
    pub(super) left: Option<usize>,
    /// When bytes were last received.
    pub(super) heard: Instant,
    /// Since when the driver waits for input: since the connection opened or was resumed, since its frames have run,
    /// since all input was read, since the program was told of its end, or since the peer was told of it.
    pub(super) since: Instant,
    /// Whether the driver waited for something else than input at its last turn.
    pub(super) waited: bool,
    /// The timer of its deadline, and that deadline.
    pub(super) timer: Option<(TimerKey, Instant)>,
    /// The memory that it held after its latest turn, in bytes.
    pub(super) held: usize,
    /// The memory of its incomplete frame after its latest turn, in bytes.
    pub(super) partial: usize,
    /// The memory that the program keeps for it, in bytes.
    pub(super) charged: usize,
    /// Whether there may be more to read.
    pub(super) readable: bool,
    /// Whether the OS has reported that the peer sends no more.
    ended: bool,
    /// Whether all input was read.
    pub(super) over: bool,
    /// Whether the bytes read may contain complete frames.
    pub(super) pending: bool,
    /// Whether it is queued for a turn.
    pub(super) queued: bool,
    /// Whether it is in the list of connections with held output.
    pub(super) listed: bool,
    /// Whether the OS reports when there is room to send.
    pub(super) hears_of_room: bool,
    paused: bool,
    /// Whether the program has more to send, without further input.
    pub(super) owes: bool,
    /// Whether the program has finished its output.
    pub(super) finishing: bool,
    /// The length of the output of this turn that was written before that.
    last: usize,
    /// Whether the peer was told that.
    pub(super) shut: bool,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It is being dialed.
    Dialing,
    /// It is established, and the program does not know yet.
    Fresh(Option<RegistrationKey>),
    Open,
    /// The program was told that it ends. Unsent output is sent, and further input is dropped.
    Parting,
}

impl<C> Client<C> {
    pub(super) fn new(id: RegistrationKey, state: C, peer: Address, phase: Phase, now: Instant) -> Self {
        Self {
            state,
            id,
            peer,
            socket: None,
            output: Output::default(),
            phase,
            dial: None,
            ending: None,
            closing: None,
            left: None,
            heard: now,
            since: now,
            waited: true,
            timer: None,
            held: 0,
            partial: 0,
            charged: 0,
            readable: false,
            ended: false,
            over: false,
            pending: false,
            queued: false,
            listed: false,
            hears_of_room: false,
            paused: false,
            owes: false,
            finishing: false,
            last: 0,
            shut: false,
        }
    }

    /// Creates a connection without a socket, to run a chain in a test. [`out`](Self::out) returns what the chain sent.
    ///
    /// ```
    /// use nexus_rt::connections::Client;
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let mut echo = PipelineStart::<&[u8]>::borrowed()
    ///     .with_context::<Client<()>>()
    ///     .then(|client: &mut Client<()>, line: &[u8]| client.send(line), world.registry())
    ///     .build();
    /// let mut client = Client::detached(());
    /// echo.run_with(&mut client, &mut world, b"hello");
    /// assert_eq!(client.out(), b"hello");
    /// ```
    #[must_use]
    pub fn detached(state: C) -> Self {
        let id = Registrations::<()>::new().insert((), ());
        Self::new(id, state, Address::Unix(std::path::Path::new("").into()), Phase::Open, Instant::now())
    }

    /// Returns the id of this connection, which is never reused.
    #[inline]
    #[must_use]
    pub fn id(&self) -> RegistrationKey {
        self.id
    }

    /// Returns the address of the peer.
    #[must_use]
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// Returns when bytes were last received, or when the connection began.
    #[must_use]
    pub fn heard(&self) -> Instant {
        self.heard
    }

    /// Sends bytes, together with all other output of this turn.
    #[inline]
    pub fn send(&mut self, bytes: &[u8]) {
        self.output.out.extend_from_slice(bytes);
    }

    /// Returns the output of this turn, to write more: `write!(client.out(), ..)`.
    #[inline]
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.output.out
    }

    /// Returns the number of bytes that wait to be sent, including those that are [held](super::Connections::hold).
    #[inline]
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.output.unsent()
    }

    /// Closes the connection once its output is sent. None of its frames runs from now on. It ends as [`Ended::Closed`]
    /// with this reason, unless it is lost first.
    pub fn close(&mut self, reason: impl Into<Cow<'static, str>>) {
        self.closing.get_or_insert_with(|| reason.into());
    }

    /// Returns whether the connection was [closed](Self::close), or is ending for another reason.
    #[inline]
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.is_some() || self.ending.is_some() || self.phase == Phase::Parting
    }

    /// Closes this side once its output is sent, so that the peer reads the end of the stream. Its input is still
    /// handled, and later output is dropped.
    pub fn finish(&mut self) {
        if !mem::replace(&mut self.finishing, true) {
            self.last = self.output.out.len();
        }
    }

    /// Stops reading and running frames until [`resume`](Self::resume). Once the buffers of the OS are full, the peer
    /// has to wait. A connection whose peer has finished stays until it is resumed.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Ends a [pause](Self::pause).
    pub fn resume(&mut self) {
        self.paused = false;
    }

    /// Sets whether replies to this connection are still to come, for example from another service.
    ///
    /// While replies are owed, the connection survives the half-close of its peer, for at most
    /// [`Limits::stalled`](super::Limits::stalled): whether the peer still reads shows only once something is sent. It
    /// does not end as [`Ended::Silent`], and a [drain](super::Connections::drain) waits for it. Its frames run
    /// meanwhile, unlike in a [pause](Self::pause).
    pub fn owe(&mut self, replies: bool) {
        self.owes = replies;
    }

    /// Sets the memory that the program holds for this connection, in bytes. It counts for
    /// [`Limits::memory`](super::Limits::memory).
    pub fn charge(&mut self, bytes: usize) {
        self.charged = bytes;
    }

    /// Notes what the OS has reported. Returns whether the connection needs a turn.
    pub(super) fn note(&mut self, event: MioEvent) -> bool {
        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
        self.readable |= readable;
        self.ended |= event.is_read_closed();
        let reads_no_more = self.over || self.left == Some(0) && !self.pending;
        if reads_no_more && event.is_error() && self.phase == Phase::Open {
            // No read reports this.
            self.ending.get_or_insert(Ended::Lost(io::ErrorKind::ConnectionReset.into()));
        }
        readable || self.unsent() > 0 || self.phase == Phase::Dialing
    }

    /// Forgets what the OS has reported of a closed socket.
    pub(super) fn forget_events(&mut self) {
        (self.readable, self.ended) = (false, false);
    }

    /// Returns whether its frames are held up for another reason than unsent bytes.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.paused || self.is_closing()
    }

    /// Returns whether its frames may run now, if there are any.
    #[inline]
    pub(super) fn is_served(&self, limits: &Limits) -> bool {
        self.phase == Phase::Open && !self.is_held() && self.unsent() <= limits.pause
    }

    /// Returns whether it may be read from now.
    #[inline]
    pub(super) fn reads(&self) -> bool {
        self.readable && !self.over && self.left != Some(0)
    }

    /// Returns whether another turn would have work, without a new event of the OS.
    #[inline]
    pub(super) fn is_busy(&self, limits: &Limits) -> bool {
        match self.phase {
            Phase::Open => self.is_served(limits) && (self.pending || self.reads()),
            Phase::Parting => self.readable && !self.over,
            Phase::Dialing | Phase::Fresh(_) => false,
        }
    }

    /// Returns whether the driver waits for its input.
    #[inline]
    pub(super) fn awaits_input(&self, limits: &Limits) -> bool {
        self.is_served(limits) && self.is_answered() && self.output.blocked.is_none()
    }

    /// Returns whether all of its input has run, or is not to run.
    #[inline]
    pub(super) fn has_run(&self) -> bool {
        !self.pending && !self.reads() || self.is_held()
    }

    /// Returns whether all of its input has run, or is not to run, and the program owes it nothing.
    #[inline]
    pub(super) fn is_answered(&self) -> bool {
        self.has_run() && !self.owes
    }

    /// Returns the number of bytes that wait in the socket.
    pub(super) fn waiting(&self) -> usize {
        self.socket.as_ref().map_or(0, Stream::waiting)
    }

    /// Reads once into `room`. Unless this fills `room`, nothing is left to read. Returns the number of bytes read.
    pub(super) fn read(&mut self, room: &mut [u8], now: Instant) -> usize {
        let Some(socket) = &mut self.socket else { return 0 };
        let most = room.len().min(self.left.unwrap_or(usize::MAX));
        loop {
            match socket.read(&mut room[..most]) {
                Ok(length @ 1..) => {
                    self.readable = length == most || self.ended;
                    self.heard = now;
                    if let Some(left) = &mut self.left {
                        *left -= length;
                    }
                    return length;
                }
                Ok(_) => (self.over, self.since) = (true, now),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.over = true;
                    self.ending.get_or_insert(Ended::Lost(error));
                }
            }
            self.readable = false;
            return 0;
        }
    }

    /// Sends the output that may leave and that fits. Returns the number of bytes sent.
    #[inline]
    pub(super) fn flush(&mut self, gate: Gate, now: Instant) -> u64 {
        let sends = match self.phase {
            Phase::Dialing => false,
            Phase::Fresh(_) | Phase::Open => self.ending.as_ref().is_none_or(|why| !why.is_abrupt()),
            Phase::Parting => true,
        };
        let Some(socket) = self.socket.as_mut().filter(|_| sends) else { return 0 };
        if self.finishing {
            self.output.out.truncate(self.last);
        }
        let (sent, result) = self.output.flush(socket, gate, now);
        if let Err(error) = result {
            self.output.forget();
            self.ending.get_or_insert(Ended::Lost(error));
        }
        if self.finishing {
            self.last = self.output.out.len();
            if self.unsent() == 0 {
                self.shut(now);
            }
        }
        sent as u64
    }

    /// Closes this side of the stream, once.
    pub(super) fn shut(&mut self, now: Instant) {
        if mem::replace(&mut self.shut, true) {
            return;
        }
        if self.phase == Phase::Parting {
            // The output may have been held for long, and the peer needs time to read it.
            self.since = now;
        }
        // If this fails, the peer is gone. As long as frames run, the next read reports that.
        self.over |= self.socket.as_ref().is_none_or(|socket| socket.shut().is_err() && self.phase == Phase::Parting);
    }

    /// Sets why it ends, as soon as nothing is left to do.
    pub(super) fn conclude(&mut self) {
        if self.ending.is_none() && self.unsent() == 0 {
            self.ending = match self.closing.take() {
                Some(reason) => Some(Ended::Closed(reason)),
                None => (self.over && !self.pending && !self.paused && !self.owes).then_some(Ended::Finished),
            };
        }
    }

    /// Notes since when the driver waits for its input.
    #[inline]
    pub(super) fn await_more(&mut self, limits: &Limits, now: Instant) {
        let awaits = self.awaits_input(limits);
        if mem::replace(&mut self.waited, !awaits) && awaits {
            self.since = now;
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown.field("id", &self.id).field("peer", &self.peer).field("phase", &self.phase);
        shown.field("unsent", &self.unsent()).field("state", &self.state).finish()
    }
}
