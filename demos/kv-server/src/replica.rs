//! `Replica`: what the loop of a server does with a log that it shares.

use std::time::{Duration, Instant};

use nexus_rt::connections::ConnectionId;
use nexus_rt::{Clock, Key, World};

use crate::commands::transactions;
use crate::engine::ExpiryPoller;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::pause::Pause;
use crate::request::Request;
use crate::session::{Client, Marks, Reply, Session, own_id};
use crate::shared::{Owner, ReplicaOptions, Shared, by_log};
use crate::shared_log::{Lost, Refused, SharedLog};
use crate::store::{Change, begin};

/// How often keys that are due have the time of the log go on, at most.
const TICK: Duration = Duration::from_millis(5);

/// How often it goes on if nothing else happens.
const IDLE: Duration = Duration::from_secs(1);

/// How often the log is asked how it is, for requests that come back from it.
const ASKED: Duration = Duration::from_millis(100);

/// How soon it is tried again to run what a client waits for that has much to read.
const READY: Duration = Duration::from_millis(1);

/// How much is written to a client at once before it has to read.
const EARLY: usize = 256 << 10;

/// Where the clients are whose requests come back from a log.
pub trait Clients {
    /// Calls `act` with a client. Returns whether it is still there.
    fn with(&mut self, world: &mut World, id: ConnectionId, act: &mut dyn FnMut(&mut Client, &mut World)) -> bool;

    /// Returns how many bytes wait for a client.
    fn unsent(&self, world: &World, id: ConnectionId) -> usize;
}

/// What runs a request of a client: [`Commands::run`](crate::Commands::run), and what goes with it.
pub type Run<'a> = dyn FnMut(&mut Client, &mut World, &Request) + 'a;

/// A server's part of a log that several servers share: what changes something is not run when it is asked, but handed
/// to the log, and run by all servers when it comes back.
pub struct Replica {
    shared: Key<Shared>,
    clock: Key<Clock>,
    keys: Key<Keys>,
    /// Stands for the clients of other servers.
    foreign: Client,
    request: Request,
    /// The end of a transaction.
    exec: Request,
    ticks: Ticks,
}

/// When what happened.
struct Ticks {
    /// Whether a tick is with the log.
    in_flight: bool,
    /// Not before.
    next: Instant,
    /// When something last came.
    came: Instant,
    /// When the log was last asked how it is.
    asked: Instant,
}

impl Replica {
    /// Begins to share a log, in a world that an [`Engine`](crate::Engine) was installed in. Its keys are none, and
    /// become what the log leads to.
    ///
    /// # Panics
    /// If the options name no shard, or the world lacks what the engine installs.
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
        Self { shared, clock, keys, foreign, request: Request::new(limits), exec, ticks }
    }

    /// Has the requests of a client go by the log.
    pub fn join(client: &mut Client) {
        client.state.marks.set(Marks::SHARED, true);
    }

    /// Applies what has come from the log, answers those who waited for it, and runs what waited behind that. Returns
    /// how many changes came.
    ///
    /// # Errors
    /// If this server cannot go on with the log. Those who wait are then to be [refused](Self::refuse_all).
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

    /// Applies one change, as its client if that is one of this server.
    fn apply(
        &mut self,
        world: &mut World,
        (number, change): (Option<u64>, Change<'_>),
        clients: &mut dyn Clients,
        run: &mut Run<'_>,
    ) {
        let requests = begin(world, change);
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

    /// Runs what a client has published, with its replies.
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

    /// Runs what waits of a client, until the next that is with the log.
    fn advance(&mut self, client: &mut Client, world: &mut World, run: &mut Run<'_>) {
        let passed = self.shared.get(world).barriers.passed;
        client.state.marks.set(Marks::TURN, true);
        if let Some(asked) = client.state.waiting.take_awaiting() {
            if asked.arrived > passed {
                // It waits for another one.
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

    /// Ends a turn: publishes what its reads wait for, has time go on if that is needed, and lets all of it leave.
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
        }
        let id = own_id(client);
        self.shared.get_mut(world).ready.push(id);
    }

    /// When the time of the log is to go on, by the machine's clock: when a key is due, or after a while.
    fn next_tick(&self, world: &World, expiry: &ExpiryPoller) -> Option<Instant> {
        if self.ticks.in_flight {
            return None;
        }
        // The log goes on as the machine does, from the time of what came last: the two need not agree on the time.
        let log = self.shared.get(world).other_clock()?.now();
        let ends = expiry.next_end(world).map_or(IDLE, |end| end.saturating_duration_since(log));
        Some((self.ticks.came + ends.min(IDLE)).max(self.ticks.next))
    }

    /// When to poll next at the latest, by the machine's clock.
    #[must_use]
    pub fn next_deadline(&self, world: &World, expiry: &ExpiryPoller) -> Option<Instant> {
        let (now, tick) = (self.clock.get(world).now(), self.next_tick(world, expiry));
        let busy = self.keys.get(world).has_doomed().then_some(now);
        let ready = (!self.shared.get(world).ready.is_empty()).then(|| now + READY);
        [busy, ready, tick].into_iter().flatten().min()
    }

    /// Removes keys whose time has come, by the log. Returns how many.
    pub fn expire(&self, world: &mut World, expiry: &mut ExpiryPoller) -> usize {
        by_log((self.shared, self.clock), world, |world| {
            let now = self.clock.get(world).now();
            expiry.poll(world, now)
        })
    }

    /// Whether nothing waits for the log.
    #[must_use]
    pub fn is_idle(world: &World) -> bool {
        let shared = world.resource::<Shared>();
        let waits = |owner: &Owner| matches!(owner, Owner::Client(_) | Owner::Barrier(_));
        shared.ready.is_empty() && !shared.barriers.is_wanted && !shared.owners.values().any(waits)
    }

    /// Answers a client all of whose requests wait in vain, since the log is lost, and closes it.
    pub fn refuse_all(client: &mut Client, why: &Lost) {
        let text = format!("CLUSTERDOWN {why}; ask another server whether earlier requests took effect");
        for _ in 0..client.state.waiting.forget() {
            client.reply().error_of(text.as_bytes());
        }
        client.close("the shared log is lost");
    }

    /// Forgets the log if nobody waits for it: what is asked from now on is refused, and not left without an answer.
    pub fn close_if_idle(world: &mut World) {
        if Self::is_idle(world) {
            Self::close(world);
        }
    }

    /// Forgets the log, so that nothing can be changed any more.
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
