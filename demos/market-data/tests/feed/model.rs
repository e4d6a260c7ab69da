//! Compares the feed on random input with the simplest program that does the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{Random, diff, run, snapshot, ticker, trade};

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

/// A message for a book and its checks.
#[derive(Debug)]
enum Message {
    /// A ticker whose update is also the quantity at its top.
    Ticker(u64),
    /// A diff from one update to another, whose number is also the quantity that it sets at the top.
    Diff(u64, u64),
}

/// Returns tickers, mostly ahead of the book and some behind, and diffs, most of which follow and some of which leave
/// gaps or are old.
fn messages(random: &mut Random) -> Vec<Message> {
    let mut last = 100;
    let mut next = || {
        if random.below(3) > 0 {
            return Message::Ticker((last + random.below(8)).saturating_sub(random.below(8)));
        }
        let first = (last + 1 + random.below(8) / 7).saturating_sub(random.below(8) / 6 * 4);
        let end = first + random.below(3);
        last = last.max(end);
        Message::Diff(first, end)
    };
    (0..80).map(|_| next()).collect()
}

#[test]
fn the_book_is_compared_with_the_newest_ticker_that_it_reached() {
    for round in 1..=ROUNDS {
        let messages = messages(&mut Random(round * 104_729));
        let top = |update: u64| format!("10x{}", update + 1);
        let line = |message: &Message| match message {
            Message::Ticker(update) => ticker(*update, &top(*update), "11x1"),
            Message::Diff(first, last) => diff(*first, *last, &top(*last), ""),
        };
        let lines = [snapshot(100, "10x1", "11x1")].into_iter().chain(messages.iter().map(line));
        let outcome = run(&lines.collect::<Vec<_>>(), None);

        let (mut tickers, mut compared) = (BTreeSet::new(), None);
        let (mut last, mut before, mut back) = (100, None, 0);
        let [mut applied, mut stale, mut gaps, mut checked, mut agree, mut duplicates, mut old] = [0; 7];
        for message in &messages {
            match *message {
                Message::Ticker(update) => {
                    let newest = tickers.last().copied().max(compared);
                    // Tickers before the compared one are forgotten, but not that one itself.
                    if tickers.contains(&update) && compared.is_none_or(|compared| update >= compared) {
                        duplicates += 1;
                    } else {
                        old += u64::from(newest.is_some_and(|newest| newest > update));
                        tickers.insert(update);
                    }
                }
                Message::Diff(first, end) => {
                    if end <= last {
                        stale += 1;
                        back += u64::from(before.is_some_and(|before| before > end));
                    } else {
                        applied += 1;
                        gaps += u64::from(first > last + 1);
                        last = end;
                        let newest = tickers.range(..=last).next_back().copied();
                        if newest > compared {
                            checked += 1;
                            agree += u64::from(newest == Some(last));
                            compared = newest;
                        }
                    }
                    before = Some(end);
                }
            }
        }
        let figures = json!({
            "applied": applied, "stale": stale, "gaps": gaps, "checked": checked, "agree": agree,
            "duplicates": duplicates, "out_of_order": old + back, "bad_lines": 0, "crossed": 0,
        });
        for (key, value) in figures.as_object().unwrap() {
            assert_eq!(&outcome.figures[key], value, "{key} in round {round}: {messages:?}");
        }
    }
}

#[test]
fn the_book_is_that_of_the_diffs_and_counts_how_often_it_is_crossed() {
    for round in 1..=ROUNDS {
        let mut random = Random(round * 15_485_863);
        let mut sides = [BTreeMap::from([(10, 1)]), BTreeMap::from([(14, 1)])];
        let (mut crossed, mut was_crossed, mut signals, mut quote) = (0, false, 1, Some(((10, 1), (14, 1))));
        let mut lines = vec![snapshot(100, "10x1", "14x1")];
        for update in 101..160 {
            let mut text = [String::new(), String::new()];
            for _ in 0..1 + random.below(3) {
                let side = random.below(2) as usize;
                let (price, quantity) = (8 + 2 * side as u64 + random.below(7), random.below(3));
                text[side] += &format!(" {price}x{quantity}");
                sides[side].insert(price, quantity);
                sides[side].retain(|_, quantity| *quantity > 0);
            }
            lines.push(diff(update, update, &text[0], &text[1]));
            let level = |(price, quantity): (&u64, &u64)| (*price, *quantity);
            let top = sides[0].last_key_value().map(level).zip(sides[1].first_key_value().map(level));
            let is_crossed = top.is_some_and(|(bid, ask)| bid.0 >= ask.0);
            crossed += u64::from(is_crossed && !was_crossed);
            was_crossed = is_crossed;
            let next = top.filter(|_| !is_crossed);
            signals += u64::from(next.is_some() && next != quote);
            quote = next;
        }
        let outcome = run(&lines, None);
        assert_eq!((&outcome.figures["crossed"], outcome.signals), (&json!(crossed), signals), "{lines:#?}");
        let levels = sides.map(|side| json!(side.len()));
        assert_eq!([&outcome.figures["bid_levels"], &outcome.figures["ask_levels"]], levels.each_ref(), "{lines:#?}");
    }
}
