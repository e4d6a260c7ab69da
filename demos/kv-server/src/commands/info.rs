//! INFO: the state and the counters of the server.

use std::fmt::{Display, Write};

use nexus_gauge::Board;
use nexus_rt::connections::Connections;
use nexus_rt::{Clock, Param, Res};

use super::Done;
use super::connection::VERSION;
use crate::channels::Channels;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::log::Log;
use crate::request::Request;
use crate::session::{Client, Reply, Session};
use crate::settings::{Options, Settings};
use crate::shared::Shared;
use crate::stats::{CommandStats, Stats, Traffic};
use crate::system;

/// The sections returned if the request names none.
const DEFAULT: [&str; 11] = [
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "cpu",
    "modules",
    "errorstats",
    "cluster",
    "keyspace",
];

/// The resources that INFO reports on.
#[derive(Param)]
pub(super) struct Sources<'w> {
    stats: Res<'w, Stats>,
    keys: Res<'w, Keys>,
    channels: Res<'w, Channels>,
    settings: Res<'w, Settings>,
    options: Res<'w, Options>,
    limits: Res<'w, Limits>,
    log: Res<'w, Log>,
    shared: Res<'w, Shared>,
    board: Res<'w, Board>,
    clock: Res<'w, Clock>,
    net: Option<Res<'w, Connections<Session>>>,
}

/// The text, and the requested sections.
struct Text {
    out: String,
    asked: Vec<String>,
}

impl Text {
    fn asks(&self, section: &str) -> bool {
        let all = |word: &str| self.asked.iter().any(|asked| asked == word);
        let by_default = DEFAULT.contains(&section);
        all(section) || all("everything") || all("all") && section != "modules" || by_default && all("default")
    }

    /// Begins a section, if it is requested. Returns whether it is.
    fn section(&mut self, name: &str) -> bool {
        let asks = self.asks(&name.to_lowercase());
        if asks {
            let end = if self.out.is_empty() { "" } else { "\r\n" };
            write!(self.out, "{end}# {name}\r\n").expect("a string takes what is written");
        }
        asks
    }

    fn line(&mut self, name: &str, value: impl Display) {
        write!(self.out, "{name}:{value}\r\n").expect("a string takes what is written");
    }

    fn lines(&mut self, lines: &[(&str, u64)]) {
        lines.iter().for_each(|(name, value)| self.line(name, value));
    }

    /// Writes a number of bytes, and the number in a readable form.
    fn bytes(&mut self, name: &str, bytes: u64) {
        self.line(name, bytes);
        let human = match bytes {
            ..1024 => format!("{bytes}B"),
            1024..0x10_0000 => format!("{:.2}K", bytes as f64 / 1024.0),
            0x10_0000..0x4000_0000 => format!("{:.2}M", bytes as f64 / f64::from(1 << 20)),
            _ => format!("{:.2}G", bytes as f64 / f64::from(1 << 30)),
        };
        self.line(&format!("{name}_human"), human);
    }
}

pub(super) fn info(client: &mut Client, sources: Sources<'_>, request: &Request) -> Done {
    let mut asked: Vec<_> = request.from(1).map(|name| String::from_utf8_lossy(name).to_lowercase()).collect();
    if asked.is_empty() {
        asked.push("default".into());
    }
    let mut text = Text { out: String::new(), asked };
    sources.server(&mut text);
    sources.clients(&mut text);
    sources.memory(&mut text);
    persistence(&mut text, &sources);
    sources.traffic(&mut text);
    replication(&mut text, &sources);
    cpu(&mut text);
    _ = text.section("Modules");
    sources.commands(&mut text);
    sources.latencies(&mut text);
    if text.section("Cluster") {
        text.line("cluster_enabled", u8::from(sources.shared.options.shard.is_some()));
    }
    sources.keyspace(&mut text);
    client.reply().verbatim(&text.out);
    Ok(())
}

/// Returns the traffic since counting began.
pub(crate) fn traffic(net: Option<&Connections<Session>>, stats: &Stats) -> Traffic {
    let requests = stats.calls();
    let Some(net) = net.map(Connections::stats) else { return Traffic { requests, ..Traffic::default() } };
    Traffic { requests, refused: net.refused, received: net.received, sent: net.sent }
}

