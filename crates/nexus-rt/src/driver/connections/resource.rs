//! `Connections`: the resource through which handlers reach every connection.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::net::TcpListener;
use std::time::Instant;

use nexus_timer::Wheel;

use super::accept::Listener;
use super::client::{Client, Dial, Phase};
use super::drain::Drain;
use super::ended::Ended;
use super::framing::READ;
use super::limits::{Limits, Retry, Stats};
use super::socket::{Acceptor, Address, Socket};
use crate::doorbell::Doorbell;
use crate::driver::mio::{MOST, Port};
use crate::poll::{Driver, Polls, RegistrationKey, Registrations};

/// Identifies a connection, and is never reused.
pub type ConnectionId = RegistrationKey;

/// Identifies a listener of a [`Connections`], and is never reused.
pub type ListenerId = RegistrationKey;

/// The most output buffers that are kept for whoever needs one next.
const SPARE: usize = 64;

/// The connections of a world, as a resource: [`ConnectionsInstaller`](super::ConnectionsInstaller) registers it,
/// [`ConnectionsPoller`](super::ConnectionsPoller) runs their frames.
///
/// Through it any handler sends to any connection, closes it, and reaches its state; a timer needs only the
/// [`ConnectionId`]. While a connection's own frame runs, its [`Client`] is out, as the context of the chain. What is
/// sent to it by its id meanwhile comes after what that frame writes.
///
/// `C` is what the program keeps of a connection, and `Tag` distinguishes two such drivers of one world.
pub struct Connections<C, Tag = ()> {
    pub(super) table: Registrations<Box<Client<C>>, Aside>,
    pub(super) listeners: Registrations<(), Listener<C>>,
    pub(super) port: Port,
    pub(super) door: Port,
    /// Those to attend to.
    pub(super) ready: VecDeque<ConnectionId>,
    /// Listeners at which somebody may wait.
    pub(super) knocked: VecDeque<ListenerId>,
    pub(super) wheel: Wheel<Due>,
    pub(super) limits: Limits,
    pub(super) stats: Stats,
    /// Output buffers that nobody uses.
    spare: Vec<Vec<u8>>,
    bell: Doorbell,
    /// Whether a poll is under way, which attends to all that is queued.
    pub(super) polling: bool,
    /// Whether something was set aside for a connection that is out.
    disturbed: bool,
    pub(super) drain: Drain,
    /// The time of the latest poll.
    pub(super) now: Instant,
    tag: PhantomData<fn() -> Tag>,
}

/// What is sent to a connection while it is out, or done to it.
#[derive(Default)]
pub(super) struct Aside {
    out: Vec<u8>,
    closing: Option<&'static str>,
}

/// The tables of connections and of listeners.
pub(super) type Tables<C> = (Registrations<Box<Client<C>>, Aside>, Registrations<(), Listener<C>>);

/// What a timer of the wheel is for.
#[derive(Clone, Copy)]
pub(super) enum Due {
    Connection(ConnectionId),
    Listener(ListenerId),
    /// The deadline of a drain.
    End,
}

impl<C, Tag> Connections<C, Tag> {
    pub(super) fn new(ports: [Port; 2], tables: Tables<C>, bell: Doorbell, limits: Limits, now: Instant) -> Self {
        let ([port, door], (table, listeners)) = (ports, tables);
        Self {
            table,
            listeners,
            port,
            door,
            ready: VecDeque::new(),
            knocked: VecDeque::new(),
            wheel: Wheel::new(now),
            limits,
            stats: Stats::default(),
            spare: Vec::new(),
            bell,
            polling: false,
            disturbed: false,
            drain: Drain::Serving,
            now,
            tag: PhantomData,
        }
    }

    /// Listens at an address. Who connects becomes a connection with a default state.
    ///
    /// # Errors
    /// The OS error, such as an address in use.
    pub fn listen(&mut self, address: impl Into<Address>) -> io::Result<ListenerId>
    where
        C: Default,
    {
        self.admit(Acceptor::bind(&address.into())?)
    }

