//! `Store`: the keys as a replayable program, whose inputs are the requests that change them.

use std::time::Duration;

use nexus_journal::{Digests, Payload, Program, Snapshot, inputs};
use nexus_rt::plan::Plan;
use nexus_rt::{Clock, Registry, World, WorldBuilder};

use crate::commands::Commands;
use crate::db::unix_ms;
use crate::engine::{Engine, ExpiryPoller, Sweeper};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::{Client, Session};
use crate::settings::Settings;
use crate::slots::{SlotChanges, Transaction};

/// The program name in a journal.
pub const PROGRAM: &str = "kv-server";

inputs! {
    /// A change of the keys.
    #[derive(Clone, Copy, Debug)]
    pub enum Change<'a> {
        /// The requests of one event that have changed something, as [`Request::encode`] writes them.
        1 = Requests(&'a [u8]),
        /// The history of the keys as one number; at the end of a snapshot.
        2 = Past(Past),
        /// The requests of one transaction, which run unless something that they depend on has changed.
        3 = Transaction(Transaction<'a>),
        /// Only a time, which expires keys.
        4 = Tick,
        /// Nothing: once it comes back, the client that waits for it has seen every change before it.
        5 = Read,
        /// The last change of each slot; at the end of a snapshot that several servers share.
        6 = Slots(SlotChanges<'a>),
    }
}

/// The number of changes, and their trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Past {
    /// The trace.
    pub trace: u64,
    /// The number of changes.
    pub changes: u64,
}

impl Payload<'_> for Past {
    fn encode(&self, out: &mut Vec<u8>) {
        self.trace.encode(out);
        self.changes.encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (trace, changes) = bytes.split_at_checked(8)?;
        Some(Self { trace: u64::decode(trace)?, changes: u64::decode(changes)? })
    }
}

/// Applies changes to the keys of a world.
pub struct Store {
    commands: Commands,
    expiry: ExpiryPoller,
    /// Stands for all clients.
    client: Client,
    request: Request,
    sweeper: Sweeper,
}

impl Store {
    /// Resolves all commands against a world that has an [`Engine`] installed.
    #[must_use]
    pub fn new(world: &World, expiry: ExpiryPoller) -> Self {
        let commands = Commands::new(world);
        let (client, request) = (Client::detached(Session::new(0)), Request::new(Limits::default().request));
        Self { commands, expiry, client, request, sweeper: Sweeper::new(world) }
    }

    /// Creates a store without a server: its world, whose clock follows the changes, and the digests that verify it.
    pub fn detached() -> (World, Self, Digests) {
        Self::detached_at(Clock::realtime().unix())
    }

    /// Creates a [detached](Self::detached) store whose clock starts at a time since 1970.
    pub fn detached_at(start: Duration) -> (World, Self, Digests) {
        let clock = Clock::historical(start);
        let settings = Settings { address: ([0, 0, 0, 0], 0).into(), unix: None, started: clock.now() };
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits: Limits::default() });
        let mut world = builder.build();
        let store = Self::new(&world, expiry);
        world.resource_mut::<Keys>().keep_trace(true);
        let mut digests = digests(world.registry());
        digests.watch_slow_part(world.registry(), "state", |keys: &Keys, digest| {
            std::hash::Hasher::write_u64(digest, keys.digest(keys.now_ms));
        });
        (world, store, digests)
    }

    /// Creates a [detached](Self::detached_at) store that applies the changes of several servers: it [keeps
    /// slots](Keys::keep_slots).
    pub fn replica_at(start: Duration) -> (World, Self, Digests) {
        let (mut world, store, digests) = Self::detached_at(start);
        world.resource_mut::<Keys>().keep_slots();
        (world, store, digests)
    }

    /// Writes inputs that lead to the same keys.
    pub fn emit(world: &World, _: &Self, snapshot: &mut Snapshot<'_>) {
        Self::snapshot(world, |change| snapshot.input(&change));
    }

    /// Calls `visit` with the changes that lead from no keys to those of a world, at its time.
    pub fn snapshot(world: &World, mut visit: impl FnMut(Change<'_>)) {
        let keys = world.resource::<Keys>();
        // The callback cannot fail. Whatever goes wrong in `visit`, it must handle itself.
        let write = |requests: &[u8]| {
            visit(Change::Requests(requests));
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(()) = keys.snapshot(keys.now_ms, write);
        visit(Change::Past(Past { trace: keys.trace(), changes: keys.changes() }));
        keys.visit_slots(|slots| visit(Change::Slots(slots)));
    }

    /// Returns the functions that a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.commands.plan()
    }

    /// Runs a request of a client.
    pub(crate) fn run(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        self.commands.run(client, world, request);
    }

    /// Returns what runs requests and what expires keys, for a server or a simulation of one.
    #[must_use]
    pub fn into_parts(self) -> (Commands, ExpiryPoller) {
        (self.commands, self.expiry)
    }
}

impl Program for Store {
    type Input<'a> = Change<'a>;

    fn apply(&mut self, world: &mut World, input: Change<'_>) {
        if let Some(mut requests) = begin(world, input) {
            while let Ok(true) = self.request.fill(&mut requests) {
                self.commands.apply(&mut self.client, world, &self.request);
            }
        }
        self.sweeper.count(world);
    }
}

/// Begins a change, and does everything but run its requests. Returns the requests to run, if there are any.
pub(crate) fn begin<'a>(world: &mut World, change: Change<'a>) -> Option<&'a [u8]> {
    let now_ms = unix_ms(world.resource::<Clock>());
    let mut keys = world.resource_mut::<Keys>();
    keys.now_ms = now_ms;
    keys.next_position();
    match change {
        Change::Requests(requests) => return Some(requests),
        Change::Transaction(transaction) => return keys.admits(&transaction).then_some(transaction.requests),
        Change::Past(Past { trace, changes }) => keys.restore_trace(trace, changes),
        Change::Slots(slots) => keys.restore_slots(slots),
        Change::Tick | Change::Read => {}
    }
    None
}

/// Returns the digests that a journal of the keys records at intervals: those of the history of the keys. Their cost
/// does not depend on the number of keys.
pub fn digests(registry: &Registry) -> Digests {
    let mut digests = Digests::new();
    digests.watch_part(registry, "history", |keys: &Keys, digest| {
        std::hash::Hasher::write_u64(digest, keys.trace());
        std::hash::Hasher::write_u64(digest, keys.changes());
        keys.slots_digest().iter().flatten().for_each(|number| std::hash::Hasher::write_u64(digest, *number));
    });
    digests
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}
