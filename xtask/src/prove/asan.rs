//! Everything under the address sanitizer, which also looks for leaks: tests, documentation examples apart, and
//! examples.

use super::command::{Run, SANITIZED as TARGET, needs_nightly, passed_tests, programs_in};
use super::{Outcome, Room};

/// Examples that measure or wait do so for less long here.
const ARGUMENTS: &[(&str, &str)] =
    &[("perf_construction", "640"), ("perf_fetch", "640"), ("perf_pipeline", "640"), ("perf_template", "640")];

/// Measures the memory of a process, most of which is the sanitizer's here.
const SKIPPED: &str = "unfinished_requests_of_all_clients_together_are_bounded";

pub(super) fn prove(room: &Room) -> Outcome {
    needs_nightly()?;
    let environment =
        [("RUSTFLAGS", "-Zsanitizer=address"), ("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1")];
    let run =
        |line: &str, log: &str| Run { folder: &room.root, line, environment: &environment, log: &room.path(log) }.run();
    // The allocator of the sanitizer is not the one that counts; golden messages are of another toolchain and skip
    // themselves.
    let where_to = format!("--target {TARGET} --target-dir {}", room.path("target").display());
    run(&format!("cargo +nightly build --workspace --all-features --examples {where_to}"), "build.log")?;
    let tests = run(
        &format!("cargo +nightly test --workspace --all-features --lib --bins --tests {where_to} -- --skip {SKIPPED}"),
        "tests.log",
    )?;
    let folder = room.path("target").join(TARGET).join("debug/examples");
    let mut examples = 0;
    for example in programs_in(&room.root.join("crates/nexus-rt/examples"))? {
        let arguments =
            ARGUMENTS.iter().find(|(name, _)| *name == example).map_or(String::new(), |(_, text)| format!(" {text}"));
        run(&format!("{}{arguments}", folder.join(&example).display()), &format!("{example}.log"))?;
        examples += 1;
    }
    Ok(format!("{} tests and {examples} examples, no error, no leak", passed_tests(&tests)))
}
