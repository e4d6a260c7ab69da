//! The server: its connections, the pipeline of a request, and its loop.

use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use nexus_journal::{Error, Replayed};
use nexus_rt::connections::{
    Address, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, Limits as NetLimits, Opened,
};
use nexus_rt::plan::Plan;
use nexus_rt::wait::{Idle, Wait};
use nexus_rt::{Clock, Key, MioInstaller, MioPoller, PipelineStart, Res, ResMut, World, WorldBuilder};

use crate::apart::{Connected, refuse_all};
use crate::channels::Channels;
use crate::commands::{pubsub, traffic, transactions};
use crate::engine::{Engine, ExpiryPoller};
use crate::error::{Failure, ProtocolError};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::log::{Kept, Log, LogOptions, Logger};
use crate::pages::{self, PagesPoller};
use crate::pause::{Pause, resume};
use crate::replica::{Replica, Run};
use crate::request::Request;
use crate::session::{Client, Marks, Reply, Session};
use crate::settings::{Options, Settings};
use crate::shared::{ReplicaOptions, Shared};
use crate::shared_log::{Lost, SharedLog};
use crate::stats::Stats;
use crate::store::Store;
use crate::watch::Watch;

/// A server, which runs with its world.
pub struct Server {
    wait: Wait,
    address: SocketAddr,
    io: MioPoller,
    net: ConnectionsPoller<Session, Request>,
    /// The connections that request pages, if there is an address for them.
    pages: Option<PagesPoller>,
    store: Store,
    replica: Option<Replica>,
}

