//! The program as a function of its inputs: the output of a decoder, live or recorded.

use std::hash::Hash;
use std::time::Instant;

use hdrhistogram::Histogram;
use nexus_journal::{Digests, Program, inputs};
use nexus_rt::{Clock, Key, TimerWheel, World};

use crate::backlog::{Backlog, Course};
use crate::bars::{Bars, Recorded};
use crate::book::Book;
use crate::counts::{Checks, Counts, Symbol};
use crate::feed::{self, Pollers};
use crate::message::Event;
use crate::problems::{Problem, Problems};
use crate::profile::Measure;
use crate::replay::{histogram, record};
use crate::signal::{Latest, Signals};
use crate::strategies::{Desk, Strategies, traded_at};
use crate::tickers::Tickers;
use crate::trades::{Known, Trades};

inputs! {
    /// The output of the decoder.
    #[derive(Debug)]
    pub(crate) enum Input {
        /// A line with a message. Its time is that of the clock.
        1 = Event(Event),
        /// A line that is not a message.
        2 = Refused(Problem),
        /// One of several files begins.
        3 = Begin(Begin),
        /// The rest of a file cannot be read.
        4 = Broken(Problem),
        /// The capture ends.
        5 = End(End),
    }
}

impl From<Result<Event, Problem>> for Input {
    fn from(decoded: Result<Event, Problem>) -> Self {
        decoded.map_or_else(Self::Refused, Self::Event)
    }
}

/// One of several files begins, after this many lines.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) name: String,
    pub(crate) lines: u64,
}

/// The capture ends.
#[derive(Debug)]
pub(crate) struct End {
    /// The number of lines, blank ones included.
    pub(crate) lines: u64,
    /// Whether a problem ended the capture.
    pub(crate) stopped: bool,
    pub(crate) symbol: Symbol,
}

/// Counts decoded events, and reports lines that could not be decoded.
pub(crate) trait Accept: FnMut(&mut World, Result<Event, Problem>) -> Option<Event> {}

impl<F: FnMut(&mut World, Result<Event, Problem>) -> Option<Event>> Accept for F {}

/// Applies an event to the world.
pub(crate) trait Dispatch: FnMut(&mut World, Event) {}

impl<F: FnMut(&mut World, Event)> Dispatch for F {}

/// The target of inputs, besides the world.
pub(crate) struct Market<A, D, M> {
    accept: A,
    dispatch: D,
    recorded: Recorded<M>,
    /// `None` without strategies.
    desk: Option<Desk>,
    clock: Key<Clock>,
    problems: Key<Problems>,
    /// The time that each dispatch took.
    pub(crate) latency: Histogram<u64>,
}

/// Wires everything after the decoder to a world.
pub(crate) fn market<M: Measure>(
    world: &mut World,
    pollers: Pollers,
    measure: &M,
) -> Market<impl Accept + use<M>, impl Dispatch + use<M>, M> {
    let desk = pollers.reactors.map(|reactors| Desk::open(world, reactors));
    let reg = world.registry();
    let accept = feed::accepting(reg, measure);
    let (dispatch, _) = feed::dispatching(reg, measure);
    let recorded = Recorded::measured(pollers.timers, measure.clone());
    Market { accept, dispatch, recorded, desk, clock: reg.key(), problems: reg.key(), latency: histogram() }
}

/// Watches the state: everything in the report, and everything that it will be computed from.
pub(crate) fn digests(world: &World) -> Digests {
    let (reg, mut digests) = (world.registry(), Digests::new());
    digests.watch::<Backlog>(reg).watch::<Bars>(reg).watch::<Book>(reg).watch::<Checks>(reg).watch::<Counts>(reg);
    digests.watch::<Course>(reg).watch::<Known>(reg).watch::<Latest>(reg).watch::<Problems>(reg).watch::<Signals>(reg);
    digests.watch::<Symbol>(reg).watch::<Tickers>(reg).watch::<Trades>(reg);
    digests.watch_part(reg, "unix", |clock: &Clock, digest| clock.unix().hash(digest));
    digests.watch_part(reg, "number", |timers: &TimerWheel, digest| timers.len().hash(digest));
    if world.contains::<Strategies>() {
        digests.watch::<Strategies>(reg);
    }
    digests
}

impl<A: Accept, D: Dispatch, M: Measure> Program for Market<A, D, M> {
    type Input<'a> = Input;

    fn apply(&mut self, world: &mut World, input: Input) {
        match input {
            Input::Event(event) => self.event(world, event),
            // A refused line does not set the clock.
            Input::Refused(problem) => _ = (self.accept)(world, Err(problem)),
            Input::Begin(Begin { name, lines }) => self.problems.get_mut(world).begin(name, lines),
            Input::Broken(problem) => self.problems.get_mut(world).add(problem.line, problem.reason),
            Input::End(end) => self.end(world, end),
        }
    }
}

impl<A: Accept, D: Dispatch, M: Measure> Market<A, D, M> {
    fn event(&mut self, world: &mut World, mut event: Event) {
        let unix = self.clock.get(world).unix().as_nanos();
        event.time_ns = u64::try_from(unix).expect("the time of a line fits");
        let Some(event) = (self.accept)(world, Ok(event)) else { return };
        self.recorded.reach(world, event.time_ns);
        world.next_sequence();
        let trade = traded_at(&event);
        let start = Instant::now(); // only for the report: no state depends on it
        (self.dispatch)(world, event);
        self.desk.iter_mut().for_each(|desk| desk.react(world, trade));
        record(&mut self.latency, start.elapsed());
    }

    /// Reports the problems that are known only at the end.
    fn end(&mut self, world: &mut World, End { lines, stopped, symbol }: End) {
        world.resource_mut::<Bars>().close();
        self.desk.iter_mut().for_each(|desk| desk.react(world, None));
        *world.resource_mut::<Symbol>() = symbol;
        if stopped {
            return;
        }
        let backlog = world.resource::<Backlog>();
        let reason = if backlog.len() > 0 {
            let total = backlog.total();
            let diffs = if total == 1 { "diff" } else { "diffs" };
            Some(format!("no snapshot to the end: {total} {diffs} waited for it"))
        } else {
            world.resource::<Course>().end(world.resource::<Book>().last()).and_then(|what| what.reason())
        };
        if let Some(reason) = reason {
            self.problems.get_mut(world).add(lines, reason);
        }
    }
}
