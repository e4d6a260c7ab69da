//! Measurements: INFO, LATENCY, the metrics for Prometheus, the page, and a loop that does not turn.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::tempdir;

use crate::redis::Redis;
use crate::support::{Client, LONG, Reply, Server, until};

/// Starts a server with metrics, and returns their address.
fn measured() -> (Server, SocketAddr) {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let url = server.banner.lines().last().unwrap().strip_prefix("  metrics: http://").unwrap();
    let address = url.strip_suffix('/').unwrap().parse().unwrap();
    (server, address)
}

/// Sends bytes, and returns everything received until the end.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    text
}

/// Returns the body of a page.
fn page(address: SocketAddr, path: &str) -> String {
    let text = exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    body.to_owned()
}

fn load(server: &Server) {
    let mut client = server.client();
    for n in 0..1_000 {
        client.ask(&["SET", &format!("key {}", n % 50), "value"]);
        client.ask(&["GET", &format!("key {}", n % 70)]);
    }
    client.ask(&["KEYS", "*"]);
}

#[test]
fn info_and_latency_come_from_the_same_histograms() {
    let server = Server::start(&[]);
    load(&server);
    let mut client = server.client();
    let Reply::Bulk(Some(text)) = client.ask(&["INFO", "commandstats", "latencystats"]) else { panic!("INFO is text") };
    let text = String::from_utf8(text).unwrap();
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{text}"));
    let field = |line: &str, name: &str| {
        let value = line.split(',').find_map(|field| field.strip_prefix(&format!("{name}="))).unwrap();
        value.parse::<f64>().unwrap()
    };
    for (name, calls) in [("get", 1_000.0), ("set", 1_000.0), ("keys", 1.0)] {
        let counts = line(&format!("cmdstat_{name}:"));
        assert_eq!(field(counts, "calls"), calls, "{counts}");
        assert!(field(counts, "usec_per_call") > 0.0, "{counts}");
        let shares = line(&format!("latency_percentiles_usec_{name}:"));
        let [p50, p99, p999] = ["p50", "p99", "p99.9"].map(|share| field(shares, share));
        assert!(0.0 < p50 && p50 <= p99 && p99 <= p999, "{shares}");
    }
    assert!(!text.contains("latency_percentiles_usec_mget"), "it did not run");
    let Reply::Array(Some(histogram)) = client.ask(&["LATENCY", "HISTOGRAM", "get", "nonsense"]) else {
        panic!("a list")
    };
    let [Reply::Bulk(Some(name)), Reply::Array(Some(rows))] = &histogram[..] else { panic!("{histogram:?}") };
    let [_, Reply::Integer(1_000), _, Reply::Array(Some(buckets))] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&name[..], buckets.last()), (&b"get"[..], Some(&Reply::Integer(1_000))));
    client.ask(&["CONFIG", "RESETSTAT"]);
    assert_eq!(client.ask(&["LATENCY", "HISTOGRAM", "get"]), Reply::Array(Some(Vec::new())));
}

/// Returns the calls of some commands, by LATENCY HISTOGRAM and by the last count of each.
fn histogram(client: &mut Client, names: &[&str]) -> BTreeMap<String, (i64, i64)> {
    let Reply::Array(Some(rows)) = client.ask(&[&["LATENCY", "HISTOGRAM"], names].concat()) else { panic!("a list") };
    let row = |row: &[Reply]| {
        let [Reply::Bulk(Some(name)), Reply::Array(Some(fields))] = row else { panic!("{row:?}") };
        let [_, Reply::Integer(calls), _, Reply::Array(Some(counts))] = &fields[..] else { panic!("{fields:?}") };
        let Some(Reply::Integer(last)) = counts.last() else { panic!("{counts:?}") };
        (String::from_utf8(name.clone()).unwrap(), (*calls, *last))
    };
    rows.chunks(2).map(row).collect()
}

