//! `Client`: one connection, which is the context of the chain that handles its frames.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::mem;
use std::time::{Duration, Instant};

use nexus_timer::TimerKey;

use super::dial::Dial;
use super::ended::Ended;
use super::hold::Gate;
use super::limits::{Limits, after};
use super::output::Output;
use super::stream::{Address, Stream};
use crate::driver::mio::MioEvent;
use crate::poll::{RegistrationKey, Registrations};

/// One connection, as the context of the chain that handles its frames: functions take a `&mut Client<C>` first.
///
/// It has the socket, the unsent output, and the state `C` of the program. [`send`](Self::send) needs no look-up, and
/// the bytes leave once the frames of this turn have run. Other handlers reach the connection by its [`id`](Self::id),
/// through [`Connections`](super::Connections).
pub struct Client<C> {
    /// The state that the program keeps for this connection.
    pub state: C,
    pub(super) id: RegistrationKey,
    pub(super) peer: Address,
    pub(super) socket: Option<Stream>,
    pub(super) output: Output,
    pub(super) phase: Phase,
    /// While it is dialed.
    pub(super) dial: Option<Box<Dial>>,
    /// Why it ends, once that is known.
    pub(super) ending: Option<Ended<Infallible>>,
    /// Why the program closes it.
    closing: Option<Cow<'static, str>>,
    /// How many bytes are still read as frames, once that is limited.
    pub(super) left: Option<usize>,
    /// When something was last received.
    pub(super) heard: Instant,
    /// Since when it is waited for what it sends: since it opened or was read again, since the program was told that
    /// it ends, or since it was told so itself.
    pub(super) since: Instant,
    /// Whether its frames did not run when it was last seen to.
    pub(super) waited: bool,
    /// The timer of its deadline, and when that comes.
    pub(super) timer: Option<(TimerKey, Instant)>,
    /// The memory that it was last found to hold, in bytes.
    pub(super) held: usize,
    /// The memory of its incomplete frame after its latest turn, in bytes.
    pub(super) partial: usize,
    /// The memory that the program keeps for it, in bytes.
    pub(super) charged: usize,
    /// Whether there may be more to read.
    pub(super) readable: bool,
    /// Whether the OS has reported that the other side sends no more.
    ended: bool,
    /// Whether all that it sent was read.
    pub(super) over: bool,
    /// Whether there may be whole frames among what was read.
    pub(super) pending: bool,
    /// Whether it is to be attended to.
    pub(super) queued: bool,
    /// Whether it is among those that are looked through when something is released.
    pub(super) listed: bool,
    /// Whether the OS reports when there is room to send.
    pub(super) hears_of_room: bool,
    paused: bool,
    /// Whether the program sends nothing more.
    finishing: bool,
    /// Whether the other side was told so.
    shut: bool,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It is dialed.
    Dialing,
    /// It stands, and the program is to be told so.
    Fresh(Option<RegistrationKey>),
    Open,
    /// The program was told that it ends. What is unsent is sent, and what still comes is dropped.
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
            finishing: false,
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

    /// Returns the address of the other side.
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

    /// Closes this side once its output is sent, so that the other side reads the end of the stream. Its input is still
    /// handled, and later output is dropped.
    pub fn finish(&mut self) {
        self.finishing = true;
    }

    /// Stops reading and running frames until [`resume`](Self::resume). Once the buffers of the OS are full, the other
    /// side has to wait.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Ends a [pause](Self::pause).
    pub fn resume(&mut self) {
        self.paused = false;
    }

    /// Sets the memory that the program holds for this connection, in bytes. It counts for
    /// [`Limits::memory`](super::Limits::memory).
    pub fn charge(&mut self, bytes: usize) {
        self.charged = bytes;
    }

    /// Notes what the OS has reported. Returns whether that comes to something.
    pub(super) fn note(&mut self, event: MioEvent) -> bool {
        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
        self.readable |= readable;
        self.ended |= event.is_read_closed();
        readable || self.unsent() > 0 || self.phase == Phase::Dialing
    }

    /// Forgets what the OS has reported of a socket that is closed.
    pub(super) fn forget_events(&mut self) {
        (self.readable, self.ended) = (false, false);
    }

