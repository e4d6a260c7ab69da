//! The demos under valgrind's memcheck: no error, and nothing leaked.

use super::command::{Run, is_there};
use super::{Outcome, Room};

/// What is run: programs that end by themselves, with arguments that take them through all that they do.
const RUNS: &[(&str, &str)] = &[("market-data", "--bars"), ("market-data", "--json"), ("market-data", "--plan json")];

const VALGRIND: &str = "valgrind --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible \
                        --errors-for-leak-kinds=definite,indirect,possible";

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("valgrind", &["--version"]) {
        return Err("valgrind is missing: `apt-get install valgrind`".into());
    }
    let run = |line: &str, log: &str| Run { folder: &room.root, line, environment: &[], log: &room.path(log) }.run();
    run("cargo build --release --workspace --bins", "build.log")?;
    for (number, (program, arguments)) in RUNS.iter().enumerate() {
        let program = room.root.join("target/release").join(program);
        let line =
            format!("{} {} {arguments}", VALGRIND.split_whitespace().collect::<Vec<_>>().join(" "), program.display());
        room.once(&number.to_string(), || {
            let log = run(&line, &format!("{number}.log"))?;
            let clean = log.lines().find(|line| line.contains("ERROR SUMMARY: 0 errors"));
            clean.map(str::to_owned).ok_or_else(|| format!("valgrind says nothing of `{line}`"))
        })?;
    }
    Ok(format!("{} runs of the demos: no error, no leak", RUNS.len()))
}