    /// Listens by a TCP listener that the program made: with options that only count before it is bound, such as
    /// `SO_REUSEPORT`, or one that the process was started with. It is made non-blocking.
    ///
    /// ```
    /// use std::net::TcpListener;
    ///
    /// use nexus_rt::connections::{Address, Connections, ConnectionsInstaller, Lines};
    /// use nexus_rt::{MioInstaller, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// let io = builder.install_driver(MioInstaller::new()?);
    /// let net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Lines::new(1_000))?);
    /// let mut world = builder.build();
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = Address::Tcp(listener.local_addr()?);
    /// let mut connections = world.resource_mut::<Connections<()>>();
    /// let listener = connections.listen_on(listener)?;
    /// assert_eq!(connections.address(listener), Some(address));
    /// # let _net = net;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error.
    pub fn listen_on(&mut self, listener: TcpListener) -> io::Result<ListenerId>
    where
        C: Default,
    {
        self.admit(Acceptor::made(listener)?)
    }

    fn admit(&mut self, mut acceptor: Acceptor) -> io::Result<ListenerId>
    where
        C: Default,
    {
        acceptor.register(&self.door, self.listeners.next_key())?;
        Ok(self.listeners.insert((), Listener::new(acceptor, C::default)))
    }

    /// Returns where a listener listens: with the port that the OS chose, if the address had port 0.
    #[must_use]
    pub fn address(&self, listener: ListenerId) -> Option<Address> {
        self.listeners.get(listener)?.kept.acceptor.address().ok()
    }

    /// Ends a listener. Its connections stay. Returns whether the id matched one.
    pub fn stop_listening(&mut self, listener: ListenerId) -> bool {
        self.listeners.remove(listener).is_some()
    }

    /// Connects to an address, and tries again as `retry` says. The connection exists from now on, with this state:
    /// what is sent to it waits until it is established. It is [`Opened`](super::Opened) then, or ends as
    /// [`Ended::Unreachable`]. When it is lost later it has ended: a handler of that event may connect again.
    ///
    /// # Errors
    /// If there are as many connections as [`Limits::connections`] says.
    pub fn connect(&mut self, address: impl Into<Address>, state: C, retry: Retry) -> io::Result<ConnectionId> {
        if self.is_full() {
            let all = self.limits.connections;
            return Err(io::Error::other(format!("all {all} places are taken: raise `Limits::connections`")));
        }
        let mut client = Client::new(self.table.next_key(), state, address.into(), Phase::Dialing, self.now);
        client.dial = Some(Box::new(Dial { retry, attempts: 0, until: self.now }));
        Ok(self.insert(client))
    }

    pub(super) fn insert(&mut self, client: Client<C>) -> ConnectionId {
        let id = self.table.insert(Box::new(client), Aside::default());
        self.queue(id);
        id
    }

    pub(super) fn is_full(&self) -> bool {
        self.table.len() >= self.limits.connections.min(MOST)
    }

    /// Sends bytes to a connection, in its turn. Returns whether it will be attempted: not if the id matches no
    /// connection, or one that is closing.
    ///
    /// A connection that would have more than [`Limits::unsent`] ends as [`Ended::TooMuch`].
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> bool {
        let Some(registration) = self.table.get_mut(id) else { return false };
        let Some(client) = &mut registration.handler else {
            registration.kept.out.extend_from_slice(bytes);
            self.disturbed = true;
            return true;
        };
        if client.is_closing() {
            return false;
        }
        if client.out.capacity() == 0 {
            client.out = self.spare.pop().unwrap_or_default();
        }
        client.send(bytes);
        client.held += bytes.len();
        self.stats.memory += bytes.len();
        if client.unsent() > self.limits.unsent || self.limits.is_too_much(client.held, self.stats.memory) {
            client.ending = Some(Ended::TooMuch);
        }
        self.queue(id);
        true
    }

    /// Closes a connection once everything is sent: see [`Client::close`]. Returns whether the id matched one.
    pub fn close(&mut self, id: ConnectionId, reason: &'static str) -> bool {
        let Some(registration) = self.table.get_mut(id) else { return false };
        match &mut registration.handler {
            Some(client) => {
                client.close(reason);
                self.queue(id);
            }
            None => {
                registration.kept.closing.get_or_insert(reason);
                self.disturbed = true;
            }
        }
        true
    }

    /// Returns a connection. Returns `None` if the id matches none, or one whose own frame runs.
    #[must_use]
    pub fn client(&self, id: ConnectionId) -> Option<&Client<C>> {
        self.table.get(id)?.handler.as_deref()
    }

