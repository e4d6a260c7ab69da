//! `cargo xtask ci`: the checks that must pass before a change lands, the fastest first.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use crate::{api, asm, book, instructions, loom, package, sanitize, tidy};

/// The test command in the README; tidy checks that both agree.
pub(crate) const TEST: &str = "cargo test --workspace --all-features";

/// Runs all checks, and stops at the first failure.
pub(crate) fn run(root: &Path) -> bool {
    let started = Instant::now();
    let passed = tidy::run(root)
        && cargo(root, "cargo fmt --all --check", &[])
        && cargo(root, "cargo clippy --workspace --all-targets --all-features -- -D warnings", &[])
        && cargo(root, "cargo clippy -p nexus-rt --lib --no-default-features -- -D warnings", &[])
        && cargo(root, TEST, &[])
        && cargo(root, "cargo run --release -p kv-server --example simulate -- --seeds 0..10000 --jobs 2", &[])
        && cargo(root, "cargo test -p nexus-rt --no-default-features --doc", &[])
        && cargo(root, "cargo test --release -p nexus-rt --test it soundness", &[])
        && cargo(root, "cargo doc --workspace --all-features --no-deps", &[("RUSTDOCFLAGS", "-D warnings")])
        && api::run(root, false)
        && guide(root)
        && loom::run(root, loom::FEW)
        && fuzz(root)
        && cluster(root)
        && package::run(root)
        && bench(root)
        && sanitize::run(root);
    messages(root);
    tools(root);
    let skipped = SKIPPED.lock().expect("no panic");
    println!("{}", summary(passed, &skipped, started.elapsed().as_secs()));
    passed
}

/// What was skipped, in this order.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints what is skipped and why, now and again at the end. Returns true, since nothing failed.
pub(crate) fn skip(what: &str) -> bool {
    println!("xtask: SKIPPED: {what}");
    SKIPPED.lock().expect("no panic").push(what.to_owned());
    true
}

/// Returns a line for each check that was skipped, then the result.
fn summary(passed: bool, skipped: &[String], seconds: u64) -> String {
    let lines: String = skipped.iter().map(|what| format!("xtask ci: SKIPPED: {what}\n")).collect();
    let result = match (passed, skipped.is_empty()) {
        (false, _) => "FAILED",
        (true, true) => "everything passed",
        (true, false) => "passed, except for what was SKIPPED,",
    };
    format!("{lines}xtask ci: {result} in {seconds} s")
}

/// Notes which messages of the compiler were not compared: a test does, for one release of it, without its sources.
fn messages(root: &Path) {
    const TEST: &str = "crates/nexus-rt/tests/it/messages.rs";
    let text = std::fs::read_to_string(root.join(TEST)).unwrap_or_default();
    let release = text.split_once("const TOOLCHAIN: &str = \"").and_then(|(_, rest)| rest.split_once('"'));
    let (release, _) = release.unwrap_or_else(|| panic!("{TEST} does not name its compiler"));
    let compiler = compiler();
    if !compiler.starts_with(release) {
        let release = release.trim();
        skip(&format!("the expected messages are those of {release}, so those of {compiler} are not compared"));
    } else if sysroot().join("lib/rustlib/src/rust/library").exists() {
        skip("rust-src is installed, so messages with lines of the standard library (messages/built) are not compared");
    }
}

/// What tests need and do without if it is missing: its name, what is not tested without it, and commands, one of which
/// succeeds if it is there. `TARGET` is the folder of builds, where `.ci/run` puts environments.
type Tool = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const TOOLS: &[Tool] = &[
    ("redis-server", "kv-server is not compared with Redis", &["redis-server --version"]),
    ("redis-cli", "kv-server is not tested with it", &["redis-cli --version"]),
    ("redis-benchmark", "kv-server is not tested with it", &["redis-benchmark --version"]),
    ("strace, or the right to trace", "no system calls are made to fail", &["strace -o /dev/null true"]),
    ("prometheus", "no Prometheus scrapes kv-server", &["prometheus --version"]),
    ("promtool", "the text of the metrics is not checked", &["promtool --version"]),
    ("chromium", "the page of kv-server's metrics is not tested", &["chromium --version"]),
    ("QuickFIX for Python", "fix_gateway is not tested with it", &[
        "TARGET/quickfix/bin/python -c __import__('quickfix')", "python3 -c __import__('quickfix')",
    ]),
    ("redis for Python", "kv-server is not tested with it", &[
        "TARGET/kv-clients/python/bin/python -c __import__('redis')", "python3 -c __import__('redis')",
    ]),
    ("coredis for Python", "kv-server is not tested with it", &[
        "TARGET/kv-clients/python/bin/python -c __import__('coredis')", "python3 -c __import__('coredis')",
    ]),
    ("redis for Node.js", "kv-server is not tested with it", &["test -e TARGET/kv-clients/node_modules/redis"]),
    ("ioredis for Node.js", "kv-server is not tested with it", &["test -e TARGET/kv-clients/node_modules/ioredis"]),
    ("redis for Rust", "kv-server is not tested with it", &[
        "test -e TARGET/kv-clients/redis-rs/debug/redis-rs-client",
    ]),
];

/// Notes the tools that are missing.
fn tools(root: &Path) {
    missing(TOOLS, &target(root)).for_each(|what| _ = skip(&format!("{what} (`.ci/run` installs it)")));
}