impl Server {
    /// Starts listening, and returns the server with its world.
    ///
    /// # Errors
    /// If an address cannot be listened on, or the system has no more files.
    pub fn bind(
        (address, unix): (SocketAddr, Option<&Path>),
        metrics: Option<SocketAddr>,
        wait: Wait,
        limits: Limits,
    ) -> io::Result<(Self, World)> {
        let clock = Clock::realtime();
        let settings = Settings { address, unix: unix.map(Path::to_owned), started: clock.now() };
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits: limits.clone() });
        let io = builder.install_driver(MioInstaller::new()?);
        let framing = Request::new(limits.request).announcing();
        let net = ConnectionsInstaller::<Session, _>::new(&io, framing)?.limits(net_limits(&limits));
        let net = builder.install_driver(net);
        let connections = builder.resource_mut::<Connections<Session>>();
        let listener =
            connections.listen(address).map_err(refused(&address, "another port with --port, or 0 for a free one"))?;
        let Some(Address::Ip(address)) = connections.address(listener) else {
            return Err(io::ErrorKind::Other.into());
        };
        if let Some(path) = unix {
            connections.listen(path).map_err(refused(&path.display(), "another path with --unixsocket"))?;
        }
        builder.resource_mut::<Settings>().address = address;
        let open = |address| {
            let opened = pages::open(&mut builder, &io, address);
            opened.map_err(refused(&address, "another address with --metrics"))
        };
        let pages = metrics.map(open).transpose()?;
        let mut world = builder.build();
        let store = Store::new(&world, expiry);
        world.resource_mut::<Options>().startup = crate::system::memory().resident;
        let mut server = Self { wait, address, io, net, pages, store, replica: None };
        server.watch(&world);
        Ok((server, world))
    }

    /// Installs the handlers that count clients and report protocol errors to them.
    fn watch(&mut self, world: &World) {
        let reg = world.registry();
        let opened = PipelineStart::<Opened>::new().with_context::<Client>().then(on_opened, reg).build();
        let ended = PipelineStart::<Ended<ProtocolError>>::new().with_context::<Client>().then(on_ended, reg).build();
        self.net.on_opened(opened);
        self.net.on_ended(ended);
    }

    /// Returns the address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the functions that a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.store.plan()
    }

    /// Replays a journal, and records every change in it from now on. A reply leaves once the change that it answers is
    /// safe.
    ///
    /// # Errors
    /// If the journal is in use, damaged, of another program or version, or cannot be written.
    ///
    /// # Panics
    /// If the server shares a log.
    pub fn journal(&mut self, world: &mut World, options: &LogOptions) -> Result<Replayed, Error> {
        assert!(self.replica.is_none(), "a server that shares a log has no journal: the log is its journal");
        Log::open(options, world, &mut self.store)
    }

    /// Shares a log with other servers from now on, and applies what the log already has. A request that changes
    /// something runs on every server when it comes back from the log, and is then answered by the server that received
    /// it.
    ///
    /// # Errors
    /// If the log contains something that this server cannot apply.
    ///
    /// # Panics
    /// If there is a journal, or the shard in the options does not exist.
    pub fn replicate(
        &mut self,
        world: &mut World,
        log: Box<dyn SharedLog>,
        options: ReplicaOptions,
    ) -> Result<(), Lost> {
        assert!(!world.resource::<Log>().is_open(), "a server with a journal shares no log: it would have two");
        let mut replica = Replica::new(world, log, options);
        let mut run =
            |client: &mut Client, world: &mut World, request: &Request| self.store.run(client, world, request);
        replica.poll(world, &mut Connected::new(), &mut run)?;
        self.replica = Some(replica);
        Ok(())
    }

    /// Runs until a shutdown is requested. Then, for `drain` at most, it answers the requests that had arrived by then,
    /// sends the replies, and closes each connection when its client has read them. Returns what the journal leads to,
    /// if there is one.
    ///
    /// # Errors
    /// If the system cannot report socket events, the journal cannot be written, or the server cannot continue with the
    /// log that it shares.
    pub fn run(self, world: &mut World, drain: Duration) -> Result<Option<Kept>, Failure> {
        let Self { wait, mut io, mut net, mut pages, store, mut replica, .. } = self;
        let (plan, logger) = (store.plan().clone(), Logger::new(world));
        let (mut commands, mut expiry) = store.into_parts();
        let reg = world.registry();
        let (clock, stats, pause): (Key<Clock>, Key<Stats>, Key<Pause>) = (reg.key(), reg.key(), reg.key());
        let respond = move |client: &mut Client, world: &mut World, request: &Request| {
            commands.run(client, world, request);
            logger.note(world);
        };
        let mut answer = PipelineStart::<&Request>::borrowed().with_context::<Client>().then(respond, reg).build();
        let mut show = pages::answers(plan, reg);
        let (mut idle, mut ran, mut clients) = (Idle::new(wait), 0, Connected::new());
        let (options, mut swept): (Key<Options>, _) = (reg.key(), clock.get(world).now());
        let mut turn = |world: &mut World| {
            let now = clock.get(world).now();
            let happened = io
                .poll_until(world, now, |world| {
                    let sweep = (options.get(world).timeout > 0).then(|| swept + SWEEP);
                    let pages = pages.as_ref().and_then(|pages| pages.next_deadline(world));
                    let due = [net.next_deadline(world), pause.get(world).until(), sweep];
                    let due = due.into_iter().chain([next_of_keys(world, &replica, &expiry), pages]).flatten().min();
                    idle.until(ran, now, due)
                })
                .map_err(Failure::System)?;
            logger.begin(world);
            let now = clock.get(world).now();
            let mut run = |client: &mut Client, world: &mut World, request: &Request| {
                answer.run_with(client, world, request);
            };
            ran = happened + update_keys(world, &mut replica, &mut expiry, (&mut clients, &mut run))?;
            if pause.get(world).until().is_some() {
                resume(world, &mut clients, run);
            }
            ran += net.poll(world, usize::MAX, &mut answer);
            close_silent(world, &mut swept, now);
            if let Some(pages) = &mut pages {
                ran += pages.poll(world, usize::MAX, &mut show);
            }
            let mut stats = stats.get_mut(world);
            stats.turns += 1;
            if stats.rates.are_due(now) {
                sample(world, now);
            }
            if wait == Wait::Block {
                // The system reports every event, so a loop that blocks need not ask again.
                ran = 0;
            }
            if let Some(replica) = &mut replica {
                replica.flush(world, &mut clients, &expiry);
            }
            logger.commit(world).map_err(Failure::Journal)
        };
        let ended = world.run(&mut turn);
        end(world, ended, drain, turn)?;
        logger.close(world).map_err(Failure::Journal)
    }
}

