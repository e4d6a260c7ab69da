//! `Live`: a running server without sockets: its world, its journal, and the waiting replies.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use kv_server::{Change, Changes, Client, Commands, ExpiryPoller, Limits, Request, Store};
use nexus_journal::testing::FakeDisk;
use nexus_journal::{Error, Options, Recorder, Replayed};
use nexus_rt::connections::Framing;
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World};

use super::model::{State, ms};

/// The start of the simulation, since 1970.
pub(crate) const START: Duration = Duration::from_secs(1_700_000_000);

pub(crate) struct Live {
    pub(crate) world: World,
    commands: Commands,
    expiry: ExpiryPoller,
    pub(crate) recorder: Recorder,
    request: Request,
    /// The time up to which expired keys have been removed.
    removed: Instant,
    /// The sequence that must be safe before what is sent from now on may leave.
    holds: u64,
    replies: VecDeque<Held>,
}

/// A waiting reply.
struct Held {
    until: u64,
    /// The last sequence when the reply was made.
    shows: u64,
}

/// The result of a request.
pub(crate) struct Ran {
    pub(crate) reply: Vec<u8>,
    /// The state after the request, if it has changed something.
    pub(crate) state: Option<State>,
}

impl Live {
    /// Starts a server on a disk, and returns it with its state.
    pub(crate) fn start(
        disk: &FakeDisk,
        options: Options,
        time: &VirtualClock,
    ) -> Result<(Self, Replayed, State), Error> {
        let real = Clock::test(time.clone(), START);
        let (mut world, mut store, _) = Store::detached_at(START);
        let digests = kv_server::digests(world.registry());
        let (mut recorder, replayed) =
            Recorder::open_by(real, disk.clone(), options, (&mut world, &mut store), digests)?;
        recorder.journal_mut().without_thread();
        Changes::collect(&mut world, true);
        let (commands, expiry) = store.into_parts();
        let state = State::of(&world, replayed.last.get(), replayed.at);
        let (request, removed) = (Request::new(Limits::default().request), world.resource::<Clock>().now());
        let (holds, replies) = (0, VecDeque::new());
        Ok((Self { world, commands, expiry, recorder, request, removed, holds, replies }, replayed, state))
    }

    /// Begins a turn. Expired keys are removed, or only hidden.
    pub(crate) fn begin(&mut self, removes: bool) {
        let now = self.recorder.update(&mut self.world);
        if removes {
            self.removed = now;
        }
        self.world.next_sequence();
        self.expiry.poll(&mut self.world, self.removed);
    }

    /// Returns the time of the turn, since 1970.
    pub(crate) fn now(&self) -> Duration {
        self.world.resource::<Clock>().unix()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        ms(self.now())
    }

    pub(crate) fn last(&self) -> u64 {
        self.recorder.journal().last().get()
    }

    /// Runs a request as an event of its own, records its changes, and keeps its reply.
    pub(crate) fn run(&mut self, client: &mut Client, bytes: &[u8]) -> Result<Ran, String> {
        self.world.next_sequence();
        self.request.buffer().extend(bytes);
        let request = self.request.decode().map_err(|error| format!("no request: {error:?}"))?;
        let request = request.ok_or("half a request")?;
        self.commands.run(client, &mut self.world, request);
        let noted = self.note();
        let reply = mem::take(client.out());
        self.replies.push_back(Held { until: self.holds, shows: self.last() });
        let now = self.now();
        Ok(Ran { reply, state: noted.map(|sequence| State::of(&self.world, sequence, now)) })
    }

    /// Records what the current event has changed, and holds what is sent from now on until that is safe.
    fn note(&mut self) -> Option<u64> {
        let requests = self.world.resource_mut::<Changes>().take();
        if requests.is_empty() {
            return None;
        }
        self.holds = self.recorder.append(&self.world, &Change::Requests(&requests)).get();
        Some(self.holds)
    }

    /// Makes the turn safe, and releases its replies. Returns the safe sequence, the number of replies, and what they
    /// show.
    pub(crate) fn commit(&mut self) -> Result<(u64, u64, u64), Error> {
        let safe = self.recorder.commit(&self.world)?.get();
        let (mut released, mut shown) = (0, 0);
        while let Some(reply) = self.replies.pop_front_if(|reply| reply.until <= safe) {
            (released, shown) = (released + 1, shown.max(reply.shows));
        }
        Ok((safe, released, shown))
    }

    /// Returns the number of waiting replies.
    pub(crate) fn waiting(&self) -> u64 {
        self.replies.len() as u64
    }
}
