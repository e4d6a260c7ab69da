//! The inboxes under the thread sanitizer. The standard library is not instrumented, so its own channels and condition
//! variables would be reported; the test of four threads uses neither.

use super::command::{Run, SANITIZED as TARGET, needs_nightly};
use super::{Outcome, Room};

pub(super) fn prove(room: &Room) -> Outcome {
    needs_nightly()?;
    let options = format!("suppressions={}", room.root.join("xtask/src/prove/tsan.supp").display());
    let environment = [
        ("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"),
        ("TSAN_OPTIONS", &options),
        ("INGRESS_EVENTS", "1000000"),
    ];
    let line = format!(
        "cargo +nightly test -p nexus-rt --all-features --test ingress --target {TARGET} --target-dir {} -- --nocapture",
        room.path("target").display()
    );
    let text = Run { folder: &room.root, line: &line, environment: &environment, log: &room.path("tsan.log") }.run()?;
    let figures = text.lines().find(|line| line.contains(" events, ")).ok_or("the test gave no figures")?;
    Ok(format!("no race: {}", figures.trim()))
}
