//! The tests and examples under the address sanitizer, which also finds leaks. Documentation examples are left out.

use std::fs;

use super::command::{Run, SANITIZED as TARGET, needs_nightly, passed_tests, programs_in};
use super::{Outcome, Room};

/// The folders of examples that run to an end. Left out are three of kv-server, which put load on a running server:
/// `patient`, `pings` and `soak`.
const EXAMPLES: &[&str] = &["crates/nexus-rt/examples", "crates/nexus-journal/examples"];

/// Arguments of examples: shorter runs of those that measure, the plan of one that serves without end (which its tests
/// run), and `ROOM` for the folder of this proof.
const ARGUMENTS: &[(&str, &str)] = &[
    ("fix_gateway", "--plan"),
    ("perf_construction", "640"),
    ("perf_fetch", "640"),
    ("perf_pipeline", "640"),
    ("perf_sync", "ROOM"),
    ("perf_template", "640"),
    ("simulate", "--seeds 0..64"),
];

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
    let mut examples = vec!["simulate".to_owned()];
    for place in EXAMPLES {
        examples.extend(programs_in(&room.root.join(place))?);
    }
    // Of a run that was interrupted.
    let _ = fs::remove_dir_all(room.path("perf_sync"));
    for example in &examples {
        let arguments =
            ARGUMENTS.iter().find(|(name, _)| name == example).map_or(String::new(), |(_, text)| format!(" {text}"));
        let arguments = arguments.replace("ROOM", &room.folder.display().to_string());
        run(&format!("{}{arguments}", folder.join(example).display()), &format!("{example}.log"))?;
    }
    Ok(format!("{} tests and {} examples, no error, no leak", passed_tests(&tests), examples.len()))
}
