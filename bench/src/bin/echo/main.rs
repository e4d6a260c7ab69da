//! Echo servers: processor time of the server's thread per message, and allocations per message.
//!
//! `cargo run --release --bin echo` echoes bytes, on this library's mio driver, on raw `mio`, on the driver of nexus-rt
//! 2.5.1, and on calloop. With `-- --lines` it echoes lines, on this library's connections driver, hand-written on raw
//! `mio`, on tokio, and hand-written on calloop. Clients run on a thread of their own, on another core. The servers
//! take turns, round by round, in one process.

mod clients;
mod lines;
mod servers;
mod stream;
mod workload;

use std::hint::black_box;

use bench::harness::{Budget, Measured, Timed};
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};

use clients::Clients;
use servers::Server;
use stream::Transport;
use workload::Workload;

/// Times echo servers: the processor time of the server's thread per message.
#[derive(Parser)]
struct Args {
    /// Rounds per row; each server runs once in each
    #[arg(long, default_value_t = 101)]
    rounds: usize,

    /// Messages per round and server
    #[arg(long, default_value_t = 4_000)]
    messages: u64,

    /// How many connections are served at once, a row each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 128])]
    connections: Vec<u64>,

    /// What they are connected by
    #[arg(long, value_delimiter = ',', default_values_t = [Transport::Tcp, Transport::Unix], value_enum)]
    transports: Vec<Transport>,

    /// Echo lines
    #[arg(long)]
    lines: bool,

    /// How many lines are sent at once, a row each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16])]
    at_once: Vec<u64>,

    /// Only servers whose name contains one of these, beside the first
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,

    /// Only check that all servers echo bytes and lines, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

impl Args {
    fn workloads(&self) -> Vec<Workload> {
        let lines = self.at_once.iter().map(|count| Workload::Lines(*count));
        let bytes = (!self.lines || self.check).then_some(Workload::Bytes);
        bytes.into_iter().chain(lines.filter(|_| self.lines || self.check)).collect()
    }
}

fn main() {
    let args = Args::parse();
    pin(0);
    let what = if args.lines { "line of 32 bytes" } else { "message of 64 bytes" };
    let title = format!("echo server: processor time of the server's thread per {what}");
    let mut report = Report { title, unit: "ns", rows: Vec::new() };
    let mut allocated = Vec::new();
    for workload in args.workloads() {
        for transport in &args.transports {
            for connections in &args.connections {
                let (row, allocations) = compare(&args, workload, *transport, *connections);
                allocated.push((row.row.clone(), allocations));
                if !args.check {
                    args.output.add(&mut report, row);
                }
            }
        }
    }
    if args.check {
        println!("all servers echo every message");
        return;
    }
    let what = if args.lines { "lines" } else { "messages" };
    let allocated = allocations_table(what, &allocated);
    args.output.finish(&report, if args.lines { "lines" } else { "echo" }, &allocated);
}

/// The number of allocations of each server.
type Allocations = Vec<(&'static str, f64)>;

/// Formats the table below the times: one row per measured row, one column per server.
fn allocations_table(what: &str, rows: &[(String, Allocations)]) -> String {
    let servers = rows.first().map_or(&[][..], |(_, allocations)| allocations);
    let mut text = format!("| allocations per 1000 {what} |");
    servers.iter().for_each(|(server, _)| text += &format!(" {server} |"));
    text += &format!("\n|---|{}\n", "--:|".repeat(servers.len()));
    for (row, allocations) in rows {
        text += &format!("| {row} |");
        allocations.iter().for_each(|(_, count)| text += &format!(" {count:.0} |"));
        text.push('\n');
    }
    text
}

/// Returns the budgets of a row.
fn budgets(workload: Workload, transport: Transport) -> Vec<Budget> {
    let budget = |against, at_most| Budget { against, at_most, or_more: 0.0 };
    if workload == Workload::Bytes {
        return vec![budget("raw mio", 1.05), budget("2.5.1", 0.8)];
    }
    let tokio = if transport == Transport::Tcp { 0.95 } else { 0.85 };
    vec![budget("by hand", 1.05), budget("tokio", tokio), budget("tokio, one flush", tokio)]
}

/// Measures a row, and the allocations of each server.
fn compare(args: &Args, workload: Workload, transport: Transport, connections: u64) -> (Measured, Allocations) {
    let all = if workload == Workload::Bytes { servers::all } else { lines::all };
    let mut servers = all(transport);
    let wanted = |name: &str| args.servers.is_empty() || args.servers.iter().any(|part| name.contains(part));
    servers.retain(|(name, _)| *name == "ours" || wanted(name));
    let clients =
        servers.iter_mut().map(|(_, server)| (0..connections).map(|_| server.connect(transport)).collect()).collect();
    let clients = Clients::start(workload, clients);
    let rounds = if args.check { 1 } else { args.rounds };
    let at_once = connections * workload.messages();
    let sweeps = (args.messages / at_once).max(1);
    let messages = (sweeps * at_once) as f64;
    let bytes = sweeps * connections * workload.bytes(0).len() as u64;
    let mut timed: Vec<_> = servers.iter().map(|(name, _)| Timed::new(name, Vec::new())).collect();
    const WARM_UP: usize = 2;
    for round in 0..rounds + WARM_UP {
        for turn in 0..servers.len() {
            let place = (turn + round) % servers.len();
            let server = &mut *servers[place].1;
            let ns = serve(server, &clients, (place, sweeps), bytes);
            if round >= WARM_UP {
                timed[place].rounds.push(ns / messages);
            }
        }
    }
    let allocations = servers.iter_mut().enumerate().map(|(place, (name, server))| {
        let counted = allocation_counter::measure(|| _ = serve(&mut **server, &clients, (place, sweeps), bytes));
        (*name, counted.count_total as f64 / messages * 1_000.0)
    });
    let allocations = allocations.collect();
    clients.stop();
    let group = if workload == Workload::Bytes { "echo server" } else { "echo server of lines" };
    let row = name(workload, transport, connections);
    (Measured { group: group.into(), row, timed, budgets: budgets(workload, transport) }, allocations)
}

fn name(workload: Workload, transport: Transport, connections: u64) -> String {
    let over = if transport == Transport::Tcp { "TCP" } else { "a Unix socket" };
    let many = if connections == 1 { "" } else { "s" };
    let (what, at_once) = match workload {
        Workload::Bytes => ("echo", String::new()),
        Workload::Lines(1) => ("lines", String::new()),
        Workload::Lines(count) => ("lines", format!(", {count} at once")),
    };
    format!("{what} over {over}, {connections} connection{many}{at_once}")
}

/// Lets the clients of a server send, and serves them. Returns the processor time of this thread in nanoseconds.
fn serve(server: &mut dyn Server, clients: &Clients, (place, sweeps): (usize, u64), bytes: u64) -> f64 {
    let end = server.echoed() + bytes;
    let before = processor_ns();
    clients.send(place, sweeps);
    server.serve(end);
    let taken = processor_ns() - before;
    black_box(&server);
    clients.wait();
    assert_eq!(server.echoed(), end, "the clients sent what was not asked for");
    taken
}

fn processor_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
