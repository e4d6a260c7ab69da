//! An echo server on this library's mio driver, on raw `mio`, on the driver of nexus-rt 2.5.1, and on calloop:
//! processor time of the server's thread per message, and allocations per message.
//!
//! `cargo run --release --bin echo`. Clients live on a thread of their own, on another core. The servers take turns
//! round by round in one process; all of them read and write by the same function.

mod clients;
mod servers;
mod stream;

use std::hint::black_box;

use bench::harness::{Budget, Measured, Timed};
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};

use clients::Clients;
use servers::Server;
use stream::{Transport, connect};

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

    /// Only check that all servers echo, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

/// The bytes of a message.
const MESSAGE: usize = 64;

/// Beginning with what a budget is for.
const BUDGETS: [Budget; 2] = [
    Budget { against: "raw mio", at_most: 1.05, or_more: 0.0 },
    Budget { against: "2.5.1", at_most: 0.8, or_more: 0.0 },
];

fn main() {
    let args = Args::parse();
    pin(0);
    let unit = "ns";
    let title = "echo server: processor time of the server's thread per message of 64 bytes".into();
    let mut report = Report { title, unit, rows: Vec::new() };
    let mut allocated = Vec::new();
    for transport in &args.transports {
        for connections in &args.connections {
            let (row, allocations) = compare(&args, *transport, *connections);
            allocated.push(format!("{}: {}", row.row, allocations.join(", ")));
            if !args.check {
                args.output.add(&mut report, row);
            }
        }
    }
    if args.check {
        println!("all servers echo every message");
        return;
    }
    let allocated = format!("Allocations per 1000 messages. {}.\n", allocated.join("; "));
    args.output.finish(&report, "echo", &allocated);
}

/// A row, and what each server allocates.
fn compare(args: &Args, transport: Transport, connections: u64) -> (Measured, Vec<String>) {
    let mut servers = servers::all();
    let clients = servers.iter_mut().map(|(_, server)| {
        let connected = (0..connections).map(|_| {
            let (stream, client) = connect(transport).expect("there are files left");
            server.take(stream);
            client
        });
        connected.collect()
    });
    let clients = Clients::start(clients.collect());
    let rounds = if args.check { 1 } else { args.rounds };
    let sweeps = (args.messages / connections).max(1);
    let messages = (sweeps * connections) as f64;
    let mut timed: Vec<_> = servers.iter().map(|(name, _)| Timed::new(name, Vec::new())).collect();
    const WARM_UP: usize = 2;
    for round in 0..rounds + WARM_UP {
        for turn in 0..servers.len() {
            let place = (turn + round) % servers.len();
            let server = &mut *servers[place].1;
            let ns = serve(server, &clients, place, sweeps, connections);
            if round >= WARM_UP {
                timed[place].rounds.push(ns / messages);
            }
        }
    }
    let allocations = servers.iter_mut().enumerate().map(|(place, (name, server))| {
        let counted = allocation_counter::measure(|| _ = serve(&mut **server, &clients, place, sweeps, connections));
        format!("{name} {:.0}", counted.count_total as f64 / messages * 1_000.0)
    });
    let allocations = allocations.collect();
    clients.stop();
    let over = if transport == Transport::Tcp { "TCP" } else { "a Unix socket" };
    let name = format!("echo over {over}, {connections} connection{}", if connections == 1 { "" } else { "s" });
    (Measured { group: "echo server".into(), row: name, timed, budgets: BUDGETS.into() }, allocations)
}

/// Lets the clients of a server send, serves them, and gives the processor time of this thread in nanoseconds.
fn serve(server: &mut dyn Server, clients: &Clients, place: usize, sweeps: u64, connections: u64) -> f64 {
    let end = server.echoed() + sweeps * connections * MESSAGE as u64;
    let before = processor_ns();
    clients.send(place, sweeps);
    while server.echoed() < end {
        server.poll();
    }
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
