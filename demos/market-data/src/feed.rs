//! The wiring: which functions a line of the capture runs through, over which resources.

use std::time::Duration;

use nexus_rt::{
    Adapt, Clock, DagStart, Describe, IntoHandler, Key, PipelineStart, Plan, Registry, Res, ResMut, TimerInstaller,
    TimerPoller, World, WorldBuilder, fan_out,
};

use crate::bars::Bars;
use crate::book::{Applied, Backlog, Book, Outdated, Tickers, Unapplied};
use crate::counts::{Checks, Counts, Symbol};
use crate::fault::on_fault;
use crate::message::{Event, Level, Line, Message, Top};
use crate::problems::{Problem, Problems};
use crate::signal::{
    Latest, Signal, Signals, changed_quote, compare_with_flow, keep_imbalance, keep_spread, signal, traded,
};
use crate::time::Times;
use crate::trades::{Known, Trades, draw, in_order, on_trade, sum_up};
use crate::wire;

/// A world with everything that the feed needs, empty, and its timers, which run by the time of the recording.
pub fn world() -> (World, TimerPoller) {
    let mut builder = WorldBuilder::new();
    let clock = Clock::historical(Duration::ZERO);
    let timers = builder.install_driver(TimerInstaller::new(clock.now()));
    builder.register(clock);
    builder.register_default::<Backlog>();
    builder.register_default::<Bars>();
    builder.register_default::<Book>();
    builder.register_default::<Checks>();
    builder.register_default::<Counts>();
    builder.register_default::<Known>();
    builder.register_default::<Latest>();
    builder.register_default::<Problems>();
    builder.register_default::<Signals>();
    builder.register_default::<Symbol>();
    builder.register_default::<Tickers>();
    builder.register_default::<Times>();
    builder.register_default::<Trades>();
    (builder.build(), timers)
}

/// The two halves of the feed, to be timed apart, and the plan of what runs in them.
#[derive(Debug)]
pub struct Feed<Decode, Dispatch> {
    /// From a line to an event; a bad line ends in [`Problems`].
    pub decode: Decode,
    /// From an event to everything that it changes.
    pub dispatch: Dispatch,
    /// What runs in both.
    pub plan: Plan,
}

/// Wires the feed over a [`world`].
pub fn feed(
    reg: &Registry,
) -> Feed<impl FnMut(&mut World, &Line) -> Option<Event> + use<>, impl FnMut(&mut World, Event) + use<>> {
    let mut decode = PipelineStart::<&Line>::borrowed()
        .then(decode_line, reg) // &Line -> Result<Event, Problem>
        .catch(on_bad_line, reg) // -> Option<Event>
        .inspect(count, reg)
        .build();

    let sinks =
        fan_out!(keep_spread.into_handler(reg), keep_imbalance.into_handler(reg), compare_with_flow.into_handler(reg));
    let mut dispatch = DagStart::<Event>::new()
        .route(|kind| {
            kind.case(is_trade, reg, |event| {
                event
                    .then(on_trade, reg) // -> Result<NewTrade, Fault>
                    .and_then(sum_up, reg)
                    .and_then(draw, reg)
                    .and_then(in_order, reg) // -> Result<(), Fault>
                    .catch(on_fault, reg)
                    .unwrap_or(())
            })
            .case(is_ticker, reg, |event| event.then(on_ticker, reg))
            .case(is_snapshot, reg, |event| event.then(on_snapshot, reg))
            .or(|event| {
                event
                    .then(apply, reg) // -> Result<Change, Skipped>
                    .catch(on_skipped, reg) // -> Option<Change>
                    .map(on_gap, reg)
                    .map(check_top, reg)
                    .unwrap_or(())
            })
        })
        .fork()
        .arm(|book| book.then(changed_quote, reg)) // -> Option<Quote>
        .arm(|trades| trades.then(traded, reg)) // -> Flow
        .merge(signal, reg) // -> Option<Signal>
        .dispatch(Adapt::new(|signal: Option<Signal>| signal, sinks))
        .build();

    let mut plan = decode.plan();
    plan.name = "market-data".into();
    plan.nodes.extend(dispatch.plan().nodes);

    let waiting = Waiting { book: reg.key(), backlog: reg.key() };
    Feed {
        decode: move |world: &mut World, line: &Line| decode.run(world, line),
        dispatch: move |world: &mut World, event| {
            dispatch.run(world, event);
            // The snapshot lets the diffs that waited for it go: each is an event of its own.
            while let Some(event) = waiting.next(world) {
                world.next_sequence();
                dispatch.run(world, event);
            }
        },
        plan,
    }
}

