//! The feed of market-data, from lines to bars: whatever they hold, each is an event or a bad line, and the sums agree.
//!
//! Input that begins with a zero is taken apart into messages of the right form; any other is lines as they are.
#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use market_data::{Bars, Book, Counts, Feed, Line, Problems, Recorded, Trades, feed, world};

/// More lines say nothing new.
const MOST: usize = 300;

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<Vec<u8>> = match bytes.split_first() {
        Some((0, rest)) => rest.as_chunks().0.iter().take(MOST).map(|bytes| message(*bytes).into_bytes()).collect(),
        _ => bytes.split(|byte| *byte == b'\n').take(MOST).map(<[u8]>::to_vec).collect(),
    };
    let (mut world, timers) = world();
    let Feed { mut decode, mut dispatch, .. } = feed(world.registry());
    let mut recorded = Recorded::new(timers);
    for (number, text) in (1..).zip(&lines) {
        let line = Line { number, text: text.clone() };
        if let Some(event) = decode(&mut world, &line) {
            recorded.reach(&mut world, event.time_ns());
            world.next_sequence();
            dispatch(&mut world, event);
        }
    }
    recorded.end(&mut world);

    let counts = world.resource::<Counts>();
    assert_eq!(counts.events + counts.bad_lines, lines.len() as u64);
    assert_eq!(counts.events, counts.depth + counts.ticker + counts.trade + counts.snapshot);
    assert!(world.resource::<Problems>().total() >= counts.bad_lines);
    let bars = world.resource::<Bars>().done();
    let (volume, trades) = bars.iter().fold((0, 0), |(volume, trades), bar| {
        assert!(bar.low <= bar.open && bar.open <= bar.high && bar.low <= bar.close && bar.close <= bar.high);
        (volume + bar.volume.units(), trades + bar.trades)
    });
    let sums = world.resource::<Trades>();
    assert!(volume <= sums.volume().units() && trades <= counts.trade);
    assert!(volume == sums.volume().units() || counts.out_of_order > 0);
    assert!(sums.vwap().is_none_or(|average| average.units() > 0 || volume > 0));
    assert!(bars.is_sorted_by(|bar, next| bar.time < next.time));
    let ((best_bid, best_ask), (bids, asks)) = (world.resource::<Book>().top(), world.resource::<Book>().levels());
    assert_eq!((best_bid.is_some(), best_ask.is_some()), (bids > 0, asks > 0));
    assert!([best_bid, best_ask].iter().flatten().all(|(_, quantity)| !quantity.is_zero()));
    assert!(best_bid.zip(best_ask).is_none_or(|(bid, ask)| bid.0 < ask.0) || counts.crossed > 0);
});

/// A message of some kind, at a time not far from the last.
fn message([kind, time, a, b, c, d, e, f]: [u8; 8]) -> String {
    let ns = 1_700_000_000_000_000_000_u64 + (u64::from(time) << (kind / 8));
    let decimal = |whole: u8, fraction: u8| format!("{}.{}", u64::from(whole) << (fraction % 30), fraction / 8);
    let levels = |price: u8, quantity: u8| format!("[[\"{}\",\"{}\"]]", decimal(price, 0), decimal(quantity, 0));
    let (first, last) = (u64::from(a), u64::from(a) + u64::from(b % 4));
    let mut text = format!("{ns} ");
    let written = match kind % 8 {
        0 | 1 => write!(
            text,
            r#"{{"stream":"x@depth@100ms","data":{{"U":{first},"u":{last},{}"b":{},"a":{}}}}}"#,
            if kind / 8 % 4 == 0 { format!("\"pu\":{},", first.saturating_sub(1)) } else { String::new() },
            levels(c, d),
            levels(e, f)
        ),
        2 | 3 => write!(
            text,
            r#"{{"stream":"x@bookTicker","data":{{"u":{last},"b":"{}","B":"{}","a":"{}","A":"{}"}}}}"#,
            decimal(c, 0),
            decimal(d, 0),
            decimal(e, 0),
            decimal(f, 0)
        ),
        4..=6 => write!(
            text,
            r#"{{"stream":"x@trade","data":{{"t":{f},"p":"{}","q":"{}","m":{}}}}}"#,
            decimal(a, b),
            decimal(c, d),
            e % 2 == 0
        ),
        _ => write!(text, r#"{{"lastUpdateId":{first},"bids":{},"asks":{}}}"#, levels(c, d), levels(e, f)),
    };
    written.expect("a string takes it all");
    text
}
