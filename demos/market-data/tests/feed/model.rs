//! The feed against the simplest program that does the same, on random input.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Random, run, trade};

const ROUNDS: u64 = 300;

#[test]
fn trades_in_any_order_count_once_each() {
    for round in 1..=ROUNDS {
        let mut random = Random(round * 7_919);
        let ids: Vec<u64> = (0..60).map(|_| random.below(40)).collect();
        let outcome = run(&ids.iter().map(|id| trade(*id, &(id + 1).to_string(), "1")).collect::<Vec<_>>(), None);

        let (mut seen, mut duplicates, mut old) = (BTreeSet::new(), 0, 0);
        for id in &ids {
            let is_old = seen.last().is_some_and(|latest| latest > id);
            match seen.insert(*id) {
                false => duplicates += 1,
                true => old += u64::from(is_old),
            }
        }
        let decimal = |whole: u64| json!(format!("{whole}.00000000"));
        assert_eq!(outcome.figures["volume"], decimal(seen.len() as u64), "{ids:?}");
        assert_eq!(outcome.figures["last_price"], decimal(seen.last().unwrap() + 1), "{ids:?}");
        assert_eq!(
            (&outcome.figures["duplicates"], &outcome.figures["out_of_order"]),
            (&json!(duplicates), &json!(old))
        );
        assert_eq!(outcome.problems.len() as u64, old.min(10), "{ids:?}");
        let [bar] = &outcome.bars[..] else { panic!("{:?}", outcome.bars) };
        let whole = [bar.open, bar.close, bar.low, bar.high].map(|price| price.units() / 100_000_000 - 1);
        let (first, last) = (*seen.first().unwrap(), *seen.last().unwrap());
        assert_eq!(whole, [first, last, first, last], "{ids:?}");
    }
}
