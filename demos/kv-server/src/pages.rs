//! The server's measurements over HTTP: for Prometheus, as JSON, and as a page that draws them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use nexus_gauge::Board;
use nexus_rt::chain::ByReference;
use nexus_rt::connections::{
    Address, Client, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, EndedStats, Limits,
};
use nexus_rt::plan::{Plan, PlanFormat};
use nexus_rt::{BoxedPipeline, Clock, MioPoller, PipelineStart, Registry, World, WorldBuilder};
use serde_json::{Value, json};

use crate::commands::Specs;
use crate::http::{HttpRequest, Method, NotHttp, reply};
use crate::keys::Keys;
use crate::log::Log;
use crate::session::Session;
use crate::settings::{Options, Settings};
use crate::stats::Stats;
use crate::system;

/// Distinguishes the HTTP connections from those of clients.
#[derive(Debug)]
pub(crate) struct Pages;

/// Runs the HTTP requests.
pub(crate) type PagesPoller = ConnectionsPoller<(), HttpRequest, Pages>;

/// A client that requests pages.
pub(crate) type Visitor = Client<()>;

/// The page. It needs nothing but this server's replies.
const PAGE: &str = include_str!("page.html");

/// Listens for HTTP connections. There are few of them, and their requests are small.
pub(crate) fn open(builder: &mut WorldBuilder, io: &MioPoller, address: SocketAddr) -> io::Result<PagesPoller> {
    let mut limits = Limits::default();
    (limits.connections, limits.silent) = (100, Some(Duration::from_secs(60)));
    let pages = ConnectionsInstaller::<(), _>::new(io, HttpRequest::default())?.limits(limits).tagged::<Pages>();
    let mut pages = builder.install_driver(pages);
    let refused = PipelineStart::<Ended<NotHttp>>::new().with_context::<Visitor>();
    pages.on_ended(refused.then(refuse, builder.registry()).build());
    let connections = builder.resource_mut::<Connections<(), Pages>>();
    let listener = connections.listen(address)?;
    let Some(Address::Ip(address)) = connections.address(listener) else { return Err(io::ErrorKind::Other.into()) };
    builder.resource_mut::<Options>().metrics = Some(address);
    Ok(pages)
}

/// Returns the pipeline that answers requests.
pub(crate) fn answers(plan: Plan, reg: &Registry) -> BoxedPipeline<HttpRequest, (), Visitor, ByReference> {
    let serve = move |visitor: &mut Visitor, world: &mut World, asked: &_| serve(visitor, world, &plan, asked);
    PipelineStart::<&HttpRequest>::borrowed().with_context::<Visitor>().then(serve, reg).build().boxed()
}

