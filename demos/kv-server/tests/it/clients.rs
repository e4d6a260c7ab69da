//! Other programs as clients of the server: libraries with their default settings, and the tools of Redis.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::Server;

/// The folder of the environments that `.ci/run` creates, beside the build.
pub(crate) fn environments() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../kv-clients")
}

/// Reports that a program needed by a test is missing. In CI this fails, unless `.ci/run` found that it cannot be
/// there.
pub(crate) fn absent(what: &str) {
    let must = std::env::var_os("CI").is_some() && std::env::var_os("WITHOUT_KV_CLIENTS").is_none();
    assert!(!must, "{what} must be there in CI: `.ci/run` installs it");
    println!("SKIPPED: no {what} to talk to; `.ci/run` shows how to install it");
}

/// Returns a Python that has a module: that of the environment, or the system's.
pub(crate) fn python(module: &str) -> Option<PathBuf> {
    let has_it = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    let found = [environments().join("python/bin/python"), "python3".into()].into_iter().find(has_it);
    if found.is_none() {
        absent(module);
    }
    found
}

/// Runs a script with the ports of two servers. The second server has the password `secret`.
fn run(program: &Path, script: &str, more: &[&str]) {
    let servers = [Server::start(&[]), Server::start(&["--requirepass", "secret"])];
    let ports = servers.each_ref().map(|server| server.address.port().to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut command = Command::new(program);
    command.arg(script).args(ports).args(more).env("KV_MODULES", environments());
    let client = command.output().unwrap();
    let [printed, errors] = [&client.stdout, &client.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(client.status.success(), "{printed}{errors}");
    println!("{printed}");
}

#[test]
fn redis_py_does_what_it_does_with_redis() {
    let Some(python) = python("redis") else { return };
    run(&python, "redis_py.py", &[]);
    run(&python, "redis_py.py", &["plain"]);
}

#[test]
fn coredis_does_what_it_does_with_redis() {
    let Some(python) = python("coredis") else { return };
    run(&python, "coredis_client.py", &[]);
}

fn node(module: &str, script: &str) {
    if environments().join("node_modules").join(module).exists() {
        run(Path::new("node"), script, &[]);
    } else {
        println!("SKIPPED: no {module} of Node.js to talk to; `.ci/run` installs it where there is `npm`");
    }
}

#[test]
fn redis_of_rust_does_what_it_does_with_redis() {
    let program = environments().join("redis-rs/debug/redis-rs-client");
    if !program.exists() {
        println!("SKIPPED: no `redis` of Rust to talk to; `.ci/run` builds it");
        return;
    }
    let servers = [Server::start(&[]), Server::start(&["--requirepass", "secret"])];
    let client =
        Command::new(program).args(servers.each_ref().map(|server| server.address.port().to_string())).output();
    let client = client.unwrap();
    assert!(client.status.success(), "{}", String::from_utf8_lossy(&client.stderr));
}

#[test]
fn node_redis_does_what_it_does_with_redis() {
    node("redis", "node_redis.mjs");
}

#[test]
fn ioredis_does_what_it_does_with_redis() {
    node("ioredis", "ioredis_client.mjs");
}

/// Returns the output of a tool of Redis. Reports the tool and returns `None` if it is not installed.
fn tool(program: &str, server: &Server, args: &[&str]) -> Option<String> {
    let port = server.address.port().to_string();
    let ran = Command::new(program).args(["-p", &port]).args(args).stdin(Stdio::null()).output();
    let Ok(output) = ran else {
        absent(program);
        return None;
    };
    let [printed, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && errors.is_empty(), "{printed}{errors}");
    Some(printed.into_owned())
}

#[test]
fn redis_cli_does_what_it_does_with_redis() {
    for version in ["-2", "-3"] {
        let server = Server::start(&[]);
        let Some(printed) = tool("redis-cli", &server, &[version, "SET", "k", "v", "EX", "100"]) else { return };
        assert_eq!(printed, "OK\n");
        let ask = |words: &[&str]| tool("redis-cli", &server, &[&[version], words].concat()).unwrap();
        assert_eq!(ask(&["GET", "k"]), "v\n");
        assert_eq!(ask(&["GET", "none"]), "\n");
        assert_eq!(ask(&["INCRBY", "n", "42"]), "42\n");
        assert_eq!(ask(&["MGET", "k", "n"]), "v\n42\n");
        assert_eq!(ask(&["--scan", "--pattern", "k*"]), "k\n");
        assert_eq!(ask(&["-r", "3", "INCR", "n"]), "43\n44\n45\n");
        assert!(ask(&["INFO"]).contains("# Server"));
        assert!(ask(&["CLIENT", "LIST"]).contains(&format!("resp={}", &version[1..])));
        assert!(ask(&["CONFIG", "GET", "maxmem*"]).starts_with("maxmemory"));
    }
}

#[test]
fn redis_benchmark_runs_to_its_end() {
    let server = Server::start(&[]);
    for pipeline in ["1", "16"] {
        let args = ["-t", "ping,set,get,incr,mset", "-n", "2000", "-P", pipeline, "-q"];
        let Some(printed) = tool("redis-benchmark", &server, &args) else { return };
        for name in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"] {
            assert!(printed.contains(&format!("{name}: ")), "{printed}");
        }
    }
}
