//! Compares strategies over the capture with a plain loop over the same decoded feed.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod support;

use std::collections::HashSet;

use clap::Parser;
use indicatif::ProgressBar;
use market_data::{
    Args, Bars, Book, Feed, Latency, Line, Recorded, Strategies, Strategy, Watched, feed, replay, world,
};
use serde_json::Value;
use tempfile::tempdir;

use crate::support::{capture, market_data, stderr};

/// The state of strategies without reactors: after each event, each is asked whether it is affected.
struct Plain {
    each: Vec<Strategy>,
    marks: u64,
}

impl Plain {
    fn new(strategies: u64) -> Self {
        let watches = |number| match number {
            0 => Watched::Bid,
            1 => Watched::Ask,
            2 => Watched::Trades,
            3 => Watched::Bars,
            _ => Watched::Band(number - 4),
        };
        let each = (0..strategies).map(|number| Strategy { watches: watches(number), runs: 0, price: 0, moved: 0 });
        Self { each: each.collect(), marks: 0 }
    }

    /// Notes an event, by the prices that have changed.
    fn after(&mut self, bid: Option<u64>, ask: Option<u64>, bar: Option<u64>, trade: Option<Trade>) {
        let bands = (self.each.len() as u64).saturating_sub(4);
        for strategy in &mut self.each {
            let price = match strategy.watches {
                Watched::Bid => bid,
                Watched::Ask => ask,
                Watched::Bars => bar,
                Watched::Trades => trade.map(|trade| trade.last),
                Watched::Band(band) => trade.filter(|trade| trade.whole % bands == band).map(|trade| trade.last),
            };
            if let Some(price) = price {
                self.marks += 1;
                strategy.runs += 1;
                strategy.moved += price.abs_diff(strategy.price);
                strategy.price = price;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Trade {
    /// The price of the latest trade.
    last: u64,
    /// The integer part of the price of this trade.
    whole: u64,
}

/// The trades of the capture, each once, identified by the text of their lines.
#[derive(Default)]
struct Trades {
    ids: HashSet<u64>,
    last: (u64, u64),
}

impl Trades {
    fn trade(&mut self, line: &str) -> Option<Trade> {
        let message: Value = serde_json::from_str(line.split_once(' ')?.1).ok()?;
        let trade = (message["stream"] == "btcusdt@trade").then_some(&message["data"])?;
        let (whole, fraction) = trade["p"].as_str()?.split_once('.')?;
        let (id, price) = (trade["t"].as_u64()?, format!("{whole}{fraction}").parse().ok()?);
        self.last = self.last.max((id, price));
        self.ids.insert(id).then_some(Trade { last: self.last.1, whole: whole.parse().ok()? })
    }
}

/// Returns the state of this many strategies, for each number, by a loop over the decoded feed.
fn plain<const N: usize>(numbers: [u64; N]) -> [Plain; N] {
    let mut plain = numbers.map(Plain::new);
    let (mut world, timers) = world();
    let Feed { mut decode, mut dispatch, .. } = feed(world.registry());
    let (mut recorded, mut trades) = (Recorded::new(timers), Trades::default());
    let (mut top, mut bars) = ((None, None), 0);
    for (number, text) in (1..).zip(capture().lines()) {
        let event = decode(&mut world, &Line { number, text: text.into() }).unwrap();
        recorded.reach(&mut world, event.time_ns());
        world.next_sequence();
        dispatch(&mut world, event);
        let (before, trade) = (top, trades.trade(text));
        top = world.resource::<Book>().top();
        let done = world.resource::<Bars>().done();
        let bid = (before.0 != top.0).then(|| top.0.map_or(0, |level| level.0.units()));
        let ask = (before.1 != top.1).then(|| top.1.map_or(0, |level| level.0.units()));
        let bar = (done.len() > bars).then(|| done.last().unwrap().close.units());
        bars = done.len();
        plain.iter_mut().for_each(|plain| plain.after(bid, ask, bar, trade));
    }
    recorded.end(&mut world);
    let last = world.resource::<Bars>().done().last().unwrap().close.units();
    plain.iter_mut().for_each(|plain| plain.after(None, None, Some(last), None));
    plain
}

#[test]
fn every_strategy_runs_as_often_as_in_a_plain_loop() {
    for plain in plain([3, 1_000]) {
        let number = plain.each.len().to_string();
        for threads in ["1", "2"] {
            let args = Args::parse_from(["market-data", "--strategies", &number, "--threads", threads]);
            let world = replay(&args, &ProgressBar::hidden(), &mut Latency::default(), None).unwrap();
            let strategies = world.resource::<Strategies>();
            assert_eq!(strategies.each(), plain.each, "{number} strategies on {threads} threads");
            assert_eq!(strategies.marks(), plain.marks);
            assert_eq!(strategies.runs(), plain.each.iter().map(|strategy| strategy.runs).sum::<u64>());
        }
        if plain.each.len() == 1_000 {
            let bands = &plain.each[4..];
            assert_eq!(bands.iter().map(|band| band.runs).sum::<u64>(), plain.each[2].runs, "a trade is in one band");
            let rates: HashSet<u64> = bands.iter().map(|band| band.runs).collect();
            assert!(rates.len() > 20, "at different rates: {rates:?}");
        }
    }
}

/// Returns the JSON object of a run.
fn result(args: &[&str]) -> Value {
    let output = market_data(&[args, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn strategies_are_recorded_and_run_again_and_their_state_is_in_the_digest() {
    let directory = tempdir().unwrap();
    let mut digests = Vec::new();
    for (threads, strategies) in [("1", "100"), ("2", "100"), ("1", "0")] {
        let path = directory.path().join(format!("{threads}_{strategies}"));
        let (path, strategies) = (path.to_str().unwrap(), ["--strategies", strategies]);
        let live = result(&[&strategies[..], &["--threads", threads, "--journal", path]].concat());
        let again = result(&[&strategies[..], &["--replay", path]].concat());
        assert_eq!(live["strategies"], again["strategies"]);
        assert_eq!(live["journal"]["digest"], again["journal"]["digest"]);
        assert_eq!(live["strategies"].is_null(), strategies[1] == "0");
        digests.push(live["journal"]["digest"].clone());
    }
    assert!(digests[0] == digests[1] && digests[0] != digests[2], "{digests:?}");
    let other = market_data(&["--replay", directory.path().join("1_100").to_str().unwrap(), "--strategies", "99"]);
    let said = stderr(&other);
    assert!(other.status.code() == Some(2) && said.contains("`market_data::strategies::Strategies` differs"), "{said}");
}

#[test]
fn the_report_has_a_line_of_them() {
    let text = String::from_utf8(market_data(&["--strategies", "4"]).stdout).unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("strategies")).unwrap();
    let json = &result(&["--strategies", "4"])["strategies"];
    assert_eq!((json["busiest"].as_str(), json["busiest_runs"].as_u64()), (Some("trades"), Some(9_757)));
    assert!(line.trim().starts_with("4: ") && line.ends_with("the busiest 9,757 runs (trades)"), "{line}");
    assert_eq!(json["marks"], json["runs"], "each has a source of its own, and is polled after each event");
}
