//! `ConnectionsPoller`: reads, cuts out frames, runs the chain, and sends, once per turn.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::client::Client;
use super::ended::{Ended, Opened};
use super::framing::Framing;
use super::partial::Partials;
use super::resource::Connections;
use super::turn::{Bell, Poll, Rings, Turn};
use crate::chain::ByReference;
use crate::clock::Clock;
use crate::driver::mio::{Inlet, MioEvent};
use crate::pipeline::Pipeline;
use crate::poll::{Driver, Poller};
use crate::step::{Finished, Step, StepRef};
use crate::world::{Key, World};

/// What runs when a connection opens or ends.
type On<C, E> = Box<dyn FnMut(&mut Client<C>, &mut World, E) + Send>;

/// Runs a chain for each frame of each connection. [`ConnectionsInstaller`](super::ConnectionsInstaller) returns it,
/// and `main()` polls it after the [`MioPoller`](crate::MioPoller) that waits for its sockets.
#[must_use = "frames are run when it is polled"]
pub struct ConnectionsPoller<C: 'static, F: Framing, Tag: 'static = ()> {
    pub(super) poller: Poller<Connections<C, Tag>>,
    inlet: Inlet,
    /// The events of the inlet, and their memory.
    events: Vec<MioEvent>,
    clock: Key<Clock>,
    /// The number of the driver, and of the table of its listeners.
    tables: [u32; 2],
    pub(super) partials: Partials<F>,
    bell: Arc<Bell>,
    /// Connections that were out when the chain panicked, or when their resource was elsewhere.
    pub(super) stranded: Vec<Box<Client<C>>>,
    pub(super) opened: Option<On<C, Opened>>,
    pub(super) ended: Option<On<C, Ended<F::Error>>>,
}

impl<C: Send + 'static, F: Framing, Tag: 'static> ConnectionsPoller<C, F, Tag> {
    pub(super) fn new(
        poller: Poller<Connections<C, Tag>>,
        inlet: Inlet,
        clock: Key<Clock>,
        tables: [u32; 2],
        framing: F,
        bell: Arc<Bell>,
    ) -> Self {
        let partials = Partials::new(framing);
        Self {
            poller,
            inlet,
            events: Vec::new(),
            clock,
            tables,
            partials,
            bell,
            stranded: Vec::new(),
            opened: None,
            ended: None,
        }
    }

    /// Sets the chain that runs when a connection opens, before its first frame. It replaces an earlier one.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # let mut world = builder.build();
    /// use nexus_rt::connections::Opened;
    ///
    /// let greet = |client: &mut Client<u32>, _: Opened| client.send(b"welcome\n");
    /// let greet = PipelineStart::<Opened>::new().with_context().then(greet, world.registry());
    /// net.on_opened(greet.build());
    /// # let mut ignore = PipelineStart::<&[u8]>::borrowed()
    /// #     .with_context::<Client<u32>>()
    /// #     .then(|_: &mut Client<u32>, _: &[u8]| {}, world.registry())
    /// #     .build();
    /// # let mut connections = world.resource_mut::<Connections<u32>>();
    /// # let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// # let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    /// # let mut client = std::net::TcpStream::connect(address)?;
    /// # while world.resource::<Connections<u32>>().stats().sent == 0 {
    /// #     io.poll(&mut world, None)?;
    /// #     net.poll(&mut world, usize::MAX, &mut ignore);
    /// # }
    /// # let mut greeting = [0; 8];
    /// # std::io::Read::read_exact(&mut client, &mut greeting)?;
    /// # assert_eq!(&greeting, b"welcome\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_opened<S>(&mut self, mut chain: Pipeline<Opened, S, Client<C>>)
    where
        S: Step<Client<C>, Opened, Out: Finished> + Send + 'static,
    {
        self.opened = Some(Box::new(move |client, world, event| _ = chain.run_with(client, world, event)));
    }

    /// Sets the chain that runs when a connection ends, after its last frame, with the reason. It replaces an earlier
    /// one.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # builder.register(Vec::<String>::new());
    /// # let mut world = builder.build();
    /// use nexus_rt::connections::{Ended, LineTooLong};
    ///
    /// type Why = Ended<LineTooLong>;
    /// let note = |_: &mut Client<u32>, mut log: ResMut<Vec<String>>, ended: Why| {
    ///     log.push(ended.to_string());
    /// };
    /// let note = PipelineStart::<Why>::new().with_context().then(note, world.registry());
    /// net.on_ended(note.build());
    /// # let mut ignore = PipelineStart::<&[u8]>::borrowed()
    /// #     .with_context::<Client<u32>>()
    /// #     .then(|_: &mut Client<u32>, _: &[u8]| {}, world.registry())
    /// #     .build();
    /// # let mut connections = world.resource_mut::<Connections<u32>>();
    /// # let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// # let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    ///
    /// drop(std::net::TcpStream::connect(address)?); // a client that leaves at once
    /// while world.resource::<Vec<String>>().is_empty() {
    ///     io.poll(&mut world, None)?;
    ///     net.poll(&mut world, usize::MAX, &mut ignore);
    /// }
    /// assert_eq!(*world.resource::<Vec<String>>(), ["the other side has finished"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_ended<S>(&mut self, mut chain: Pipeline<Ended<F::Error>, S, Client<C>>)
    where
        S: Step<Client<C>, Ended<F::Error>, Out: Finished> + Send + 'static,
    {
        self.ended = Some(Box::new(move |client, world, event| _ = chain.run_with(client, world, event)));
    }