/// Applies what has come from the log, if there is one, and then removes expired keys. Returns the number of events.
fn update_keys(
    world: &mut World,
    replica: &mut Option<Replica>,
    expiry: &mut ExpiryPoller,
    (clients, run): (&mut Connected, &mut Run<'_>),
) -> Result<usize, Failure> {
    let Some(replica) = replica else {
        let now = world.resource::<Clock>().now();
        return Ok(expiry.poll(world, now));
    };
    let came = replica.poll(world, clients, run).map_err(Failure::Log)?;
    Ok(came + replica.expire(world, expiry))
}

/// Returns when `update_keys` is due next.
fn next_of_keys(world: &World, replica: &Option<Replica>, expiry: &ExpiryPoller) -> Option<Instant> {
    match replica {
        None => expiry.next_deadline(world),
        Some(replica) => replica.next_deadline(world, expiry),
    }
}

/// Answers what has arrived, and waits until all connections are closed.
fn end(
    world: &mut World,
    ended: Result<(), Failure>,
    drain: Duration,
    mut turn: impl FnMut(&mut World) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // With a journal, the clock may differ from the machine's.
    let now = world.resource::<Clock>().now();
    world.resource_mut::<Pause>().end(now);
    let ended = ended.and_then(|()| end_log(world, Instant::now() + drain / 2, &mut turn));
    match &ended {
        Ok(()) => {}
        Err(Failure::Log(lost)) => refuse_all(world, lost),
        Err(_) => return ended,
    }
    world.resource_mut::<Connections<Session>>().drain(now + drain);
    world.drain(Instant::now() + drain, |world| world.resource::<Connections<Session>>().is_empty(), turn)?;
    ended
}

/// Answers the clients that wait for a log, and publishes nothing afterwards.
fn end_log(
    world: &mut World,
    deadline: Instant,
    turn: &mut impl FnMut(&mut World) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if !world.resource::<Shared>().is_open() {
        return Ok(());
    }
    // Requests that wait for the end of a pause are published in the next turn.
    let mut paused = world.resource::<Pause>().until().is_some();
    world.drain(deadline, |world| !mem::replace(&mut paused, false) && Replica::is_idle(world), turn)?;
    Replica::close_if_idle(world);
    Ok(())
}

/// How often the server looks for clients that have been silent for too long, if there is a timeout.
const SWEEP: Duration = Duration::from_secs(1);

/// Closes clients that have been silent for too long, unless they wait for something. A client that has sent something
/// in this turn is not silent, however long the last turn took.
fn close_silent(world: &mut World, swept: &mut Instant, now: Instant) {
    let timeout = world.resource::<Options>().timeout;
    if timeout <= 0 || now < *swept + SWEEP {
        return;
    }
    *swept = now;
    let timeout = Duration::from_secs(timeout.unsigned_abs());
    let mut net = world.resource_mut::<Connections<Session>>();
    let silent = net.iter().filter(|client| {
        let waits = client.state.is_subscribed() || client.state.marks.has(Marks::MONITOR | Marks::PAUSED);
        let waits = waits || !client.state.waiting.is_empty();
        !waits && now.saturating_duration_since(client.heard()) > timeout
    });
    let ids: Vec<_> = silent.map(Client::id).collect();
    ids.into_iter().for_each(|id| _ = net.close(id, "it was silent for too long"));
}

/// Samples the traffic and the memory, once a second.
fn sample(world: &mut World, now: Instant) {
    let traffic = traffic(Some(world.resource::<Connections<Session>>()), world.resource::<Stats>());
    let memory = world.resource::<Keys>().used();
    world.resource_mut::<Stats>().rates.sample(now, traffic, memory);
}

/// Returns the limits of connections.
fn net_limits(limits: &Limits) -> NetLimits {
    let mut net = NetLimits::default();
    net.connections = limits.clients;
    net.refusal = Some(b"-ERR max number of clients reached\r\n"[..].into());
    // Requests have limits of their own, with errors that clients know.
    net.frame = usize::MAX;
    net.pause = limits.replies;
    net.unsent = limits.most_replies();
    net.memory = limits.buffers;
    net.stalled = limits.stalled;
    net
}

/// Gives a client its number.
fn on_opened(
    client: &mut Client,
    mut stats: ResMut<Stats>,
    options: Res<Options>,
    pause: Res<Pause>,
    shared: Res<Shared>,
    _: Opened,
) {
    if shared.is_open() {
        client.state.peer = Some(client.peer().clone());
        Replica::join(client);
    }
    stats.connections += 1;
    stats.clients += 1;
    let (heard, id) = (client.heard(), client.id());
    let state = &mut client.state;
    state.number = stats.connections;
    state.marks.set(Marks::STRANGER, !options.password.is_empty());
    state.since = Some(heard);
    state.connection = Some(id);
    pause.apply(client);
}

/// Forgets a client, and tells it what was wrong with its last request.
fn on_ended(
    client: &mut Client,
    mut stats: ResMut<Stats>,
    mut channels: ResMut<Channels>,
    mut watch: ResMut<Watch>,
    mut keys: ResMut<Keys>,
    why: Ended<ProtocolError>,
) {
    if client.state.marks.has(Marks::MONITOR) {
        watch.monitor(client.id(), false);
    }
    stats.clients -= 1;
    stats.cut_off += u64::from(matches!(why, Ended::Malformed(_) | Ended::TooMuch | Ended::Stalled));
    if let Ended::Malformed(error) = why {
        client.reply().error_of(&error.text());
    }
    pubsub::forget(client, &mut channels);
    transactions::forget(client, &mut keys);
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

/// Returns an error that says where the server cannot listen, and what to choose instead.
fn refused(place: &impl fmt::Display, choose: &str) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot listen on {place}: {error}; choose {choose}"))
}
