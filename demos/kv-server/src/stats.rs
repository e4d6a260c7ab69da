//! The counters that INFO reports, as a resource.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nexus_gauge::{Board, Histogram, Meter, Snapshot};

use crate::commands::{Spec, Specs};
use crate::error::CommandError;
use crate::session::Client;

/// The counters since the start. A reset sets some to zero, and notes the values of the others, which INFO subtracts.
#[derive(Debug, Default)]
pub struct Stats {
    /// The number of turns of the loop.
    pub turns: u64,
    /// The number of accepted connections.
    pub connections: u64,
    /// The number of clients that were disconnected because they did not read their replies or broke the protocol.
    pub cut_off: u64,
    /// The number of requests whose beginning was [announced](crate::Request::announcing). These count as frames too.
    pub(crate) announced: u64,
    /// The number of connected clients.
    pub clients: usize,
    /// The number of keys that reads have found.
    pub hits: u64,
    /// The number of keys that reads have not found.
    pub misses: u64,
    /// The number of expired keys.
    pub expired: u64,
    /// Whether usually quick requests take a longer path: they are timed, or [`Changes`] are collected.
    ///
    /// [`Changes`]: crate::Changes
    pub(crate) watched: bool,
    /// Whether usually quick requests are timed.
    pub(crate) timed: bool,
    /// The number of errors of each code.
    pub(crate) errors: BTreeMap<Box<str>, u64>,
    /// The counters of each command without subcommands, in the order of specs.
    pub(crate) commands: Vec<CommandStats>,
    /// The counters of each subcommand, and of each command that has some, by its full name.
    pub(crate) subcommands: BTreeMap<&'static str, SubcommandStats>,
    pub(crate) rates: Rates,
    /// The traffic when the counters were last reset.
    pub(crate) before: Traffic,
    /// The latency of each command when the counters were last reset.
    pub(crate) latency_before: Vec<Snapshot>,
    /// The number of connections when the counters were last reset.
    pub(crate) connections_before: u64,
    /// The hits, misses and expired keys when the counters were last reset.
    pub(crate) keys_before: [u64; 3],
    /// The number of calls when the counters were last reset.
    pub(crate) calls_before: u64,
}

/// The counters of a command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommandStats {
    /// The number of calls.
    pub(crate) calls: u64,
    /// The number of calls that were refused before they ran.
    pub(crate) rejected: u64,
    /// The number of calls that ran and failed.
    pub(crate) failed: u64,
}

/// The counters of a subcommand, whose runs are not told apart by the meter of its command.
#[derive(Debug, Default)]
pub(crate) struct SubcommandStats {
    pub(crate) counts: CommandStats,
    latency: Box<Histogram>,
}

/// The traffic of all connections: requests run, refusals and bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// The recent traffic.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// A sample from one to two seconds ago, and one from the last second.
    samples: [Option<(Instant, Traffic)>; 2],
    /// The largest memory seen. It is checked once a second.
    pub(crate) peak: usize,
}

impl Rates {
    /// Returns whether a sample is due.
    #[inline]
    pub(crate) fn are_due(&self, now: Instant) -> bool {
        self.samples[1].is_none_or(|(at, _)| now.saturating_duration_since(at) >= Duration::from_secs(1))
    }

    pub(crate) fn sample(&mut self, now: Instant, traffic: Traffic, memory: usize) {
        let idle = self.samples[1].is_some_and(|(at, _)| now.saturating_duration_since(at) > Duration::from_secs(2));
        // After a pause, the recent traffic starts from now.
        let earlier = if idle { None } else { self.samples[1] };
        self.samples = [earlier.or(Some((now, traffic))), Some((now, traffic))];
        self.peak = self.peak.max(memory);
    }