#[test]
fn subcommands_are_counted_and_timed_each_by_itself() {
    let (server, address) = measured();
    let run = |client: &mut Client| {
        (0..3).for_each(|_| _ = client.ask(&["CONFIG", "GET", "port"]));
        (0..2).for_each(|_| _ = client.ask(&["CLIENT", "ID"]));
        client.ask(&["COMMAND", "COUNT"]);
        client.ask(&["COMMAND"]);
        let found = histogram(client, &["config", "client|id", "CLIENT|LIST", "command"]);
        let Reply::Bulk(Some(text)) = client.ask(&["INFO", "latencystats"]) else { panic!("INFO is text") };
        for name in ["config|get", "client|id", "command"] {
            let line = format!("latency_percentiles_usec_{name}:p50=");
            assert!(String::from_utf8_lossy(&text).contains(&line), "{}", String::from_utf8_lossy(&text));
        }
        found
    };
    let mut client = server.client();
    let found = run(&mut client);
    let expected = [("client|id", 2), ("command", 1), ("command|count", 1), ("config|get", 3)];
    assert_eq!(found, expected.map(|(name, calls)| (name.to_owned(), (calls, calls))).into());
    if let Some(redis) = Redis::start(&[]) {
        assert_eq!(found, run(&mut Client::connect(redis.address)));
    }
    let commands = || {
        let numbers: serde_json::Value = serde_json::from_str(&page(address, "/metrics.json")).unwrap();
        let rows = numbers["commands"].as_array().unwrap();
        let counts = |row: &serde_json::Value| (row["calls"].as_u64().unwrap(), row["timed"].as_u64().unwrap());
        rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), counts(row))).collect::<BTreeMap<_, _>>()
    };
    (0..100).for_each(|_| _ = client.ask(&["GET", "none"]));
    let before = commands();
    assert_eq!((before["config|get"], before["command"], before.get("config")), ((3, 3), (1, 1), None));
    client.ask(&["CONFIG", "RESETSTAT"]);
    client.ask(&["CLIENT", "ID"]);
    assert_eq!(
        commands(),
        BTreeMap::from(
            [("client|id", (1, 1)), ("config|resetstat", (1, 1))].map(|(name, counts)| (name.to_owned(), counts))
        )
    );
}

#[test]
fn numbers_are_what_prometheus_takes() {
    let (server, address) = measured();
    load(&server);
    let text = page(address, "/metrics");
    for line in
        ["kv_requests_total 2001", "kv_keys 50", "kv_hits_total 1400", "nexus_handler_runs_total{handler=\"get\"} 1000"]
    {
        let name = line.split(' ').next().unwrap();
        let found = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        assert!(found.is_some_and(|found| found == line || name == "kv_hits_total"), "{line}: {found:?}");
    }
    let check =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    match check {
        Ok(mut check) => {
            check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            let output = check.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        Err(_) => eprintln!("promtool is missing: not checked (`apt-get install prometheus`)"),
    }
}

/// A counter that falls looks to Prometheus like a server that has started anew.
#[test]
fn no_counter_of_prometheus_falls_when_those_of_info_are_reset() {
    let (server, address) = measured();
    let mut client = server.client();
    client.ask(&["SET", "short", "1", "PX", "1"]);
    until("it has expired", || client.info("expired_keys") == 1);
    load(&server);
    let counters = || {
        let text = page(address, "/metrics");
        let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
        let kinds: Vec<_> = kinds.collect();
        let rows = text.lines().filter_map(|line| line.rsplit_once(' '));
        let rows = rows.filter(|(name, _)| kinds.iter().any(|kind| name.split('{').next() == Some(kind)));
        rows.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect::<BTreeMap<String, f64>>()
    };
    let before = counters();
    let names = ["keyspace_hits", "keyspace_misses", "expired_keys"];
    assert_eq!(names.map(|name| client.info(name)), [720, 280, 1]);
    client.ask(&["CONFIG", "RESETSTAT"]);
    assert_eq!(names.map(|name| client.info(name)), [0; 3]);
    let after = counters();
    let fallen: Vec<_> = before.iter().filter(|(name, value)| after.get(*name) < Some(value)).collect();
    assert!(fallen.is_empty() && before["kv_hits_total"] == 720.0, "{fallen:?}");
    client.ask(&["GET", "key 1"]);
    assert_eq!(names.map(|name| client.info(name)), [1, 0, 0]);
}

/// A process that is killed when its test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn a_real_prometheus_gathers_the_numbers() {
    let (server, address) = measured();
    load(&server);
    let directory = tempdir().unwrap();
    let config = directory.path().join("prometheus.yml");
    let targets = format!(
        "scrape_configs: [{{job_name: kv, scrape_interval: 1s, static_configs: [{{targets: ['{address}']}}]}}]\n"
    );
    std::fs::write(&config, targets).unwrap();
    // Prometheus cannot pick a port and report it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={port}"));
    command.arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()));
    let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        eprintln!("prometheus is missing: not tested (`apt-get install prometheus`)");
        return;
    };
    let _prometheus = Killed(child);
    let query = |query: &str| {
        let mut socket = TcpStream::connect(port).ok()?;
        write!(socket, "GET /api/v1/query?query={query} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        socket.read_to_string(&mut text).ok()?;
        text.contains("\"value\"").then_some(text)
    };
    until("it has gathered", || query("kv_requests_total").is_some());
    let text = query("kv_requests_total").unwrap();
    assert!(text.contains("\"2001\""), "{text}");
    assert!(query("up").unwrap().contains("\"1\""));
}

