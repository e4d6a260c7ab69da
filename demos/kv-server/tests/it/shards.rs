//! Servers that share out the keys as Redis Cluster does, and cluster clients.

use std::path::Path;
use std::process::{Command, Stdio};

use kv_server::ReplicaOptions;

use crate::clients::{absent, environments, python};
use crate::replicated::{Running, stream};
use crate::support::{Reply, bulk, ok};

/// Starts two shards, each with a log of its own, that know of each other.
fn shards() -> [Running; 2] {
    let streams = [stream(), stream()];
    let shard = |at: u16, node| {
        let options = ReplicaOptions { linearizable: true, shard: Some((at, 2)) };
        Running::start(&streams[usize::from(at)], node, options)
    };
    let servers = [shard(0, "first"), shard(1, "second")];
    let members = streams.each_ref().map(|stream| stream.state().members[0].clone());
    streams.iter().for_each(|stream| stream.state().members = members.to_vec());
    servers
}

#[test]
fn each_shard_serves_its_own_slots_and_says_who_serves_the_others() {
    let servers = shards();
    let [mut one, mut other] = servers.each_ref().map(Running::client);
    let moved = Reply::Error(format!("MOVED 12182 {}", servers[1].address));
    assert_eq!(one.ask(&["SET", "foo", "x"]), moved);
    assert_eq!(one.ask(&["GET", "foo"]), moved);
    assert_eq!(other.ask(&["SET", "foo", "x"]), ok());
    assert_eq!(other.ask(&["GET", "foo"]), bulk("x"));
    let cross = Reply::Error("CROSSSLOT Keys in request don't hash to the same slot".into());
    assert_eq!(other.ask(&["MGET", "foo", "bar"]), cross);
    assert_eq!(other.ask(&["MSET", "{foo}1", "1", "{foo}2", "2"]), ok());
    one.ask(&["MULTI"]);
    assert_eq!(one.ask(&["SET", "foo", "x"]), moved);
    assert!(matches!(one.ask(&["EXEC"]), Reply::Error(text) if text.starts_with("EXECABORT")));
    one.ask(&["MULTI"]);
    one.ask(&["SET", "bar", "x"]);
    one.ask(&["SET", "hello", "x"]);
    assert_eq!(one.ask(&["EXEC"]), cross);
    assert_eq!(one.ask(&["EXEC"]), Reply::Error("ERR EXEC without MULTI".into()));
    assert_eq!(one.ask(&["CLUSTER", "KEYSLOT", "foo"]), Reply::Integer(12_182));
    assert_eq!(other.ask(&["CLUSTER", "COUNTKEYSINSLOT", "12182"]), Reply::Integer(3));
    for words in [["ASKING"], ["READONLY"], ["READWRITE"]] {
        assert_eq!(one.ask(&words), ok());
    }
    let (Reply::Bulk(Some(nodes)), id) = (one.ask(&["CLUSTER", "NODES"]), other.ask(&["CLUSTER", "MYID"])) else {
        panic!("CLUSTER NODES is text")
    };
    let nodes = String::from_utf8(nodes).unwrap();
    assert!(nodes.contains("myself,master - 0 0 0 connected 0-8191\n"), "{nodes}");
    assert!(nodes.contains(" master - 0 0 0 connected 8192-16383\n"), "{nodes}");
    assert!(matches!(id, Reply::Bulk(Some(id)) if nodes.contains(str::from_utf8(&id).unwrap())));
    assert_eq!(one.info("cluster_enabled"), 1);
    let Reply::Array(Some(hello)) = one.ask(&["HELLO"]) else { panic!("HELLO is a list") };
    assert!(hello.chunks(2).any(|field| field == ["mode", "cluster"].map(bulk)), "{hello:?}");
}

#[test]
fn redis_py_finds_the_shard_of_each_key() {
    let Some(python) = python("redis") else { return };
    let servers = shards();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/redis_cluster.py");
    let mut command = Command::new(python);
    command.arg(script).arg(servers[0].address.port().to_string()).env("KV_MODULES", environments());
    let client = command.output().unwrap();
    let [printed, errors] = [&client.stdout, &client.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(client.status.success(), "{printed}{errors}");
    println!("{printed}");
}

#[test]
fn redis_cli_follows_to_the_shard_of_each_key() {
    let servers = shards();
    let port = servers[0].address.port().to_string();
    let ask = |words: &[&str]| {
        let ran = Command::new("redis-cli").args(["-c", "-p", &port]).args(words).stdin(Stdio::null()).output();
        ran.ok().map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let Some(printed) = ask(&["SET", "foo", "x"]) else { return absent("redis-cli") };
    assert_eq!(printed, "OK\n");
    assert_eq!(ask(&["GET", "foo"]).unwrap(), "x\n");
    assert_eq!(ask(&["SET", "bar", "y"]).unwrap(), "OK\n");
    assert_eq!(ask(&["GET", "bar"]).unwrap(), "y\n");
    let checked = Command::new("redis-cli").args(["--cluster", "check", &servers[0].address.to_string()]).output();
    let checked = String::from_utf8(checked.unwrap().stdout).unwrap();
    assert!(checked.contains("[OK] All 16384 slots covered."), "{checked}");
}

#[test]
fn a_server_that_shares_no_log_is_no_cluster() {
    let server = crate::support::Server::start(&[]);
    let mut client = server.client();
    let disabled = Reply::Error("ERR This instance has cluster support disabled".into());
    for words in [&["CLUSTER", "SLOTS"][..], &["CLUSTER", "HELP"], &["ASKING"], &["READONLY"]] {
        assert_eq!(client.ask(words), disabled);
    }
    assert_eq!(client.info("cluster_enabled"), 0);
}
