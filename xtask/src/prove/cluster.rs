//! Three machines, each with a nats-server and a kv-server. Under load, programs are killed and paused, and machines
//! are cut off.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const ROUNDS: &str = "100";

const TEST: &str = "whatever_fails_nothing_answered_is_lost_or_doubled_and_all_agree";

pub(super) fn prove(room: &Room) -> Outcome {
    let folder = room.root.join("cluster");
    let line = format!("cargo test --release -p kv-cluster --test it -- {TEST} --nocapture");
    let log = room.path("cluster.log");
    let environment = [("KV_ROUNDS", ROUNDS), ("KV_FAILURES", "all")];
    let run = Run { folder: &folder, line: &line, environment: &environment, log: &log };
    let text = run.run()?;
    if passed_tests(&text) != 1 {
        return Err(format!("there is no test `{TEST}`, see {}", log.display()));
    }
    let figures = figures(&text).ok_or_else(|| format!("the test gave no figures, see {}", log.display()))?;
    Ok(format!("{figures}: nothing answered lost or doubled, one order, all servers agree"))
}

/// What failed in the rounds, and how many increments were answered in all.
fn figures(log: &str) -> Option<String> {
    let rounds: Vec<_> = log.lines().filter(|line| line.contains("round ") && line.contains(" counted, ")).collect();
    let count = |what: &str| rounds.iter().filter(|line| line.contains(what)).count();
    let answered = |line: &&str| line.split_once(" counted, ")?.0.rsplit(' ').next()?.parse::<u64>().ok();
    let counted: u64 = rounds.iter().map(answered).sum::<Option<_>>()?;
    if rounds.is_empty() {
        return None;
    }
    let (kills, pauses, cuts) = (count(" killed"), count(" stands still "), count(" is cut off "));
    Some(format!(
        "{} rounds: {kills} kills, {pauses} pauses, {cuts} machines cut off, {counted} increments answered",
        rounds.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_counted_by_what_failed() {
        let log = "test rounds::all_agree ... round 0: m1 is cut off for 4s: 80 operations in 2 registers, 90 counted, \
                   0 unanswered, longest 1.2s\nround 1: both of m0 are killed for 2s: 70 operations in 2 registers, 60 counted, \
                   3 unanswered, longest 1.0s\nok\n";
        let expected = "2 rounds: 1 kills, 0 pauses, 1 machines cut off, 150 increments answered";
        assert_eq!(figures(log).as_deref(), Some(expected));
        assert_eq!(figures("test result: ok. 1 passed"), None);
    }
}