    /// Returns a connection mutably, to change its state or write to it: see [`client`](Self::client).
    #[must_use]
    pub fn client_mut(&mut self, id: ConnectionId) -> Option<&mut Client<C>> {
        self.table.get(id)?.handler.as_ref()?;
        self.queue(id);
        self.table.get_mut(id)?.handler.as_deref_mut()
    }

    /// Returns whether the id matches a connection, even one whose own frame runs.
    #[must_use]
    pub fn contains(&self, id: ConnectionId) -> bool {
        self.table.contains(id)
    }

    /// Iterates over the ids of all connections, those that are dialed or ending included.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> {
        self.table.iter().map(|(id, _)| id)
    }

    /// Iterates over all connections but the one whose frame runs.
    pub fn iter(&self) -> impl Iterator<Item = &Client<C>> {
        self.table.iter().filter_map(|(_, registration)| registration.handler.as_deref())
    }

    /// Returns the number of connections, those that are dialed or ending included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are no connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what has happened so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the limits, to change them. What a connection already has is not taken away.
    pub fn limits(&mut self) -> &mut Limits {
        &mut self.limits
    }

    /// Returns when to poll next at the latest: see
    /// [`ConnectionsPoller::next_deadline`](super::ConnectionsPoller::next_deadline).
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    /// Has a connection attended to by this poll or the next.
    pub(super) fn queue(&mut self, id: ConnectionId) {
        let Some(client) = self.table.get_mut(id).and_then(|registration| registration.handler.as_mut()) else {
            return;
        };
        if !mem::replace(&mut client.queued, true) {
            self.ready.push_back(id);
            if !self.polling {
                self.bell.ring();
            }
        }
    }

    /// Has a listener looked at again.
    pub(super) fn knock(&mut self, id: ListenerId) {
        if let Some(listener) = self.listeners.get_mut(id) {
            listener.kept.timed = false;
            self.knocked.push_back(id);
        }
    }

    /// Has the loop poll again before it sleeps.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Takes a connection out, with a buffer for what is written to it.
    #[inline]
    pub(super) fn take_out(&mut self, id: ConnectionId) -> Option<Box<Client<C>>> {
        let mut client = self.table.take_out(id)?;
        client.queued = false;
        if client.out.capacity() == 0 {
            client.out = self.spare.pop().unwrap_or_default();
        }
        Some(client)
    }

    /// Hands over what was set aside for a connection that is out.
    #[inline]
    pub(super) fn hand_over(&mut self, client: &mut Client<C>) {
        if mem::take(&mut self.disturbed) {
            self.hand_over_aside(client);
        }
    }

    #[cold]
    fn hand_over_aside(&mut self, client: &mut Client<C>) {
        let Some(registration) = self.table.get_mut(client.id) else { return };
        client.out.append(&mut registration.kept.out);
        if let Some(reason) = registration.kept.closing.take() {
            client.close(reason);
        }
    }

    /// Sends what a connection was written before its turn is over. Returns whether its frames go on.
    #[cold]
    pub(super) fn relieves(&mut self, client: &mut Client<C>, now: Instant) -> bool {
        if client.unsent() > self.limits.unsent {
            // Before a part of it is sent, which may be half a reply.
            client.ending.get_or_insert(Ended::TooMuch);
        } else if !client.is_blocked() {
            self.stats.sent += client.flush(now) as u64;
        }
        client.is_served(&self.limits)
    }

    /// Puts a connection back. `partial` is the memory of its incomplete frame.
    pub(super) fn settle(&mut self, mut client: Box<Client<C>>, partial: usize) {
        if client.out.is_empty() && client.out.capacity() > 0 {
            self.keep(mem::take(&mut client.out));
        }
        if client.backlog.is_empty() && client.backlog.capacity() > 0 {
            self.keep(mem::take(&mut client.backlog));
        }
        let holds = client.out.capacity() + client.backlog.capacity() + partial + client.charged;
        if holds != client.held {
            self.account(&mut client, holds);
        }
        let (id, deadline) = (client.id, client.deadline(&self.limits));
        if let Some(deadline) = deadline
            && client.timer.is_none_or(|(_, armed)| deadline < armed)
        {
            self.arm(&mut client, deadline);
        }
        let again = client.is_busy(&self.limits) || client.ending.is_some() && client.phase != Phase::Parting;
        // It stays registered while it is out.
        _ = self.table.put_back(id, client);
        if again {
            self.queue(id);
        }
    }

    /// Keeps a buffer for whoever needs one next, unless it is large.
    fn keep(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() <= READ && self.spare.len() < SPARE {
            self.spare.push(buffer);
        }
    }

    fn account(&mut self, client: &mut Client<C>, holds: usize) {
        self.stats.memory = self.stats.memory - client.held + holds;
        let grew = holds > client.held;
        client.held = holds;
        if grew && (client.unsent() > self.limits.unsent || self.limits.is_too_much(holds, self.stats.memory)) {
            client.ending.get_or_insert(Ended::TooMuch);
        }
    }

    fn arm(&mut self, client: &mut Client<C>, deadline: Instant) {
        let key = match client.timer {
            Some((key, _)) if self.wheel.reschedule(key, deadline) => key,
            _ => self.wheel.insert(deadline, Due::Connection(client.id)),
        };
        client.timer = Some((key, deadline));
    }

    /// Does what is due about a connection, if it still is.
    pub(super) fn on_time(&mut self, id: ConnectionId, now: Instant) {
        let Some(mut client) = self.table.take_out(id) else { return };
        client.timer = None;
        let late = client.is_late(&self.limits, now);
        if !late && let Some(deadline) = client.deadline(&self.limits) {
            self.arm(&mut client, deadline);
        }
        _ = self.table.put_back(id, client);
        if late {
            self.queue(id);
        }
    }

    /// Ends a connection for good: closes its socket and lets somebody in who waits for its place.
    pub(super) fn remove(&mut self, mut client: Box<Client<C>>) {
        self.table.remove(client.id);
        if let Some((key, _)) = client.timer {
            self.wheel.cancel(key);
        }
        self.stats.memory -= client.held;
        self.hang_up(&mut client);
        for buffer in [&mut client.out, &mut client.backlog] {
            buffer.clear();
            self.keep(mem::take(buffer));
        }
        let waiting: Vec<_> = self.listeners.iter().filter(|(_, it)| it.kept.waits).map(|(id, _)| id).collect();
        self.knocked.extend(waiting);
    }

    /// Closes the socket of a connection.
    pub(super) fn hang_up(&mut self, client: &mut Client<C>) {
        if let Some(mut socket) = client.socket.take() {
            socket.deregister(&self.port);
        }
    }

    /// Goes on with a connection that is dialed: begins an attempt, or sees how it went.
    pub(super) fn dial(&mut self, client: &mut Client<C>, now: Instant) {
        let Some(dial) = &mut client.dial else { return };
        if client.ending.is_some() {
            return;
        }
        let failed = match &client.socket {
            None if dial.until > now => return,
            None => {
                dial.attempts += 1;
                let connected = Socket::connect(&client.peer).and_then(|mut socket| {
                    socket.register(&self.port, client.id)?;
                    Ok(socket)
                });
                match connected {
                    Ok(socket) => {
                        client.socket = Some(socket);
                        dial.until = now + dial.retry.patience;
                        return;
                    }
                    Err(error) => error,
                }
            }
            Some(socket) => match socket.is_connected() {
                Ok(true) => {
                    (client.dial, client.phase, client.heard) = (None, Phase::Fresh(None), now);
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
            dial.until = now + dial.retry.wait(dial.attempts, RandomState::new().build_hasher().finish());
        }
        self.hang_up(client);
    }
}

impl<C: 'static, Tag: 'static> Driver for Connections<C, Tag> {
    type Handler = Box<Client<C>>;
    type Key = ConnectionId;

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        self.table.polls()
    }

    fn put_back(&mut self, id: ConnectionId, client: Box<Client<C>>) -> Result<(), Box<Client<C>>> {
        self.table.put_back(id, client)
    }

    fn end(&mut self, id: ConnectionId) {
        self.table.remove(id);
    }
}

impl<C, Tag> fmt::Debug for Connections<C, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("len", &self.len()).field("stats", &self.stats).finish()
    }
}
