//! Simulations of kv-server with its journal on a disk that fails.
//! `cargo run --release -p kv-server --example simulate` runs more of them, and one of them again.

mod simulation;

use simulation::Counts;

/// As many as take some seconds without optimization.
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
