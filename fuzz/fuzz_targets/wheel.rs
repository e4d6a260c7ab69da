//! The timer wheel beside its model: bytes become a walk, four for each step.
#![no_main]

#[path = "../../crates/nexus-timer/tests/it/model.rs"]
mod model;

use std::time::Duration;

use libfuzzer_sys::fuzz_target;

use model::{Op, Walk};

/// More steps say nothing new, and the model is slow.
const MOST: usize = 400;

fuzz_target!(|bytes: &[u8]| {
    let Some((tick, steps)) = bytes.split_first() else { return };
    let ticks = [1_000, 1_000_000, 1_337, 65_536, 777_777_777, 3_600_000_000_000];
    let length = Duration::from_nanos(ticks[usize::from(*tick) % ticks.len()]);
    let mut walk = if *tick < 192 { Walk::new(length) } else { Walk::near(length) };
    for step in steps.as_chunks().0.iter().take(MOST) {
        walk.step(op(*step));
    }
    walk.finish();
});

fn op([kind, a, b, c]: [u8; 4]) -> Op {
    let pick = usize::from(a);
    match kind % 16 {
        0..4 => Op::Insert(time(a, b, c)),
        4 => Op::Cancel(pick),
        5 | 6 => Op::Reschedule(pick, time(a.rotate_left(3), b, c)),
        7 | 8 => Op::Advance(time(a, b, c)),
        9 => Op::StartPoll,
        10 | 11 => Op::Pop,
        12 => Op::PopLent,
        13 => Op::Restore(time(a, b, c)),
        14 => {
            if a % 2 == 0 {
                Op::Poll(pick % 8)
            } else {
                Op::Sleep
            }
        }
        _ => match a {
            0 => Op::Clear,
            1..128 => Op::Poll(usize::MAX),
            128..160 => Op::CancelFirst,
            160..208 => Op::RescheduleFirst(time(b, b, c)),
            208..216 => Op::Ask(b % 2 == 0),
            _ => Op::Pop,
        },
    }
}

/// Up to 2^58 ns, in the future more often than in the past, with 16 bits that tell.
fn time(a: u8, b: u8, c: u8) -> i64 {
    let bits = i64::from(u16::from_le_bytes([b, c])) << (a % 43);
    if a < 192 { bits } else { -bits }
}
