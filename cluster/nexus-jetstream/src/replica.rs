//! `Replica`: a node of a replicated program, in its loop.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nexus_journal::{Digests, Input, Program};
use nexus_rt::inbox::{Full, Receiver, channel};
use nexus_rt::wait::Doorbell;
use nexus_rt::{Clock, Key, Sequence, World};
use tokio::sync::mpsc::UnboundedSender;

use crate::batch::{self, CHECK};
use crate::checks::Checks;
use crate::error::{Alarm, Error, Refused};
use crate::link::{Command, Event, Link, Loop};
use crate::options::Options;
use crate::order::{Order, Position, Taken};
use crate::snapshot;

/// The number of events that may wait for the loop. Beyond it the thread waits for the loop, and the servers for the
/// thread.
const EVENTS: usize = 1024;

/// How long a node that has diverged may take to publish its digests before it stops.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The shortest interval at which unanswered messages are published again.
pub(crate) const AGAIN: Duration = Duration::from_millis(200);

/// The state of a replica and of its stream, as known to the replica: see [`Replica::status`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// The position in the stream.
    pub position: Position,
    /// The number of messages known to follow that position.
    pub behind: u64,
    /// The number of the last message in the snapshot from which the replica began, or 0.
    pub snapshot: u64,
    /// Whether a server is connected.
    pub connected: bool,
    /// The number of inputs of this node that have not come back.
    pub pending: u64,
    /// The last sequence at which all nodes are known to have agreed.
    pub agreed: Sequence,
    /// The last sequence at which this node computed its digests, and their [total](Digests::total).
    pub checked: Option<(Sequence, u64)>,
}

/// Identifies the input that is applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Applied {
    /// The number of the input, the same on every node. The world's own sequence differs between nodes, since it also
    /// counts what a node runs besides the inputs, such as reads.
    pub sequence: Sequence,
    /// The number that [`Replica::publish`] returned, if this process published the input.
    pub own: Option<u64>,
}

/// A node of a replicated program: it publishes inputs, and applies them when they come back in the order of the
/// stream.
pub struct Replica {
    order: Order,
    checks: Checks,
    digests: Digests,
    check_every: u64,
    queue: bool,
    clock: Key<Clock>,
    commands: UnboundedSender<Command>,
    events: Receiver<Event>,
    bell: Option<Doorbell>,
    connected: bool,
    behind: u64,
    snapshot: u64,
    heard: Vec<Bytes>,
    /// Why the last message that was not answered was not, until one comes back.
    unanswered: Option<String>,
    published: Instant,
    checked: Option<(Sequence, u64)>,
}

impl Replica {
    /// Connects to the stream, and applies the latest snapshot and everything after it.
    ///
    /// `bell` rings when there is something to [poll](Self::poll): pass the doorbell of the loop's sleep, such as that
    /// of `MioDriver::doorbell`. The [crate's page](crate) has a complete program.
    ///
    /// # Errors
    /// If an option is not valid; if no server answers, or one is too old, takes too small messages, or cannot keep
    /// that many replicas; if the stream belongs to another program; if the latest snapshot cannot be read, or the
    /// stream no longer has the messages after it; or if the state differs from that of the majority.
    ///
    /// # Panics
    /// If the clock of the world is not historical.
    #[track_caller]
    pub fn open<P: Program>(
        options: &Options,
        (world, program): (&mut World, &mut P),
        digests: Digests,
        bell: Option<Doorbell>,
    ) -> Result<Self, Error> {
        options.check()?;
        let link = Link::open(options)?;
        let mut order = Order::new(&options.node, options.most);
        snapshot::restore(&link, options, &mut order, (world, program))?;
        let last = link.last(options.patience)?;
        if last < order.position.stream {
            let taken = order.position.stream;
            return Err(Error::Gone(format!(
                "its last message is {last}, but the latest snapshot was taken after {taken}"
            )));
        }
        let snapshot = order.position.stream;
        let (sender, events) = channel(EVENTS, Full::Wait);
        let commands = link.start(snapshot, options, Loop { sender, bell: bell.clone() })?;
        let mut replica = Self::new(options, (order, digests, world.key()), (commands, events, bell));
        while replica.order.position.stream < last {
            let event = replica.events.recv().ok_or_else(|| Error::Ended("its thread ended".into()))?;
            replica.handle::<P>(world, event, &mut |world, _, input| program.apply(world, input))?;
        }
        let nonce = RandomState::new().hash_one(std::process::id());
        replica.begin(Clock::realtime().unix(), nonce);
        Ok(replica)
    }

