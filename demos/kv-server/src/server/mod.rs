//! The server: waits for sockets, runs what is due, attends to the clients to whom something happened.

mod ending;

use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ending::Phase;
use nexus_rt::io::MioToken;
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::TcpListener;
use nexus_rt::wait::{Idle, Wait};
use nexus_rt::{CallbackTemplate, Clock, Key, MioInstaller, MioPoller, World, WorldBuilder};

use crate::channels::Channels;
use crate::client::{Connection, Ready, on_client};
use crate::commands::Commands;
use crate::engine::{Engine, ExpiryPoller};
use crate::limits::Limits;
use crate::listener::{Clients, Listener, on_listener};
use crate::peer::{Peer, Sockets};
use crate::replies::Replies;
use crate::request::Request;
use crate::settings::Settings;
use crate::stats::Stats;

/// A server, to be run with its world.
pub struct Server {
    wait: Wait,
    idle: Idle,
    /// What the last turn had to do, and so whether this one sleeps.
    busy: usize,
    address: SocketAddr,
    listener: MioToken,
    io: MioPoller<Peer>,
    expiry: ExpiryPoller,
    commands: Commands,
    handles: Handles,
    limits: Limits,
    /// What a client uses while it is attended to, so that one who waits holds no memory.
    request: Request,
    replies: Replies,
    /// Those who are attended to in this turn.
    ready: Vec<MioToken>,
    /// What all clients hold, in bytes.
    held: usize,
    phase: Phase,
    /// When clients of which nothing was heard are not waited for any more.
    silence: Option<Instant>,
}

/// The resources that the server uses itself.
struct Handles {
    clock: Key<Clock>,
    sockets: Key<Sockets>,
    ready: Key<Ready>,
    clients: Key<Clients>,
    channels: Key<Channels>,
    stats: Key<Stats>,
}

/// Whether a client stays.
#[derive(PartialEq)]
enum Verdict {
    Stays,
    Leaves,
}

