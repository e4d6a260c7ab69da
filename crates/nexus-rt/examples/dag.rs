//! How does one event take several paths that join again?
//!
//! `cargo run --example dag`

use nexus_rt::{DagStart, Handler, IntoHandler, Res, ResMut, WorldBuilder, fan_out};

/// Needs no `Clone`: the arms borrow it.
struct Quote {
    bid: u64,
    ask: u64,
}

struct Decision {
    spread: u64,
    mid: u64,
}

struct Widest(u64);

fn parse(line: &str) -> Option<Quote> {
    let (bid, ask) = line.split_once('/')?;
    Some(Quote { bid: bid.parse().ok()?, ask: ask.parse().ok()? })
}

/// A crossed quote has none.
fn spread(quote: &Quote) -> Option<u64> {
    quote.ask.checked_sub(quote.bid)
}

fn mid(quote: &Quote) -> u64 {
    u64::midpoint(quote.bid, quote.ask)
}

fn decide(widest: Res<Widest>, spread: &Option<u64>, mid: &Option<u64>) -> Option<Decision> {
    let (spread, mid) = ((*spread)?, (*mid)?);
    (spread <= widest.0).then_some(Decision { spread, mid })
}

fn print(decision: &Decision) {
    println!("quote around {}, {} wide", decision.mid, decision.spread);
}

fn count(mut n: ResMut<u64>, _: &Decision) {
    *n += 1;
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Widest(5));
    builder.register(0_u64);
    let mut world = builder.build();
    let reg = world.registry();

    let mut sinks = fan_out!(print.into_handler(reg), count.into_handler(reg));
    let mut quotes = DagStart::<&str>::borrowed()
        .root(parse, reg)
        .fork()
        .arm(|quote| quote.as_ref().and_then(spread, reg))
        .arm(|quote| quote.as_ref().map(mid, reg).inspect(|mid: &u64| println!("mid {mid}"), reg))
        .merge(decide, reg)
        .build();

    for line in ["100/104", "100/120", "nonsense", "104/100", "101/103"] {
        world.next_sequence();
        if let Some(decision) = quotes.run(&mut world, line) {
            sinks.run(&mut world, decision);
        }
    }
    println!("{} decisions", *world.resource::<u64>());
}
