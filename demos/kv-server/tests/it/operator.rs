//! Commands for operators: CONFIG, INFO, MONITOR, SLOWLOG, LATENCY and SHUTDOWN.

use std::io::BufRead;
use std::net::SocketAddr;

use crate::connections::assert_same;
use crate::redis::Redis;
use crate::support::{Client, Reply, Server, bulk, command, ok, until};

#[test]
fn an_operator_is_answered_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    assert_same(&server, &redis, CASES);
}

/// Returns what a monitor is shown of some requests, without times and addresses.
fn shown(address: SocketAddr) -> Vec<String> {
    let mut monitor = Client::connect(address);
    assert_eq!(monitor.ask(&["MONITOR"]), ok());
    let mut client = Client::connect(address);
    client.send(b"set k \"a\\x00\\r\\n\\t\\\"\\\\\xc3\"\r\nAUTH foo\r\nhello 3 auth default x setname y\r\n");
    client.send(b"foo\r\nget\r\nconfig get port\r\nclient id\r\nclient list\r\nmset a 1 b 2\r\nquit\r\n");
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        monitor.socket.read_line(&mut line).unwrap();
        let (time, words) = line.split_once(" [0 127.0.0.1:").unwrap();
        assert!(time.starts_with("+1") && time.split_once('.').unwrap().1.len() == 6, "{line}");
        lines.push(words.split_once("] ").unwrap().1.to_owned());
        if line.ends_with("\"quit\"\r\n") {
            return lines;
        }
    }
}

#[test]
fn a_monitor_is_shown_what_it_is_by_redis() {
    let server = Server::start(&[]);
    let ours = shown(server.address);
    assert_eq!(ours.len(), 6, "{ours:?}");
    if let Some(redis) = Redis::start(&[]) {
        assert_eq!(ours, shown(redis.address));
    }
    until("the monitors are gone", || server.info("connected_clients") == 1);
    assert_eq!(server.client().ask(&["PING"]), Reply::Simple("PONG".into()));
}