impl Server {
    /// Listens, and gives the server with its world.
    ///
    /// # Errors
    /// If the address cannot be listened on, or the system has no more files.
    pub fn bind(address: SocketAddr, wait: Wait, limits: Limits) -> io::Result<(Self, World)> {
        let socket = TcpListener::bind(address)?;
        let address = socket.local_addr()?;
        let clock = Clock::realtime();
        let settings = Settings { address, started: clock.now() };
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits: limits.clone() });
        let io = builder.install_driver(MioInstaller::new()?.stored_as::<Peer>());
        builder.register_default::<Ready>();
        builder.register_default::<Clients>();
        let mut world = builder.build();

        let reg = world.registry();
        let commands = Commands::new(reg);
        let clients = CallbackTemplate::new(on_client, reg);
        let template = CallbackTemplate::new(on_listener, reg);
        let handles = Handles {
            clock: reg.key(),
            sockets: reg.key(),
            ready: reg.key(),
            clients: reg.key(),
            channels: reg.key(),
            stats: reg.key(),
        };
        let mut sockets = handles.sockets.get_mut(&mut world);
        let callback = Box::new(template.generate(Listener::new(socket, clients)));
        let listener = sockets.insert(Peer::Listener(callback));
        let registered = sockets.with_source(listener, |peer, registry| match peer {
            Peer::Listener(callback) => registry.register(callback.ctx.socket(), listener.into(), Interest::READABLE),
            Peer::Client(_) => Ok(()),
        });
        registered.transpose()?;
        let server = Self {
            wait,
            idle: Idle::new(wait),
            busy: 0,
            address,
            listener,
            io,
            expiry,
            commands,
            handles,
            limits,
            request: Request::default(),
            replies: Replies::default(),
            ready: Vec::new(),
            held: 0,
            phase: Phase::Serves,
            silence: None,
        };
        Ok((server, world))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// Runs until a shutdown is requested. Then, for `drain` at most, it answers what had come by then, sends the
    /// replies, and closes each connection when its client has read them.
    ///
    /// # Errors
    /// If the system cannot tell what happens to sockets.
    pub fn run(mut self, world: &mut World, drain: Duration) -> io::Result<()> {
        world.run(|world| self.turn(world))?;
        self.end(world, drain)
    }

    /// One turn: waits, which moves the time, runs what is due, and attends to those to whom something happened.
    fn turn(&mut self, world: &mut World) -> io::Result<()> {
        let now = self.handles.clock.get(world).now();
        let Self { idle, busy, expiry, silence, .. } = self;
        let happened = self.io.poll_until(world, now, |world| {
            let due = [expiry.next_deadline(world), *silence].into_iter().flatten().min();
            idle.until(*busy, now, due)
        })?;
        self.handles.stats.get_mut(world).turns += 1;
        let ran = happened + self.serve(world);
        self.proceed(world, happened > 0);
        let waiting = self.handles.ready.get(world).0.len();
        // The system tells of everything but the clients who still wait, so a loop that blocks need not ask again.
        self.busy = if self.wait == Wait::Block { waiting } else { ran + waiting };
        Ok(())
    }

    /// Runs what is due, and attends to those to whom something happened. Returns how many timers ran.
    fn serve(&mut self, world: &mut World) -> usize {
        let now = self.handles.clock.get(world).now();
        let ran = self.expiry.poll(world, now);
        let mut ready = mem::take(&mut self.ready);
        mem::swap(&mut ready, &mut self.handles.ready.get_mut(world).0);
        for token in ready.drain(..) {
            self.attend(world, token);
        }
        self.ready = ready;
        ran
    }

    /// Reads from a client, runs its requests, and sends the replies.
    fn attend(&mut self, world: &mut World, token: MioToken) {
        let Some(slot) = client(self.handles.sockets, world, token) else { return };
        let Some(mut connection) = slot.take() else { return };
        connection.queued = false;
        let verdict = self.exchange(world, &mut connection);
        self.account(world, &mut connection);
        if verdict == Verdict::Leaves || connection.cut_off {
            self.part(world, token, &connection);
        } else {
            if self.reads(&connection) {
                connection.queued = true;
                self.handles.ready.get_mut(world).0.push(token);
            }
            if let Some(slot) = client(self.handles.sockets, world, token) {
                *slot = Some(connection);
            }
        }
    }

    fn exchange(&mut self, world: &mut World, connection: &mut Connection) -> Verdict {
        if connection.session.replies.capacity() == 0 {
            mem::swap(&mut connection.session.replies, &mut self.replies);
        }
        if self.reads(connection) {
            if self.phase == Phase::Parts {
                connection.forget(self.request.room());
            } else {
                self.read(world, connection);
            }
        }
        if connection.cut_off || connection.send().is_err() {
            return Verdict::Leaves;
        }
        // Who has sent all may still read.
        connection.session.leaves |= connection.over;
        let replies = &mut connection.session.replies;
        if !replies.as_bytes().is_empty() {
            // The driver tells when there is room for the rest.
            return Verdict::Stays;
        }
        // An ordinary buffer is kept for the next client, a large one is given back.
        let buffer = mem::take(replies);
        if buffer.capacity() <= LARGE {
            self.replies = buffer;
        }
        if connection.session.leaves { self.leave(connection) } else { Verdict::Stays }
    }

    /// Reads once, after what is left of an earlier read, and runs what is whole.
    fn read(&mut self, world: &mut World, connection: &mut Connection) {
        match &mut connection.rest.take() {
            Some(rest) => {
                self.receive(world, connection, rest);
                if rest.has_rest() {
                    rest.compact();
                    connection.rest = Some(mem::take(rest));
                }
            }
            None => {
                let mut request = mem::take(&mut self.request);
                self.receive(world, connection, &mut request);
                connection.rest = request.take_rest().map(Box::new);
                self.request = request;
            }
        }
    }

    /// Reads once and runs every request that is whole.
    fn receive(&mut self, world: &mut World, connection: &mut Connection, request: &mut Request) {
        if !connection.receive(request) {
            return;
        }
        let session = &mut connection.session;
        let mut commands = 0;
        loop {
            match request.next(&self.limits.request) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    session.replies.error(&error);
                    session.leaves = true;
                    request.clear();
                    self.handles.stats.get_mut(world).cut_off += 1;
                    break;
                }
            }
            commands += 1;
            world.next_sequence();
            self.commands.run(session, world, request);
            // Before the next request, which may subscribe to what was published.
            if self.handles.channels.get(world).has_mail() {
                self.deliver(world);
            }
            if session.replies.as_bytes().len() > self.limits.replies {
                connection.cut_off = true;
                break;
            }
            if session.leaves {
                break;
            }
        }
        self.handles.stats.get_mut(world).commands += commands;
    }

    /// Counts what a client holds, and cuts it off if that is too much for all.
    fn account(&mut self, world: &mut World, connection: &mut Connection) {
        let rest = connection.rest.as_ref().map_or(0, |rest| rest.capacity());
        let holds = rest + connection.session.holds();
        self.held = self.held - connection.held + holds;
        let grew = holds > connection.held;
        connection.held = holds;
        connection.cut_off |= grew && self.limits.is_too_much(holds, self.held);
        if connection.cut_off {
            self.handles.stats.get_mut(world).cut_off += 1;
        }
    }

    /// Closes a client's connection and forgets it.
    fn part(&mut self, world: &mut World, token: MioToken, connection: &Connection) {
        let session = &connection.session;
        self.held -= connection.held;
        self.handles.sockets.get_mut(world).close(token);
        let mut clients = self.handles.clients.get_mut(world);
        clients.tokens.remove(&session.id);
        if mem::take(&mut clients.wait) {
            // There is a file again for one of those who wait outside.
            self.listen(world);
        }
        let mut channels = self.handles.channels.get_mut(world);
        session.channels.iter().for_each(|channel| channels.unsubscribe(channel, session.id));
        self.handles.stats.get_mut(world).clients -= 1;
    }

    /// Has the system tell again of those who wait to be let in.
    fn listen(&self, world: &mut World) {
        let mut sockets = self.handles.sockets.get_mut(world);
        sockets.with_source(self.listener, |peer, registry| {
            if let Peer::Listener(callback) = peer {
                // Else it is told of them when the next one comes.
                _ = registry.reregister(callback.ctx.socket(), self.listener.into(), Interest::READABLE);
            }
        });
    }

    /// Hands messages out to those who have subscribed. They are sent when it is their turn.
    fn deliver(&mut self, world: &mut World) {
        let mut channels = mem::take(&mut *self.handles.channels.get_mut(world));
        let handles = &self.handles;
        channels.deliver(|id, message| {
            let Some(&token) = handles.clients.get(world).tokens.get(&id) else { return };
            let Some(Some(connection)) = client(handles.sockets, world, token) else { return };
            // Who leaves gets what it waits for and no more, or it might wait for ever.
            if connection.session.leaves {
                return;
            }
            let waits = connection.session.replies.as_bytes().len() + message.len();
            let holds = connection.held + message.len();
            if waits > self.limits.replies || self.limits.is_too_much(holds, self.held + message.len()) {
                connection.cut_off = true;
            } else {
                connection.session.replies.raw(message);
                connection.held += message.len();
                self.held += message.len();
            }
            if !mem::replace(&mut connection.queued, true) {
                handles.ready.get_mut(world).0.push(token);
            }
        });
        *self.handles.channels.get_mut(world) = channels;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

/// The most that is kept of a buffer that is empty, in bytes.
const LARGE: usize = 1 << 20;

/// Where a client's state is kept.
fn client(sockets: Key<Sockets>, world: &mut World, token: MioToken) -> Option<&mut Option<Box<Connection>>> {
    match sockets.get_mut(world).into_inner().get_mut(token)? {
        Peer::Client(client) => Some(&mut client.ctx),
        Peer::Listener(_) => None,
    }
}
