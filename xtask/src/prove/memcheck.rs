//! The demos under valgrind's memcheck, which must find no error and no leak.

use super::command::{Run, is_there};
use super::{Outcome, Room};
use crate::ci::target;

/// The runs of market-data, with arguments that cover all its features. It ends by itself.
const RUNS: &[&str] = &["--bars", "--json", "--plan json"];

const VALGRIND: &[&str] = &[
    "valgrind",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
];

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("valgrind", &["--version"]) {
        return Err("valgrind is missing: `apt-get install valgrind`".into());
    }
    let run = |line: &str, log: &str| Run { folder: &room.root, line, environment: &[], log: &room.path(log) }.run();
    run("cargo build --release --workspace --bins", "build.log")?;
    let program = target(&room.root).join("release/market-data");
    for (number, arguments) in RUNS.iter().enumerate() {
        room.once(&number.to_string(), || {
            clean(&run(&format!("{} {} {arguments}", VALGRIND.join(" "), program.display()), &format!("{number}.log"))?)
        })?;
    }
    if !is_there("redis-benchmark", &["--version"]) {
        return Err("redis-benchmark is missing: `apt-get install redis-tools`".into());
    }
    let text = run("demos/kv-server/memcheck.sh 20", "kv-server.log")?;
    let servers = text.lines().filter(|line| line.contains(": 0 errors")).count();
    Ok(format!(
        "{} runs of market-data, {servers} of kv-server with clients for 20 s each: no error, no leak",
        RUNS.len()
    ))
}

/// Returns valgrind's summary, if it found no error.
fn clean(log: &str) -> Outcome {
    let summary = log.lines().find(|line| line.contains("ERROR SUMMARY: 0 errors"));
    summary.map(str::to_owned).ok_or_else(|| "valgrind did not find the program clean".to_owned())
}
