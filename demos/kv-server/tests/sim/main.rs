//! Simulations of kv-server: with its journal on a disk that fails, and several servers that share a log.
//! `cargo run --release -p kv-server --example simulate` runs more of them, and one of them again.

mod replicas;
mod simulation;

use simulation::Counts;

/// As many as run in some seconds without optimization.
const SEEDS: u64 = 300;

#[test]
fn what_was_acknowledged_is_there_and_nothing_is_half_done() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        match simulation::run(seed, None, false) {
            Ok(seed) => counts.add(&seed),
            Err(why) => panic!(
                "seed {seed}: {why}\nagain: cargo run --release -p kv-server --example simulate -- --seed {seed} \
                 --verbose"
            ),
        }
    }
    assert_eq!(counts.missing(), [""; 0], "each kind of thing happens: {counts}");
}

/// As many as run in some seconds without optimization. `KV_REPLICAS=A..B` runs more.
const REPLICAS: u64 = 1_000;

#[test]
fn servers_that_share_a_log_agree_and_answer_as_one() {
    let range = std::env::var("KV_REPLICAS").ok();
    let range = range.as_deref().and_then(|range| range.split_once(".."));
    let number = |text: &str| text.parse().expect("KV_REPLICAS is a range such as 0..1000");
    let (from, to) = range.map_or((0, REPLICAS), |(from, to)| (number(from), number(to)));
    let mut counts = replicas::Counts::default();
    for seed in from..to {
        match replicas::run(seed) {
            Ok(seed) => counts.add(&seed),
            Err(why) => panic!("seed {seed}: {why}\nagain: KV_REPLICAS={seed}..{} on this test", seed + 1),
        }
    }
    println!("{counts:?}");
    assert!(to - from < REPLICAS || counts.is_complete(), "each kind of thing happens: {counts:?}");
}
