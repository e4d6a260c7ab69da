//! Damage: bits on the disk that differ from what was written.

use nexus_journal::testing::Fault;

use super::live::Live;
use super::restart::names_a_file;
use super::{Outcome, Simulation};

impl Simulation {
    /// Flips a bit on the disk and starts a server on it. The start must fail, or recover at least this sequence.
    pub(super) fn flip(&mut self, least: u64) -> Outcome {
        let seed = self.random.next();
        let disk = self.survives(seed);
        let names: Vec<_> =
            disk.names().into_iter().filter(|name| disk.bytes(name).is_some_and(|bytes| !bytes.is_empty())).collect();
        if names.is_empty() {
            return Ok(());
        }
        let name = &names[self.random.index(names.len())];
        let mut bytes = disk.bytes(name).unwrap_or_default();
        let (at, bit) = (self.random.index(bytes.len()), self.random.below(8));
        bytes[at] ^= 1 << bit;
        disk.put(name, &bytes);
        self.counts.flips += 1;
        let started = Live::start(&disk, self.plan.options.clone(), &self.time);
        let which = format!("with bit {bit} of byte {at} in {name} flipped (crash {seed})");
        match started {
            Err(error) => {
                self.say(|| format!("{which}, it does not start: {error}"));
                self.counts.damaged += 1;
                let why = error.to_string();
                if names_a_file(&why) { Ok(()) } else { Err(format!("{which}, it does not tell where: {why}")) }
            }
            Ok((live, replayed, state)) => {
                self.say(|| format!("{which}, it starts: {replayed:?}"));
                let is_whole = state.sequence >= self.model.safe();
                *(if is_whole { &mut self.counts.harmless } else { &mut self.counts.cut }) += 1;
                disk.fail(0, Fault::Off);
                drop(live);
                self.model.compare(&state, least).map_err(|why| format!("{which}: {why}"))
            }
        }
    }
}
