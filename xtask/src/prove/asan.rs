//! The tests and examples under the address sanitizer, which also finds leaks. Documentation examples are left out.

use super::command::{Run, SANITIZED as TARGET, needs_nightly, passed_tests, programs_in};
use super::{Outcome, Room};

/// Shorter runs of the examples that measure or wait.
const ARGUMENTS: &[(&str, &str)] =
    &[("perf_construction", "640"), ("perf_fetch", "640"), ("perf_pipeline", "640"), ("perf_template", "640")];

/// These tests measure the memory of a process, which here is mostly that of the sanitizer, or run it under strace,
/// where the sanitizer cannot look for leaks.
const SKIPPED: &[&str] = &[
    "unfinished_requests_of_all_clients_together_are_bounded",
    "one_request_for_the_same_value_many_times_does_not_fill_the_memory",
    "a_key_takes_little_memory_which_is_told_truly_and_given_back",
    "a_directory_that_cannot_be_written_is_one_sentence_and_can_still_be_replayed",
    "a_full_or_broken_disk_ends_the_server_with_a_sentence_and_loses_nothing",
    "replies_wait_until_the_disk_has_what_they_answer",
];

pub(super) fn prove(room: &Room) -> Outcome {
    needs_nightly()?;
    let environment =
        [("RUSTFLAGS", "-Zsanitizer=address"), ("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1")];
    let run =
        |line: &str, log: &str| Run { folder: &room.root, line, environment: &environment, log: &room.path(log) }.run();
    // The allocator of the sanitizer is not the one that counts. Golden messages belong to another toolchain and skip
    // themselves.
    let where_to = format!("--target {TARGET} --target-dir {}", room.path("target").display());
    run(&format!("cargo +nightly build --workspace --all-features --examples {where_to}"), "build.log")?;
    let skipped: String = SKIPPED.iter().map(|test| format!(" --skip {test}")).collect();
    let tests = run(
        &format!("cargo +nightly test --workspace --all-features --lib --bins --tests {where_to} --{skipped}"),
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
