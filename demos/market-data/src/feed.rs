//! The wiring: the functions that each line of the capture runs through, and their resources.

use std::time::Duration;

use nexus_rt::plan::Plan;
use nexus_rt::reactors::ReactorsPoller;
use nexus_rt::{
    Adapt, Clock, DagStart, Describe, IntoHandler, PipelineStart, Registry, Res, ResMut, TimerInstaller, TimerPoller,
    World, WorldBuilder, cases, fan_out,
};

use crate::backlog::{Backlog, Course, Waiting, on_skipped};
use crate::bars::Bars;
use crate::book::Book;
use crate::counts::{Checks, Counts, Symbol};
use crate::fault::on_fault;
use crate::message::{Event, Line, Message};
use crate::problems::{Problem, Problems};
use crate::profile::{Measure, Unmeasured};
use crate::rebuild::{apply, check_top, on_crossed, on_gap, on_snapshot};
use crate::signal::{
    Latest, Signal, Signals, changed_quote, compare_with_flow, keep_imbalance, keep_spread, signal, traded,
};
use crate::strategies;
use crate::tickers::{Tickers, on_ticker};
use crate::time::Times;
use crate::trades::{Known, Trades, draw, in_order, on_trade, sum_up};
use crate::wire;

/// Returns a world with all resources of the feed, and the poller of its timers, which run on recorded time.
pub fn world() -> (World, TimerPoller) {
    let (builder, Pollers { timers, .. }) = builder(0);
    (builder.build(), timers)
}

/// The pollers that `main()` owns.
#[derive(Debug)]
pub(crate) struct Pollers {
    pub(crate) timers: TimerPoller,
    /// `None` without strategies.
    pub(crate) reactors: Option<ReactorsPoller>,
}

/// Returns the builder of a [`world`], to which more can be added, with this many strategies.
pub(crate) fn builder(strategies: u32) -> (WorldBuilder, Pollers) {
    let mut builder = WorldBuilder::new();
    let clock = Clock::historical(Duration::ZERO);
    let timers = builder.install_driver(TimerInstaller::new(clock.now()));
    builder.register(clock);
    builder.register_default::<Backlog>();
    builder.register_default::<Bars>();
    builder.register_default::<Book>();
    builder.register_default::<Checks>();
    builder.register_default::<Counts>();
    builder.register_default::<Course>();
    builder.register_default::<Known>();
    builder.register_default::<Latest>();
    builder.register_default::<Problems>();
    builder.register_default::<Signals>();
    builder.register_default::<Symbol>();
    builder.register_default::<Tickers>();
    builder.register_default::<Times>();
    builder.register_default::<Trades>();
    let reactors = strategies::install(&mut builder, strategies);
    (builder, Pollers { timers, reactors })
}

/// The two halves of the feed, which are timed separately, and their plan.
#[derive(Debug)]
pub struct Feed<Decode, Dispatch> {
    /// Turns a line into an event. A bad line is added to [`Problems`].
    pub decode: Decode,
    /// Applies an event to the world.
    pub dispatch: Dispatch,
    /// The plan of both halves.
    pub plan: Plan,
}

/// Wires the feed to a [`world`].
pub fn feed(
    reg: &Registry,
) -> Feed<impl FnMut(&mut World, &Line) -> Option<Event> + use<>, impl FnMut(&mut World, Event) + use<>> {
    let mut decode = PipelineStart::<&Line>::borrowed()
        .then(decode_line, reg) // &Line -> Result<Event, Problem>
        .catch(on_bad_line, reg) // -> Option<Event>
        .inspect(count, reg)
        .build();
    let (dispatch, rest) = dispatching(reg, &Unmeasured);
    let mut plan = decode.plan();
    plan.name = "market-data".into();
    plan.nodes.extend(rest.nodes);
    Feed { decode: move |world: &mut World, line: &Line| decode.run(world, line), dispatch, plan }
}

/// Wires the second half to a [`world`]. Returns it with its plan.
pub(crate) fn dispatching<M: Measure>(reg: &Registry, measure: &M) -> (impl FnMut(&mut World, Event) + use<M>, Plan) {
    let sinks = fan_out!(
        measure.sink(keep_spread.into_handler(reg)),
        measure.sink(keep_imbalance.into_handler(reg)),
        measure.sink(compare_with_flow.into_handler(reg))
    );
    let dispatch = DagStart::<Event>::new()
        .route(cases!(|event: Event| match event.message {
            Message::Trade(trade) => ((event.line, trade), |trade| {
                trade
                    .splat()
                    .then(on_trade, reg) // -> Result<NewTrade, Fault>
                    .and_then(sum_up, reg)
                    .and_then(draw, reg)
                    .and_then(in_order, reg) // -> Result<(), Fault>
                    .catch(on_fault, reg)
            }),
            Message::Ticker(ticker) =>
                ((event.line, ticker), |ticker| { ticker.splat().then(on_ticker, reg).catch(on_fault, reg) }),
            Message::Snapshot(snapshot) => ((event.line, snapshot), |snapshot| {
                snapshot.splat().then(on_snapshot, reg).catch(on_fault, reg).map(on_crossed, reg)
            }),
            Message::Depth(diff) => ((event.line, event.time_ns, diff), |diff| {
                diff.splat()
                    .then(apply, reg) // -> Result<Change, Skipped>
                    .catch(on_skipped, reg) // -> Option<Change>
                    .map(on_gap, reg)
                    .map(check_top, reg)
                    .map(on_crossed, reg)
            }),
        })) // -> Option<()>
        .unwrap_or(())
        .fork()
        .arm(|book| book.then(changed_quote, reg)) // -> Option<Quote>
        .arm(|trades| trades.then(traded, reg)) // -> Flow
        .merge(signal, reg) // -> Option<Signal>
        .dispatch(Adapt::new(|signal: Option<Signal>| signal, sinks))
        .build();
    let mut dispatch = dispatch.around_each(|function| measure.around(function));
    measure.built(&dispatch);
    let (plan, waiting) = (dispatch.plan(), Waiting { book: reg.key(), backlog: reg.key() });
    let dispatch = move |world: &mut World, event| {
        dispatch.run(world, event);
        // The snapshot releases the diffs that waited for it. Each is an event of its own.
        while let Some(event) = waiting.next(world) {
            world.next_sequence();
            dispatch.run(world, event);
        }
    };
    (dispatch, plan)
}

/// Wires only the first step of the feed, with a world of its own, for a thread that only decodes.
pub(crate) fn decoding<M: Measure>(
    times: Times,
    measure: &M,
) -> (World, impl FnMut(&mut World, &Line) -> Result<Event, Problem> + use<M>) {
    let mut builder = WorldBuilder::new();
    builder.register(times);
    builder.register_default::<Symbol>();
    let world = builder.build();
    let decode = PipelineStart::<&Line>::borrowed().then(decode_line, world.registry()).build();
    let mut decode = decode.around_each(|function| measure.around(function));
    measure.built(&decode);
    (world, move |world: &mut World, line: &Line| decode.run(world, line))
}

/// Wires the rest of the first half to a [`world`]. It accepts what [`decoding`] returns.
pub(crate) fn accepting<M: Measure>(
    reg: &Registry,
    measure: &M,
) -> impl FnMut(&mut World, Result<Event, Problem>) -> Option<Event> + use<M> {
    let accept = PipelineStart::<Result<Event, Problem>>::new().catch(on_bad_line, reg).inspect(count, reg).build();
    let mut accept = accept.around_each(|function| measure.around(function));
    measure.built(&accept);
    move |world, decoded| accept.run(world, decoded)
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
