//! Compares kv-server with Redis itself: both must reply the same to over a million commands.

use super::command::{Run, is_there, passed_tests};
use super::{Outcome, Room};

const COMMANDS: &str = "1000000";

/// Tests that compare as many commands as they are told to.
const TESTS: &[&str] = &[
    "twenty_thousand_commands_are_answered_as_by_redis",
    "clients_that_disturb_each_other_receive_what_they_do_of_redis",
    "sums_have_the_digits_that_they_have_in_redis",
];

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("redis-server", &["--version"]) {
        return Err("redis-server is missing: `apt-get install redis-server`".into());
    }
    for test in TESTS {
        room.once(test, || {
            let line = format!("cargo test --release -p kv-server --test it -- {test} --show-output");
            let environment = [("KV_COMMANDS", COMMANDS), ("KV_STEPS", COMMANDS), ("KV_FLOATS", COMMANDS)];
            let log = room.path(&format!("{test}.log"));
            match passed_tests(&Run { folder: &room.root, line: &line, environment: &environment, log: &log }.run()?) {
                1 => Ok(format!("{COMMANDS} commands")),
                _ => Err(format!("there is no test `{test}`, see {}", log.display())),
            }
        })?;
    }
    Ok(format!("{} comparisons with Redis, {COMMANDS} commands each", TESTS.len()))
}
