//! A million simulations of kv-server with its journal on a failing disk, each from a seed.

use std::num::NonZero;
use std::thread::available_parallelism;

use super::command::Run;
use super::{Outcome, Room};

const SEEDS: u64 = 1_000_000;

/// The simulations run in parts, so that parts known to hold do not run again.
const PARTS: u64 = 10;

pub(super) fn prove(room: &Room) -> Outcome {
    let jobs = available_parallelism().map_or(1, NonZero::get);
    let mut last = String::new();
    for part in 0..PARTS {
        let (from, to) = (part * SEEDS / PARTS, (part + 1) * SEEDS / PARTS);
        last = room.once(&format!("seeds-{from}-{to}"), || {
            let example = "cargo run --release -p kv-server --example simulate --";
            let line = format!("{example} --seeds {from}..{to} --jobs {jobs}");
            let log = room.path(&format!("{from}.log"));
            let text = Run { folder: &room.root, line: &line, environment: &[], log: &log }.run()?;
            let figures = text.lines().find(|line| line.contains(" seeds, ")).ok_or("it gave no figures")?;
            Ok(figures.trim().to_owned())
        })?;
    }
    Ok(format!("{SEEDS} seeds: nothing acknowledged lost, nothing half done; the last {}: {last}", SEEDS / PARTS))
}
