//! Random walks of the wheel beside its model. `PROPTEST_CASES` says how many.

use std::time::Duration;

use proptest::prelude::*;

use crate::model::{Op, Walk};

/// Times that meet: within a tick, around the sizes of slots, days away, and in the past.
fn time() -> impl Strategy<Value = i64> {
    const MS: i64 = 1_000_000;
    prop_oneof![
        2 => Just(0),
        4 => 0..2_000_i64,
        6 => 0..3 * MS,
        4 => (0..200_i64).prop_map(|n| n * 524_288),
        4 => 0..5_000 * MS,
        2 => (0..60_u32, -3..3_i64).prop_map(|(bits, near)| (1 << bits) + near),
        2 => -50 * MS..0,
        1 => -90_000_000 * MS..0,
        1 => 0..90_000_000 * MS,
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let pick = || prop_oneof![3 => 0..10_usize, 1 => any::<usize>()];
    prop_oneof![
        10 => time().prop_map(Op::Insert),
        3 => pick().prop_map(Op::Cancel),
        4 => (pick(), time()).prop_map(|(pick, after)| Op::Reschedule(pick, after)),
        2 => Just(Op::CancelFirst),
        2 => time().prop_map(Op::RescheduleFirst),
        1 => any::<bool>().prop_map(Op::Ask),
        5 => time().prop_map(Op::Advance),
        3 => Just(Op::StartPoll),
        6 => Just(Op::Pop),
        3 => Just(Op::PopLent),
        3 => time().prop_map(Op::Restore),
        2 => (0..6_usize).prop_map(Op::Poll),
        1 => Just(Op::Poll(usize::MAX)),
        2 => Just(Op::Sleep),
        1 => prop_oneof![30 => Just(Op::StartPoll), 1 => Just(Op::Clear)],
    ]
}

/// What is done where many entries share a tick of 65,536 ns. The clock stands still as often as not.
fn near_op() -> impl Strategy<Value = Op> {
    const TICK: i64 = 65_536;
    let time = || prop_oneof![4 => 0..TICK, 4 => 0..3 * TICK, 1 => 0..64 * TICK, 2 => -2 * TICK..0, 1 => Just(0)];
    prop_oneof![
        6 => time().prop_map(Op::Insert),
        6 => Just(Op::CancelFirst),
        6 => time().prop_map(Op::RescheduleFirst),
        3 => (0..60_usize).prop_map(Op::Cancel),
        3 => (0..60_usize, time()).prop_map(|(pick, after)| Op::Reschedule(pick, after)),
        2 => time().prop_map(Op::Advance),
        2 => (0..TICK / 50).prop_map(Op::Advance),
        2 => Just(Op::StartPoll),
        3 => Just(Op::Pop),
        2 => Just(Op::PopLent),
        2 => time().prop_map(Op::Restore),
        4 => Just(Op::Poll(usize::MAX)),
        1 => Just(Op::Sleep),
        1 => prop_oneof![9 => Just(Op::StartPoll), 1 => Just(Op::Clear)],
        1 => any::<bool>().prop_map(Op::Ask),
    ]
}

/// Entries that wait when the walk begins, most of them in one tick.
fn crowd() -> impl Strategy<Value = Vec<Op>> {
    let after = prop_oneof![8 => 655_360..720_896_i64, 1 => 0..4_000_000_i64];
    prop::collection::vec(after.prop_map(Op::Insert), 0..60)
}

fn tick() -> impl Strategy<Value = Duration> {
    let ticks = [1_000, 1_000_000, 1_337, 65_536, 777_777_777, 3_600_000_000_000];
    prop::sample::select(ticks.map(Duration::from_nanos).to_vec())
}

fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 1000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_wheel_does_what_the_model_does(tick in tick(), ops in prop::collection::vec(op(), 1..200)) {
        let mut walk = Walk::new(tick);
        for op in ops {
            walk.step(op);
        }
        walk.finish();
    }

    #[test]
    fn the_next_deadline_is_exact_in_crowded_ticks(crowd in crowd(), ops in prop::collection::vec(near_op(), 1..200)) {
        let mut walk = Walk::near(Duration::from_nanos(65_536));
        for op in crowd.into_iter().chain(ops) {
            walk.step(op);
        }
        walk.finish();
    }
}
