//! The signal, computed from the book and the trades whenever the top of the book changes.

use std::hash::{Hash, Hasher};

use nexus_rt::{Local, Res, ResMut};

use crate::book::Book;
use crate::decimal::Decimal;
use crate::message::Level;
use crate::trades::Trades;

/// Both sides of the top of the book.
#[derive(Clone, Copy, PartialEq, Hash)]
pub(crate) struct Quote {
    bid: Level,
    ask: Level,
}

/// The latest quote, if the book has one.
#[derive(Default, Hash)]
pub(crate) struct Latest(Option<Quote>);

/// The quantities that takers have bought and sold so far, in hundred-millionths.
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    bought: u64,
    sold: u64,
}

pub(crate) struct Signal {
    /// The price between bid and ask, nearer to the side with less quantity.
    microprice: Decimal,
    spread: Decimal,
    /// From -1, with all quantity on the ask, to 1, with all on the bid.
    imbalance: f64,
    /// The quantity bought less the quantity sold since the previous signal.
    net_flow: i64,
}

/// Returns the quote if the book was written during this event and its top has changed.
pub(crate) fn changed_quote(book: Res<Book>, mut latest: ResMut<Latest>, _: &()) -> Option<Quote> {
    if !book.is_changed() {
        return None;
    }
    let quote = book.quote().map(|(bid, ask)| Quote { bid, ask });
    if latest.0 == quote {
        return None;
    }
    latest.0 = quote;
    quote
}

/// Returns the sums over all trades so far.
pub(crate) fn traded(trades: Res<Trades>, _: &()) -> Flow {
    let (bought, sold) = trades.taken();
    Flow { bought, sold }
}

/// Returns a signal if there is a new quote.
pub(crate) fn signal(mut before: Local<Option<Flow>>, quote: &Option<Quote>, flow: &Flow) -> Option<Signal> {
    let Quote { bid: (bid, bid_quantity), ask: (ask, ask_quantity) } = (*quote)?;
    let [bid_units, ask_units] = [bid, ask].map(|price| u128::from(price.units()));
    let [bids, asks] = [bid_quantity, ask_quantity].map(|quantity| u128::from(quantity.units()));
    let weighted = (bid_units.checked_mul(asks)?).checked_add(ask_units.checked_mul(bids)?)?;
    let microprice = weighted.checked_div(bids + asks)?;
    let since = before.replace(*flow).unwrap_or(*flow);
    let net = i128::from(flow.bought - since.bought) - i128::from(flow.sold - since.sold);
    Some(Signal {
        microprice: Decimal::from_units(u64::try_from(microprice).ok()?),
        spread: Decimal::from_units(ask.units().saturating_sub(bid.units())),
        imbalance: (bids as f64 - asks as f64) / (bids + asks) as f64,
        net_flow: i64::try_from(net).ok()?,
    })
}

/// The statistics that the sinks collect from the signals.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Signals {
    pub(crate) count: u64,
    pub(crate) microprice: Option<Decimal>,
    pub(crate) widest: Decimal,
    imbalance_sum: f64,
    /// How often the microprice moved in the direction of the trades since the last signal, and how often against it.
    pub(crate) with_flow: u64,
    pub(crate) against_flow: u64,
}

impl Hash for Signals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { count, microprice, widest, imbalance_sum, with_flow, against_flow } = *self;
        (count, microprice, widest, imbalance_sum.to_bits(), with_flow, against_flow).hash(state);
    }
}

impl Signals {
    pub(crate) fn mean_imbalance(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.imbalance_sum / self.count as f64 }
    }
}

pub(crate) fn keep_spread(mut signals: ResMut<Signals>, signal: &Signal) {
    signals.count += 1;
    signals.widest = signals.widest.max(signal.spread);
}

pub(crate) fn keep_imbalance(mut signals: ResMut<Signals>, signal: &Signal) {
    signals.imbalance_sum += signal.imbalance;
}

pub(crate) fn compare_with_flow(mut signals: ResMut<Signals>, signal: &Signal) {
    if let Some(before) = signals.microprice.replace(signal.microprice) {
        let moved = signal.microprice.cmp(&before) as i64;
        match moved * signal.net_flow.signum() {
            1 => signals.with_flow += 1,
            -1 => signals.against_flow += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use nexus_rt::{PipelineStart, WorldBuilder};

    use super::*;
    use crate::message::{Diff, Snapshot, Trade};

    fn level(price: u64, quantity: u64) -> Level {
        (Decimal::from_units(price), Decimal::from_units(quantity))
    }

    #[test]
    fn a_signal_comes_only_with_a_new_top() {
        let mut builder = WorldBuilder::new();
        builder.register_default::<Book>();
        builder.register_default::<Latest>();
        builder.register_default::<Trades>();
        let mut world = builder.build();
        let reg = world.registry();
        let mut chain = PipelineStart::<()>::new()
            .fork()
            .arm(|e| e.then(changed_quote, reg))
            .arm(|e| e.then(traded, reg))
            .merge(signal, reg)
            .build();
        assert!(chain.run(&mut world, ()).is_none(), "no book yet");

        world.next_sequence();
        let snapshot = Snapshot { last: 1, bids: vec![level(100, 1)], asks: vec![level(104, 3)] };
        world.resource_mut::<Book>().load(&snapshot).unwrap();
        let first = chain.run(&mut world, ()).unwrap();
        assert_eq!((first.microprice.units(), first.spread.units(), first.imbalance), (101, 4, -0.5));
        assert_eq!(first.net_flow, 0);

        world.next_sequence();
        let trade = |quantity, buyer_is_maker| {
            let (price, quantity) = level(1, quantity);
            Trade { id: None, price, quantity, buyer_is_maker }
        };
        world.resource_mut::<Trades>().add(&trade(7, false), true).unwrap();
        world.resource_mut::<Trades>().add(&trade(2, true), true).unwrap();
        assert!(chain.run(&mut world, ()).is_none(), "trades alone are no reason");

        world.next_sequence();
        let below = Diff { previous: 1, last: 2, bids: vec![level(50, 1)], asks: vec![] };
        world.resource_mut::<Book>().apply(&below).unwrap();
        assert!(chain.run(&mut world, ()).is_none(), "the top stayed");

        world.next_sequence();
        let better = Diff { previous: 2, last: 3, bids: vec![level(101, 3)], asks: vec![] };
        world.resource_mut::<Book>().apply(&better).unwrap();
        let second = chain.run(&mut world, ()).unwrap();
        assert_eq!((second.microprice.units(), second.spread.units(), second.net_flow), (102, 3, 5));
    }
}