/// What a diff did to the book, and the line that it came from.
struct Change {
    line: u64,
    applied: Applied,
}

/// Why an event changes nothing in the book.
enum Skipped {
    Stale,
    TooEarly(Event),
}

fn decode_line(times: Res<Times>, mut symbol: ResMut<Symbol>, line: &Line) -> Result<Event, Problem> {
    let problem = |reason| Problem { line: line.number, reason };
    let (time_ns, json) = times.split(&line.text).map_err(problem)?;
    let message = wire::decode(json, &mut symbol).map_err(problem)?;
    Ok(Event { line: line.number, time_ns, message })
}

fn on_bad_line(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, problem: Problem) {
    counts.bad_lines += 1;
    problems.add(problem.line, problem.reason);
}

fn count(mut counts: ResMut<Counts>, event: &Event) {
    counts.events += 1;
    match event.message {
        Message::Depth(_) => counts.depth += 1,
        Message::Ticker(_) => counts.ticker += 1,
        Message::Trade(_) => counts.trade += 1,
        Message::Snapshot(_) => counts.snapshot += 1,
    }
}

fn is_trade(event: &Event) -> bool {
    matches!(event.message, Message::Trade(_))
}

fn is_ticker(event: &Event) -> bool {
    matches!(event.message, Message::Ticker(_))
}

fn is_snapshot(event: &Event) -> bool {
    matches!(event.message, Message::Snapshot(_))
}

/// Keeps a ticker until the book has come as far. Before the snapshot there is no book to compare with.
fn on_ticker(book: Res<Book>, mut tickers: ResMut<Tickers>, event: &Event) {
    if let (Message::Ticker(ticker), true) = (&event.message, book.is_loaded()) {
        tickers.push(*ticker);
    }
}

fn on_snapshot(mut book: ResMut<Book>, mut tickers: ResMut<Tickers>, mut problems: ResMut<Problems>, event: &Event) {
    let Message::Snapshot(snapshot) = &event.message else { return };
    match book.load(snapshot) {
        // What the exchange said of the book before is not about this one.
        Ok(()) => tickers.clear(),
        Err(Outdated { last }) => {
            let reason = format!("a snapshot of update {} when the book is at {last}: it is left out", snapshot.last);
            problems.add(event.line, reason);
        }
    }
}

fn apply(mut book: ResMut<Book>, event: Event) -> Result<Change, Skipped> {
    let Message::Depth(diff) = &event.message else { unreachable!("the cases before took every other kind") };
    match book.apply(diff) {
        Ok(applied) => Ok(Change { line: event.line, applied }),
        Err(Unapplied::Stale) => Err(Skipped::Stale),
        Err(Unapplied::TooEarly) => Err(Skipped::TooEarly(event)),
    }
}

fn on_skipped(mut counts: ResMut<Counts>, mut backlog: ResMut<Backlog>, skipped: Skipped) {
    match skipped {
        Skipped::Stale => counts.stale += 1,
        Skipped::TooEarly(event) => backlog.push(event),
    }
}

fn on_gap(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, change: Change) -> Change {
    counts.applied += 1;
    if let Some((first, last)) = change.applied.gap {
        counts.gaps += 1;
        problems.add(change.line, format!("a gap in the diffs: updates {first} to {last} are missing"));
    }
    change
}

/// Compares the book with the newest of the exchange's tickers that it has reached, if there is a new one.
fn check_top(
    book: Res<Book>,
    mut tickers: ResMut<Tickers>,
    mut checks: ResMut<Checks>,
    mut problems: ResMut<Problems>,
    change: Change,
) {
    let Some(ticker) = tickers.take_until(book.last()) else { return };
    checks.made += 1;
    if ticker.top == book.top() {
        checks.agreed += 1;
    } else {
        let (update, exchange, own) = (ticker.update, show(ticker.top), show(book.top()));
        problems.add(change.line, format!("at update {update} the exchange has {exchange}, the book {own}"));
    }
}

fn show((bid, ask): Top) -> String {
    let level =
        |side: Option<Level>| side.map_or("nothing".into(), |(price, quantity)| format!("{price} x {quantity}"));
    format!("{} / {}", level(bid), level(ask))
}

/// The diffs that may be dispatched now because the book is there.
struct Waiting {
    book: Key<Book>,
    backlog: Key<Backlog>,
}

impl Waiting {
    fn next(&self, world: &mut World) -> Option<Event> {
        let ready = self.backlog.get(world).len() > 0 && self.book.get(world).is_loaded();
        if ready { self.backlog.get_mut(world).pop() } else { None }
    }
}