    /// Creates a replica that has a position and reads on from there.
    pub(crate) fn new(
        options: &Options,
        (order, digests, clock): (Order, Digests, Key<Clock>),
        (commands, events, bell): (UnboundedSender<Command>, Receiver<Event>, Option<Doorbell>),
    ) -> Self {
        Self {
            snapshot: order.position.stream,
            checks: Checks::since(order.position.at),
            order,
            digests,
            check_every: options.check_every.max(1),
            queue: options.queue,
            clock,
            commands,
            events,
            bell,
            connected: true,
            behind: 0,
            heard: Vec::new(),
            unanswered: None,
            published: Instant::now(),
            checked: None,
        }
    }

    /// Begins to publish, in an epoch above all that were read.
    pub(crate) fn begin(&mut self, now: Duration, nonce: u64) {
        self.order.begin(now, nonce);
        self.checks.serves = true;
    }

    /// Queues an input for the next [`flush`](Self::flush). Returns its number, with which it comes back as
    /// [`Applied::own`].
    ///
    /// # Errors
    /// If too many bytes wait, if the input is too long, or if no server is connected and [`Options::queue`] is
    /// `false`.
    pub fn publish<'a>(&mut self, input: &impl Input<'a>) -> Result<u64, Refused> {
        if !self.connected && !self.queue {
            return Err(Refused::Away);
        }
        self.order.push(input.source(), |out| input.encode(out))
    }

    /// Ends a turn: sends the inputs that were published in it, as one message if they fit.
    ///
    /// It also sends lost inputs again, at most every 200 milliseconds. While inputs are [pending](Status::pending), a
    /// loop must therefore call it a few times a second, even if nothing arrives.
    pub fn flush(&mut self) {
        let commands = &self.commands;
        // If the thread has ended, the next poll reports it.
        let send = |counter, bytes| _ = commands.send(Command::Publish(counter, bytes));
        // Without a server they would only queue up, again and again. Once one is connected, they are sent again.
        if self.order.lost && self.connected && self.published.elapsed() >= AGAIN {
            self.published = Instant::now();
            self.order.again(send);
        }
        self.order.flush(send);
    }

    /// Calls `apply` for each input that has arrived, in the order of the stream, from at most `budget` messages. Each
    /// input is an event, at the time of the stream. Returns the number of messages handled.
    ///
    /// ```no_run
    /// # use nexus_jetstream::{Error, Replica};
    /// # use nexus_journal::Program;
    /// # use nexus_rt::World;
    /// # fn turn<P: Program>(replica: &mut Replica, world: &mut World, program: &mut P) -> Result<(), Error> {
    /// replica.poll::<P>(world, 256, |world, applied, input| {
    ///     program.apply(world, input);
    ///     println!("input {} is applied; ours: {:?}", applied.sequence, applied.own);
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If this node must stop: it has diverged, it has another version, another process has its name, or the stream no
    /// longer has the next message. Do not poll it again.
    pub fn poll<P: Program>(
        &mut self,
        world: &mut World,
        budget: usize,
        mut apply: impl FnMut(&mut World, Applied, P::Input<'_>),
    ) -> Result<usize, Error> {
        // Asked first, since what the thread has told by then says why it ended.
        let has_ended = self.commands.is_closed();
        let mut handled = 0;
        while handled < budget
            && let Some(event) = self.events.try_recv()
        {
            let result = self.handle::<P>(world, event, &mut apply);
            if let Err(Error::Diverged { .. }) = result {
                self.leave();
            }
            result?;
            handled += 1;
        }
        if handled < budget {
            return if has_ended { Err(Error::Ended("its thread ended".into())) } else { Ok(handled) };
        }
        // There may be more.
        if let Some(bell) = &self.bell {
            bell.ring();
        }
        Ok(handled)
    }

    fn handle<P: Program>(
        &mut self,
        world: &mut World,
        event: Event,
        apply: &mut impl FnMut(&mut World, Applied, P::Input<'_>),
    ) -> Result<(), Error> {
        match event {
            Event::Message(stream, at, behind, bytes) => {
                self.behind = behind;
                self.apply::<P>(world, (stream, at, &bytes), apply)
            }
            Event::Unanswered(counter, why) => {
                if self.order.is_out(counter) {
                    self.order.lost = true;
                    self.unanswered = Some(why);
                }
                Ok(())
            }
            Event::Connected(is) => {
                // Messages in flight may be lost.
                self.order.lost |= is && !self.connected;
                self.connected = is;
                Ok(())
            }
            Event::Heard(bytes) => {
                self.heard.push(bytes);
                Ok(())
            }
            Event::Purged(after, found) => Err(Error::Gap { after, found }),
            Event::Gone(why) => Err(Error::Gone(why)),
        }
    }

    fn apply<P: Program>(
        &mut self,
        world: &mut World,
        (stream, at, bytes): (u64, Duration, &[u8]),
        apply: &mut impl FnMut(&mut World, Applied, P::Input<'_>),
    ) -> Result<(), Error> {
        let Taken::Inputs(records, mut own, node) = self.order.take(stream, at, bytes)? else { return Ok(()) };
        if own.is_some() {
            self.unanswered = None;
        }
        self.clock.get_mut(world).set_unix(self.order.position.at);
        for record in records {
            let (source, payload) = record.ok_or(Error::Foreign { stream })?;
            if source == CHECK {
                self.hear(node, payload).ok_or(Error::Foreign { stream })??;
            } else {
                let input = P::Input::decode(source, payload);
                let input = input.ok_or(Error::Unknown { source_number: source, stream })?;
                let sequence = Sequence::new(self.order.position.sequence.get() + 1);
                self.order.position.sequence = sequence;
                self.order.input_at = self.order.position.at;
                if world.current_sequence() < sequence {
                    world.advance_to(sequence);
                } else {
                    world.next_sequence();
                }
                apply(world, Applied { sequence, own }, input);
                if sequence.get().is_multiple_of(self.check_every) {
                    self.note(world, sequence)?;
                }
            }
            own = own.map(|number| number + 1);
        }
        Ok(())
    }

    /// Publishes the digests of this node.
    fn note(&mut self, world: &World, at: Sequence) -> Result<(), Error> {
        let mut note = Vec::new();
        self.checked = Some((at, self.digests.note(world, &mut note)));
        if self.order.has_begun() {
            // If it cannot be published, other nodes publish theirs.
            _ = self.order.push(CHECK, |out| {
                out.extend_from_slice(&at.get().to_le_bytes());
                out.extend_from_slice(&note);
            });
        }
        self.checks.note(&self.digests, (at, note.into()), &self.order)
    }

    /// Leaves the stream once what was published is sent, so that the others learn the digests that differ. Without
    /// these, another node that is wrong would go on.
    fn leave(&mut self) {
        self.flush();
        _ = self.commands.send(Command::Leave);
        let began = Instant::now();
        while !self.commands.is_closed() && began.elapsed() < LAST_WORD {
            // The thread may wait for room.
            while self.events.try_recv().is_some() {}
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn hear(&mut self, node: &str, payload: &[u8]) -> Option<Result<(), Error>> {
        let (at, note) = batch::word(payload)?;
        if node == self.order.node() {
            return Some(Ok(()));
        }
        Some(self.checks.hear(&self.digests, (node, Sequence::new(at), note), &self.order))
    }

    /// Leaves the stream, and returns the order and the digests.
    pub(crate) fn into_parts(self) -> (Order, Digests) {
        (self.order, self.digests)
    }

    /// Sends bytes to all nodes that listen on [`Options::gossip`]. They may be lost, and have no position in the
    /// stream.
    pub fn announce(&mut self, bytes: impl Into<Bytes>) {
        _ = self.commands.send(Command::Announce(bytes.into()));
    }

    /// Returns the announcements that have arrived since the last call.
    pub fn heard(&mut self) -> impl Iterator<Item = Bytes> {
        self.heard.drain(..)
    }

    /// Returns the next alarm: the state of another node differs from this one, and from most.
    pub fn alarm(&mut self) -> Option<Alarm> {
        self.checks.alarms.pop_front()
    }

    /// Returns the state of the replica and of its stream, as known to it.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            position: self.order.position,
            behind: self.behind,
            snapshot: self.snapshot,
            connected: self.connected,
            pending: self.order.pending(),
            agreed: self.checks.agreed,
            checked: self.checked,
        }
    }

    /// Returns the names of the nodes that have published in the last 10 seconds, by the time of the stream, or since
    /// 10 seconds before this node's last check but one: a node that publishes no inputs publishes its digests. A node
    /// that has failed is therefore named for up to two checks.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.checks.alive(&self.order)
    }

    /// Returns why the servers do not take what this node publishes, such as a full disk. `None` once an input has come
    /// back.
    #[must_use]
    pub fn unanswered(&self) -> Option<&str> {
        self.unanswered.as_deref()
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replica").field(&self.status()).finish()
    }
}
