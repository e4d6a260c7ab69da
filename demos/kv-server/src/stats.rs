//! What the server counts, as a resource, for INFO.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nexus_gauge::{Board, Meter, Snapshot};

use crate::commands::{Spec, Specs};
use crate::error::CommandError;

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Turns of the loop.
    pub turns: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Clients that were cut off because they did not read their replies, or sent what is no request.
    pub cut_off: u64,
    /// Clients that are connected.
    pub clients: usize,
    /// Keys that were found by a read.
    pub hits: u64,
    /// Keys that a read looked for in vain.
    pub misses: u64,
    /// Keys whose time had come.
    pub expired: u64,
    /// Whether requests do not run the shortest way that are quick as a rule: they are timed, or [`Changes`] are
    /// collected.
    ///
    /// [`Changes`]: crate::Changes
    pub(crate) watched: bool,
    /// Whether requests are timed that are quick as a rule.
    pub(crate) timed: bool,
    /// Errors by their code.
    pub(crate) errors: BTreeMap<Box<str>, u64>,
    /// What each command has come to, in the order of specs.
    pub(crate) commands: Vec<CommandStats>,
    /// What each subcommand has come to, by its full name.
    pub(crate) subcommands: BTreeMap<&'static str, CommandStats>,
    pub(crate) rates: Rates,
    /// What was counted of connections when counting began anew.
    pub(crate) before: Traffic,
    /// How long each command had taken when counting began anew.
    pub(crate) latency_before: Vec<Snapshot>,
    /// Connections that were counted by then.
    pub(crate) connections_before: u64,
}

/// What a command has come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommandStats {
    /// How often it ran.
    pub(crate) calls: u64,
    /// How long those took, of a subcommand.
    pub(crate) took: Duration,
    /// How often it was refused before it ran.
    pub(crate) rejected: u64,
    /// How often it ran and ended in an error.
    pub(crate) failed: u64,
}

/// What has come and gone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// What has come and gone lately.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// One to two seconds ago, and in the last second.
    samples: [Option<(Instant, Traffic)>; 2],
    /// The most memory that was seen, which is looked at once a second.
    pub(crate) peak: usize,
}

impl Rates {
    /// Whether it is time for a sample.
    #[inline]
    pub(crate) fn are_due(&self, now: Instant) -> bool {
        self.samples[1].is_none_or(|(at, _)| now.saturating_duration_since(at) >= Duration::from_secs(1))
    }

    pub(crate) fn sample(&mut self, now: Instant, traffic: Traffic, memory: usize) {
        let idle = self.samples[1].is_some_and(|(at, _)| now.saturating_duration_since(at) > Duration::from_secs(2));
        // After a pause, what is lately begins now.
        let earlier = if idle { None } else { self.samples[1] };
        self.samples = [earlier.or(Some((now, traffic))), Some((now, traffic))];
        self.peak = self.peak.max(memory);
    }

    /// What comes and goes in a second, at present: requests, and bytes received and sent.
    pub(crate) fn per_second(&self, now: Instant, traffic: Traffic) -> [f64; 3] {
        let Some((at, before)) = self.samples[0] else { return [0.0; 3] };
        let seconds = now.saturating_duration_since(at).as_secs_f64().max(1.0);
        let pairs =
            [(before.requests, traffic.requests), (before.received, traffic.received), (before.sent, traffic.sent)];
        pairs.map(|(before, now)| now.saturating_sub(before) as f64 / seconds)
    }
}

impl Stats {
    /// Nothing has happened yet.
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

    /// Counts a subcommand, which has no meter of its own.
    pub(crate) fn subcommand(&mut self, name: &'static str, took: Duration) {
        let counts = self.subcommands.entry(name).or_default();
        counts.calls += 1;
        counts.took += took;
    }

    /// How long a command took since counting began, as far as it was timed.
    pub(crate) fn latency(&self, command: usize, meter: &Meter) -> Snapshot {
        match self.latency_before.get(command) {
            Some(before) => meter.latency().since(before),
            None => meter.latency(),
        }
    }

    /// What a command or a subcommand has come to.
    pub(crate) fn command(&mut self, specs: &Specs, spec: &'static Spec) -> &mut CommandStats {
        match specs.find(spec.full_name.as_bytes()) {
            Some((command, _)) => &mut self.commands[command],
            None => self.subcommands.entry(spec.full_name).or_default(),
        }
    }

    /// Counts an error by its code.
    pub(crate) fn error(&mut self, error: &CommandError) {
        let text = error.to_string();
        let code = text.split(' ').next().unwrap_or_default();
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            None => _ = self.errors.insert(code.into(), 1),
        }
    }

    /// Counts anew, but for what is there.
    pub(crate) fn reset(&mut self, traffic: Traffic, board: &Board) {
        let commands = vec![CommandStats::default(); self.commands.len()];
        *self = Self {
            connections: self.connections,
            connections_before: self.connections,
            clients: self.clients,
            turns: self.turns,
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
