//! Every interleaving of the doorbell and the inbox with up to five preemptions. (Without a limit it takes hours.)

use super::command::Run;
use super::{Outcome, Room};

pub(super) fn prove(room: &Room) -> Outcome {
    let line = "cargo test --release --target-dir ../target/loom";
    let environment = [("LOOM_MAX_PREEMPTIONS", "5")];
    let folder = room.root.join("loom");
    let text = Run { folder: &folder, line, environment: &environment, log: &room.path("loom.log") }.run()?;
    let result = text.lines().find(|line| line.starts_with("test result: ok")).ok_or("the models gave no result")?;
    Ok(format!("up to 5 preemptions: {}", result.trim()))
}
