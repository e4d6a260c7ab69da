//! Runs requests that are timed, and shows requests to monitors.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Address, Connections};
use nexus_rt::{Clock, Key, Registry, World};

use super::{Call, Command, Done};
use crate::changes::Changes;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::request::Request;
use crate::session::{Client, Session, peer};
use crate::settings::Settings;
use crate::stats::Stats;
use crate::watch::Watch;

/// The maximum number of arguments of a quick request.
const FEW: usize = 16;

/// Runs a command, counts it, and times a sample of its calls.
#[inline]
fn measured(command: &mut Command, client: &mut Client, world: &mut World, request: &Request) -> Done {
    command.measure(world, |command, world| command.run_with(client, world, request))
}

/// Records what requests do and how long they take.
#[derive(Clone, Copy)]
pub(super) struct Watcher {
    watch: Key<Watch>,
    stats: Key<Stats>,
    keys: Key<Keys>,
    changes: Key<Changes>,
}

impl Watcher {
    pub(super) fn new(reg: &Registry) -> Self {
        Self { watch: reg.key(), stats: reg.key(), keys: reg.key(), changes: reg.key() }
    }

    /// Runs a request and counts it.
    #[inline]
    pub(super) fn run(self, table: &mut [Command], client: &mut Client, world: &mut World, call: Call<'_>) -> Done {
        let mut stats = self.stats.get_mut(world);
        if call.spec.is_quick() && call.request.len() <= FEW && !stats.watched {
            stats.commands[call.command].calls += 1;
            measured(&mut table[call.command], client, world, call.request)
        } else if call.spec.is_quick() && call.request.len() <= FEW && !stats.timed {
            stats.commands[call.command].calls += 1;
            self.run_collected(table, client, world, call)
        } else {
            self.run_watched(table, client, world, call)
        }
    }

    /// Runs a request, and collects it if collecting is on and the request has changed something.
    #[inline(never)]
    fn run_collected(self, table: &mut [Command], client: &mut Client, world: &mut World, call: Call<'_>) -> Done {
        if !call.spec.writes() || !self.changes.get(world).are_collected() {
            return measured(&mut table[call.command], client, world, call.request);
        }
        let before = self.keys.get(world).changes();
        let done = measured(&mut table[call.command], client, world, call.request);
        if self.keys.get(world).changes() != before {
            self.changes.get_mut(world).add(call.request);
        }
        done
    }

    /// Counts a request of a transaction that ended in an error.
    pub(super) fn failed(self, world: &mut World, call: Call<'_>, error: &CommandError) {
        let mut stats = self.stats.get_mut(world);
        stats.error(error);
        stats.command(call.command, call.spec).failed += 1;
    }

    /// Runs a request that may be slow, or that is timed or shown.
    #[inline(never)]
    fn run_watched(self, table: &mut [Command], client: &mut Client, world: &mut World, call: Call<'_>) -> Done {
        let started = Instant::now();
        let done = self.run_collected(table, client, world, call);
        if !client.state.due.is_empty() {
            super::run_due(self, table, client, world);
        }
        let took = started.elapsed();
        self.stats.get_mut(world).ran(call.command, call.spec, took);
        let at = world.resource::<Clock>().unix() + started.saturating_duration_since(world.resource::<Clock>().now());
        self.note(world, client, &call, (at, took));
        if !self.watch.get(world).monitors().is_empty() && !call.spec.is_private() {
            show(world, client, &call, at, self.watch);
        }
        let (timed, collected) = (self.watch.get(world).is_of_all(), self.changes.get(world).are_collected());
        let mut stats = self.stats.get_mut(world);
        (stats.timed, stats.watched) = (timed, timed || collected);
        done
    }

    /// Records a request that took long.
    fn note(self, world: &mut World, client: &Client, call: &Call<'_>, (at, took): (Duration, Duration)) {
        let address = address(world.resource::<Settings>(), client);
        let mut watch = self.watch.get_mut(world);
        let event = if call.spec.flags.contains(&"fast") { "fast-command" } else { "command" };
        let unix = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        watch.latency.note(event, (unix, took));
        // The requests of a transaction are recorded, each by itself.
        if call.spec.flags.contains(&"skip_slowlog") {
            return;
        }
        let arguments = shown(call.request);
        let arguments = arguments.iter().map(|argument| &**argument);
        let address = || address.strip_prefix("unix:").map_or(address.clone(), |path| format!("{path}:0"));
        watch.slow.note((unix, took), arguments, (address, &client.state.name));
    }
}

/// Shows a request to the monitors.
fn show(world: &mut World, client: &Client, call: &Call<'_>, at: Duration, watch: Key<Watch>) {
    let (seconds, micros) = (at.as_secs(), at.subsec_micros());
    let mut line = format!("+{seconds}.{micros:06} [0 {}]", address(world.resource::<Settings>(), client));
    for argument in shown(call.request) {
        line.push_str(" \"");
        quote(&mut line, &argument);
        line.push('"');
    }
    line.push_str("\r\n");
    let monitors = watch.get(world).monitors().to_vec();
    if world.contains::<Connections<Session>>() {
        let mut net = world.resource_mut::<Connections<Session>>();
        monitors.into_iter().for_each(|id| _ = net.send(id, line.as_bytes()));
    }
}

fn address(settings: &Settings, client: &Client) -> String {
    match peer(client) {
        Address::Ip(address) => address.to_string(),
        _ => format!("unix:{}", settings.unix.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
    }
}

/// Returns the arguments of a request, without passwords.
fn shown(request: &Request) -> Vec<Cow<'_, [u8]>> {
    let is = |at: usize, word: &str| request.get(at).eq_ignore_ascii_case(word.as_bytes());
    let (auth, hello, config) = (is(0, "auth"), is(0, "hello"), is(0, "config"));
    let is_secret = |at: usize| {
        let after = |word, distance: usize| at > distance && is(at - distance, word);
        auth && at > 0 || hello && (after("auth", 1) || after("auth", 2)) || config && after("requirepass", 1)
    };
    let show = |(at, argument)| if is_secret(at) { Cow::Borrowed(&b"(redacted)"[..]) } else { Cow::Borrowed(argument) };
    request.from(0).enumerate().map(show).collect()
}

/// Writes bytes in the form used between quotes.
fn quote(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\\' | b'"' => line.extend(['\\', char::from(*byte)]),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            7 => line.push_str("\\a"),
            8 => line.push_str("\\b"),
            b' '..=b'~' => line.push(char::from(*byte)),
            _ => write!(line, "\\x{byte:02x}").expect("a string takes what is written"),
        }
    }
}
