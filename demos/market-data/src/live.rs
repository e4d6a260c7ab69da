//! `Live`: the single entrance of all decoded inputs. It paces them, and records them if there is a journal.

use std::io;
use std::time::Duration;

use nexus_journal::{Dir, Durability, Options, Program, Recorder};
use nexus_rt::{Clock, Key, World};

use crate::args::Args;
use crate::counts::Symbol;
use crate::feed::Pollers;
use crate::journal::{self, Journaled, PROGRAM};
use crate::problems::Problems;
use crate::profile::Measure;
use crate::program::{Accept, Dispatch, End, Input, Market, digests, market};
use crate::replay::{Latency, Pacer};

/// The number of inputs after which the journal is committed at the latest.
const COMMIT: u32 = 64;

pub(crate) struct Live<A, D, M> {
    market: Market<A, D, M>,
    recorder: Option<Box<Recorder>>,
    pub(crate) pacer: Pacer,
    clock: Key<Clock>,
    problems: Key<Problems>,
    strict: bool,
    inputs: u64,
    /// The number of inputs since the last commit.
    unwritten: u32,
}

/// Starts a replay into a fresh world.
///
/// # Errors
/// If the journal cannot be written, or already exists.
pub(crate) fn live<M: Measure>(
    args: &Args,
    world: &mut World,
    pollers: Pollers,
    measure: &M,
) -> io::Result<Live<impl Accept + use<M>, impl Dispatch + use<M>, M>> {
    let mut market = market(world, pollers, measure);
    let recorder = match &args.journal {
        Some(directory) => {
            journal::is_free(directory)?;
            let options = Options { durability: Durability::Process, ..Options::new(PROGRAM) };
            let digests = digests(world);
            let opened = Recorder::open(Dir::new(directory), options, (world, &mut market), digests);
            Some(Box::new(opened.map_err(journal::failed)?.0))
        }
        None => None,
    };
    Ok(Live {
        market,
        recorder,
        pacer: Pacer::new(args.pace),
        clock: world.key(),
        problems: world.key(),
        strict: args.strict,
        inputs: 0,
        unwritten: 0,
    })
}

impl<A: Accept, D: Dispatch, M: Measure> Live<A, D, M> {
    /// Waits until an input is due, records it, and applies it.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(crate) fn take(&mut self, world: &mut World, input: Input) -> io::Result<()> {
        if let Input::Event(event) = &input {
            if self.pacer.waits() {
                self.commit(world)?;
            }
            self.pacer.wait_for(event.time_ns());
            self.clock.get_mut(world).set_unix(Duration::from_nanos(event.time_ns()));
        }
        let Some(recorder) = &mut self.recorder else {
            world.next_sequence();
            self.market.apply(world, input);
            return Ok(());
        };
        recorder.input(world, &mut self.market, input);
        (self.inputs, self.unwritten) = (self.inputs + 1, self.unwritten + 1);
        if self.unwritten >= COMMIT { self.commit(world) } else { Ok(()) }
    }

    /// Commits the inputs so far, since the next one may take long to arrive.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(crate) fn commit(&mut self, world: &World) -> io::Result<()> {
        self.unwritten = 0;
        match &mut self.recorder {
            Some(recorder) => recorder.commit(world).map(drop).map_err(journal::failed),
            None => Ok(()),
        }
    }

    /// Returns whether a problem ends the replay.
    pub(crate) fn is_stopped(&self, world: &World) -> bool {
        self.strict && self.problems.get(world).total() > 0
    }

    /// Ends the capture after this many lines, and adds the measured times to `latency`.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(crate) fn end(
        mut self,
        world: &mut World,
        (lines, symbol): (u64, Symbol),
        latency: &mut Latency,
    ) -> io::Result<()> {
        let stopped = self.is_stopped(world);
        self.take(world, Input::End(End { lines, stopped, symbol }))?;
        latency.dispatch.add(&self.market.latency).expect("both have the same bounds");
        if let Some(recorder) = self.recorder {
            latency.journal = Some(Journaled::close(*recorder, world, self.inputs)?);
        }
        Ok(())
    }
}