/// Tells a client that its request is malformed.
fn refuse(client: &mut Visitor, why: Ended<NotHttp>) {
    if let Ended::Malformed(error) = why {
        reply(client.out(), &HttpRequest::unread(), ("400 Bad Request", TEXT), format!("{error}\n").as_bytes());
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers a request.
fn serve(client: &mut Visitor, world: &mut World, plan: &Plan, request: &HttpRequest) {
    let found = ("200 OK", "text/html; charset=utf-8");
    let out = client.out();
    match (request.method, request.path()) {
        (Method::Other, _) => {
            reply(out, request, ("405 Method Not Allowed", TEXT), b"only GET and HEAD are supported\n")
        }
        (_, b"/") => reply(out, request, found, PAGE.as_bytes()),
        (_, b"/metrics") => {
            count(world);
            let body = world.resource::<Board>().prometheus();
            reply(out, request, (found.0, "text/plain; version=0.0.4; charset=utf-8"), body.as_bytes());
        }
        (_, b"/metrics.json") => {
            let body = numbers(world).to_string();
            reply(out, request, (found.0, "application/json"), body.as_bytes());
        }
        (_, b"/plan.json") => {
            let mut plan = plan.clone();
            world.resource::<Board>().annotate(&mut plan);
            reply(out, request, (found.0, "application/json"), plan.render(PlanFormat::Json).as_bytes());
        }
        _ => reply(
            out,
            request,
            ("404 Not Found", TEXT),
            b"not found: the pages are /, /metrics, /metrics.json and /plan.json\n",
        ),
    }
    if request.closes {
        client.close("it asked for it");
    }
}

/// Copies the counters of the server and its drivers to the board.
fn count(world: &World) {
    let (board, stats, keys) = (world.resource::<Board>(), world.resource::<Stats>(), world.resource::<Keys>());
    let net = world.resource::<Connections<Session>>();
    let counted = net.stats();
    for (name, help, total) in [
        ("kv_requests", "Requests received.", counted.frames - stats.announced),
        ("kv_received_bytes", "Bytes received from clients.", counted.received),
        ("kv_sent_bytes", "Bytes sent to clients.", counted.sent),
        ("kv_connections", "Connections accepted.", counted.accepted),
        ("kv_refused", "Clients refused because there were too many.", counted.refused),
        ("kv_turns", "Turns of the loop.", stats.turns),
        ("kv_hits", "Reads that found their key.", stats.hits),
        ("kv_misses", "Reads that did not find their key.", stats.misses),
        ("kv_expired_keys", "Keys that expired.", stats.expired),
        ("kv_changes", "Changes of keys.", keys.changes()),
    ] {
        board.counter(name, help).set(total);
    }
    for (why, total) in ends(&counted.ended) {
        board.counter_with("kv_ended_connections", "Connections that ended, by reason.", &[("why", why)]).set(total);
    }
    for (name, help, value) in [
        ("kv_clients", "Connected clients.", stats.clients as u64),
        ("kv_keys", "Keys, including expired ones that are not removed yet.", keys.len() as u64),
        ("kv_memory_bytes", "Memory of keys and values.", keys.used() as u64),
        ("kv_resident_bytes", "Resident memory of the process.", system::memory().resident),
        ("kv_buffers_bytes", "Memory of unsent replies and unfinished requests.", counted.memory as u64),
        (
            "kv_unsent_bytes",
            "Bytes of replies that wait for their clients, or for their changes to be safe.",
            unsent(net),
        ),
    ] {
        board.gauge(name, help).set(value as f64);
    }
    if let Some(journal) = world.resource::<Log>().status() {
        for (name, help, value) in [
            ("kv_journal_sequence", "The sequence of the last change in the journal.", journal.last.get()),
            ("kv_journal_safe_sequence", "The sequence up to which every change is safe.", journal.safe.get()),
            ("kv_journal_bytes", "The size of the journal.", journal.bytes),
        ] {
            board.gauge(name, help).set(value as f64);
        }
        board.counter("kv_journal_compactions", "Compactions of the journal.").set(journal.compactions);
    }
}

/// Returns how connections ended: the name and the number of each kind.
fn ends(ended: &EndedStats) -> [(&'static str, u64); 10] {
    [
        ("finished", ended.finished),
        ("closed", ended.closed),
        ("malformed", ended.malformed),
        ("silent", ended.silent),
        ("stalled", ended.stalled),
        ("too_much", ended.too_much),
        ("lost", ended.lost),
        ("panicked", ended.panicked),
        ("drained", ended.drained),
        ("cut_off", ended.cut_off),
    ]
}

fn unsent(net: &Connections<Session>) -> u64 {
    net.iter().map(|client| client.unsent() as u64).sum()
}

/// Returns the numbers that the page draws.
fn numbers(world: &World) -> Value {
    let (board, stats, keys) = (world.resource::<Board>(), world.resource::<Stats>(), world.resource::<Keys>());
    let (clock, net) = (world.resource::<Clock>(), world.resource::<Connections<Session>>());
    // Of each command and subcommand since its counters were reset.
    let all = stats.all(board).into_iter().filter(|(_, counts, _)| counts.calls > 0);
    let commands = all.map(|(name, counts, taken)| {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| taken.quantile(share));
        json!({
            "name": name, "calls": counts.calls, "timed": taken.count(), "mean": taken.mean(),
            "p50": p50, "p99": p99, "p999": p999, "max": taken.max(),
        })
    });
    let commands: Vec<_> = commands.collect();
    // Of all commands since the start, like the number of requests.
    let mut latency: Vec<(u64, f64)> = bounds().map(|bound| (bound, 0.0)).collect();
    for meter in board.meters().iter().take(Specs::COUNT) {
        let taken = meter.latency();
        if meter.runs() == 0 {
            continue;
        }
        // Each timed request stands for all since the one before.
        let weight = meter.runs() as f64 / taken.count().max(1) as f64;
        let mut before = 0;
        for (bound, count) in &mut latency {
            let upto = taken.up_to(*bound);
            *count += (upto - before) as f64 * weight;
            before = upto;
        }
    }
    let journal = world.resource::<Log>().status();
    json!({
        "time_ms": clock.unix().as_millis() as u64,
        "uptime_s": clock.now().saturating_duration_since(world.resource::<Settings>().started).as_secs_f64(),
        "run": world.resource::<Options>().run_id,
        "requests": net.stats().frames - stats.announced,
        "clients": stats.clients,
        "keys": keys.len(),
        "memory": keys.used(),
        "resident": system::memory().resident,
        "unsent": unsent(net),
        "unsafe": journal.map(|journal| journal.last.get().saturating_sub(journal.safe.get())),
        "journal": journal.map(|journal| json!({ "last": journal.last.get(), "bytes": journal.bytes })),
        "latency": latency,
        "commands": commands,
    })
}

/// Returns four bounds for each power of two, from 64 ns to about a minute.
fn bounds() -> impl Iterator<Item = u64> {
    (6..36_u32).flat_map(|power| (4..8_u64).map(move |quarter| (quarter << power) >> 2))
}
