//! Three machines, each with a nats-server and a kv-server. Under load, programs are killed and paused, and machines
//! are cut off.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const ROUNDS: &str = "100";

const TEST: &str = "whatever_fails_nothing_answered_is_lost_or_doubled_and_all_agree";

pub(super) fn prove(room: &Room) -> Outcome {
    let folder = room.root.join("cluster");
    let line = format!("cargo test --release -p kv-cluster --test it -- {TEST}");
    let log = room.path("cluster.log");
    let environment = [("KV_ROUNDS", ROUNDS), ("KV_FAILURES", "all")];
    let run = Run { folder: &folder, line: &line, environment: &environment, log: &log };
    match passed_tests(&run.run()?) {
        1 => Ok(format!(
            "{ROUNDS} rounds of kills, pauses and cuts: nothing answered lost or doubled, one order, all servers agree"
        )),
        _ => Err(format!("there is no test `{TEST}`, see {}", log.display())),
    }
}
