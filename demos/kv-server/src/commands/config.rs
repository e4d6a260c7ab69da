//! CONFIG: the settings, some of which can be changed while the server runs.

use nexus_gauge::Board;
use nexus_rt::connections::Connections;
use nexus_rt::{Param, Res, ResMut};

use super::{Done, help, info, subcommands};
use crate::error::CommandError;
use crate::glob;
use crate::limits::Limits;
use crate::log::Log;
use crate::number;
use crate::request::Request;
use crate::session::{Client, Reply, Session};
use crate::settings::{Options, Settings};
use crate::stats::Stats;
use crate::watch::Watch;

/// The resources that settings are in.
#[derive(Param)]
pub(super) struct Targets<'w> {
    settings: Res<'w, Settings>,
    options: ResMut<'w, Options>,
    limits: ResMut<'w, Limits>,
    watch: ResMut<'w, Watch>,
    log: Res<'w, Log>,
    stats: ResMut<'w, Stats>,
    board: Res<'w, Board>,
    net: Option<ResMut<'w, Connections<Session>>>,
}

/// The possible values of a setting.
#[derive(Clone, Copy)]
enum Kind {
    /// The setting does not change while the server runs.
    Fixed,
    /// Text.
    Text,
    /// The present value, since others of Redis are not implemented.
    Only(&'static Only),
    /// A number in this range.
    Number(i64, i64),
    /// A number of bytes.
    Memory,
}

/// Why another value than the present one is refused.
struct Only {
    /// Whether Redis knows a value.
    is_known: fn(&[u8]) -> bool,
    /// What is wrong with a value that Redis does not know, in its words.
    unknown: &'static str,
    /// What is supported here.
    supported: &'static str,
}

/// The new value of a setting.
enum Value<'a> {
    Text(&'a [u8]),
    Number(i64),
    Nothing,
}

const APPENDONLY: &Only = &Only {
    is_known: |text| ["yes", "no"].iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes())),
    unknown: "argument must be 'yes' or 'no'",
    supported: "changes are kept if the server is started with --journal",
};
const POLICIES: &str = "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, \
                        volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction";
const POLICY: &Only = &Only {
    is_known: |text| {
        let names = POLICIES.split_once(": ").map_or("", |(_, names)| names);
        names.split(", ").any(|name| text.eq_ignore_ascii_case(name.as_bytes()))
    },
    unknown: POLICIES,
    supported: "this server evicts no keys, so only noeviction is supported",
};
const SAVE: &Only = &Only {
    is_known: |text| {
        let numbers: Option<Vec<_>> = text.split(|byte| *byte == b' ').map(number::parse).collect();
        let pairs = numbers.filter(|numbers| numbers.len().is_multiple_of(2));
        pairs.is_some_and(|numbers| numbers.chunks(2).all(|pair| pair[0] >= 1 && pair[1] >= 0))
    },
    unknown: "Invalid save parameters",
    supported: "this server saves no snapshots, so only an empty value is supported",
};

/// All settings, in the order of names.
const ALL: &[(&str, Kind)] = &[
    ("appendonly", Kind::Only(APPENDONLY)),
    ("bind", Kind::Fixed),
    ("databases", Kind::Fixed),
    ("latency-monitor-threshold", Kind::Number(0, i64::MAX)),
    ("maxclients", Kind::Number(1, 4_294_967_295)),
    ("maxmemory", Kind::Memory),
    ("maxmemory-policy", Kind::Only(POLICY)),
    ("port", Kind::Fixed),
    ("proto-max-bulk-len", Kind::Fixed),
    ("requirepass", Kind::Text),
    ("save", Kind::Only(SAVE)),
    ("slowlog-log-slower-than", Kind::Number(-1, i64::MAX)),
    ("slowlog-max-len", Kind::Number(0, i64::MAX)),
    ("timeout", Kind::Number(0, 2_147_483_647)),
    ("unixsocket", Kind::Fixed),
];

pub(super) fn config(client: &mut Client, mut targets: Targets<'_>, request: &Request) -> Done {
    match subcommands::name(subcommands::CONFIG, request) {
        "get" => get(client, &targets, request),
        "set" => {
            targets.set(request)?;
            client.reply().ok();
        }
        "resetstat" => {
            let traffic = info::traffic(targets.net.as_deref(), &targets.stats);
            targets.stats.reset(traffic, &targets.board);
            client.reply().ok();
        }
        "rewrite" => return Err(CommandError::other("ERR The server is running without a config file")),
        _ => client.reply().lines(help::CONFIG),
    }
    Ok(())
}

fn get(client: &mut Client, targets: &Targets<'_>, request: &Request) {
    // A name that is not a pattern is returned as the client wrote it.
    let mut found: Vec<(&[u8], &str)> = Vec::new();
    for pattern in request.from(2) {
        let is_pattern = pattern.iter().any(|byte| b"*?[".contains(byte));
        let lower = pattern.to_ascii_lowercase();
        for (name, _) in ALL.iter().filter(|(name, _)| glob::matches(&lower, name.as_bytes())) {
            let shown = if is_pattern { name.as_bytes() } else { pattern };
            if !found.iter().any(|(_, known)| known == name) {
                found.push((shown, name));
            }
        }
    }
    let mut replies = client.reply();
    replies.map(found.len());
    for (shown, name) in found {
        replies.bulk(shown);
        replies.bulk(&targets.get(name));
    }
}

