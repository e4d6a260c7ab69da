//! `cargo xtask ci`: the checks that must pass before a change lands, the fastest first.

use std::path::Path;
use std::process::Command;
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
    let seconds = started.elapsed().as_secs();
    println!("xtask ci: {} in {seconds} s", if passed { "everything passed" } else { "FAILED" });
    passed
}

/// Builds the guide as a book, if the tools for it can be installed.
fn guide(root: &Path) -> bool {
    if std::env::var_os("WITHOUT_BOOK").is_some() {
        println!("xtask: WITHOUT_BOOK is set, so the book is not built");
        return true;
    }
    book::run(root)
}

/// Checks the fuzz targets: a workspace of their own, which includes tests of this one.
fn fuzz(root: &Path) -> bool {
    let fuzz = root.join("fuzz");
    !fuzz.exists() || cargo(&fuzz, "cargo fmt --all --check", &[]) && cargo(&fuzz, "cargo check --bins", &[])
}

/// Checks the programs for several machines: a workspace of their own, for its async dependencies.
fn cluster(root: &Path) -> bool {
    let cluster = root.join("cluster");
    !cluster.exists()
        || cargo(&cluster, "cargo fmt --all --check", &[])
            && cargo(&cluster, "cargo clippy --workspace --all-targets -- -D warnings", &[])
            && cargo(&cluster, "cargo doc --workspace --no-deps", &[("RUSTDOCFLAGS", "-D warnings")])
            && cargo(&cluster, "cargo test --workspace", &[])
}

/// Checks that the benches, which are a workspace of their own, compile and compute the right values.
fn bench(root: &Path) -> bool {
    let bench = root.join("bench");
    !bench.exists()
        || cargo(&bench, "cargo fmt --all --check", &[])
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