impl Sources<'_> {
    fn server(&self, text: &mut Text) {
        if !text.section("Server") {
            return;
        }
        let uptime = self.shared.machine_now(&self.clock).saturating_duration_since(self.settings.started).as_secs();
        text.line("redis_version", VERSION);
        text.line("redis_git_sha1", "00000000");
        text.line("redis_git_dirty", 0);
        text.line("redis_build_id", 0);
        text.line("server_name", "kv-server");
        text.line("redis_mode", self.shared.mode());
        text.line("os", system::name());
        text.line("arch_bits", usize::BITS);
        text.line("multiplexing_api", "epoll");
        text.line("process_id", std::process::id());
        text.line("process_supervised", "no");
        text.line("run_id", &self.options.run_id);
        text.line("tcp_port", self.settings.address.port());
        text.line("server_time_usec", self.clock.unix().as_micros());
        text.line("uptime_in_seconds", uptime);
        text.line("uptime_in_days", uptime / 86_400);
        let executable = std::env::current_exe().unwrap_or_default();
        text.line("executable", executable.display());
        text.line("config_file", "");
        text.line("io_threads_active", 0);
    }

    fn clients(&self, text: &mut Text) {
        if text.section("Clients") {
            text.lines(&[
                ("connected_clients", self.stats.clients as u64),
                ("cluster_connections", 0),
                ("maxclients", self.limits.clients as u64),
                ("client_recent_max_input_buffer", 0),
                ("client_recent_max_output_buffer", 0),
                ("blocked_clients", 0),
                ("tracking_clients", 0),
                ("clients_in_timeout_table", 0),
            ]);
        }
    }

    fn memory(&self, text: &mut Text) {
        if !text.section("Memory") {
            return;
        }
        let buffers = self.net.as_ref().map_or(0, |net| net.stats().memory as u64);
        let (data, startup) = (self.keys.used() as u64, self.options.startup);
        let used = startup + data + buffers;
        let memory = system::memory();
        text.bytes("used_memory", used);
        text.bytes("used_memory_rss", memory.resident);
        let peak = used.max(startup + self.stats.rates.peak as u64);
        text.bytes("used_memory_peak", peak);
        text.line("used_memory_peak_perc", format_args!("{:.2}%", 100.0 * used as f64 / peak.max(1) as f64));
        text.lines(&[
            ("used_memory_overhead", startup + buffers),
            ("used_memory_startup", startup),
            ("used_memory_dataset", data),
        ]);
        text.bytes("total_system_memory", memory.total);
        text.bytes("used_memory_lua", 0);
        text.bytes("used_memory_scripts", 0);
        text.bytes("maxmemory", if self.limits.memory == usize::MAX { 0 } else { self.limits.memory as u64 });
        text.line("maxmemory_policy", "noeviction");
        text.line("mem_fragmentation_ratio", format_args!("{:.2}", memory.resident as f64 / used.max(1) as f64));
        text.line(
            "mem_fragmentation_bytes",
            i64::try_from(memory.resident).unwrap_or(i64::MAX).saturating_sub_unsigned(used),
        );
        text.lines(&[
            ("mem_not_counted_for_evict", 0),
            ("mem_replication_backlog", 0),
            ("mem_clients_slaves", 0),
            ("mem_clients_normal", buffers),
            ("mem_aof_buffer", 0),
        ]);
        text.line("mem_allocator", "system");
        text.lines(&[("active_defrag_running", 0), ("lazyfree_pending_objects", 0), ("lazyfreed_objects", 0)]);
    }

    fn traffic(&self, text: &mut Text) {
        if !text.section("Stats") {
            return;
        }
        let (stats, before) = (&*self.stats, self.stats.before);
        let traffic = traffic(self.net.as_deref(), stats);
        let [requests, received, sent] = stats.rates.per_second(self.shared.machine_now(&self.clock), traffic);
        let [hits, misses, expired] = stats.keys();
        let errors = stats.errors.values().sum();
        text.line("total_connections_received", stats.connections - stats.connections_before);
        text.line("total_commands_processed", traffic.requests - before.requests);
        text.line("instantaneous_ops_per_sec", requests.round());
        text.line("total_net_input_bytes", traffic.received - before.received);
        text.line("total_net_output_bytes", traffic.sent - before.sent);
        text.line("instantaneous_input_kbps", format_args!("{:.2}", received / 1024.0));
        text.line("instantaneous_output_kbps", format_args!("{:.2}", sent / 1024.0));
        text.lines(&[
            ("rejected_connections", traffic.refused - before.refused),
            ("client_cut_offs", stats.cut_off),
            ("sync_full", 0),
            ("sync_partial_ok", 0),
            ("sync_partial_err", 0),
            ("expired_keys", expired),
            ("evicted_keys", 0),
            ("evicted_clients", 0),
            ("eventloop_cycles", stats.turns),
            ("keyspace_hits", hits),
            ("keyspace_misses", misses),
            ("pubsub_channels", self.channels.len() as u64),
            ("pubsub_patterns", self.channels.patterns() as u64),
            ("pubsubshard_channels", self.channels.subscribers(true).len() as u64),
            ("latest_fork_usec", 0),
            ("total_forks", 0),
            ("migrate_cached_sockets", 0),
            ("slave_expires_tracked_keys", 0),
            ("active_defrag_hits", 0),
            ("active_defrag_misses", 0),
            ("active_defrag_key_hits", 0),
            ("active_defrag_key_misses", 0),
            ("tracking_total_keys", 0),
            ("tracking_total_items", 0),
            ("tracking_total_prefixes", 0),
            ("unexpected_error_replies", 0),
            ("total_error_replies", errors),
        ]);
    }

    fn commands(&self, text: &mut Text) {
        let stats = &*self.stats;
        if text.section("Commandstats") {
            for (name, CommandStats { calls, rejected, failed }, latency) in stats.all(&self.board) {
                if calls + rejected == 0 {
                    continue;
                }
                // Usually quick commands are sampled; the calls in between are assumed to take as long.
                let each = latency.mean() / 1e3;
                let micros = (each * calls as f64).round();
                text.line(
                    &format!("cmdstat_{name}"),
                    format_args!(
                        "calls={calls},usec={micros},usec_per_call={each:.2},rejected_calls={rejected},\
                         failed_calls={failed}"
                    ),
                );
            }
        }
        if text.section("Errorstats") {
            for (code, count) in &stats.errors {
                text.line(&format!("errorstat_{code}"), format_args!("count={count}"));
            }
        }
    }

    /// Writes how long commands took.
    fn latencies(&self, text: &mut Text) {
        if !text.section("Latencystats") {
            return;
        }
        for (name, _, latency) in self.stats.all(&self.board) {
            if latency.count() > 0 {
                let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| latency.quantile(share) as f64 / 1e3);
                let name = format!("latency_percentiles_usec_{name}");
                text.line(&name, format_args!("p50={p50:.3},p99={p99:.3},p99.9={p999:.3}"));
            }
        }
    }

    fn keyspace(&self, text: &mut Text) {
        let keys = &self.keys;
        if text.section("Keyspace") && !keys.is_empty() {
            text.line("db0", format_args!("keys={},expires={},avg_ttl=0", keys.len(), keys.expiring()));
        }
    }
}

