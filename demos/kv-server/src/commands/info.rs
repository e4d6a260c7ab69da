//! INFO: what the server counts.

use std::fmt::Write;

use nexus_rt::connections::Connections;
use nexus_rt::{Clock, Res};

use super::Done;
use crate::channels::Channels;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::{Client, Reply, Session};
use crate::settings::Settings;
use crate::stats::Stats;

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
                text.push_str("redis_version:7.0.15\r\nserver_name:kv-server\r\nredis_mode:standalone\r\n");
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
    client.reply().verbatim(&text);
    Ok(())
}
