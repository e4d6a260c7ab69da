//! The engine on a virtual clock, without sockets.

use std::mem;
use std::time::{Duration, Instant};

use kv_server::{Changes, Client, Commands, Engine, ExpiryPoller, Keys, Limits, Request, Session, Settings};
use nexus_rt::connections::Framing;
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World, WorldBuilder};

use crate::support::command;

/// In whole seconds, so that times in seconds are exact.
const START: Duration = Duration::from_secs(1_700_000_000);

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) commands: Commands,
    pub(crate) expiry: ExpiryPoller,
    time: VirtualClock,
    client: Client,
    limits: Limits,
    /// The time up to which expired keys have been removed.
    removed: Instant,
}

impl Rig {
    pub(crate) fn new(limits: Limits) -> Self {
        let time = VirtualClock::new();
        let clock = Clock::test(time.clone(), START);
        let (settings, removed) = (settings(&clock), clock.now());
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits: limits.clone() });
        let world = builder.build();
        let commands = Commands::new(&world);
        Self { world, commands, expiry, time, client: Client::detached(Session::new(1)), limits, removed }
    }

    /// Creates a rig that collects changes.
    pub(crate) fn collecting(limits: Limits) -> Self {
        let mut rig = Self::new(limits);
        Changes::collect(&mut rig.world, true);
        rig
    }

    /// Runs lines of words, and returns the replies.
    pub(crate) fn run(&mut self, lines: &str) -> String {
        let replies = String::from_utf8(self.run_bytes(format!("{lines}\r\n").as_bytes())).unwrap();
        replies.replace("\r\n", " ").trim_end().to_owned()
    }

    /// Runs a command, and returns the reply.
    pub(crate) fn ask<T: AsRef<[u8]>>(&mut self, words: &[T]) -> Vec<u8> {
        self.run_bytes(&command(words))
    }

    fn run_bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut requests = Request::new(self.limits.request);
        requests.buffer().extend(bytes);
        while let Some(request) = requests.decode().unwrap() {
            self.commands.run(&mut self.client, &mut self.world, request);
        }
        mem::take(self.client.out())
    }

    pub(crate) fn sleep(&mut self, time: Duration) {
        self.pass(time, true);
    }

    /// Advances the time, and removes expired keys or only hides them.
    pub(crate) fn pass(&mut self, time: Duration, removes: bool) {
        let now = self.move_clock(time);
        self.removed = if removes { now } else { self.removed };
        self.expiry.poll(&mut self.world, self.removed);
    }

    /// Advances the time without a turn.
    pub(crate) fn move_clock(&mut self, time: Duration) -> Instant {
        self.time.advance(time);
        self.world.resource_mut::<Clock>().update()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.world.resource::<Clock>().unix().as_millis()).unwrap()
    }

    /// Returns the history of the keys, the number of changes, and the digest of the keys.
    pub(crate) fn state(&self) -> (u64, u64, u64) {
        let keys = self.world.resource::<Keys>();
        (keys.trace(), keys.changes(), keys.digest(self.now_ms()))
    }

    pub(crate) fn changes(&self) -> u64 {
        self.world.resource::<Keys>().changes()
    }

    /// Returns the requests collected since the last call.
    pub(crate) fn collected(&mut self) -> Vec<u8> {
        self.world.resource_mut::<Changes>().take()
    }

    /// Runs requests again. Each must change something.
    pub(crate) fn apply(&mut self, mut requests: &[u8]) {
        let mut request = Request::new(self.limits.request);
        while request.fill(&mut requests).unwrap() {
            assert!(self.commands.apply(&mut self.client, &mut self.world, &request), "{request:?}");
            assert_eq!(self.client.unsent(), 0);
        }
    }

    /// Runs a command again. Returns whether it has changed something.
    pub(crate) fn applies<T: AsRef<[u8]>>(&mut self, words: &[T]) -> bool {
        let mut request = Request::new(Limits::default().request);
        request.buffer().extend(&command(words));
        let changes = self.commands.apply(&mut self.client, &mut self.world, request.decode().unwrap().unwrap());
        assert_eq!(self.client.unsent(), 0);
        changes
    }

    /// Returns everything that can be read of the keys, in an order that does not depend on how they are stored.
    pub(crate) fn reads(&self) -> Vec<(Vec<u8>, Vec<u8>, Option<i64>)> {
        let keys = self.world.resource::<Keys>();
        let row = |key: &[u8]| (key.to_vec(), keys.get(key).unwrap().to_vec(), keys.expiry_unix_ms(key).unwrap());
        let mut rows: Vec<_> = keys.iter().map(row).collect();
        rows.sort_unstable();
        rows
    }
}

fn settings(clock: &Clock) -> Settings {
    Settings { address: ([127, 0, 0, 1], 1).into(), unix: None, started: clock.now() }
}

/// Returns the words of collected requests.
pub(crate) fn words(mut requests: &[u8]) -> Vec<String> {
    let (mut request, mut all) = (Request::new(Limits::default().request), Vec::new());
    while request.fill(&mut requests).unwrap() {
        let words: Vec<_> = request.from(0).map(|word| word.escape_ascii().to_string()).collect();
        all.push(words.join(" "));
    }
    all
}
