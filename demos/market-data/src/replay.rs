//! The replay: reads, paces, decodes, dispatches, and measures the last two.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use nexus_rt::{Key, TimerPoller, World};

use crate::args::{Args, Pace, Threads};
use crate::backlog::{Backlog, Course};
use crate::bars::Recorded;
use crate::book::Book;
use crate::feed::{self, Feed};
use crate::input::{self, Part};
use crate::message::Event;
use crate::problems::Problems;
use crate::threads::{self, Load};
use crate::time::Times;

/// How long every event took, in nanoseconds, and the replay as a whole. By default, of no event yet.
#[derive(Debug)]
pub struct Latency {
    pub(crate) decode: Histogram<u64>,
    pub(crate) dispatch: Histogram<u64>,
    /// From the first input to the last event.
    pub(crate) whole: Duration,
    /// What each of two threads did.
    pub(crate) load: Option<Load>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { decode: histogram(), dispatch: histogram(), whole: Duration::ZERO, load: None }
    }
}

/// Up to a minute, at 3 digits: a fixed size, so that recording never allocates.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// Replays the capture once into a fresh world, which it gives.
///
/// # Errors
/// If an input cannot be opened; the error names it.
pub fn replay(args: &Args, progress: &ProgressBar, latency: &mut Latency) -> io::Result<World> {
    let start = Instant::now();
    let world = match args.threads {
        Threads::One => on_one_thread(args, progress, latency),
        Threads::Two => threads::replay(args, progress, latency),
    };
    latency.whole += start.elapsed();
    world
}

fn on_one_thread(args: &Args, progress: &ProgressBar, latency: &mut Latency) -> io::Result<World> {
    let (mut world, timers) = feed::world();
    world.resource_mut::<Times>().0 = args.time_unit;
    let Feed { mut decode, dispatch, .. } = feed::feed(world.registry());
    let mut events = Events::new(args, &world, timers, dispatch);
    let lines = input::read(&args.input, progress, |part| {
        match part {
            Part::Begin(path, lines) => events.problems.get_mut(&mut world).begin(path, lines),
            Part::Broken(problem) => events.problems.get_mut(&mut world).add(problem.line, problem.reason),
            Part::Line(line) => {
                let start = Instant::now();
                let event = decode(&mut world, line);
                record(&mut latency.decode, start.elapsed());
                // A line that was refused has no say in what time it is.
                if let Some(event) = event {
                    events.run(&mut world, event, &mut latency.dispatch);
                }
            }
            Part::Pause => {}
        }
        !events.are_stopped(&world)
    })?;
    events.end(&mut world, lines);
    Ok(world)
}

/// What happens to events, one by one.
pub(crate) struct Events<Dispatch> {
    dispatch: Dispatch,
    pub(crate) pacer: Pacer,
    recorded: Recorded,
    pub(crate) problems: Key<Problems>,
    strict: bool,
}

impl<Dispatch: FnMut(&mut World, Event)> Events<Dispatch> {
    pub(crate) fn new(args: &Args, world: &World, timers: TimerPoller, dispatch: Dispatch) -> Self {
        Self {
            dispatch,
            pacer: Pacer::new(args.pace),
            recorded: Recorded::new(timers),
            problems: world.registry().key(),
            strict: args.strict,
        }
    }

    /// Waits until the time of the event has come, and dispatches it.
    pub(crate) fn run(&mut self, world: &mut World, event: Event, latency: &mut Histogram<u64>) {
        self.pacer.wait_for(event.time_ns());
        self.recorded.reach(world, event.time_ns());
        world.next_sequence();
        let start = Instant::now();
        (self.dispatch)(world, event);
        record(latency, start.elapsed());
    }

    /// Whether there was a problem that ends the replay.
    pub(crate) fn are_stopped(&self, world: &World) -> bool {
        self.strict && self.problems.get(world).total() > 0
    }

    /// The input is over, after this many lines: reports what can be known only now.
    pub(crate) fn end(self, world: &mut World, lines: u64) {
        let stopped = self.are_stopped(world);
        self.recorded.end(world);
        if stopped {
            return;
        }
        let waiting = world.resource::<Backlog>().len();
        let reason = if waiting > 0 {
            let diffs = if waiting == 1 { "diff" } else { "diffs" };
            Some(format!("no snapshot to the end: {waiting} {diffs} waited for it"))
        } else {
            world.resource::<Course>().end(world.resource::<Book>().last()).and_then(|what| what.reason())
        };
        if let Some(reason) = reason {
            self.problems.get_mut(world).add(lines, reason);
        }
    }
}

pub(crate) fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}

/// Holds each event back until its time has come.
pub(crate) struct Pacer {
    pace: Pace,
    /// When the first line was replayed, and when it was recorded, in nanoseconds.
    start: Option<(Instant, u64)>,
    /// How long it has held events back.
    pub(crate) held: Duration,
}

impl Pacer {
    fn new(pace: Pace) -> Self {
        Self { pace, start: None, held: Duration::ZERO }
    }

    fn wait_for(&mut self, recorded_ns: u64) {
        let Pace::Times(times) = self.pace else { return };
        let now = Instant::now();
        let (start, first_ns) = *self.start.get_or_insert((now, recorded_ns));
        let due = Duration::from_nanos(recorded_ns.saturating_sub(first_ns)).div_f64(times);
        thread::sleep(due.saturating_sub(now - start));
        self.held += now.elapsed();
    }
}
