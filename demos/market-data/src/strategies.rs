//! Strategies: reactors that each watch a part of the market, and run when it has changed.

use std::fmt;

use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller, ReactorsPoller, Sources};
use nexus_rt::{Handler, IntoCallback, IntoHandler, Local, RegistryRef, Res, ResMut, Virtual, World, WorldBuilder};

use crate::bars::Bars;
use crate::book::Book;
use crate::decimal::Decimal;
use crate::message::{Event, Message, Top};
use crate::trades::Trades;

/// A part of the market, with a source of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Watched {
    /// The best bid, with its quantity.
    Bid,
    /// The best ask, with its quantity.
    Ask,
    /// All trades.
    Trades,
    /// The closed one-second bars.
    Bars,
    /// The trades whose price without its fraction, modulo the number of bands, is this number.
    Band(u64),
}

impl Watched {
    /// Returns what strategy `number` watches. From the fifth on, each watches a band.
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

/// The number of the first strategy that watches a band.
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

/// The state of a strategy: how often it ran, and how its price moved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Strategy {
    /// What the strategy watches.
    pub watches: Watched,
    /// How often it ran.
    pub runs: u64,
    /// The latest price of the watched part, or zero, in hundred-millionths.
    pub price: u64,
    /// The total movement of the price from run to run, up and down, in hundred-millionths.
    pub moved: u64,
}

impl Strategies {
    /// Returns all strategies, by number.
    pub fn each(&self) -> &[Strategy] {
        &self.each
    }

    /// Returns how often a watched part was marked.
    pub fn marks(&self) -> u64 {
        self.marks
    }

    /// Returns the total number of runs.
    pub fn runs(&self) -> u64 {
        self.each.iter().map(|strategy| strategy.runs).sum()
    }

    /// Returns the strategy that ran most often, or the first of several. `None` if there are none.
    pub fn busiest(&self) -> Option<&Strategy> {
        self.each.iter().rev().max_by_key(|strategy| strategy.runs)
    }

    fn bands(&self) -> u64 {
        (self.each.len() as u64).saturating_sub(FIRST_BAND)
    }
}

/// Runs the strategies of a world.
pub(crate) struct Desk {
    poller: ReactorsPoller,
    mark: Virtual<Option<Decimal>>,
}

/// Adds what strategies need to a world, unless their number is zero.
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

    /// Runs the strategies whose part of the market was changed by the event. `trade` is the price of a trade.
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

/// Returns the price of a trade. `None` for other events.
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

/// The state of the market when changes were last marked.
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
    // A repeated trade writes nothing.
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

/// The function of a strategy: notes how far its price has moved.
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
