//! `Replica`: the loop's side of a log that several servers share.

use std::time::{Duration, Instant};

use nexus_rt::connections::ConnectionId;
use nexus_rt::{Clock, Key, World};

use crate::commands::transactions;
use crate::engine::{ExpiryPoller, Sweeper};
use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::pause::Pause;
use crate::request::Request;
use crate::session::{Client, Marks, Reply, Session, own_id};
use crate::shared::{Owner, ReplicaOptions, Shared, by_log};
use crate::shared_log::{Lost, Refused, SharedLog};
use crate::store::{Change, begin};

/// The shortest time between two ticks, which move the time of the log on when keys are due.
const TICK: Duration = Duration::from_millis(5);

/// The time between two ticks if nothing else happens.
const IDLE: Duration = Duration::from_secs(1);

/// How soon the loop turns again while something it has published has not come back: a log sends again what was lost
/// when a turn ends, and nothing else need wake the loop.
const AGAIN: Duration = Duration::from_millis(200);

/// How often the log is asked for its status, for requests that report it.
const ASKED: Duration = Duration::from_millis(100);

/// How soon the server tries again to run the waiting requests of a client with many unread replies.
const READY: Duration = Duration::from_millis(1);

/// The bytes that are written to a client at once before it has to read.
const EARLY: usize = 256 << 10;

/// The clients whose requests come back from a log.
pub trait Clients {
    /// Calls `act` with a client. Returns whether the client still exists.
    fn with(&mut self, world: &mut World, id: ConnectionId, act: &mut dyn FnMut(&mut Client, &mut World)) -> bool;

    /// Returns the number of unsent bytes of a client.
    fn unsent(&self, world: &World, id: ConnectionId) -> usize;
}

/// Runs a request of a client: [`Commands::run`](crate::Commands::run), and what goes with it.
pub type Run<'a> = dyn FnMut(&mut Client, &mut World, &Request) + 'a;

/// A server's part of a log that several servers share. A request that changes something does not run when it arrives:
/// it is published to the log, and every server runs it when it comes back.
pub struct Replica {
    shared: Key<Shared>,
    clock: Key<Clock>,
    keys: Key<Keys>,
    /// Stands for the clients of other servers.
    foreign: Client,
    request: Request,
    /// The request EXEC, which ends a transaction.
    exec: Request,
    ticks: Ticks,
    /// At the start, all that is in the log comes in one turn.
    sweeper: Sweeper,
}

/// The times of ticks and of the last change.
struct Ticks {
    /// Whether a tick is published and has not come back.
    in_flight: bool,
    /// The earliest time of the next tick.
    next: Instant,
    /// When the last change came.
    came: Instant,
    /// When the log was last asked for its status.
    asked: Instant,
}

impl Replica {
    /// Begins to share a log, in a world that has an [`Engine`](crate::Engine) installed. It must have no keys; they
    /// become those that the log leads to.
    ///
    /// # Panics
    /// If the shard in the options does not exist, or the world lacks what the engine installs.
    pub fn new(world: &mut World, log: Box<dyn SharedLog>, options: ReplicaOptions) -> Self {
        let limits = world.resource::<Limits>().request;
        let (now, unix) = (world.resource::<Clock>().now(), world.resource::<Clock>().unix());
        world.resource_mut::<Shared>().open(log, options, Clock::historical(unix));
        world.resource_mut::<Keys>().keep_slots();
        let mut exec = Request::new(limits);
        exec.fill(&mut &b"\x01\x04EXEC"[..]).expect("it is a request");
        let foreign = Client::detached(Session::new(0));
        let ticks = Ticks { in_flight: false, next: now, came: now, asked: now };
        let (shared, clock, keys) = (world.key(), world.key(), world.key());
        let sweeper = Sweeper::new(world);
        Self { shared, clock, keys, foreign, request: Request::new(limits), exec, ticks, sweeper }
    }

    /// Makes the requests of a client go through the log.
    pub fn join(client: &mut Client) {
        client.state.marks.set(Marks::SHARED, true);
    }

