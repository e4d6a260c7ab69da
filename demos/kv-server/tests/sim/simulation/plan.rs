//! `Plan`: what a seed decides before anything runs.

use std::time::Duration;

use kv_server::PROGRAM;
use nexus_journal::testing::Fault;
use nexus_journal::{Durability, Options};

use super::random::Random;

pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) turns: u64,
    /// The most requests of a turn.
    pub(crate) requests: u64,
    /// How many clients there are at once.
    pub(crate) clients: usize,
    /// Whether nothing goes wrong but at the operation that is asked for.
    pub(crate) is_calm: bool,
}

/// Of so many seeds, one is run once for each operation that changes the disk.
const THOROUGH: u64 = 64;

/// Whether a seed is run once for each operation that changes the disk, with something going wrong just there.
pub(crate) fn is_thorough(seed: u64) -> bool {
    seed.is_multiple_of(THOROUGH)
}

/// What goes wrong in such runs: mostly the power fails.
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

/// How much time passes until the next turn: mostly none, now and then days.
pub(crate) fn pause(random: &mut Random) -> Duration {
    match random.below(64) {
        0..=23 => Duration::ZERO,
        24..=35 => Duration::from_nanos(random.below(2_000_000)),
        36..=55 => Duration::from_micros(random.below(30_000)),
        56..=62 => Duration::from_millis(random.below(100_000)),
        _ => Duration::from_secs(random.below(10_000_000)),
    }
}
