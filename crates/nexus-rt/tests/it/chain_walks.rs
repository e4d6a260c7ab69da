//! Random chains against the same logic as plain Rust (see `chain_model.rs`); and the equalities between the ways to
//! run one. `PROPTEST_CASES=1000000` runs more.

use nexus_rt::{DagStart, PipelineStart, Res};
use proptest::prelude::*;

use crate::chain_model::{Bias, Plain, Seen, Value, add, add_ref, ask, odd, result, see, step, world};

/// 4,000 chains of up to 60 steps, or as many as the environment says: on average 120,000 steps, each a case of its
/// own.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn random_chains_do_what_plain_rust_does(
        bias in 0_u64..8,
        start in prop_oneof![0_u64..20, any::<u64>().prop_map(|x| x / 8)],
        choices in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let mut world = world(bias);
        let mut plain = Plain { bias, seen: vec![] };
        let mut value = Value::Plain(start);
        for choice in choices {
            let (ours, expected) = step(&mut world, &mut plain, value, choice);
            prop_assert_eq!(&ours, &expected, "choice {}", choice);
            value = expected;
        }
        prop_assert_eq!(&world.resource::<Seen>().0, &plain.seen);
    }

    #[test]
    fn a_batch_a_loop_and_a_slice_do_the_same(bias in 0_u64..8, items in prop::collection::vec(0_u64..100, 0..200)) {
        let mut worlds = [world(bias), world(bias), world(bias)];
        let [batched, looped, lent] = &mut worlds;
        macro_rules! chain {
            ($start:expr, $world:ident) => {
                $start.then(result, $world.registry())
                    .map_err(add, $world.registry())
                    .catch(see, $world.registry())
                    .filter(odd, $world.registry())
                    .map(see, $world.registry())
            };
        }
        let mut batch = chain!(PipelineStart::<u64>::new(), batched).build_batch(items.len());
        batch.input_mut().extend_from_slice(&items);
        batch.run(batched);
        let mut pipeline = chain!(PipelineStart::<u64>::new(), looped).build();
        for item in &items {
            pipeline.run(looped, *item);
        }
        let mut by_reference = chain!(PipelineStart::<&u64>::borrowed(), lent).build();
        by_reference.run_each(lent, &items);
        prop_assert_eq!(worlds[0].resource::<Seen>(), worlds[1].resource::<Seen>());
        prop_assert_eq!(worlds[0].resource::<Seen>(), worlds[2].resource::<Seen>());
    }

    #[test]
    fn by_reference_is_by_value(bias in 0_u64..8, x in 0_u64..1000) {
        let mut world = world(bias);
        let reg = world.registry();
        let mut by_value = PipelineStart::<u64>::new()
            .then(add, reg).then(|x: u64| Some(x), reg).map(add, reg).ok_or(1_u64).map(add, reg).map_err(add, reg)
            .unwrap_or_else(add, reg).build();
        let mut by_reference = PipelineStart::<u64>::new()
            .then(add_ref, reg).then(|x: &u64| Some(*x), reg).map(add_ref, reg).ok_or(1_u64).map(add_ref, reg)
            .map_err(add_ref, reg).unwrap_or_else(add_ref, reg).build();
        prop_assert_eq!(by_value.run(&mut world, x), by_reference.run(&mut world, x));
    }

    #[test]
    fn a_dag_does_what_plain_code_does(bias in 0_u64..8, x in 0_u64..1000) {
        let mut world = world(bias);
        let reg = world.registry();
        let mut dag = DagStart::<u64>::new()
            .root(add, reg)
            .fork()
            .arm(|a| a.then(add_ref, reg).guard(odd, reg))
            .arm(|a| {
                a.then(result, reg)
                    .fork()
                    .arm(|b| b.then(|r: &Result<u64, u64>| r.is_ok(), reg).and(ask, reg))
                    .arm(|b| b.cloned().unwrap_or_else(add, reg))
                    .merge(|ok: &bool, x: &u64| if *ok { *x } else { x.wrapping_add(100) }, reg)
            })
            .merge(|bias: Res<Bias>, a: &Option<u64>, b: &u64| a.unwrap_or(bias.0).wrapping_sub(*b), reg)
            .build();
        let plain = Plain { bias, seen: vec![] };
        let root = plain.add(x);
        let first = Some(plain.add(root)).filter(|x| plain.odd(*x));
        let inner = plain.result(root);
        let ok = inner.is_ok() && plain.ask();
        let inner = inner.unwrap_or_else(|e| plain.add(e));
        let second = if ok { inner } else { inner.wrapping_add(100) };
        prop_assert_eq!(dag.run(&mut world, x), first.unwrap_or(bias).wrapping_sub(second));
    }
}
