//! Replays journals of market-data many times: each time, the state at the end must be the one that was recorded.

use std::collections::BTreeSet;
use std::fs;

use super::command::{Run, output};
use super::{Outcome, Room};
use crate::ci::target;

/// The replays of each journal.
const REPLAYS: usize = 500;

/// One journal is recorded on one thread, the other on two.
const THREADS: &[&str] = &["1", "2"];

pub(super) fn prove(room: &Room) -> Outcome {
    let line = "cargo build --release -p market-data";
    Run { folder: &room.root, line, environment: &[], log: &room.path("build.log") }.run()?;
    let program = target(&room.root).join("release/market-data").display().to_string();
    let mut digests = BTreeSet::new();
    for threads in THREADS {
        let journal = room.path("journal");
        let _ = fs::remove_dir_all(&journal);
        let journal = journal.display().to_string();
        let result = |args: &[&str]| {
            let args = [args, &["--json"]].concat();
            let text = output(&room.root, &program, &args);
            digest(&text).ok_or_else(|| format!("`market-data {}` gave no digest: {text}", args.join(" ")))
        };
        digests.insert(result(&["--threads", threads, "--journal", &journal])?);
        for _ in 0..REPLAYS {
            digests.insert(result(&["--replay", &journal])?);
        }
    }
    let count = THREADS.len() * REPLAYS;
    match digests.len() {
        1 => Ok(format!("{count} replays of {} journals end with the recorded state", THREADS.len())),
        _ => Err(format!("{count} replays of {} journals have several ends: {digests:?}", THREADS.len())),
    }
}

/// Returns the hash of the whole state from a result as JSON.
fn digest(json: &str) -> Option<String> {
    let (_, rest) = json.split_once("\"digest\":\"")?;
    rest.split_once('"').map(|(digest, _)| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_from_results() {
        assert_eq!(digest(r#"{"journal":{"inputs":1,"digest":"29c9"}}"#).as_deref(), Some("29c9"));
        assert_eq!(digest("error: there is no journal"), None);
    }
}
