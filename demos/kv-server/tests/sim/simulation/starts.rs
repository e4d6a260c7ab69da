//! Starts with a fault at each of their operations.

use kv_server::{Client, Session};
use nexus_journal::Error;
use nexus_journal::testing::{FakeDisk, Fault};

use super::live::Live;
use super::model::State;
use super::random::Random;
use super::{Outcome, Simulation, is_off, traffic};

impl Simulation {
    /// After a crash, sets a fault at each operation of the next start, then starts again and writes, and checks that
    /// what was written survives another crash.
    pub(super) fn fail_starts(&mut self, seed: u64) -> Outcome {
        let mut random = Random::new(seed);
        let fault = random.pick(&[Fault::Off, Fault::Off, Fault::Broken, Fault::Full]);
        for operation in 0.. {
            let disk = self.disk.crash(seed);
            disk.fail(operation, fault);
            let which = |why: String| format!("crash {seed}, {fault:?} at operation {operation} of the start: {why}");
            if self.start_on(&disk).is_ok() {
                break;
            }
            let disk = if is_off(&disk) { disk.crash(random.next()) } else { disk.kill() };
            let (found, written) = self.start_and_write(&disk).map_err(which)?;
            self.model.compare(&found, self.model.promised()).map_err(which)?;
            let again = self.start_on(&disk.crash(random.next())).map_err(|error| which(error.to_string()))?;
            self.counts.others += 2;
            if again != written {
                return Err(which(format!("{written:?} was there, and then {again:?}")));
            }
        }
        Ok(())
    }

    /// Returns the state that a start on another disk finds.
    pub(super) fn start_on(&self, disk: &FakeDisk) -> Result<State, Error> {
        let (live, _, state) = Live::start(disk, self.plan.options.clone(), &self.time)?;
        disk.fail(0, Fault::Off);
        drop(live);
        Ok(state)
    }

    /// Returns the state that a start on another disk finds, and the state after something was written.
    fn start_and_write(&self, disk: &FakeDisk) -> Outcome<(State, State)> {
        let text = |error: Error| error.to_string();
        let (mut live, _, found) = Live::start(disk, self.plan.options.clone(), &self.time).map_err(text)?;
        live.begin(true);
        let set = ["SET", "k0", "after"].map(|word| word.as_bytes().to_vec()).to_vec();
        let ran = live.run(&mut Client::detached(Session::new(1)), &traffic::encode(&set))?;
        live.commit().map_err(text)?;
        live.recorder.journal().sync_now();
        live.commit().map_err(text)?;
        disk.fail(0, Fault::Off);
        Ok((found, ran.state.ok_or("a value that is set is no change")?))
    }
}
