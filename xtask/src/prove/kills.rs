//! kv-server with a journal, killed under load, a thousand times in each durability.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const KILLS: &str = "3003";

const TEST: &str = "a_server_that_is_killed_under_load_loses_nothing_that_it_has_answered";

pub(super) fn prove(room: &Room) -> Outcome {
    let line = format!("cargo test --release -p kv-server --test it -- {TEST}");
    let log = room.path("kills.log");
    let run = Run { folder: &room.root, line: &line, environment: &[("KV_KILLS", KILLS)], log: &log };
    match passed_tests(&run.run()?) {
        1 => Ok(format!("{KILLS} kills in three durabilities, nothing lost that was answered")),
        _ => Err(format!("there is no test `{TEST}`, see {}", log.display())),
    }
}
