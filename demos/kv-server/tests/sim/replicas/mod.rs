//! Simulations of several servers that share a log: delays, duplicates, and servers that stop and start again.

mod alone;
mod check;
pub(crate) mod log;
mod node;

use std::time::Duration;

use kv_server::{Keys, Limits, Replica, ReplicaOptions};
use nexus_rt::connections::ConnectionId;
use nexus_rt::testing::VirtualClock;

use crate::simulation::random::Random;
use crate::simulation::traffic::{self, Words};
use log::{Start, Stream};
use node::{Node, Seats};

/// The start of a simulation, since 1970.
const START: Duration = Duration::from_secs(1_700_000_000);

/// How often each thing has happened.
#[derive(Default, Debug)]
pub(crate) struct Counts {
    pub(crate) entries: usize,
    pub(crate) answers: usize,
    pub(crate) aborted: usize,
    pub(crate) refused: usize,
    /// Requests refused by the limits of one server.
    pub(crate) limited: usize,
    pub(crate) restarts: usize,
    pub(crate) snapshots: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.answers += other.answers;
        self.aborted += other.aborted;
        self.refused += other.refused;
        self.limited += other.limited;
        self.restarts += other.restarts;
        self.snapshots += other.snapshots;
    }

    /// Returns whether each of these has happened.
    pub(crate) fn is_complete(&self) -> bool {
        let Self { entries, answers, aborted, refused, limited, restarts, snapshots } = *self;
        [entries, answers, aborted, refused, limited, restarts, snapshots].iter().all(|count| *count > 0)
    }
}

struct Simulation {
    random: Random,
    time: VirtualClock,
    stream: Stream,
    nodes: Vec<Node>,
    seats: Seats,
    /// The connected clients, each with its server.
    clients: Vec<(usize, ConnectionId)>,
    options: ReplicaOptions,
    counts: Counts,
}

/// Runs one seed. Returns an error that says what is wrong, if anything is.
pub(crate) fn run(seed: u64) -> Result<Counts, String> {
    let mut random = Random::new(seed);
    let options = ReplicaOptions { linearizable: random.one_in(2), shard: None };
    let (stream, time, count) = (Stream::default(), VirtualClock::new(), 2 + random.index(2));
    let mut simulation = Simulation {
        random,
        time,
        stream,
        nodes: Vec::new(),
        seats: Seats::default(),
        clients: Vec::new(),
        options,
        counts: Counts::default(),
    };
    (0..count).for_each(|_| {
        let node = simulation.node(None);
        simulation.nodes.push(node);
    });
    let steps = 20 + simulation.random.below(200);
    (0..steps).for_each(|_| simulation.step());
    simulation.finish()
}

impl Simulation {
    fn node(&mut self, start: Option<Start>) -> Node {
        // The clocks of machines differ.
        let skew = Duration::from_millis(self.random.pick(&[0, 0, 3, 700]));
        // So do their limits, which apply before a request is published and not afterwards.
        let mut limits = Limits { memory: self.random.pick(&[usize::MAX, usize::MAX, 2_500]), ..Limits::default() };
        limits.request.argument = self.random.pick(&[64 << 20, 64 << 20, 300]);
        Node::start(&self.stream, (&self.time, START + skew, limits), self.options, start)
    }

    fn now(&self) -> Duration {
        START + self.time.elapsed()
    }

    fn step(&mut self) {
        let at = self.random.index(self.nodes.len());
        match self.random.below(40) {
            0..=1 => {
                let id = self.nodes[at].connect(&mut self.seats);
                self.clients.push((at, id));
            }
            2..=17 => self.ask(),
            18..=25 => {
                self.nodes[at].turn(&mut self.seats);
            }
            26..=29 => {
                let (count, again) = (self.random.index(8), self.random.one_in(3));
                let now = self.now();
                self.stream.state().deliver(self.nodes[at].publisher, count, again, now);
            }
            30..=33 => {
                let more = self.random.index(6);
                let mut state = self.stream.state();
                let all = state.entries.len();
                let link = &mut state.links[self.nodes[at].publisher];
                link.visible = (link.visible + more).min(all);
            }
            34..=35 => {
                let ms = self.random.pick(&[1, 2, 20, 1_100, 5_000, 3_600_000]);
                self.time.advance(Duration::from_millis(ms));
            }
            36 => {
                let cut = self.random.one_in(3);
                self.stream.state().links[self.nodes[at].publisher].cut = cut;
            }
            37 if !self.clients.is_empty() && self.random.one_in(3) => {
                let (at, id) = self.clients.swap_remove(self.random.index(self.clients.len()));
                self.nodes[at].disconnect(id);
            }
            38 if self.random.one_in(4) => self.restart(at),
            _ => {}
        }
    }

