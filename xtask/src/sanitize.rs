//! `cargo xtask sanitize`: the library's tests under the address sanitizer.

use std::path::Path;
use std::process::Command;

use crate::ci::{cargo, skip};

/// Returns whether the tests pass. Without a nightly toolchain, prints that they are skipped.
pub(crate) fn run(root: &Path) -> bool {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    let nightly = Command::new("cargo").args(["+nightly", "--version"]).output();
    if !nightly.is_ok_and(|output| output.status.success()) {
        return skip("no nightly toolchain, so the address sanitizer does not run");
    }
    let flags = [("RUSTFLAGS", "-Zsanitizer=address"), ("ASAN_OPTIONS", "detect_leaks=1")];
    cargo(
        root,
        &format!(
            "cargo +nightly test -p nexus-rt --all-features --lib --test it --target {TARGET} --target-dir target/asan"
        ),
        &flags,
    )
}
