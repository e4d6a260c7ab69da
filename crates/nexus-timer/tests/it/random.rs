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
}