/// Returns the number, the arguments and the name of each slow request.
fn slow(address: SocketAddr) -> Vec<(Reply, Reply, Reply)> {
    let mut client = Client::connect(address);
    let long = "x".repeat(200);
    let many: Vec<_> = std::iter::once("MGET".to_owned()).chain((0..40).map(|n| n.to_string())).collect();
    client.ask(&["CLIENT", "SETNAME", "me"]);
    client.ask(&["CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "5"]);
    client.ask(&["SET", "k", &long]);
    client.ask(&many);
    client.ask(&["AUTH", "default", "secret"]);
    client.ask(&["CONFIG", "SET", "requirepass", ""]);
    client.ask(&["CLIENT", "ID"]);
    client.ask(&["CONFIG", "SET", "slowlog-log-slower-than", "10000"]);
    assert_eq!(client.ask(&["SLOWLOG", "LEN"]), Reply::Integer(5));
    let Reply::Array(Some(entries)) = client.ask(&["SLOWLOG", "GET"]) else { panic!("an array") };
    let own = client.socket.get_ref().local_addr().unwrap().to_string();
    assert_eq!(client.ask(&["SLOWLOG", "RESET"]), ok());
    let parts = |entry: &Reply| {
        let Reply::Array(Some(parts)) = entry else { panic!("an array") };
        assert_eq!(parts[4], bulk(&own));
        assert!(matches!(parts[1], Reply::Integer(1_700_000_000..)) && matches!(parts[2], Reply::Integer(0..100_000)));
        (parts[0].clone(), parts[3].clone(), parts[5].clone())
    };
    entries.iter().map(parts).collect()
}

#[test]
fn what_is_slow_is_kept_as_by_redis() {
    let server = Server::start(&[]);
    let ours = slow(server.address);
    if let Some(redis) = Redis::start(&[]) {
        assert_eq!(ours, slow(redis.address));
    }
}

#[test]
fn a_long_name_is_cut_where_it_is_kept_beside_what_is_slow() {
    let server = Server::start(&[]);
    let mut client = server.client();
    assert_eq!(client.ask(&["CLIENT", "SETNAME", &"n".repeat(100_000)]), ok());
    client.ask(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    let Reply::Array(Some(entries)) = client.ask(&["SLOWLOG", "GET", "1"]) else { panic!("an array") };
    let Reply::Array(Some(parts)) = &entries[0] else { panic!("an array") };
    assert_eq!(parts[5], bulk(&format!("{}... (99872 more bytes)", "n".repeat(128))));
}

#[test]
fn what_is_set_is_done() {
    let server = Server::start(&[]);
    let mut client = server.client();
    assert_eq!(client.ask(&["CONFIG", "SET", "maxmemory", "1kb"]), ok());
    while client.ask(&["APPEND", "k", "0123456789"])
        != Reply::Error("OOM command not allowed when used memory > 'maxmemory'.".into())
    {}
    assert_eq!(client.ask(&["CONFIG", "SET", "maxmemory", "0", "maxclients", "1"]), ok());
    assert_eq!(client.ask(&["APPEND", "n", "x"]), Reply::Integer(1));
    assert_eq!(server.client().reply(), Reply::Error("ERR max number of clients reached".into()));
    assert_eq!(client.ask(&["CONFIG", "SET", "maxclients", "10", "requirepass", "secret"]), ok());
    let mut stranger = server.client();
    assert_eq!(stranger.ask(&["GET", "k"]), Reply::Error("NOAUTH Authentication required.".into()));
    assert_eq!(stranger.ask(&["AUTH", "secret"]), ok());
    // Clients that were connected before stay, and so do clients that wait for messages.
    let mut subscriber = server.client();
    assert_eq!(subscriber.ask(&["AUTH", "secret"]), ok());
    subscriber.ask(&["SUBSCRIBE", "a"]);
    assert_eq!(client.ask(&["CONFIG", "SET", "timeout", "1"]), ok());
    assert!(stranger.ask(&["GET", "n"]) == bulk("x") && stranger.is_closed());
    assert!(client.is_closed());
    subscriber.send(b"PING\r\n");
    assert_eq!(subscriber.reply(), Reply::Array(Some(vec![bulk("pong"), bulk("")])));
}

#[test]
fn who_sets_what_is_not_supported_is_told_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal").display().to_string();
    let with_journal = Server::start(&["--journal", &journal]);
    let server = Server::start(&[]);
    let set = |server: &Server, name: &str, value: &str| server.client().ask(&["CONFIG", "SET", name, value]);
    let why = "changes are kept if the server is started with --journal";
    for (server, kept, other) in [(&server, "no", "yes"), (&with_journal, "yes", "no")] {
        let pair = Reply::Array(Some(["appendonly", kept].map(bulk).to_vec()));
        assert_eq!(server.client().ask(&["CONFIG", "GET", "appendonly"]), pair);
        assert_eq!(set(server, "appendonly", kept), ok());
        let text = format!("ERR CONFIG SET failed (possibly related to argument 'appendonly') - {why}");
        assert_eq!(set(server, "appendonly", other), Reply::Error(text));
    }
    for (name, value, why) in [
        ("maxmemory-policy", "allkeys-lru", "this server evicts no keys, so only noeviction is supported"),
        ("save", "900 1 300 10", "this server saves no snapshots, so only an empty value is supported"),
    ] {
        let text = format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        assert_eq!(set(&server, name, value), Reply::Error(text));
    }
}

#[test]
fn settings_are_set_together_or_not_at_all() {
    let server = Server::start(&[]);
    let mut client = server.client();
    // More files than the system has.
    let asked = ["slowlog-max-len", "5", "maxclients", "4000000000", "timeout", "7", "requirepass", "secret"];
    let Reply::Error(error) = client.ask(&[&["CONFIG", "SET"], &asked[..]].concat()) else { panic!("it is refused") };
    assert!(error.starts_with("ERR CONFIG SET failed (possibly related to argument 'maxclients')"), "{error}");
    for (name, value) in [("slowlog-max-len", "128"), ("maxclients", "10000"), ("timeout", "0"), ("requirepass", "")] {
        let set = Reply::Array(Some([name, value].map(bulk).to_vec()));
        assert_eq!(client.ask(&["CONFIG", "GET", name]), set);
    }
}

#[test]
fn counts_begin_anew_when_they_are_reset() {
    let server = Server::start(&[]);
    let mut client = server.client();
    (0..3).for_each(|_| _ = client.ask(&["GET", "none"]));
    client.ask(&["GET"]);
    client.ask(&["INCR", "k"]);
    client.ask(&["SET", "k", "x"]);
    client.ask(&["INCR", "k"]);
    client.ask(&["CLIENT", "ID"]);
    client.ask(&["NOSUCH"]);
    let text = |client: &mut Client, section: &str| match client.ask(&["INFO", section]) {
        Reply::Bulk(Some(text)) => String::from_utf8(text).unwrap(),
        other => panic!("{other:?}"),
    };
    let commands = text(&mut client, "commandstats");
    for (start, end) in [
        ("cmdstat_get:calls=3,usec=", ",rejected_calls=1,failed_calls=0"),
        ("cmdstat_incr:calls=2,usec=", ",rejected_calls=0,failed_calls=1"),
        ("cmdstat_client|id:calls=1,", ",rejected_calls=0,failed_calls=0"),
    ] {
        let is_there = commands.lines().any(|line| line.starts_with(start) && line.ends_with(end));
        assert!(is_there, "{start}..{end} in {commands}");
    }
    assert_eq!(text(&mut client, "ERRORSTATS"), "# Errorstats\r\nerrorstat_ERR:count=3\r\n");
    assert_eq!(client.info("keyspace_misses"), 3);
    assert_eq!(client.ask(&["CONFIG", "RESETSTAT"]), ok());
    assert_eq!(text(&mut client, "errorstats"), "# Errorstats\r\n");
    assert!(!text(&mut client, "commandstats").contains("cmdstat_get"));
    assert!(client.info("keyspace_misses") == 0 && client.info("total_connections_received") == 0);
    assert_eq!(client.info("connected_clients"), 1);
}

/// Returns the number of commands that a server counts for some requests, of which few run.
fn processed(address: SocketAddr) -> u64 {
    let mut client = Client::connect(address);
    let before = client.info("total_commands_processed");
    client.ask(&["NOSUCH"]);
    client.ask(&["CONFIG", "NOSUCH"]);
    client.ask(&["GET"]);
    client.ask(&["CONFIG", "GET", "port"]);
    for words in [&["MULTI"][..], &["SET", "k", "x"], &["INCR", "k"], &["EXEC"]] {
        client.ask(words);
    }
    client.info("total_commands_processed") - before
}

#[test]
fn commands_that_run_are_counted_as_by_redis() {
    let server = Server::start(&[]);
    let ours = processed(server.address);
    if let Some(redis) = Redis::start(&[]) {
        assert_eq!(ours, processed(redis.address));
    }
    // INFO, CONFIG GET, MULTI, SET, INCR and EXEC.
    assert_eq!(ours, 6);
    let mut client = server.client();
    client.ask(&["CONFIG", "RESETSTAT"]);
    assert_eq!(client.info("total_commands_processed"), 1);
}

/// A large request that comes in parts is seen twice by the server: when it begins, and when it is whole.
#[test]
fn requests_are_counted_anew_whatever_came_in_parts_before() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let count = |client: &mut Client| {
        assert_eq!(client.ask(&["CONFIG", "RESETSTAT"]), ok());
        client.info("total_commands_processed")
    };
    let before = count(&mut client);
    let large = command(&["SET", "k", &"x".repeat(20_000)]);
    let (first, rest) = large.split_at(1_000);
    client.send(first);
    // The server has read the beginning once it serves those who come later.
    server.client().ask(&["PING"]);
    client.send(rest);
    assert_eq!(client.reply(), ok());
    assert_eq!(count(&mut client), before);
}

/// Every field that `redis-cli --stat` and exporters read exists and is a number.
#[test]
fn exporters_find_what_they_read() {
    let server = Server::start(&[]);
    let mut client = server.client();
    client.ask(&["SET", "k", "v", "EX", "100"]);
    for name in [
        "uptime_in_seconds",
        "process_id",
        "connected_clients",
        "blocked_clients",
        "maxclients",
        "used_memory",
        "used_memory_rss",
        "used_memory_peak",
        "maxmemory",
        "total_system_memory",
        "total_connections_received",
        "total_commands_processed",
        "instantaneous_ops_per_sec",
        "total_net_input_bytes",
        "total_net_output_bytes",
        "rejected_connections",
        "expired_keys",
        "evicted_keys",
        "keyspace_hits",
        "keyspace_misses",
        "pubsub_channels",
        "pubsub_patterns",
        "loading",
        "rdb_bgsave_in_progress",
        "connected_slaves",
        "master_repl_offset",
        "cluster_enabled",
    ] {
        client.info(name);
    }
    assert!(client.info("used_memory_rss") > 1_000_000);
    let Reply::Bulk(Some(text)) = client.ask(&["INFO", "keyspace", "cpu"]) else { panic!("it is text") };
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("# CPU\r\nused_cpu_sys:"), "{text}");
    assert!(text.ends_with("\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=0\r\n"), "{text}");
}