/// Returns the error for a setting.
fn failed(name: &[u8], why: &str) -> CommandError {
    let name = super::shown(name, usize::MAX);
    CommandError::other(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"))
}

impl Targets<'_> {
    fn get(&self, name: &str) -> Vec<u8> {
        let (limits, watch) = (&self.limits, &self.watch);
        match name {
            "appendonly" => if self.log.is_open() { "yes" } else { "no" }.into(),
            "bind" => self.settings.address.ip().to_string().into(),
            "databases" => "1".into(),
            "latency-monitor-threshold" => watch.latency.threshold.to_string().into(),
            "maxclients" => limits.clients.to_string().into(),
            "maxmemory" if limits.memory == usize::MAX => "0".into(),
            "maxmemory" => limits.memory.to_string().into(),
            "maxmemory-policy" => "noeviction".into(),
            "port" => self.settings.address.port().to_string().into(),
            "proto-max-bulk-len" => limits.request.argument.to_string().into(),
            "requirepass" => self.options.password.to_vec(),
            "slowlog-log-slower-than" => watch.slow.slower_than.to_string().into(),
            "slowlog-max-len" => watch.slow.most.to_string().into(),
            "timeout" => self.options.timeout.to_string().into(),
            "unixsocket" => {
                self.settings.unix.as_ref().map(|path| path.display().to_string().into()).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// Sets all settings, or none if one of them is wrong.
    fn set(&mut self, request: &Request) -> Done {
        if !request.len().is_multiple_of(2) {
            return Err(CommandError::Syntax);
        }
        let mut wanted: Vec<(&str, Kind, &[u8])> = Vec::new();
        for at in (2..request.len()).step_by(2) {
            let asked = request.get(at);
            let known = ALL.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(asked));
            let Some((name, kind)) = known else {
                let asked = super::shown(asked, usize::MAX);
                let text = format!("ERR Unknown option or number of arguments for CONFIG SET - '{asked}'");
                return Err(CommandError::other(text));
            };
            if let Kind::Fixed = kind {
                return Err(failed(asked, "can't set immutable config"));
            }
            if wanted.iter().any(|(known, ..)| known == name) {
                return Err(failed(asked, "duplicate parameter"));
            }
            wanted.push((name, *kind, request.get(at + 1)));
        }
        let read = |(name, kind, text)| match self.value(name, kind, text) {
            Ok(value) => Ok((name, value)),
            Err(why) => Err(failed(str::as_bytes(name), &why)),
        };
        let mut values = wanted.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // Only the system can refuse a value now, so what depends on it comes first.
        values.sort_by_key(|(name, _)| *name != "maxclients");
        values.into_iter().try_for_each(|(name, value)| self.put(name, &value))?;
        self.watch.slow.shorten();
        Ok(())
    }

    /// Parses a value, or returns what is wrong with it.
    fn value<'a>(&self, name: &str, kind: Kind, text: &'a [u8]) -> Result<Value<'a>, String> {
        match kind {
            Kind::Only(_) if text.eq_ignore_ascii_case(&self.get(name)) => Ok(Value::Nothing),
            Kind::Only(only) if (only.is_known)(text) => Err(only.supported.into()),
            Kind::Only(only) => Err(only.unknown.into()),
            Kind::Number(least, most) => {
                let number = number::parse(text).ok_or("argument couldn't be parsed into an integer")?;
                if (least..=most).contains(&number) {
                    Ok(Value::Number(number))
                } else {
                    Err(format!("argument must be between {least} and {most} inclusive"))
                }
            }
            Kind::Memory => Ok(Value::Number(memory(text).ok_or("argument must be a memory value")?)),
            Kind::Fixed | Kind::Text => Ok(Value::Text(text)),
        }
    }

    fn put(&mut self, name: &str, value: &Value<'_>) -> Done {
        let number = match value {
            Value::Text(text) => {
                self.options.password = (*text).into();
                return Ok(());
            }
            Value::Number(number) => *number,
            Value::Nothing => return Ok(()),
        };
        let count = usize::try_from(number).unwrap_or(usize::MAX);
        match name {
            "latency-monitor-threshold" => self.watch.latency.threshold = number,
            "maxclients" => self.set_clients(count)?,
            "maxmemory" => self.limits.memory = if count == 0 { usize::MAX } else { count },
            "slowlog-log-slower-than" => self.watch.slow.slower_than = number,
            "slowlog-max-len" => self.watch.slow.most = count,
            _ => self.options.timeout = number,
        }
        Ok(())
    }

    /// Sets the maximum number of clients, if the system has as many files.
    fn set_clients(&mut self, clients: usize) -> Done {
        let own = self.options.own_files;
        let files = rlimit::increase_nofile_limit(clients as u64 + own).unwrap_or(0);
        if files < clients as u64 + own {
            let most = files.saturating_sub(own);
            let why =
                format!("The operating system is not able to handle the specified number of clients, try with {most}");
            return Err(failed(b"maxclients", &why));
        }
        self.limits.clients = clients;
        if let Some(net) = &mut self.net {
            net.limits_mut().connections = clients;
        }
        Ok(())
    }
}

/// Parses a number of bytes, with or without a unit: `k` is 1000 and `kb` is 1024.
fn memory(text: &[u8]) -> Option<i64> {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    std::str::from_utf8(number).ok()?.parse::<i64>().ok()?.checked_mul(bytes)
}