    /// Returns the current requests, bytes received and bytes sent per second.
    pub(crate) fn per_second(&self, now: Instant, traffic: Traffic) -> [f64; 3] {
        let Some((at, before)) = self.samples[0] else { return [0.0; 3] };
        let seconds = now.saturating_duration_since(at).as_secs_f64().max(1.0);
        let pairs =
            [(before.requests, traffic.requests), (before.received, traffic.received), (before.sent, traffic.sent)];
        pairs.map(|(before, now)| now.saturating_sub(before) as f64 / seconds)
    }
}

impl Stats {
    /// Creates counters at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { commands: vec![CommandStats::default(); Specs::COUNT], ..Self::default() }
    }

    /// Counts a read of a key.
    #[inline]
    pub(crate) fn read(&mut self, found: bool) {
        if found {
            self.hits += 1;
        } else {
            self.misses += 1;
        }
    }

    /// Counts a read of a key by a command that also changes something. If it runs again, it was counted when it first
    /// ran.
    pub(crate) fn read_to_change(&mut self, client: &Client, found: bool) {
        if !client.state.runs_again() {
            self.read(found);
        }
    }

    /// Counts a call that took this long.
    pub(crate) fn ran(&mut self, command: usize, spec: &'static Spec, took: Duration) {
        if spec.is_metered() {
            self.commands[command].calls += 1;
            return;
        }
        let subcommand = self.subcommands.entry(spec.full_name).or_default();
        subcommand.counts.calls += 1;
        subcommand.latency.record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Returns the number of calls since the start.
    pub(crate) fn calls(&self) -> u64 {
        let subcommands = self.subcommands.values().map(|subcommand| &subcommand.counts);
        self.calls_before + self.commands.iter().chain(subcommands).map(|counts| counts.calls).sum::<u64>()
    }

    /// Returns the counters of each command and subcommand since they were last reset, and how long its calls took, as
    /// far as these were timed.
    pub(crate) fn all(&self, board: &Board) -> Vec<(&'static str, CommandStats, Snapshot)> {
        let none = Snapshot::default();
        let commands = Specs::ALL.iter().zip(&self.commands).zip(board.meters()).enumerate();
        let commands =
            commands.filter(|(_, ((spec, _), _))| spec.is_metered()).map(|(command, ((spec, counts), meter))| {
                (spec.name, *counts, meter.latency().since(self.latency_before.get(command).unwrap_or(&none)))
            });
        let subcommands = self.subcommands.iter();
        commands.chain(subcommands.map(|(name, stats)| (*name, stats.counts, stats.latency.snapshot()))).collect()
    }

    /// Returns the counters of a command, which has this number, or of a subcommand.
    pub(crate) fn command(&mut self, command: usize, spec: &'static Spec) -> &mut CommandStats {
        if spec.is_metered() {
            return &mut self.commands[command];
        }
        &mut self.subcommands.entry(spec.full_name).or_default().counts
    }

    /// Counts an error under its code.
    pub(crate) fn error(&mut self, error: &CommandError) {
        let text = error.to_string();
        let code = text.split(' ').next().unwrap_or_default();
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            None => _ = self.errors.insert(code.into(), 1),
        }
    }

    /// Returns the hits, misses and expired keys since the counters were last reset.
    pub(crate) fn keys(&self) -> [u64; 3] {
        let [hits, misses, expired] = self.keys_before;
        [self.hits - hits, self.misses - misses, self.expired - expired]
    }

    /// Resets the counters, but not the current numbers.
    pub(crate) fn reset(&mut self, traffic: Traffic, board: &Board) {
        let commands = vec![CommandStats::default(); self.commands.len()];
        *self = Self {
            connections: self.connections,
            connections_before: self.connections,
            hits: self.hits,
            misses: self.misses,
            expired: self.expired,
            keys_before: [self.hits, self.misses, self.expired],
            calls_before: self.calls(),
            clients: self.clients,
            turns: self.turns,
            // Frames are counted on, and these are among them.
            announced: self.announced,
            watched: self.watched,
            timed: self.timed,
            commands,
            before: traffic,
            latency_before: board.meters().iter().map(Meter::latency).collect(),
            rates: std::mem::take(&mut self.rates),
            ..Self::default()
        };
    }
}