const CASES: &str = "
config set
config set foo
config set foo 1
config set timeout 1 foo
config set maxclients x
config set maxclients 0
config set timeout -1 ; config set timeout 0 ; config set timeout 10mb ; config set timeout 99999999999 ; config get timeout
config set maxmemory 10mb ; config get maxmemory ; config set maxmemory foo ; config set maxmemory -1 ; config set maxmemory 1.5gb ; config set maxmemory 10k ; config get maxmemory ; config set maxmemory 0
config set timeout 1 timeout 2
config set timeout 1 foo 2 ; config get timeout
config set timeout 5 slowlog-max-len x ; config get timeout
config set maxmemory-policy foo ; config set maxmemory-policy noeviction
config set appendonly foo ; config set save '' ; config set databases 3
config set save foo ; config set save 1 ; config set save '0 1' ; config set save '1 -1' ; config set maxmemory-policy NoEviction
config set appendonly NO ; config get appendonly
config rewrite ; config resetstat a ; config resetstat
config set slowlog-log-slower-than x ; config set slowlog-max-len -1 ; config set slowlog-log-slower-than -2 ; config set slowlog-log-slower-than 10000 ; config set latency-monitor-threshold -1
config set slowlog-log-slower-than -1 ; slowlog reset ; slowlog get x ; slowlog get -2 ; slowlog get -1 ; slowlog foo ; slowlog ; slowlog help ; slowlog get 1 2
latency latest ; latency history foo ; latency reset ; latency reset a b ; latency doctor ; latency histogram foo ; latency foo
config set latency-monitor-threshold 60000 ; latency doctor ; latency latest ; config set latency-monitor-threshold 0
role ; hello 3 ; role
swapdb 0 0 ; swapdb a b ; swapdb 0 99 ; swapdb 0 b
wait 0 0 ; wait a 1 ; wait 1 a ; wait 0 -1
readonly ; readwrite
shutdown nosave save
shutdown abort
shutdown abort save ; shutdown foo ; shutdown now nosave save
monitor ; get a ; reset ; get nosuch
monitor ; publish a x ; spublish a x ; reset ; publish a x
info foo ; hello 3 ; info foo ; info modules
subscribe a ; monitor
config set requirepass '' ; auth x
config get *slow*len x
latency reset command
";