    /// Applies the changes that have come from the log, answers the clients that waited for them, and runs the requests
    /// that waited behind these. Returns the number of changes.
    ///
    /// # Errors
    /// If this server cannot continue with the log. [Refuse](Self::refuse_all) the waiting clients then.
    pub fn poll(&mut self, world: &mut World, clients: &mut dyn Clients, run: &mut Run<'_>) -> Result<usize, Lost> {
        let now = self.clock.get(world).now();
        let mut shared = self.shared.get_mut(world);
        let Some(mut log) = shared.log.take() else { return Ok(0) };
        if now >= self.ticks.asked + ASKED {
            self.ticks.asked = now;
            shared.known = (log.status(), log.members());
        }
        let keys = (self.shared, self.clock);
        let polled = by_log(keys, world, |world| {
            log.poll(world, &mut |world, number, change| self.apply(world, (number, change), clients, run))
        });
        self.shared.get_mut(world).log = Some(log);
        let came = polled?;
        if came > 0 {
            self.ticks.came = now;
        }
        let mut ready = std::mem::take(&mut self.shared.get_mut(world).ready);
        ready.sort_unstable();
        ready.dedup();
        for id in ready {
            if clients.unsent(world, id) > EARLY {
                self.shared.get_mut(world).ready.push(id);
            } else {
                clients.with(world, id, &mut |client, world| self.advance(client, world, run));
            }
        }
        Ok(came)
    }

