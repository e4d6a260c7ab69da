//! `ConnectionsPoller`: reads, cuts out frames, runs the chain, and sends, once per turn.

use std::fmt;
use std::mem;
use std::time::Instant;

use super::client::{Client, Phase};
use super::ended::{Ended, Opened};
use super::framing::Framing;
use super::partial::Partials;
use super::resource::{ConnectionId, Connections, Due};
use crate::chain::ByReference;
use crate::clock::Clock;
use crate::driver::mio::Inlet;
use crate::pipeline::Pipeline;
use crate::poll::{Driver, Poller};
use crate::step::{Finished, Step, StepRef};
use crate::world::{Key, World};

/// What runs when a connection opens or ends.
type On<C, E> = Box<dyn FnMut(&mut Client<C>, &mut World, E) + Send>;

/// Runs a chain for each frame of each connection. [`ConnectionsInstaller`](super::ConnectionsInstaller) returns it,
/// and `main()` polls it after the [`MioPoller`](crate::MioPoller) under it.
#[must_use = "frames are run when it is polled"]
pub struct ConnectionsPoller<C: 'static, F: Framing, Tag: 'static = ()> {
    pub(super) poller: Poller<Connections<C, Tag>>,
    inlet: Inlet,
    clock: Key<Clock>,
    /// The number of the driver, and of the table of its listeners.
    tables: [u32; 2],
    partials: Partials<F>,
    /// Connections that were out when the chain panicked, or whose resource was elsewhere then.
    stranded: Vec<Box<Client<C>>>,
    opened: Option<On<C, Opened>>,
    ended: Option<On<C, Ended<F::Error>>>,
}

/// What a poll keeps in mind.
struct Turn {
    now: Instant,
    /// The numbers of the driver and of this poll.
    numbers: (u32, u64),
    /// How many events may still run.
    left: usize,
}

/// Whether a poll goes on: not if its resource is elsewhere, or was polled elsewhere.
#[derive(PartialEq)]
enum Poll {
    GoesOn,
    Ends,
}

/// The unsent bytes above which they are sent before all frames of the turn have run.
const EARLY: usize = 256 << 10;

/// Why no more frames of a connection run in this turn.
enum Stop<E> {
    /// None is whole.
    Dry,
    /// There may be more.
    More,
    Ends(Ended<E>),
    Elsewhere,
}

/// A connection that is out. If it is dropped, which a panic does, it goes to those that are to be ended.
struct Lent<'p, C> {
    client: Option<Box<Client<C>>>,
    stranded: &'p mut Vec<Box<Client<C>>>,
}

impl<C> Lent<'_, C> {
    fn take(mut self) -> Option<Box<Client<C>>> {
        self.client.take()
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        self.stranded.extend(self.client.take());
    }
}

impl<C: Send + 'static, F: Framing, Tag: 'static> ConnectionsPoller<C, F, Tag> {
    pub(super) fn new(
        poller: Poller<Connections<C, Tag>>,
        inlet: Inlet,
        clock: Key<Clock>,
        tables: [u32; 2],
        framing: F,
    ) -> Self {
        let partials = Partials::new(framing);
        Self { poller, inlet, clock, tables, partials, stranded: Vec::new(), opened: None, ended: None }
    }

    /// Runs a chain when a connection opens, before its first frame. It replaces an earlier one.
    pub fn on_opened<S>(&mut self, mut chain: Pipeline<Opened, S, Client<C>>)
    where
        S: Step<Client<C>, Opened, Out: Finished> + Send + 'static,
    {
        self.opened = Some(Box::new(move |client, world, event| _ = chain.run_with(client, world, event)));
    }

    /// Runs a chain when a connection ends, after its last frame, with the reason. It replaces an earlier one.
    pub fn on_ended<S>(&mut self, mut chain: Pipeline<Ended<F::Error>, S, Client<C>>)
    where
        S: Step<Client<C>, Ended<F::Error>, Out: Finished> + Send + 'static,
    {
        self.ended = Some(Box::new(move |client, world, event| _ = chain.run_with(client, world, event)));
    }

