//! The main loop: reads, paces, decodes, dispatches, and measures the last two.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use nexus_rt::World;

use crate::args::{Args, Pace};
use crate::backlog::{Backlog, Course};
use crate::bars::Recorded;
use crate::book::Book;
use crate::feed::{self, Feed};
use crate::input::{Input, Next};
use crate::message::Line;
use crate::problems::Problems;
use crate::time::Times;

/// How long every event took, in nanoseconds. By default, of no event yet.
#[derive(Debug)]
pub struct Latency {
    pub(crate) decode: Histogram<u64>,
    pub(crate) dispatch: Histogram<u64>,
}

impl Default for Latency {
    fn default() -> Self {
        // Up to a minute, at 3 digits: a fixed size, so that recording never allocates.
        let histogram = || Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order");
        Self { decode: histogram(), dispatch: histogram() }
    }
}

/// Replays the capture once into a fresh world, which it gives.
///
/// # Errors
/// If an input cannot be opened; the error names it.
pub fn replay(args: &Args, progress: &ProgressBar, latency: &mut Latency) -> std::io::Result<World> {
    let (mut world, timers) = feed::world();
    world.resource_mut::<Times>().0 = args.time_unit;
    let Feed { mut decode, mut dispatch, .. } = feed::feed(world.registry());
    let problems = world.registry().key::<Problems>();
    let stopped = |world: &World| args.strict && problems.get(world).total() > 0;
    let mut pacer = Pacer::new(args.pace);
    let mut recorded = Recorded::new(timers);
    let mut line = Line::default();

    for path in &args.input {
        let mut input = Input::open(path, progress)?;
        if args.input.len() > 1 {
            problems.get_mut(&mut world).begin(path, line.number);
        }
        loop {
            match input.next(&mut line) {
                Next::Line => {}
                Next::End => break,
                Next::Broken(reason) => {
                    problems.get_mut(&mut world).add(line.number, reason);
                    break;
                }
            }
            let start = Instant::now();
            let event = decode(&mut world, &line);
            record(&mut latency.decode, start.elapsed());
            // A line that was refused has no say in what time it is.
            if let Some(event) = event {
                pacer.wait_for(event.time_ns());
                recorded.reach(&mut world, event.time_ns());
                world.next_sequence();
                let start = Instant::now();
                dispatch(&mut world, event);
                record(&mut latency.dispatch, start.elapsed());
            }
            if stopped(&world) {
                return Ok(world);
            }
        }
        if stopped(&world) {
            break;
        }
    }
    recorded.end(&mut world);
    if !stopped(&world) {
        end(&mut world, line.number);
    }
    Ok(world)
}

/// Reports what can be known only at the end of the input.
fn end(world: &mut World, line: u64) {
    let waiting = world.resource::<Backlog>().len();
    let reason = if waiting > 0 {
        let diffs = if waiting == 1 { "diff" } else { "diffs" };
        Some(format!("no snapshot to the end: {waiting} {diffs} waited for it"))
    } else {
        world.resource::<Course>().end(world.resource::<Book>().last()).and_then(|what| what.reason())
    };
    if let Some(reason) = reason {
        world.resource_mut::<Problems>().add(line, reason);
    }
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}

/// Holds each line back until its time has come.
struct Pacer {
    pace: Pace,
    /// When the first line was replayed, and when it was recorded, in nanoseconds.
    start: Option<(Instant, u64)>,
}

impl Pacer {
    fn new(pace: Pace) -> Self {
        Self { pace, start: None }
    }

    fn wait_for(&mut self, recorded_ns: u64) {
        let Pace::Times(times) = self.pace else { return };
        let (start, first_ns) = *self.start.get_or_insert_with(|| (Instant::now(), recorded_ns));
        let due = Duration::from_nanos(recorded_ns.saturating_sub(first_ns)).div_f64(times);
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
}