#[test]
fn pages_are_asked_for_over_http() {
    let (_server, address) = measured();
    assert!(page(address, "/").starts_with("<!doctype html>"));
    let numbers: serde_json::Value = serde_json::from_str(&page(address, "/metrics.json?now")).unwrap();
    assert_eq!((&numbers["keys"], &numbers["journal"]), (&0.into(), &serde_json::Value::Null));
    let plan: serde_json::Value = serde_json::from_str(&page(address, "/plan.json")).unwrap();
    assert_eq!(plan["name"], "kv-server");
    let two = "GET /metrics.json HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let text = exchange(address, two);
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 2);
    assert!(text.ends_with("Connection: close\r\n\r\n"), "HEAD has no body");
    let status = |request: &str| exchange(address, request).lines().next().unwrap_or_default().to_owned();
    assert_eq!(status("GET /no HTTP/1.0\r\n\r\n"), "HTTP/1.1 404 Not Found");
    assert_eq!(status("DELETE / HTTP/1.0\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(status("*1\r\n$4\r\nPING\r\n"), "HTTP/1.1 400 Bad Request");
    assert_eq!(status("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), "HTTP/1.1 400 Bad Request");
}

#[test]
fn the_page_draws_what_is_measured() {
    let (server, address) = measured();
    load(&server);
    let directory = tempdir().unwrap();
    let profile = format!("--user-data-dir={}", directory.path().display());
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom", &profile]);
    let Ok(output) = browser.arg(format!("http://{address}/")).output() else {
        eprintln!("chromium is missing: the page is not tested (`apt-get install chromium`)");
        return;
    };
    let document = String::from_utf8_lossy(&output.stdout);
    for part in ["<td>get</td><td>1,000</td>", "<td>keys</td><td>1</td>", "cases that have not run", "50 keys, "] {
        assert!(document.contains(part), "{part}: {document}");
    }
    assert!(document.matches("<path d=\"M").count() >= 4, "{document}");
    assert!(!document.contains("class=\"lost\""), "{document}");
}

#[test]
fn a_command_that_does_not_return_is_reported_while_it_runs() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kv-server"));
    command.args(["--port", "0", "--slow-ms", "20"]).stderr(Stdio::piped());
    let mut server = Server::spawn(&mut command);
    let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let mut client = server.client();
    let long = "abcdefghij".repeat(390);
    client.ask(&["MSET", "a", &long, "b", &long[3..]]);
    client.ask(&["LCS", "a", "b", "LEN"]);
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("kv-server: `lcs` has stalled the loop for "), "{line}");
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("kv-server: `lcs` stalled the loop for "), "{line}");
}
