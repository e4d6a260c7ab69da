//! Strategies: reactors that each watch a part of the market, and run when it has changed.

use std::fmt;

use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller, ReactorsPoller, Sources};
use nexus_rt::{Handler, IntoCallback, IntoHandler, Local, RegistryRef, Res, ResMut, Virtual, World, WorldBuilder};

use crate::bars::Bars;
use crate::book::Book;
use crate::decimal::Decimal;
use crate::message::{Event, Message, Top};
use crate::trades::Trades;

/// A part of the market, which is a source of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Watched {
    /// The best bid, with its quantity.
    Bid,
    /// The best ask, with its quantity.
    Ask,
    /// All trades.
    Trades,
    /// The bars of one second that are closed.
    Bars,
    /// The trades at prices whose whole part, divided by the number of bands, leaves this.
    Band(u64),
}

impl Watched {
    /// What the strategy of this number watches. From the fifth on, each has a band.
    fn by(number: u64) -> Self {
        match number {
            0 => Self::Bid,
            1 => Self::Ask,
            2 => Self::Trades,
            3 => Self::Bars,
            _ => Self::Band(number - FIRST_BAND),
        }
    }
}

/// The first strategy that watches a band.
const FIRST_BAND: u64 = 4;

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bid => f.write_str("best bid"),
            Self::Ask => f.write_str("best ask"),
            Self::Trades => f.write_str("trades"),
            Self::Bars => f.write_str("bars"),
            Self::Band(number) => write!(f, "band {number}"),
        }
    }
}

/// The state of all strategies.
#[derive(Default, Hash, Debug)]
pub struct Strategies {
    each: Vec<Strategy>,
    marks: u64,
}

/// The state of one: how often it ran, and how its price moved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Strategy {
    /// What it watches.
    pub watches: Watched,
    /// How often it ran.
    pub runs: u64,
    /// The latest price of what it watches, or zero, in hundred-millionths.
    pub price: u64,
    /// How far the price has moved from run to run, up and down, in hundred-millionths.
    pub moved: u64,
}

impl Strategies {
    /// Returns all of them, by their numbers.
    pub fn each(&self) -> &[Strategy] {
        &self.each
    }

    /// Returns how often something that one of them watches was marked.
    pub fn marks(&self) -> u64 {
        self.marks
    }

    /// Returns how often they ran in all.
    pub fn runs(&self) -> u64 {
        self.each.iter().map(|strategy| strategy.runs).sum()
    }

    /// Returns the one that ran most often, the first of several, if there are any.
    pub fn busiest(&self) -> Option<&Strategy> {
        self.each.iter().rev().max_by_key(|strategy| strategy.runs)
    }

    fn bands(&self) -> u64 {
        (self.each.len() as u64).saturating_sub(FIRST_BAND)
    }
}

/// What runs the strategies of a world.
pub(crate) struct Desk {
    poller: ReactorsPoller,
    mark: Virtual<Option<Decimal>>,
}

/// Adds what strategies need to a world that is to have some.
pub(crate) fn install(builder: &mut WorldBuilder, number: u32) -> Option<ReactorsPoller> {
    if number == 0 {
        return None;
    }
    let each = (0..number.into()).map(|number| Strategy { watches: Watched::by(number), runs: 0, price: 0, moved: 0 });
    builder.register(Strategies { each: each.collect(), marks: 0 });
    builder.register_default::<Sources<Watched>>();
    Some(builder.install_driver(ReactorsInstaller::new()))
}

impl Desk {
    /// Adds a reactor for each strategy, with the source that it watches.
    pub(crate) fn open(world: &mut World, poller: ReactorsPoller) -> Self {
        world.run_startup(start);
        Self { poller, mark: Box::new(mark.into_handler(world.registry())) }
    }

    /// Runs those whose part of the market the event has changed. `trade` is the price, if it was a trade.
    pub(crate) fn react(&mut self, world: &mut World, trade: Option<Decimal>) {
        self.mark.run(world, trade);
        self.poller.poll(world);
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.poller.fmt(f)
    }
}

/// The price at which an event trades, if it is a trade.
pub(crate) fn traded_at(event: &Event) -> Option<Decimal> {
    match &event.message {
        Message::Trade(trade) => Some(trade.price),
        _ => None,
    }
}

fn start(
    strategies: Res<Strategies>,
    mut sources: ResMut<Sources<Watched>>,
    mut reactors: ResMut<Reactors>,
    registry: RegistryRef,
) {
    for (number, strategy) in strategies.each.iter().enumerate() {
        let source = sources.get_or_add(&mut reactors, strategy.watches);
        reactors.add(Box::new(run.into_callback(number, &registry)), [source]);
    }
}

/// What was there when changes were last marked.
#[derive(Default)]
struct Seen {
    top: Top,
    bars: usize,
}

/// Marks what the event has changed.
fn mark(
    mut seen: Local<Seen>,
    market: (Res<Book>, Res<Trades>, Res<Bars>),
    sources: Res<Sources<Watched>>,
    mut reactors: ResMut<Reactors>,
    mut strategies: ResMut<Strategies>,
    trade: Option<Decimal>,
) {
    let (book, trades, bars) = market;
    let (top, bars) = (book.top(), bars.done().len());
    // One that came again writes nothing.
    let price = trade.filter(|_| trades.is_changed());
    let band = price.and_then(|price| (price.units() / 100_000_000).checked_rem(strategies.bands()));
    let changed = [
        (top.0 != seen.top.0).then_some(Watched::Bid),
        (top.1 != seen.top.1).then_some(Watched::Ask),
        price.map(|_| Watched::Trades),
        (bars != seen.bars).then_some(Watched::Bars),
        band.map(Watched::Band),
    ];
    *seen = Seen { top, bars };
    for source in changed.into_iter().flatten().filter_map(|what| sources.get(&what)) {
        strategies.marks += u64::from(reactors.mark(source));
    }
}

/// A strategy: notes how far its price has moved.
fn run(
    number: &mut usize,
    book: Res<Book>,
    trades: Res<Trades>,
    bars: Res<Bars>,
    mut strategies: ResMut<Strategies>,
    _: ReactorEvent,
) {
    let strategy = &mut strategies.each[*number];
    let (bid, ask) = book.top();
    let price = match strategy.watches {
        Watched::Bid => bid.map(|level| level.0),
        Watched::Ask => ask.map(|level| level.0),
        Watched::Bars => bars.done().last().map(|bar| bar.close),
        Watched::Trades | Watched::Band(_) => trades.last_price(),
    };
    let price = price.map_or(0, Decimal::units);
    strategy.moved = strategy.moved.saturating_add(price.abs_diff(strategy.price));
    (strategy.price, strategy.runs) = (price, strategy.runs + 1);
}
