//! `Plan`: what a seed decides before the run.

use std::time::Duration;

use kv_server::PROGRAM;
use nexus_journal::testing::Fault;
use nexus_journal::{Durability, Options};

use super::random::Random;

pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) turns: u64,
    /// The maximum number of requests in a turn.
    pub(crate) requests: u64,
    /// The number of clients at once.
    pub(crate) clients: usize,
    /// Whether nothing fails except at the chosen operation.
    pub(crate) is_calm: bool,
}

/// One seed in this many is run once for each operation that changes the disk.
const THOROUGH: u64 = 64;

/// Returns whether a seed is run once for each operation that changes the disk, with a fault at that operation.
pub(crate) fn is_thorough(seed: u64) -> bool {
    seed.is_multiple_of(THOROUGH)
}

/// Returns the fault of such runs: mostly a power failure.
pub(crate) fn fault(seed: u64) -> Fault {
    match seed / THOROUGH % 4 {
        0..=1 => Fault::Off,
        2 => Fault::Broken,
        _ => Fault::Full,
    }
}

impl Plan {
    pub(crate) fn new(random: &mut Random, is_thorough: bool) -> Self {
        let durability = match random.below(8) {
            0 if !is_thorough => Durability::Process,
            0..=3 => Durability::Disk,
            _ => Durability::Behind,
        };
        let options = Options {
            durability,
            segment: random.pick(&[1, 300, 800, 3_000]),
            reserve: random.pick(&[1, 512, 4_096]),
            check_every: random.pick(&[1, 2, 5]),
            ..Options::new(PROGRAM)
        };
        let turns = if is_thorough { 4 + random.below(5) } else { 5 + random.below(40) };
        let (requests, clients) = (random.pick(&[2, 6, 12]), 1 + random.index(6));
        Self { options, turns, requests, clients, is_calm: is_thorough }
    }
}

/// Returns the time until the next turn: mostly none or little, sometimes days.
pub(crate) fn pause(random: &mut Random) -> Duration {
    match random.below(64) {
        0..=23 => Duration::ZERO,
        24..=35 => Duration::from_nanos(random.below(2_000_000)),
        36..=55 => Duration::from_micros(random.below(30_000)),
        56..=62 => Duration::from_millis(random.below(100_000)),
        _ => Duration::from_secs(random.below(10_000_000)),
    }
}
