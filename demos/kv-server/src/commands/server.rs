//! INFO, CONFIG, COMMAND and SHUTDOWN: what is about the server.

use std::fmt::Write;

use nexus_rt::connections::Connections;
use nexus_rt::{Clock, Res, Shutdown};

use super::Done;
use super::spec::{self, Spec, Specs};
use crate::channels::Channels;
use crate::error::CommandError;
use crate::glob;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::replies::Replies;
use crate::request::Request;
use crate::session::Reply;
use crate::session::{Client, LEAVES, Session};
use crate::settings::Settings;
use crate::stats::Stats;

pub(super) fn shutdown(client: &mut Client, shutdown: Res<Shutdown>, request: &Request) -> Done {
    let known =
        |option: &[u8]| [&b"nosave"[..], b"save", b"now", b"force"].contains(&option.to_ascii_lowercase().as_slice());
    if !request.from(1).all(known) {
        return Err(CommandError::Syntax);
    }
    client.close(LEAVES);
    shutdown.shutdown();
    Ok(())
}

pub(super) fn config(client: &mut Client, settings: Res<Settings>, limits: Res<Limits>, request: &Request) -> Done {
    match request.get(1).to_ascii_lowercase().as_slice() {
        b"get" if request.len() > 2 => {}
        b"get" => return Err(CommandError::Arity("config|get")),
        _ => {
            let name = request.get(1).into();
            return Err(CommandError::UnknownSubcommand { name, of: "CONFIG" });
        }
    }
    let memory = if limits.memory == usize::MAX { 0 } else { limits.memory };
    let all = [
        ("appendonly", "no".to_owned()),
        ("bind", settings.address.ip().to_string()),
        ("databases", "1".to_owned()),
        ("maxclients", limits.clients.to_string()),
        ("maxmemory", memory.to_string()),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("port", settings.address.port().to_string()),
        ("proto-max-bulk-len", limits.request.argument.to_string()),
        ("save", String::new()),
        ("timeout", "0".to_owned()),
    ];
    let asked =
        |name: &str| request.from(2).any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes()));
    let found: Vec<_> = all.iter().filter(|(name, _)| asked(name)).collect();
    let mut replies = client.reply();
    replies.map(found.len());
    for (name, value) in found {
        replies.bulk(name.as_bytes());
        replies.bulk(value.as_bytes());
    }
    Ok(())
}

pub(super) fn command(client: &mut Client, specs: Res<Specs>, request: &Request) -> Done {
    let replies = &mut client.reply();
    let subcommand = request.from(1).next().map(<[u8]>::to_ascii_lowercase);
    match (subcommand.as_deref(), request.len()) {
        (None, _) => {
            replies.array(spec::ALL.len());
            spec::ALL.iter().for_each(|spec| describe(replies, spec));
        }
        (Some(b"count"), 2) => replies.count(spec::ALL.len()),
        (Some(b"list"), 2) => {
            replies.array(spec::ALL.len());
            spec::ALL.iter().for_each(|spec| replies.bulk(spec.name.as_bytes()));
        }
        (Some(b"info"), 3..) => {
            replies.array(request.len() - 2);
            for name in request.from(2) {
                match specs.find(name) {
                    Some((_, spec)) => describe(replies, spec),
                    None => replies.raw(b"*-1\r\n"),
                }
            }
        }
        // There are none; clients show names instead.
        (Some(b"docs"), _) => replies.array(0),
        _ => {
            let name = request.get(1).into();
            return Err(CommandError::UnknownSubcommand { name, of: "COMMAND" });
        }
    }
    Ok(())
}

/// What clients want to know of a command, in the ten elements of Redis 7.
fn describe(replies: &mut Replies<'_>, spec: &Spec) {
    replies.array(10);
    replies.bulk(spec.name.as_bytes());
    replies.integer(spec.arity.into());
    replies.array(spec.flags.len());
    spec.flags.iter().for_each(|flag| replies.simple(flag));
    replies.integer(spec.keys.0.into());
    replies.integer(spec.keys.1.into());
    replies.integer(spec.step.into());
    // Categories, tips, key specifications, subcommands.
    (0..4).for_each(|_| replies.array(0));
}

pub(super) fn info(
    client: &mut Client,
    stats: Res<Stats>,
    keys: Res<Keys>,
    channels: Res<Channels>,
    settings: Res<Settings>,
    limits: Res<Limits>,
    clock: Res<Clock>,
    net: Option<Res<Connections<Session>>>,
    request: &Request,
) -> Done {
    let asked: Vec<String> = request.from(1).map(|name| String::from_utf8_lossy(name).to_lowercase()).collect();
    let everything =
        asked.is_empty() || asked.iter().any(|name| ["all", "default", "everything"].contains(&name.as_str()));
    let mut text = String::new();
    let mut section = |name: &str, lines: &[(&str, u64)]| {
        if everything || asked.contains(&name.to_lowercase()) {
            let end = if text.is_empty() { "" } else { "\r\n" };
            write!(text, "{end}# {name}\r\n").expect("a string takes what is written");
            if name == "Server" {
                text.push_str("redis_version:7.0.0\r\nserver_name:kv-server\r\nredis_mode:standalone\r\n");
            }
            for (name, value) in lines {
                write!(text, "{name}:{value}\r\n").expect("a string takes what is written");
            }
        }
    };
    let count = |count: usize| count as u64;
    let uptime = clock.now().saturating_duration_since(settings.started).as_secs();
    let port = u64::from(settings.address.port());
    section("Server", &[("process_id", std::process::id().into()), ("tcp_port", port), ("uptime_in_seconds", uptime)]);
    section("Clients", &[("connected_clients", count(stats.clients)), ("maxclients", count(limits.clients))]);
    let memory = if limits.memory == usize::MAX { 0 } else { limits.memory };
    section("Memory", &[("used_memory", count(keys.used())), ("maxmemory", count(memory))]);
    let lines = [
        ("total_connections_received", stats.connections),
        ("total_commands_processed", net.as_ref().map_or(0, |net| net.stats().frames)),
        ("rejected_connections", net.as_ref().map_or(0, |net| net.stats().refused)),
        ("client_cut_offs", stats.cut_off),
        ("expired_keys", stats.expired),
        ("eventloop_cycles", stats.turns),
        ("keyspace_hits", stats.hits),
        ("keyspace_misses", stats.misses),
        ("pubsub_channels", count(channels.len())),
    ];
    section("Stats", &lines);
    section("Keyspace", &[]);
    if text.ends_with("# Keyspace\r\n") && !keys.is_empty() {
        write!(text, "db0:keys={},expires={},avg_ttl=0\r\n", keys.len(), keys.expiring()).expect("a string");
    }
    client.reply().bulk(text.as_bytes());
    Ok(())
}
