//! Chains beside plain Rust: a byte for the resource, eight for the first value, one for each step.
#![no_main]

#[path = "../../crates/nexus-rt/tests/it/chain_model.rs"]
mod chain_model;

use libfuzzer_sys::fuzz_target;

use chain_model::{Plain, Seen, Value, step, world};

/// More steps say nothing new.
const MOST: usize = 500;

fuzz_target!(|bytes: &[u8]| {
    let Some((bias, rest)) = bytes.split_first() else { return };
    let Some((start, choices)) = rest.split_first_chunk() else { return };
    let bias = u64::from(*bias);
    let mut world = world(bias);
    let mut plain = Plain { bias, seen: Vec::new() };
    let mut value = Value::Plain(u64::from_le_bytes(*start));
    for choice in choices.iter().take(MOST) {
        let (ours, expected) = step(&mut world, &mut plain, value, *choice);
        assert_eq!(ours, expected, "choice {choice}");
        value = expected;
    }
    assert_eq!(world.resource::<Seen>().0, plain.seen);
});