    /// Applies one change, as its client if that is a client of this server.
    fn apply(
        &mut self,
        world: &mut World,
        (number, change): (Option<u64>, Change<'_>),
        clients: &mut dyn Clients,
        run: &mut Run<'_>,
    ) {
        let requests = begin(world, change);
        self.sweeper.count(world);
        let owner = number.and_then(|number| self.shared.get_mut(world).owners.remove(&number));
        match (owner, number) {
            (Some(Owner::Client(id)), Some(number)) => {
                let mut waits = false;
                let is_there = clients.with(world, id, &mut |client, world| {
                    self.apply_own(client, world, (number, requests), run);
                    waits = client.state.waiting.asked() > 0;
                });
                if waits {
                    self.shared.get_mut(world).ready.push(id);
                }
                if is_there {
                    return;
                }
            }
            (Some(Owner::Barrier(barrier)), _) => {
                let mut shared = self.shared.get_mut(world);
                shared.barriers.passed = barrier;
                let passed = shared.barriers.take(0..=barrier);
                shared.ready.extend(passed);
            }
            (Some(Owner::Tick), _) => self.ticks.in_flight = false,
            _ => {}
        }
        let mut requests = requests.unwrap_or_default();
        while let Ok(true) = self.request.fill(&mut requests) {
            self.foreign.state.marks.set(Marks::AGAIN, true);
            run(&mut self.foreign, world, &self.request);
        }
    }

    /// Runs what a client has published, and writes the replies.
    fn apply_own(
        &mut self,
        client: &mut Client,
        world: &mut World,
        (number, requests): (u64, Option<&[u8]>),
        run: &mut Run<'_>,
    ) {
        let is_exec = client.state.waiting.take_back(number);
        client.state.marks.set(Marks::ORDERED, true);
        if is_exec {
            client.state.waiting.aborted = Some(requests.is_none());
            run(client, world, &self.exec);
            client.state.waiting.aborted = None;
        } else {
            let mut requests = requests.unwrap_or_default();
            while let Ok(true) = self.request.fill(&mut requests) {
                run(client, world, &self.request);
            }
        }
        client.state.marks.set(Marks::ORDERED, false);
    }

    /// Runs the waiting requests of a client, up to the next one that goes to the log.
    fn advance(&mut self, client: &mut Client, world: &mut World, run: &mut Run<'_>) {
        let passed = self.shared.get(world).barriers.passed;
        client.state.marks.set(Marks::TURN, true);
        if let Some(asked) = client.state.waiting.take_awaiting() {
            if asked.arrived > passed {
                // It waits for a later barrier.
                client.state.waiting.arrived = asked.arrived;
                client.state.waiting.await_barrier(asked.request);
            } else {
                client.state.waiting.ask_first(asked.request, asked.arrived);
            }
        }
        while !client.is_closing()
            && !world.resource::<Pause>().holds(client)
            && let Some(asked) = client.state.waiting.next()
        {
            let left = client.state.waiting.asked();
            client.state.waiting.arrived = asked.arrived;
            run(client, world, &asked.request);
            if client.state.waiting.asked() > left {
                break;
            }
            if client.unsent() > EARLY {
                let id = own_id(client);
                self.shared.get_mut(world).ready.push(id);
                break;
            }
        }
        client.state.marks.set(Marks::TURN, false);
    }

    /// Ends a turn: publishes the barrier that reads wait for, publishes a tick if one is due, and flushes the log.
    pub fn flush(&mut self, world: &mut World, clients: &mut dyn Clients, expiry: &ExpiryPoller) {
        let mut shared = self.shared.get_mut(world);
        if std::mem::take(&mut shared.barriers.is_wanted) {
            let number = shared.barriers.next();
            match shared.publish(&Change::Read, Owner::Barrier(number)) {
                Ok(_) => shared.barriers.published = number,
                Err(why) => {
                    let refused = shared.barriers.take(number..=number).into_iter();
                    refused.for_each(|id| {
                        _ = clients.with(world, id, &mut |client, world| self.refuse(client, world, why))
                    });
                }
            }
        }
        let now = self.clock.get(world).now();
        if self.next_tick(world, expiry).is_some_and(|tick| tick <= now) {
            let published = self.shared.get_mut(world).publish(&Change::Tick, Owner::Tick);
            self.ticks.in_flight = published.is_ok();
            self.ticks.next = now + if published.is_ok() { TICK } else { IDLE };
        }
        if let Some(mut log) = self.shared.get_mut(world).log.take() {
            log.flush(world);
            self.shared.get_mut(world).log = Some(log);
        }
    }

    /// Answers the read of a client whose barrier was refused.
    fn refuse(&mut self, client: &mut Client, world: &mut World, why: Refused) {
        if let Some(asked) = client.state.waiting.take_awaiting() {
            if asked.request.get(0).eq_ignore_ascii_case(b"exec") {
                transactions::forget(client, &mut self.keys.get_mut(world));
            }
            client.reply().error_of(&CommandError::refused(why).text());
            client.state.marks.set(Marks::MUTE_THIS, false);
        }
        let id = own_id(client);
        self.shared.get_mut(world).ready.push(id);
    }

    /// Returns when the next tick is due, by the machine's clock: when a key expires, or after a while.
    fn next_tick(&self, world: &World, expiry: &ExpiryPoller) -> Option<Instant> {
        if self.ticks.in_flight {
            return None;
        }
        // The log's time advances with the machine's, from the time of the last change: the two clocks need not agree.
        let log = self.shared.get(world).other_clock()?.now();
        let ends = expiry.next_end(world).map_or(IDLE, |end| end.saturating_duration_since(log));
        Some((self.ticks.came + ends.min(IDLE)).max(self.ticks.next))
    }

    /// Returns the latest time of the next poll, by the machine's clock.
    #[must_use]
    pub fn next_deadline(&self, world: &World, expiry: &ExpiryPoller) -> Option<Instant> {
        let (now, tick) = (self.clock.get(world).now(), self.next_tick(world, expiry));
        let busy = self.keys.get(world).has_doomed().then_some(now);
        let shared = self.shared.get(world);
        let ready = (!shared.ready.is_empty()).then(|| now + READY);
        let waits = (!shared.owners.is_empty()).then(|| now + AGAIN);
        [busy, ready, waits, tick].into_iter().flatten().min()
    }

    /// Removes the keys that have expired by the log's clock. Returns the number of keys removed.
    pub fn expire(&self, world: &mut World, expiry: &mut ExpiryPoller) -> usize {
        by_log((self.shared, self.clock), world, |world| {
            let now = self.clock.get(world).now();
            expiry.poll(world, now)
        })
    }

    /// Returns whether nothing waits for the log.
    #[must_use]
    pub fn is_idle(world: &World) -> bool {
        let shared = world.resource::<Shared>();
        let waits = |owner: &Owner| matches!(owner, Owner::Client(_) | Owner::Barrier(_));
        shared.ready.is_empty() && !shared.barriers.is_wanted && !shared.owners.values().any(waits)
    }

    /// Answers each waiting request of a client with an error, since the log is lost, and closes the client.
    pub fn refuse_all(client: &mut Client, why: &Lost) {
        let text = format!("CLUSTERDOWN {why}; ask another server whether earlier requests took effect");
        for _ in 0..client.state.waiting.forget() {
            client.reply().error_of(text.as_bytes());
        }
        client.close("the shared log is lost");
    }

    /// Drops the log if no client waits for it. Later requests are then refused instead of left without an answer.
    pub fn close_if_idle(world: &mut World) {
        if Self::is_idle(world) {
            Self::close(world);
        }
    }

    /// Drops the log, so that nothing can be changed from now on.
    pub fn close(world: &mut World) {
        let mut shared = world.resource_mut::<Shared>();
        shared.log = None;
        shared.owners.clear();
        shared.barriers.clients.clear();
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replica")
    }
}