    /// Sends related requests of a client, or a part of them with requests of others in between.
    fn ask(&mut self) {
        if self.clients.is_empty() {
            return;
        }
        let now_ms = i64::try_from(self.now().as_millis()).expect("it is not that late");
        let (at, id) = self.clients[self.random.index(self.clients.len())];
        let mut all: Vec<Words> = traffic::next(&mut self.random, now_ms);
        if self.random.one_in(20) {
            all = vec![[&b"PUBLISH"[..], b"news", b"x"].map(<[u8]>::to_vec).to_vec()];
        }
        if self.random.one_in(20) {
            all = ending();
        }
        for words in all {
            self.nodes[at].ask(&mut self.seats, id, words);
            if self.random.one_in(12) {
                let other = self.random.index(self.nodes.len());
                self.nodes[other].turn(&mut self.seats);
            }
        }
    }

    fn restart(&mut self, at: usize) {
        self.counts.restarts += 1;
        let keeps = self.random.index(6);
        let start = {
            let mut state = self.stream.state();
            state.end(self.nodes[at].publisher, keeps);
            let upto = self.random.index(state.entries.len() + 1);
            self.random.one_in(2).then(|| Start::take(&state.entries[..upto], START))
        };
        self.counts.snapshots += usize::from(start.is_some());
        self.clients.retain(|(node, _)| *node != at);
        // What is under way still arrives.
        let now = self.now();
        self.stream.state().deliver(self.nodes[at].publisher, usize::MAX, false, now);
        self.nodes[at] = self.node(start);
    }

    /// Lets everything under way arrive, and compares.
    fn finish(mut self) -> Result<Counts, String> {
        for _ in 0..2_000 {
            let now = self.now();
            let mut still = true;
            {
                let mut state = self.stream.state();
                (0..state.links.len()).for_each(|link| state.deliver(link, usize::MAX, false, now));
                let all = state.entries.len();
                state.links.iter_mut().for_each(|link| (link.visible, link.cut) = (all, false));
            }
            for node in &mut self.nodes {
                still &= node.turn(&mut self.seats) == 0 && Replica::is_idle(&node.world);
            }
            if still && self.stream.state().is_still() {
                break;
            }
        }
        let connected: Vec<_> = self.clients.iter().map(|(_, id)| *id).collect();
        for id in connected {
            let seat = &self.seats.seats[&id];
            if seat.answered < seat.asked.len() {
                let waits = traffic::shown(&seat.asked[seat.answered].words);
                return Err(format!("{waits} was never answered"));
            }
        }
        self.compare()
    }

    fn compare(mut self) -> Result<Counts, String> {
        let state = self.stream.state();
        let expected = check::replies(&state.entries, &self.seats, START)?;
        for (at, node) in self.nodes.iter().enumerate() {
            let keys = node.world.resource::<Keys>();
            let found = (keys.trace(), keys.changes(), keys.digest(ms(&state.entries)));
            if found != expected || keys.position() != state.entries.len() as u64 {
                let position = keys.position();
                return Err(format!("server {at} has {found:?} at {position}, and one server has {expected:?}"));
            }
        }
        let mut digests = self.nodes.iter().map(|node| {
            let digests = kv_server::digests(node.world.registry());
            digests.total(&node.world)
        });
        let first = digests.next();
        if digests.any(|digest| Some(digest) != first) {
            return Err("the slots of two servers differ".into());
        }
        if self.options.linearizable {
            check::reads(&self.seats)?;
        }
        self.counts.entries = state.entries.len();
        let answers = self.seats.seats.values().flat_map(|seat| &seat.asked).filter_map(|asked| asked.answer.as_ref());
        for answer in answers {
            self.counts.answers += 1;
            self.counts.refused += usize::from(answer.reply.starts_with(b"-CLUSTERDOWN"));
            self.counts.limited += usize::from(check::is_limited(&answer.reply));
            self.counts.aborted += usize::from(answer.entry.is_some() && answer.reply == b"*-1\r\n");
        }
        drop(state);
        Ok(self.counts)
    }
}

/// Returns a transaction that depends on a key that soon expires.
fn ending() -> Vec<Words> {
    let lines = ["SET ends v PX 3", "WATCH ends", "MULTI", "INCR k1", "EXEC"];
    lines.map(|line| line.split(' ').map(|word| word.as_bytes().to_vec()).collect()).to_vec()
}

/// Returns the time of the last entry, in milliseconds.
fn ms(entries: &[log::Entry]) -> i64 {
    i64::try_from(entries.last().map_or(START, |entry| entry.at).as_millis()).unwrap_or(i64::MAX)
}
