//! kv-server with a journal, killed under load, a thousand times in each durability.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const KILLS: &str = "3003";

/// The test prints a line for each.
const DURABILITIES: usize = 3;

const TEST: &str = "a_server_that_is_killed_under_load_loses_nothing_that_it_has_answered";

pub(super) fn prove(room: &Room) -> Outcome {
    let line = format!("cargo test --release -p kv-server --test it -- {TEST} --show-output");
    let log = room.path("kills.log");
    let run = Run { folder: &room.root, line: &line, environment: &[("KV_KILLS", KILLS)], log: &log };
    let text = run.run()?;
    if passed_tests(&text) != 1 {
        return Err(format!("there is no test `{TEST}`, see {}", log.display()));
    }
    let figures: Vec<_> = text.lines().filter(|line| line.contains(" kills, ")).map(str::trim).collect();
    if figures.len() != DURABILITIES {
        return Err(format!("the test gave no figures, see {}", log.display()));
    }
    Ok(format!("{}: nothing lost that was answered", figures.join("; ")))
}
