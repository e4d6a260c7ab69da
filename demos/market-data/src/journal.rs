//! The journal of decoded inputs: recording it and replaying it.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_journal::{Dir, Disk, Error, Program, Reader, Recorder, Replayed};
use nexus_rt::{Key, World};
use serde::Serialize;

use crate::args::Args;
use crate::feed;
use crate::problems::Problems;
use crate::profile::{Measure, Profile, Unmeasured};
use crate::program::{digests, market};
use crate::replay::Latency;
use crate::report::{grouped, per_second};

/// The name of the program in its journals.
pub(crate) const PROGRAM: &str = "market-data";

/// The result of recording or replaying a journal.
#[derive(Clone, Serialize, Debug)]
pub struct Journaled {
    pub(crate) inputs: u64,
    bytes: u64,
    /// One hash of all watched state.
    digest: String,
    #[serde(flatten)]
    again: Option<Again>,
}

/// The additional results of a replay.
#[derive(Clone, Serialize, Debug)]
struct Again {
    /// The number of checks that agreed.
    checks: u64,
    inputs_per_sec: u64,
    /// What is missing at the end of the journal, if the program that recorded it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    torn: Option<String>,
}

impl Journaled {
    /// Closes a journal with a check of the whole state.
    pub(crate) fn close(recorder: Recorder, world: &World, inputs: u64) -> io::Result<Self> {
        let (digest, disk) = (word(recorder.total(world)), recorder.journal().disk().clone());
        recorder.close(world).map_err(failed)?;
        let (_, bytes) = Reader::open(disk, Some(PROGRAM)).map_err(failed)?.progress();
        Ok(Self { inputs, bytes, digest, again: None })
    }

    fn again(replayed: Replayed, digest: u64, took: Duration) -> Self {
        let Replayed { inputs, checks, bytes, torn, .. } = replayed;
        let (inputs_per_sec, torn) = (per_second(inputs, took), torn.map(|torn| torn.to_string()));
        Self { inputs, bytes, digest: word(digest), again: Some(Again { checks, inputs_per_sec, torn }) }
    }
}

fn word(digest: u64) -> String {
    format!("{digest:016x}")
}

/// Turns an error of the journal into one sentence.
pub(crate) fn failed(error: Error) -> io::Error {
    io::Error::other(error.to_string())
}

/// Refuses a directory that already contains a journal, and does not change it.
pub(crate) fn is_free(directory: &Path) -> io::Result<()> {
    let disk: Arc<dyn Disk> = Dir::new(directory).into();
    let mut reader = Reader::open(disk, Some(PROGRAM)).map_err(failed)?;
    if reader.read().map_err(failed)?.is_none() {
        return Ok(());
    }
    let hint = "choose another directory, or replay it with `--replay`";
    Err(io::Error::other(format!("{} already contains a journal: {hint}", directory.display())))
}

/// Replays a journal into a fresh world, with as many strategies as were recorded, and fills the profile, if there is
/// one. Returns the world. If the options are strict, the first problem ends the replay.
///
/// # Errors
/// If there is no journal, if it is damaged or belongs to another program, or if the state differs from the recorded
/// one.
pub fn run_again(args: &Args, directory: &Path, latency: &mut Latency, profile: Option<&Profile>) -> io::Result<World> {
    match profile {
        Some(profile) => run_again_by(args, directory, latency, &profile.dispatching),
        None => run_again_by(args, directory, latency, &Unmeasured),
    }
}

fn run_again_by<M: Measure>(args: &Args, directory: &Path, latency: &mut Latency, measure: &M) -> io::Result<World> {
    let disk: Arc<dyn Disk> = Dir::new(directory).into();
    let mut reader = Reader::open(disk, Some(PROGRAM)).map_err(failed)?;
    if reader.progress().1 == 0 {
        let place = directory.display();
        return Err(io::Error::other(format!("there is no journal in {place}: record one with `--journal {place}`")));
    }
    let (builder, pollers) = feed::builder(args.strategies);
    let mut world = builder.build();
    let (market, digests) = (market(&mut world, pollers, measure), digests(&world));
    let mut stoppable = Stoppable { problems: world.key(), strict: args.strict, program: market };
    let start = Instant::now();
    let replayed = reader.replay(&mut world, &mut stoppable, &digests, None);
    if stoppable.is_stopped(&world) {
        // Nothing was applied after the problem, so the next check fails.
        return Ok(world);
    }
    let replayed = replayed.map_err(failed)?;
    latency.whole = start.elapsed();
    latency.dispatch.add(&stoppable.program.latency).expect("both have the same bounds");
    latency.journal = Some(Journaled::again(replayed, digests.total(&world), latency.whole));
    Ok(world)
}

/// A program that ignores all inputs after the first problem, if it is strict.
struct Stoppable<P> {
    problems: Key<Problems>,
    strict: bool,
    program: P,
}

impl<P> Stoppable<P> {
    fn is_stopped(&self, world: &World) -> bool {
        self.strict && self.problems.get(world).total() > 0
    }
}

impl<P: Program> Program for Stoppable<P> {
    type Input<'a> = P::Input<'a>;

    fn apply(&mut self, world: &mut World, input: Self::Input<'_>) {
        if !self.is_stopped(world) {
            self.program.apply(world, input);
        }
    }
}

impl fmt::Display for Journaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, bytes, digest, again } = self;
        write!(f, "{} inputs, {} bytes", grouped(*inputs), grouped(*bytes))?;
        if let Some(Again { checks, inputs_per_sec, .. }) = again {
            write!(f, ", all {} checks agree, {} inputs per second", grouped(*checks), grouped(*inputs_per_sec))?;
        }
        write!(f, "; the state is {digest}")?;
        match again.as_ref().and_then(|again| again.torn.as_deref()) {
            Some(torn) => write!(f, "; {torn}"),
            None => Ok(()),
        }
    }
}
