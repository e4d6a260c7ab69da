//! Ten million events from four threads, with timers and sockets, through one sleep.

use super::command::Run;
use super::{Outcome, Room};

const EVENTS: &str = "10000000";

pub(super) fn prove(room: &Room) -> Outcome {
    let line = "cargo test --release -p nexus-rt --all-features --test ingress -- --nocapture";
    let environment = [("INGRESS_EVENTS", EVENTS)];
    let text = Run { folder: &room.root, line, environment: &environment, log: &room.path("ingress.log") }.run()?;
    let figures = text.lines().find(|line| line.contains(" events, ")).ok_or("the test gave no figures")?;
    Ok(figures.trim().to_owned())
}
