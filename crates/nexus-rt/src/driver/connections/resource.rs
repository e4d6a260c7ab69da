//! `Connections`: the resource through which handlers reach every connection.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use nexus_timer::{TimerKey, Wheel};

use super::accept::Listener;
use super::client::Client;
use super::drain::Drain;
use super::ended::Ended;
use super::hold::Gate;
use super::limits::{Limits, Stats};
use super::output::Spare;
use super::turn::Bell;
use crate::driver::mio::{MOST, Port};
use crate::poll::{Driver, Polls, RegistrationKey, Registrations};

/// Identifies a connection of a [`Connections`], and is never reused.
pub type ConnectionId = RegistrationKey;

/// Identifies a listener of a [`Connections`], and is never reused.
pub type ListenerId = RegistrationKey;

/// The connections of a world, as a resource: [`ConnectionsInstaller`](super::ConnectionsInstaller) registers it,
/// [`ConnectionsPoller`](super::ConnectionsPoller) runs a chain for each frame.
///
/// Any handler can send to a connection, close it, and access its state through this resource. A timer needs only the
/// [`ConnectionId`]. While a connection's own frame runs, its [`Client`] is the context of the chain: bytes that other
/// code sends by its id follow the output of that frame.
///
/// ```
/// use nexus_rt::ResMut;
/// use nexus_rt::connections::{Client, Connections};
///
/// type Net = Connections<()>;
///
/// /// Sends each line to all other connections, as a chat server does.
/// fn broadcast(client: &mut Client<()>, mut connections: ResMut<Net>, line: &[u8]) {
///     let others: Vec<_> = connections.ids().filter(|id| *id != client.id()).collect();
///     for id in others {
///         connections.send(id, line);
///         connections.send(id, b"\n");
///     }
/// }
/// ```
///
/// `C` is the state that the program keeps for each connection, and `Tag` distinguishes two such drivers of one world.
pub struct Connections<C, Tag = ()> {
    pub(super) table: Registrations<Box<Client<C>>, Aside>,
    pub(super) listeners: Registrations<(), Listener<C>>,
    pub(super) port: Port,
    pub(super) door: Port,
    /// Connections that need a turn, of which the new ones are dialed or opened.
    pub(super) ready: VecDeque<ConnectionId>,
    /// Whether limits may have changed, so that connections that rest need a turn: they may have a deadline now.
    pub(super) relimited: bool,
    /// Listeners at which clients may wait.
    pub(super) knocked: VecDeque<ListenerId>,
    pub(super) wheel: Wheel<Due>,
    pub(super) limits: Limits,
    pub(super) stats: Stats,
    pub(super) spare: Spare,
    pub(super) bell: Arc<Bell>,
    /// Whether output or a close was set aside for a connection that is out.
    disturbed: bool,
    pub(super) gate: Gate,
    /// Connections with held output, in the order in which they began to hold, and some that no longer have any.
    pub(super) holding: Vec<ConnectionId>,
    pub(super) drain: Drain,
    /// The timer of its deadline.
    pub(super) end: Option<TimerKey>,
    /// The time of the latest poll.
    pub(super) now: Instant,
    tag: PhantomData<fn() -> Tag>,
}

/// Output and a close for a connection that is out.
#[derive(Default)]
pub(super) struct Aside {
    out: Vec<u8>,
    /// Whether more was sent than the limits allow.
    too_much: bool,
    closing: Option<Cow<'static, str>>,
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
    pub(super) fn new(ports: [Port; 2], tables: Tables<C>, bell: Arc<Bell>, limits: Limits, now: Instant) -> Self {
        let ([port, door], (table, listeners)) = (ports, tables);
        Self {
            table,
            listeners,
            port,
            door,
            ready: VecDeque::new(),
            relimited: false,
            knocked: VecDeque::new(),
            wheel: Wheel::new(now),
            limits,
            stats: Stats::default(),
            spare: Spare::default(),
            bell,
            disturbed: false,
            gate: Gate::default(),
            holding: Vec::new(),
            drain: Drain::Serving,
            end: None,
            now,
            tag: PhantomData,
        }
    }

    pub(super) fn insert(&mut self, client: Client<C>) -> ConnectionId {
        let id = self.table.insert(Box::new(client), Aside::default());
        self.queue(id);
        id
    }

    pub(super) fn is_full(&self) -> bool {
        self.table.len() >= self.limits.connections.min(MOST)
    }