    /// Returns when to poll next at the latest: when a connection is to be dialed, or was silent for too long.
    #[must_use]
    #[track_caller]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
        self.poller.key().get(world).next_deadline()
    }

    /// Attends to every connection to which something happened: reads once, runs `chain` for each frame that is whole,
    /// and sends what was written, once. Returns the number of events run, at most `budget`: frames, and connections
    /// that opened or ended.
    ///
    /// What it leaves undone, because of the budget or of [`Limits::frames`](super::Limits::frames), the next poll does,
    /// and the loop does not sleep before.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in, or if the chain or a handler of an event panics.
    /// The connection whose event that was ends as [`Ended::Panicked`]; nothing else is lost.
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
        let first = self.poller.resource(world).ready.len();
        for _ in 0..first {
            let next = if turn.left > 0 { self.poller.resource(world).ready.pop_front() } else { None };
            let Some(id) = next else { break };
            if self.attend(world, id, chain, &mut turn) == Poll::Ends {
                return budget - turn.left;
            }
        }
        self.finish(world, &turn);
        budget - turn.left
    }

    /// Learns what happened: from the OS, and because of the time.
    #[track_caller]
    fn begin(&mut self, world: &mut World, budget: usize) -> Option<Turn> {
        let now = self.clock.get(world).now();
        let connections = self.poller.start(world);
        let numbers = connections.polls().numbers();
        if numbers.0 != self.tables[0] {
            // Its connections wait until it is back.
            return None;
        }
        (connections.polling, connections.now) = (true, now);
        for mut client in self.stranded.drain(..) {
            client.ending = Some(Ended::Panicked);
            let id = client.id;
            _ = connections.table.put_back(id, client);
            connections.queue(id);
        }
        let mut events = self.inlet.events(world).map(mem::take).unwrap_or_default();
        let connections = self.poller.resource(world);
        for event in &events {
            if event.token.driver == self.tables[1] {
                connections.knocked.push_back(event.token);
            } else if let Some(client) = connections.table.get_mut(event.token).and_then(|it| it.handler.as_mut()) {
                client.note(*event);
                if !mem::replace(&mut client.queued, true) {
                    connections.ready.push_back(event.token);
                }
            }
        }
        events.clear();
        if let Some(empty) = self.inlet.events(world) {
            *empty = events;
        }
        let connections = self.poller.resource(world);
        connections.wheel.start_poll(now);
        while let Some(due) = connections.wheel.pop() {
            match due.value {
                Due::Connection(id) => connections.on_time(id, now),
                Due::Listener(id) => {
                    connections.knock(id);
                }
                Due::End => connections.cut_off(),
            }
        }
        for _ in 0..connections.knocked.len() {
            let Some(id) = connections.knocked.pop_front() else { break };
            connections.accept(id);
        }
        Some(Turn { now, numbers, left: budget })
    }

    /// Sends what was written to connections that had their turn, and ends the poll.
    fn finish(&mut self, world: &mut World, turn: &Turn) {
        let connections = self.poller.resource(world);
        for _ in 0..connections.ready.len() {
            let Some(id) = connections.ready.pop_front() else { break };
            let Some(mut client) = connections.take_out(id) else { continue };
            connections.stats.sent += client.flush(turn.now) as u64;
            let again = client.is_closing() || client.over;
            let partial = self.partials.holds(id);
            connections.settle(client, partial);
            if again {
                connections.queue(id);
            }
        }
        connections.proceed();
        connections.polling = false;
        if !connections.ready.is_empty() || !connections.knocked.is_empty() {
            connections.ring();
        }
    }

    /// Gives one connection its turn.
    fn attend<S>(
        &mut self,
        world: &mut World,
        id: ConnectionId,
        chain: &mut Pipeline<F::Frame, S, Client<C>, ByReference>,
        turn: &mut Turn,
    ) -> Poll
    where
        S: StepRef<Client<C>, F::Frame, Out: Finished>,
    {
        let connections = self.poller.resource(world);
        let Some(client) = connections.take_out(id) else { return Poll::GoesOn };
        let mut lent = Lent { client: Some(client), stranded: &mut self.stranded };
        let Some(client) = &mut lent.client else { return Poll::GoesOn };
        if client.phase == Phase::Dialing {
            connections.dial(client, turn.now);
        }
        if let Phase::Fresh(listener) = client.phase
            && client.ending.is_none()
        {
            client.phase = Phase::Open;
            if let Some(opened) = &mut self.opened {
                turn.left -= 1;
                world.next_sequence();
                opened(client, world, Opened { listener });
                if turn.settles(&mut self.poller, world, client).is_none() {
                    return Poll::Ends;
                }
            }
        }
        let mut ended = None;
        if client.phase == Phase::Open && client.ending.is_none() {
            let connections = self.poller.resource(world);
            if client.unsent() > 0 {
                connections.stats.sent += client.flush(turn.now) as u64;
            }
            if client.is_served(&connections.limits) && (client.pending || client.reads()) {
                let (poller, left) = (&mut self.poller, turn.left);
                let stop = self.partials.with(client.id, |framing| {
                    let room = if client.reads() { Some(framing.buffer().room()) } else { None };
                    if let Some(room) = room {
                        let length = client.read(room, turn.now);
                        framing.buffer().add(length);
                        poller.resource(world).stats.received += length as u64;
                    }
                    frames(framing, poller, world, client, chain, turn)
                });
                client.pending = matches!(stop, Stop::More);
                self.poller.resource(world).stats.frames += (left - turn.left) as u64;
                match stop {
                    Stop::Elsewhere => return Poll::Ends,
                    Stop::Ends(why) => ended = Some(why),
                    Stop::Dry | Stop::More => {}
                }
            }
        }
        let Some(client) = lent.take() else { return Poll::GoesOn };
        self.part(world, client, ended, turn)
    }

    /// Sends what a connection was written, and ends it if its time has come.
    fn part(
        &mut self,
        world: &mut World,
        client: Box<Client<C>>,
        mut ended: Option<Ended<F::Error>>,
        turn: &mut Turn,
    ) -> Poll {
        let mut lent = Lent { client: Some(client), stranded: &mut self.stranded };
        let Some(client) = &mut lent.client else { return Poll::GoesOn };
        let connections = self.poller.resource(world);
        if client.ending.as_ref().is_none_or(|why| !why.is_abrupt()) {
            connections.stats.sent += client.flush(turn.now) as u64;
            client.conclude();
        }
        if client.phase != Phase::Parting {
            // An event that the budget leaves no room for is for the next poll.
            if turn.left > 0 || self.ended.is_none() || ended.is_some() {
                ended = ended.or_else(|| client.ending.take().map(Ended::widen));
            }
            if let Some(why) = ended {
                why.count(&mut connections.stats.ended);
                (client.phase, client.parted, client.left) = (Phase::Parting, turn.now, None);
                let abrupt = why.is_abrupt();
                if let Some(ended) = &mut self.ended {
                    turn.left = turn.left.saturating_sub(1);
                    world.next_sequence();
                    ended(client, world, why);
                    if turn.settles(&mut self.poller, world, client).is_none() {
                        return Poll::Ends;
                    }
                }
                if abrupt || client.socket.is_none() || client.dial.is_some() {
                    client.forget();
                    client.over = true;
                }
                self.partials.forget(client.id);
            }
        }
        let connections = self.poller.resource(world);
        if client.phase == Phase::Parting {
            connections.stats.sent += client.flush(turn.now) as u64;
            if client.unsent() == 0 {
                client.shut();
            }
            if client.readable && !client.over {
                client.read(self.partials.room(), turn.now);
            }
        }
        let Some(client) = lent.take() else { return Poll::GoesOn };
        if client.phase == Phase::Parting && client.over && client.unsent() == 0 {
            connections.remove(client);
        } else {
            let partial = self.partials.holds(client.id);
            connections.settle(client, partial);
        }
        Poll::GoesOn
    }
}