    /// Returns when to poll next at the latest: for an attempt to connect, or for the end of a silent, stalled or
    /// closed connection. Returns `None` if no time matters.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[must_use]
    #[track_caller]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
        self.poller.key().get(world).next_deadline()
    }

    /// Serves every ready connection: reads once, runs `chain` for each complete frame, and sends the output once.
    /// Returns the number of events run, at most `budget`: frames, and connections that opened or ended.
    ///
    /// The next poll does what the budget or [`Limits::frames`](super::Limits::frames) leaves, and the loop does not
    /// sleep before it.
    ///
    /// ```
    /// # use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// # use nexus_rt::{MioInstaller, PipelineStart, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(ConnectionsInstaller::<u32, _>::new(&io, Lines::new(1_000))?);
    /// # let mut world = builder.build();
    /// let mut echo = PipelineStart::<&[u8]>::borrowed()
    ///     .with_context::<Client<u32>>()
    ///     .then(|client: &mut Client<u32>, line: &[u8]| client.send(line), world.registry())
    ///     .build();
    /// # let mut connections = world.resource_mut::<Connections<u32>>();
    /// # let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// # let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    ///
    /// let mut client = std::net::TcpStream::connect(address)?;
    /// std::io::Write::write_all(&mut client, b"hello\n")?;
    /// while world.resource::<Connections<u32>>().stats().sent < 5 {
    ///     io.poll(&mut world, None)?;
    ///     net.poll(&mut world, usize::MAX, &mut echo);
    /// }
    /// let mut reply = [0; 5];
    /// std::io::Read::read_exact(&mut client, &mut reply)?;
    /// assert_eq!(&reply, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in, or if the chain or a handler of an event panics.
    /// That connection ends as [`Ended::Panicked`]; nothing else is lost.
    #[track_caller]
    pub fn poll<S>(
        &mut self,
        world: &mut World,
        budget: usize,
        chain: &mut Pipeline<F::Frame, S, Client<C>, ByReference>,
    ) -> usize
    where
        S: StepRef<Client<C>, F::Frame, Out: Finished>,
    {
        let Some(mut turn) = self.begin(world, budget) else { return 0 };
        let mut turns = self.poller.resource(world).ready.len();
        while turns > 0
            && turn.left > 0
            && let Some(id) = self.poller.resource(world).ready.pop_front()
        {
            turns -= 1;
            match self.attend(world, id, chain, &mut turn) {
                Poll::GoesOn => {}
                Poll::Opened => {
                    // For its first frames.
                    let ready = &mut self.poller.resource(world).ready;
                    ready.rotate_right(1);
                    turns += 1;
                }
                Poll::Ends => return budget - turn.left,
            }
        }
        self.finish(world, &mut turn);
        budget - turn.left
    }

    /// Collects what happened: events of the OS, and deadlines.
    #[track_caller]
    fn begin(&mut self, world: &mut World, budget: usize) -> Option<Turn> {
        let now = self.clock.get(world).now();
        let connections = self.poller.start(world);
        let numbers = connections.polls().numbers();
        if numbers.0 != self.tables[0] {
            // Its connections wait until it is back.
            return None;
        }
        let turn = Turn { now, numbers, left: budget, rings: Rings::new(&self.bell) };
        connections.now = now;
        for client in self.stranded.drain(..) {
            let id = client.id;
            _ = connections.table.put_back(id, client);
            connections.queue(id);
        }
        if mem::take(&mut connections.relimited) {
            let ids: Vec<_> = connections.ids().collect();
            ids.into_iter().for_each(|id| connections.queue(id));
        }
        self.inlet.take(world, &mut self.events);
        let connections = self.poller.resource(world);
        for &event in &self.events {
            if event.token.driver == self.tables[1] {
                connections.knocked.push_back(event.token);
            } else if let Some(client) = connections.table.get_mut(event.token).and_then(|it| it.handler.as_mut())
                && client.note(event)
                && !mem::replace(&mut client.queued, true)
            {
                connections.ready.push_back(event.token);
            }
        }
        self.events.clear();
        connections.proceed();
        if !connections.wheel.is_empty() {
            connections.on_due(now);
        }
        for _ in 0..connections.knocked.len() {
            let Some(&id) = connections.knocked.front() else { break };
            // If this panics, the listener is still queued.
            let more = connections.accept(id);
            connections.knocked.pop_front();
            connections.knocked.extend(more.then_some(id));
        }
        Some(turn)
    }

    /// Sends late output of connections that had their turn, and ends the poll.
    fn finish(&mut self, world: &mut World, turn: &mut Turn) {
        let connections = self.poller.resource(world);
        for _ in 0..connections.ready.len() {
            let Some(id) = connections.ready.pop_front() else { break };
            let Some(mut client) = connections.take_out(id) else { continue };
            client.queued = false;
            connections.catch_up(client);
        }
        connections.proceed();
        turn.rings.finished = !connections.has_work();
    }
}

impl<C, F: Framing, Tag> fmt::Debug for ConnectionsPoller<C, F, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionsPoller")
    }
}