/// Returns which tools are missing and what is not tested for it.
fn missing(tools: &[Tool], target: &Path) -> impl Iterator<Item = String> {
    let target = target.display().to_string();
    let is_there = move |line: &&str| {
        let line = line.replace("TARGET", &target);
        let mut words = line.split(' ');
        let mut command = Command::new(words.next().expect("a command line starts with a program"));
        let status = command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let missing = tools.iter().filter(move |(_, _, lines)| !lines.iter().any(&is_there));
    missing.map(|(name, why, _)| format!("{name} is missing: {why}"))
}

/// Returns the folder of the toolchain.
fn sysroot() -> PathBuf {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().expect("a toolchain");
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// Returns the version of the compiler, as it says it.
pub(crate) fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("a toolchain");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns the folder where cargo builds the workspace in `folder`, which `CARGO_TARGET_DIR` may name.
pub(crate) fn target(folder: &Path) -> PathBuf {
    target_with(folder, &[])
}

fn target_with(folder: &Path, environment: &[(&str, &str)]) -> PathBuf {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version=1", "--no-deps"]).envs(environment.iter().copied());
    let output = command.current_dir(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let target = text.split_once("\"target_directory\":\"").and_then(|(_, rest)| rest.split_once('"'));
    target.map(|(target, _)| target.into()).unwrap_or_else(|| panic!("{} is no workspace", folder.display()))
}

/// Builds the guide as a book, if the tools for it can be installed.
fn guide(root: &Path) -> bool {
    if std::env::var_os("WITHOUT_BOOK").is_some() {
        return skip("WITHOUT_BOOK is set, so the book is not built");
    }
    book::run(root)
}

/// Returns the folder of another workspace. Notes that it is not checked if it is missing.
fn workspace(root: &Path, name: &str) -> Option<PathBuf> {
    let folder = root.join(name);
    let there = folder.exists() || !skip(&format!("the folder `{name}` is missing, so nothing in it is checked"));
    there.then_some(folder)
}

/// Checks the fuzz targets: a workspace of their own, which includes tests of this one.
fn fuzz(root: &Path) -> bool {
    let Some(fuzz) = workspace(root, "fuzz") else { return true };
    cargo(&fuzz, "cargo fmt --all --check", &[]) && cargo(&fuzz, "cargo check --bins", &[])
}

/// Checks the programs for several machines: a workspace of their own, for its async dependencies.
fn cluster(root: &Path) -> bool {
    let Some(cluster) = workspace(root, "cluster") else { return true };
    cargo(&cluster, "cargo fmt --all --check", &[])
        && cargo(&cluster, "cargo clippy --workspace --all-targets -- -D warnings", &[])
        && cargo(&cluster, "cargo doc --workspace --no-deps", &[("RUSTDOCFLAGS", "-D warnings")])
        && cargo(&cluster, "cargo test --workspace", &[])
}

/// Checks that the benches, which are a workspace of their own, compile and compute the right values.
fn bench(root: &Path) -> bool {
    let Some(bench) = workspace(root, "bench") else { return true };
    cargo(&bench, "cargo fmt --all --check", &[])
        && cargo(&bench, "cargo clippy --workspace --all-targets -- -D warnings", &[])
        && cargo(&bench, "cargo run --release --bin bench -- --check", &[])
        && cargo(&bench, "cargo run --release --bin timers -- --check", &[])
        && cargo(&bench, "cargo run --release --bin echo -- --check", &[])
        && cargo(&bench, "cargo run --release --bin ingress -- --check", &[])
        && cargo(&bench, "cargo run --release --bin journal -- --check", &[])
        && cargo(&bench, "cargo test --release --lib", &[])
        && cargo(&bench, "cargo run --release -p probes", &[])
        && asm::run(root, None)
        && instructions::run(root, false)
}

/// Runs a command line in `folder`.
pub(crate) fn cargo(folder: &Path, line: &str, environment: &[(&str, &str)]) -> bool {
    println!("xtask: {line}");
    let started = Instant::now();
    let mut words = line.split(' ');
    let program = words.next().expect("a command line starts with a program");
    let status = Command::new(program).args(words).envs(environment.iter().copied()).current_dir(folder).status();
    let passed = status.as_ref().is_ok_and(|status| status.success());
    println!("xtask: {} after {} s: {line}", if passed { "passed" } else { "FAILED" }, started.elapsed().as_secs());
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_said_at_the_end() {
        let skipped = ["no nightly".to_owned(), "no valgrind".to_owned()];
        assert_eq!(summary(true, &[], 7), "xtask ci: everything passed in 7 s");
        assert_eq!(
            summary(true, &skipped, 7),
            "xtask ci: SKIPPED: no nightly\nxtask ci: SKIPPED: no valgrind\n\
             xtask ci: passed, except for what was SKIPPED, in 7 s"
        );
        assert!(summary(false, &skipped, 7).ends_with("\nxtask ci: FAILED in 7 s"));
    }

    #[test]
    fn a_tool_that_is_missing_is_named_with_what_is_not_tested() {
        let tools: &[Tool] = &[
            ("a", "b", &["no-such-program --version", "true"]),
            ("c", "d", &["no-such-program --version", "test -e TARGET/c"]),
            ("e", "f", &["test TARGET = /target"]),
        ];
        assert_eq!(missing(tools, Path::new("/target")).collect::<Vec<_>>(), ["c is missing: d"]);
    }

    #[test]
    fn a_workspace_that_is_missing_is_named() {
        assert!(workspace(&crate::root(), "fuzz").is_some() && workspace(&crate::root(), "no-such").is_none());
        let skipped = SKIPPED.lock().expect("no panic");
        assert!(skipped.contains(&"the folder `no-such` is missing, so nothing in it is checked".to_owned()));
    }

    #[test]
    fn programs_are_where_cargo_builds_them() {
        let root = crate::root();
        let elsewhere = |target| target_with(&root, &[("CARGO_TARGET_DIR", target)]);
        assert_eq!(elsewhere("/elsewhere"), Path::new("/elsewhere"));
        assert_eq!(elsewhere("built"), root.join("built"));
    }
}
