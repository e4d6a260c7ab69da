//! How a server stops, and what is there when it is started again.

use std::time::Duration;

use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Durability, Error};

use super::live::Live;
use super::model::State;
use super::{Outcome, Simulation};

impl Simulation {
    /// Kills the process.
    pub(super) fn kill(&mut self) -> Outcome {
        self.counts.kills += 1;
        self.say(|| "the process is killed".into());
        self.stop(self.disk.kill());
        self.start()
    }

    /// Makes the power fail.
    pub(super) fn crash(&mut self) -> Outcome {
        self.crash_otherwise()?;
        let next = self.crashed();
        self.stop(next);
        // In a calm run, this was the fault it is about.
        let ends = self.plan.is_calm;
        self.start()?;
        self.is_over |= ends;
        Ok(())
    }

    /// Returns the disk after a power failure.
    pub(super) fn crashed(&mut self) -> FakeDisk {
        self.counts.crashes += 1;
        let seed = self.random.next();
        self.say(|| format!("the power fails: {seed}"));
        if self.plan.options.durability == Durability::Process {
            self.counts.unsynced += 1;
            self.model.promise_nothing();
        }
        self.disk.crash(seed)
    }

    /// Stops the server in order. Every bit counts after that.
    pub(super) fn close(&mut self) -> Outcome {
        let Some(live) = self.live.take() else { return Ok(()) };
        self.counts.closes += 1;
        let (last, waiting) = (live.last(), live.waiting());
        let closed = if self.random.one_in(4) {
            drop(live);
            None
        } else {
            Some(live.recorder.close(&live.world))
        };
        self.say(|| format!("the server ends: {closed:?}"));
        match closed {
            Some(Ok(())) => self.model.promise(last),
            Some(Err(error)) if !self.is_armed => return Err(format!("it does not end: {error}")),
            _ => self.counts.lost += waiting,
        }
        let next = if self.is_off() { self.crashed() } else { self.disk.kill() };
        self.stop(next);
        self.start()
    }

    /// Handles an error of the journal: the server stops, and its operator restarts it.
    pub(super) fn failed(&mut self, error: &Error) -> Outcome {
        self.say(|| format!("the server stops: {error}"));
        if !self.is_armed || !matches!(error, Error::Io { .. } | Error::Failed(_)) {
            return Err(format!("it failed by itself: {error}"));
        }
        if self.is_off() {
            return self.crash();
        }
        match self.live.as_mut().map(Live::commit) {
            Some(Err(Error::Failed(_))) => self.kill(),
            again => Err(format!("it failed, and then went on: {again:?}")),
        }
    }

    /// Drops the server, and continues with the disk that it leaves.
    fn stop(&mut self, next: FakeDisk) {
        self.counts.lost += self.live.as_ref().map_or(0, Live::waiting);
        // Nothing that is dropped now may write.
        self.disk.fail(0, Fault::Off);
        self.live = None;
        self.compaction = None;
        self.clients.lose();
        self.disk = next;
        self.is_armed = false;
    }

    /// Starts the server, sometimes on a disk that fails during the start, and checks what is there.
    pub(super) fn start(&mut self) -> Outcome {
        self.set_clock();
        if !self.plan.is_calm && self.random.one_in(5) {
            self.some_fault();
        }
        loop {
            match Live::start(&self.disk, self.plan.options.clone(), &self.time) {
                Ok((live, replayed, state)) => {
                    self.counts.restarts += 1;
                    self.counts.checks += replayed.checks;
                    self.counts.torn += u64::from(replayed.torn.is_some());
                    self.say(|| format!("it starts: {replayed:?}"));
                    if live.now() < replayed.at {
                        return Err(format!("the clock goes back from {:?} to {:?}", replayed.at, live.now()));
                    }
                    self.live = Some(live);
                    self.model.restarted(&state)?;
                    return self.start_again(&state);
                }
                Err(error) => {
                    self.say(|| format!("it does not start: {error}"));
                    if !matches!(error, Error::Io { .. }) || !self.is_armed {
                        return self.refused(&error);
                    }
                    self.counts.starts += 1;
                    self.disk = if self.is_off() { self.crashed() } else { self.disk.kill() };
                    self.is_armed = false;
                }
            }
        }
    }

    /// Handles a failed start on a working disk, which is allowed only if nothing was ever synced.
    fn refused(&mut self, error: &Error) -> Outcome {
        self.is_over = self.counts.unsynced > 0;
        let why = format!("it does not start: {error}");
        if self.is_over && names_a_file(&why) { Ok(()) } else { Err(why) }
    }

    /// Checks that the state is still there after another crash.
    fn start_again(&mut self, state: &State) -> Outcome {
        let (is_rare, seed) = (self.random.one_in(3), self.random.next());
        if !is_rare && !self.plan.is_calm {
            return Ok(());
        }
        let again = self.start_on(&self.survives(seed));
        let again = again.map_err(|error| format!("it started once, and not again (crash {seed}): {error}"))?;
        if again == *state { Ok(()) } else { Err(format!("{state:?} was there, and then {again:?} (crash {seed})")) }
    }

    /// Checks the state after crashes that leave other parts of what was not synced.
    fn crash_otherwise(&mut self) -> Outcome {
        let tries = match self.plan.options.durability {
            Durability::Process => 0,
            _ if self.plan.is_calm => 8,
            _ => 1,
        };
        for _ in 0..tries {
            let seed = self.random.next();
            let found = self.start_on(&self.disk.crash(seed)).map_err(|error| format!("crash {seed}: {error}"))?;
            self.counts.others += 1;
            self.model.compare(&found, self.model.promised()).map_err(|why| format!("crash {seed}: {why}"))?;
            if seed.is_multiple_of(4) {
                self.fail_starts(seed)?;
            }
        }
        Ok(())
    }

    /// Returns the disk after the worst failure that the server promises to survive.
    pub(super) fn survives(&self, seed: u64) -> FakeDisk {
        if self.plan.options.durability == Durability::Process { self.disk.kill() } else { self.disk.crash(seed) }
    }

    /// Advances the machine's clock a little, or sets it back.
    fn set_clock(&mut self) {
        let back = Duration::from_millis(self.random.below(2_000)).min(self.time.elapsed());
        if self.random.one_in(4) {
            self.time.set(self.time.now() - back);
        }
        self.time.advance(Duration::from_nanos(1 + self.random.below(1_000)));
    }
}

/// Returns whether an error names the file that an operator has to repair.
pub(super) fn names_a_file(why: &str) -> bool {
    why.contains(".journal") || why.contains(".snapshot")
}