/// Writes the section on persistence. There is no RDB file, and the AOF fields describe the journal.
fn persistence(text: &mut Text, sources: &Sources<'_>) {
    if !text.section("Persistence") {
        return;
    }
    let up = sources.clock.now().saturating_duration_since(sources.settings.started);
    let started = sources.clock.unix().saturating_sub(up).as_secs();
    text.lines(&[
        ("loading", 0),
        ("async_loading", 0),
        ("rdb_changes_since_last_save", 0),
        ("rdb_bgsave_in_progress", 0),
        ("rdb_last_save_time", started),
    ]);
    text.line("rdb_last_bgsave_status", "ok");
    text.line("rdb_last_bgsave_time_sec", -1);
    text.line("rdb_current_bgsave_time_sec", -1);
    let log = sources.log.status();
    let (enabled, compacts) = (log.is_some(), log.is_some_and(|log| log.compacts));
    text.lines(&[("aof_enabled", enabled.into()), ("aof_rewrite_in_progress", compacts.into())]);
    text.line("aof_rewrite_scheduled", 0);
    text.line("aof_last_rewrite_time_sec", -1);
    text.line("aof_current_rewrite_time_sec", -1);
    text.line("aof_last_bgrewrite_status", if log.is_some_and(|log| log.failed) { "err" } else { "ok" });
    text.line("aof_last_write_status", "ok");
    if let Some(log) = log {
        text.lines(&[("aof_current_size", log.bytes), ("aof_base_size", log.base)]);
        // Not in Redis: the number of changes in the life of the journal, and how many of them are safe.
        text.lines(&[("journal_sequence", log.last.get()), ("journal_safe", log.safe.get())]);
        text.line("journal_compactions", log.compactions);
    }
}

/// Writes the section on replication. There are no replicas.
fn replication(text: &mut Text, sources: &Sources<'_>) {
    if !text.section("Replication") {
        return;
    }
    text.line("role", "master");
    text.line("connected_slaves", 0);
    text.line("master_failover_state", "no-failover");
    text.line("master_replid", &sources.options.run_id);
    text.line("master_replid2", "0".repeat(40));
    text.line("master_repl_offset", 0);
    text.line("second_repl_offset", -1);
    text.lines(&[
        ("repl_backlog_active", 0),
        ("repl_backlog_size", 0),
        ("repl_backlog_first_byte_offset", 0),
        ("repl_backlog_histlen", 0),
    ]);
    let Some(log) = sources.shared.status() else { return };
    // Not in Redis: the log that servers share.
    let (checked, digest) = log.checked.unwrap_or_default();
    text.line("log_node", &log.node);
    text.lines(&[("log_connected", log.connected.into()), ("log_position", log.position), ("log_lag", log.lag)]);
    text.line("log_waiting", log.waiting);
    text.line("log_checked", checked);
    text.line("log_digest", format_args!("{digest:016x}"));
}

fn cpu(text: &mut Text) {
    if text.section("CPU") {
        let [user, system] = system::processor_seconds();
        for (name, seconds) in [
            ("used_cpu_sys", system),
            ("used_cpu_user", user),
            ("used_cpu_sys_children", 0.0),
            ("used_cpu_user_children", 0.0),
            ("used_cpu_sys_main_thread", system),
            ("used_cpu_user_main_thread", user),
        ] {
            text.line(name, format_args!("{seconds:.6}"));
        }
    }
}
