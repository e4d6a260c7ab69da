//! The replay: reads, paces, decodes and dispatches, and measures the last two.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use nexus_rt::World;

use crate::args::{Args, Pace, Threads};
use crate::counts::Symbol;
use crate::feed;
use crate::input::{self, Part};
use crate::journal::Journaled;
use crate::live::live;
use crate::profile::{Measure, Measures, Profile};
use crate::program::{Begin, Input};
use crate::threads::{self, Load};
use crate::time::Times;

/// The latencies of all events, in nanoseconds, and the duration of the whole replay. Empty by default.
#[derive(Debug)]
pub struct Latency {
    pub(crate) decode: Histogram<u64>,
    pub(crate) dispatch: Histogram<u64>,
    /// The time from the first input to the last event.
    pub(crate) whole: Duration,
    /// The load of each thread, if there are two.
    pub(crate) load: Option<Load>,
    /// The result of recording or replaying a journal.
    pub(crate) journal: Option<Journaled>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { decode: histogram(), dispatch: histogram(), whole: Duration::ZERO, load: None, journal: None }
    }
}

/// Returns a histogram up to a minute, at 3 digits. Its size is fixed, so recording never allocates.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// Replays the capture once into a fresh world, and fills the profile, if there is one. Returns the world.
///
/// # Errors
/// If an input cannot be opened, or a journal cannot be written. The error names it.
pub fn replay(
    args: &Args,
    progress: &ProgressBar,
    latency: &mut Latency,
    profile: Option<&Profile>,
) -> io::Result<World> {
    match profile {
        Some(profile) => replay_by(args, progress, latency, profile),
        None => replay_by(args, progress, latency, &Measures::NONE),
    }
}

fn replay_by<M: Measure>(
    args: &Args,
    progress: &ProgressBar,
    latency: &mut Latency,
    measures: &Measures<M>,
) -> io::Result<World> {
    let start = Instant::now();
    let world = match args.threads {
        Threads::One => on_one_thread(args, progress, latency, measures),
        Threads::Two => threads::replay(args, progress, latency, measures),
    };
    latency.whole += start.elapsed();
    world
}

fn on_one_thread<M: Measure>(
    args: &Args,
    progress: &ProgressBar,
    latency: &mut Latency,
    measures: &Measures<M>,
) -> io::Result<World> {
    let (builder, pollers) = feed::builder(args.strategies);
    let mut world = builder.build();
    let (mut decoder, mut decode) = feed::decoding(Times(args.time_unit), &measures.decoding);
    let mut live = live(args, &mut world, pollers, &measures.dispatching)?;
    let mut failed = None;
    let lines = input::read(&args.input, progress, |part| {
        let input = match part {
            Part::Begin(path, lines) => Input::Begin(Begin { name: path.display().to_string(), lines }),
            Part::Broken(problem) => Input::Broken(problem),
            Part::Line(line) => {
                let start = Instant::now();
                let decoded = decode(&mut decoder, line);
                record(&mut latency.decode, start.elapsed());
                Input::from(decoded)
            }
            Part::Pause => {
                failed = live.commit(&world).err();
                return failed.is_none();
            }
        };
        failed = live.take(&mut world, input).err();
        failed.is_none() && !live.is_stopped(&world)
    })?;
    failed.map_or(Ok(()), Err)?;
    let symbol = std::mem::take(&mut *decoder.resource_mut::<Symbol>());
    live.end(&mut world, (lines, symbol), latency)?;
    Ok(world)
}

pub(crate) fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}

/// Holds back each event until it is due.
pub(crate) struct Pacer {
    pace: Pace,
    /// When the first line was replayed, and when it was recorded, in nanoseconds.
    start: Option<(Instant, u64)>,
    /// The total time for which events were held back.
    pub(crate) held: Duration,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, start: None, held: Duration::ZERO }
    }

    /// Returns whether events are held back at all.
    pub(crate) fn waits(&self) -> bool {
        self.pace != Pace::Max
    }

    pub(crate) fn wait_for(&mut self, recorded_ns: u64) {
        let Pace::Times(times) = self.pace else { return };
        let now = Instant::now();
        let (start, first_ns) = *self.start.get_or_insert((now, recorded_ns));
        let due = Duration::from_nanos(recorded_ns.saturating_sub(first_ns)).div_f64(times);
        thread::sleep(due.saturating_sub(now - start));
        self.held += now.elapsed();
    }
}
