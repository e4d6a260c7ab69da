//! Ten minutes of random timers, over simulated years. No timer may fire early, late, twice, out of order or never.

use super::command::Run;
use super::{Outcome, Room};

const SECONDS: &str = "600";

pub(super) fn prove(room: &Room) -> Outcome {
    let line = "cargo test --release -p nexus-timer --test soak -- --nocapture";
    let environment = [("SOAK_SECONDS", SECONDS)];
    let text = Run { folder: &room.root, line, environment: &environment, log: &room.path("soak.log") }.run()?;
    let figures = text.lines().find(|line| line.contains(" rounds, ")).ok_or("the soak gave no figures")?;
    Ok(format!("{SECONDS} s: {}", figures.trim()))
}