impl Turn {
    /// Finds the resource again after user code ran, and hands over what was set aside meanwhile. Returns `None` if the
    /// poll is to end.
    #[inline]
    fn settles<'w, C: Send + 'static, Tag: 'static>(
        &self,
        poller: &mut Poller<Connections<C, Tag>>,
        world: &'w mut World,
        client: &mut Client<C>,
    ) -> Option<&'w mut Connections<C, Tag>> {
        let connections = poller.resource(world);
        if connections.polls().numbers() != self.numbers {
            return None;
        }
        connections.hand_over(client);
        Some(connections)
    }
}

/// Runs the chain for each frame that is whole.
#[inline]
fn frames<C: Send + 'static, F: Framing, Tag: 'static, S>(
    framing: &mut F,
    poller: &mut Poller<Connections<C, Tag>>,
    world: &mut World,
    client: &mut Client<C>,
    chain: &mut Pipeline<F::Frame, S, Client<C>, ByReference>,
    turn: &mut Turn,
) -> Stop<F::Error>
where
    S: StepRef<Client<C>, F::Frame, Out: Finished>,
{
    let limits = &poller.resource(world).limits;
    let last = turn.left.saturating_sub(limits.frames.max(1));
    let mark = limits.pause.min(EARLY);
    loop {
        match framing.decode() {
            Ok(Some(frame)) => {
                turn.left -= 1;
                world.next_sequence();
                chain.run_ref(client, world, frame);
            }
            Ok(None) => {
                let limit = poller.resource(world).limits.frame;
                let too_long = framing.buffer().unread().len() > limit;
                return if too_long { Stop::Ends(Ended::TooLong) } else { Stop::Dry };
            }
            Err(error) => return Stop::Ends(Ended::Malformed(error)),
        }
        let Some(connections) = turn.settles(poller, world, client) else { return Stop::Elsewhere };
        if client.unsent() > mark && !connections.relieves(client, turn.now) || turn.left == last || client.is_held() {
            return Stop::More;
        }
    }
}

impl<C, F: Framing, Tag> fmt::Debug for ConnectionsPoller<C, F, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionsPoller")
    }
}