    /// Whether its frames do not run, for another reason than what is unsent.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.paused || self.is_closing()
    }

    /// Whether its frames run now, apart from whether there are any.
    #[inline]
    pub(super) fn is_served(&self, limits: &Limits) -> bool {
        self.phase == Phase::Open && !self.is_held() && self.unsent() <= limits.pause
    }

    /// Whether it may be read from now.
    #[inline]
    pub(super) fn reads(&self) -> bool {
        self.readable && !self.over && self.left != Some(0)
    }

    /// Whether attending to it again would come to something, without a word from the OS.
    #[inline]
    pub(super) fn is_busy(&self, limits: &Limits) -> bool {
        match self.phase {
            Phase::Open => self.is_served(limits) && (self.pending || self.reads()),
            Phase::Parting => self.readable && !self.over,
            Phase::Dialing | Phase::Fresh(_) => false,
        }
    }

    /// Whether nothing of what it sent is still to be run.
    pub(super) fn is_answered(&self) -> bool {
        !self.pending && !self.reads()
    }

    /// Reads once into `room`, which is all that there is unless that is filled. Returns the number of bytes.
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
                Ok(_) => self.over = true,
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

    /// Sends what may leave and there is room for. Returns the number of bytes.
    #[inline]
    pub(super) fn flush(&mut self, gate: Gate, now: Instant) -> u64 {
        if self.shut {
            self.output.out.clear();
        }
        let sends = match self.phase {
            Phase::Dialing => false,
            Phase::Fresh(_) | Phase::Open => self.ending.as_ref().is_none_or(|why| !why.is_abrupt()),
            Phase::Parting => true,
        };
        let Some(socket) = self.socket.as_mut().filter(|_| sends) else { return 0 };
        let sent = self.output.flush(socket, gate, now).unwrap_or_else(|error| {
            self.output.forget();
            self.ending.get_or_insert(Ended::Lost(error));
            0
        });
        if self.finishing && self.unsent() == 0 {
            self.shut(now);
        }
        sent as u64
    }

    /// Tells the other side, once, that nothing more comes.
    pub(super) fn shut(&mut self, now: Instant) {
        if mem::replace(&mut self.shut, true) {
            return;
        }
        if self.phase == Phase::Parting {
            // It may have been held for long, and needs time to read it.
            self.since = now;
        }
        // It is gone, which the next read says too.
        self.over |= self.socket.as_ref().is_none_or(|socket| socket.shut().is_err());
    }

    /// Says why it ends, as soon as nothing is left to do.
    pub(super) fn conclude(&mut self) {
        if self.ending.is_none() && self.unsent() == 0 {
            self.ending = match self.closing.take() {
                Some(reason) => Some(Ended::Closed(reason)),
                None => (self.over && !self.pending).then_some(Ended::Finished),
            };
        }
    }

    /// Notes since when it is waited for what it sends.
    #[inline]
    pub(super) fn await_more(&mut self, limits: &Limits, now: Instant) {
        let waits = !self.is_served(limits);
        if mem::replace(&mut self.waited, waits) && !waits {
            self.since = now;
        }
    }

    /// Returns when something is to be done about it, if nothing happens.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let stalled = self.output.blocked.map(|since| after(since, limits.stalled));
        let other = match self.phase {
            Phase::Dialing => self.dial.as_ref().map(|dial| dial.until),
            Phase::Fresh(_) => None,
            Phase::Open if !self.is_served(limits) => None,
            Phase::Open => limits.silent.map(|silent| after(self.heard.max(self.since), silent)),
            Phase::Parting if !self.shut => None,
            // One that never stops sending is not heard out for ever.
            Phase::Parting => {
                Some(after(self.heard.max(self.since), limits.linger).min(after(self.since, limits.stalled)))
            }
        };
        [stalled, other].into_iter().flatten().min()
    }

    /// Does what is to be done when a deadline has come. Returns whether it is to be attended to.
    pub(super) fn is_late(&mut self, limits: &Limits, now: Instant) -> bool {
        if self.deadline(limits).is_none_or(|deadline| deadline > now) {
            return false;
        }
        let since = |instant: Instant, limit: Duration| now.saturating_duration_since(instant) >= limit;
        let stalled = self.output.blocked.is_some_and(|blocked| since(blocked, limits.stalled));
        match self.phase {
            Phase::Open | Phase::Fresh(_) => {
                self.ending.get_or_insert(if stalled { Ended::Stalled } else { Ended::Silent });
            }
            // It has had its time. What it still sends resets the connection.
            Phase::Parting if stalled || self.unsent() == 0 => {
                self.output.forget();
                self.over = true;
            }
            Phase::Parting | Phase::Dialing => {}
        }
        true
    }
}

impl<C: fmt::Debug> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown.field("id", &self.id).field("peer", &self.peer).field("phase", &self.phase);
        shown.field("unsent", &self.unsent()).field("state", &self.state).finish()
    }
}
