//! Runs every fuzz target for an hour, starting from its small corpus. cargo-fuzz builds the targets.

use std::fs;

use super::command::{Run, is_there, programs_in};
use super::{Outcome, Room};

const SECONDS: &str = "3600";

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("cargo", &["fuzz", "--version"]) {
        return Err("cargo-fuzz is missing: `cargo install --locked cargo-fuzz`".into());
    }
    let targets = programs_in(&room.root.join("fuzz/fuzz_targets"))?;
    let mut runs = Vec::new();
    for target in &targets {
        runs.push(format!("{target} {}", room.once(target, || fuzz(room, target))?));
    }
    Ok(format!("{} targets, {SECONDS} s each, no finding; runs: {}", targets.len(), runs.join(", ")))
}

/// Fuzzes one target. Returns the number of inputs tried.
fn fuzz(room: &Room, target: &str) -> Outcome {
    let seeds = room.root.join("fuzz/seeds").join(target);
    let corpus = room.path(target);
    for folder in [&seeds, &corpus] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let line = format!(
        "cargo +nightly fuzz run {target} {} {} -- -max_total_time={SECONDS} -timeout=60 -print_final_stats=1",
        corpus.display(),
        seeds.display(),
    );
    let log = room.path(&format!("{target}.log"));
    let text = Run { folder: &room.root, line: &line, environment: &[], log: &log }.run()?;
    let runs = executed(&text).ok_or_else(|| format!("{target} ran nothing, see {}", log.display()))?;
    Ok(runs.to_string())
}

/// Returns the number of inputs tried, which libFuzzer prints at the end.
fn executed(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_off_the_log() {
        assert_eq!(executed("x\nstat::number_of_executed_units: 1234\n"), Some(1234));
        assert_eq!(executed("Done\n"), None);
    }
}