    /// Sends bytes to a connection, at its next turn. Returns `false`, and sends nothing, if the id matches no
    /// connection or one that is closing or [finished](Client::finish), or if the connection ends because of its
    /// limits.
    ///
    /// A connection that would exceed [`Limits::unsent`] or its share of [`Limits::memory`] ends as
    /// [`Ended::TooMuch`]. Nothing is copied for it, so a message to many takes no more memory than the limits
    /// allow.
    ///
    /// While the connection's own frame runs, only the limits are checked: if it is closing or finished, the bytes may
    /// be dropped later.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> bool {
        let Some(registration) = self.table.get_mut(id) else { return false };
        let Some(client) = &mut registration.handler else {
            let aside = &mut registration.kept;
            let length = aside.out.len() + bytes.len();
            let all = self.stats.memory.wrapping_add(length);
            aside.too_much |= length > self.limits.unsent || self.limits.is_too_much(length, all);
            if !aside.too_much {
                if aside.out.capacity() == 0 {
                    aside.out = self.spare.take();
                }
                aside.out.extend_from_slice(bytes);
            }
            self.disturbed = true;
            return !aside.too_much;
        };
        if client.is_closing() || client.finishing {
            return false;
        }
        let (holds, memory) = (client.held + bytes.len(), self.stats.memory.wrapping_add(bytes.len()));
        let fits = client.unsent() + bytes.len() <= self.limits.unsent && !self.limits.is_too_much(holds, memory);
        if fits {
            client.output.start(&mut self.spare);
            client.send(bytes);
            (client.held, self.stats.memory) = (holds, memory);
        } else {
            client.ending = Some(Ended::TooMuch);
        }
        self.queue(id);
        fits
    }

    /// Closes a connection once its output is sent: see [`Client::close`]. Returns whether the id matched an open
    /// connection.
    pub fn close(&mut self, id: ConnectionId, reason: impl Into<Cow<'static, str>>) -> bool {
        let Some(registration) = self.table.get_mut(id) else { return false };
        match &mut registration.handler {
            Some(client) if client.is_closing() => return false,
            Some(client) => {
                client.close(reason);
                self.queue(id);
            }
            None if registration.kept.closing.is_some() => return false,
            None => {
                registration.kept.closing = Some(reason.into());
                self.disturbed = true;
            }
        }
        true
    }

    /// Returns a connection, or `None` if the id matches none or if the connection's own frame is running.
    #[must_use]
    pub fn client(&self, id: ConnectionId) -> Option<&Client<C>> {
        self.table.get(id)?.handler.as_deref()
    }

    /// Returns a connection mutably, to change its state or write to it: see [`client`](Self::client). Output to a
    /// connection that is [closing](Client::is_closing) may be lost.
    #[must_use]
    pub fn client_mut(&mut self, id: ConnectionId) -> Option<&mut Client<C>> {
        self.table.get(id)?.handler.as_ref()?;
        self.queue(id);
        self.table.get_mut(id)?.handler.as_deref_mut()
    }

    /// Returns whether the id matches a connection, even one whose own frame is running.
    #[must_use]
    pub fn contains(&self, id: ConnectionId) -> bool {
        self.table.contains(id)
    }

    /// Iterates over the ids of all connections, including those that are being established or are ending.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> {
        self.table.iter().map(|(id, _)| id)
    }

    /// Iterates over all connections except the one whose frame is running.
    pub fn iter(&self) -> impl Iterator<Item = &Client<C>> {
        self.table.iter().filter_map(|(_, registration)| registration.handler.as_deref())
    }

    /// Returns the number of connections, including those that are being established or are ending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are no connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the limits mutably, and gives every connection a turn at the next poll. A connection that is beyond a
    /// lower limit ends then, or in the case of [`Limits::memory`] and [`Limits::frame`] once it grows.
    pub fn limits_mut(&mut self) -> &mut Limits {
        self.knock_for_those_who_wait();
        self.relimited = true;
        self.bell.ring();
        &mut self.limits
    }

    /// Returns when to poll next at the latest: see
    /// [`ConnectionsPoller::next_deadline`](super::ConnectionsPoller::next_deadline).
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    /// Queues a connection for a turn in this poll or the next.
    pub(super) fn queue(&mut self, id: ConnectionId) {
        let Some(client) = self.table.get_mut(id).and_then(|registration| registration.handler.as_mut()) else {
            return;
        };
        if !mem::replace(&mut client.queued, true) {
            self.ready.push_back(id);
            self.bell.ring();
        }
    }

    /// Queues a listener.
    pub(super) fn knock(&mut self, id: ListenerId) {
        if let Some(listener) = self.listeners.get_mut(id) {
            listener.kept.timed = false;
            self.knocked.push_back(id);
        }
    }

    /// Returns whether the next poll has work, whatever the OS reports.
    pub(super) fn has_work(&self) -> bool {
        self.relimited || !self.ready.is_empty() || !self.knocked.is_empty()
    }

    /// Takes a connection out, with a buffer for its output.
    #[inline]
    pub(super) fn take_out(&mut self, id: ConnectionId) -> Option<Box<Client<C>>> {
        let mut client = self.table.take_out(id)?;
        client.output.start(&mut self.spare);
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
        let mut aside = mem::take(&mut registration.kept);
        client.output.out.append(&mut aside.out);
        self.spare.keep(aside.out);
        if aside.too_much {
            client.ending.get_or_insert(Ended::TooMuch);
        }
        if let Some(reason) = aside.closing {
            client.close(reason);
        }
    }

    /// Ends a connection for good: closes its socket, and queues the listeners at which clients wait for a place.
    pub(super) fn remove(&mut self, mut client: Box<Client<C>>) {
        self.table.remove(client.id);
        if let Some((key, _)) = client.timer {
            self.wheel.cancel(key);
        }
        self.stats.memory = self.stats.memory.wrapping_sub(client.held);
        self.hang_up(&mut client);
        client.output.forget();
        for buffer in client.output.buffers() {
            self.spare.keep(mem::take(buffer));
        }
        self.knock_for_those_who_wait();
    }

    /// Queues the listeners at which clients wait for a place.
    fn knock_for_those_who_wait(&mut self) {
        let waiting: Vec<_> = self.listeners.iter().filter(|(_, it)| it.kept.waits).map(|(id, _)| id).collect();
        for id in waiting {
            // Once, however many places become free.
            self.listeners.get_mut(id).into_iter().for_each(|listener| listener.kept.waits = false);
            self.knocked.push_back(id);
        }
    }

    /// Closes the socket of a connection.
    pub(super) fn hang_up(&mut self, client: &mut Client<C>) {
        if let Some(mut socket) = client.socket.take() {
            socket.deregister(&self.port);
        }
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
