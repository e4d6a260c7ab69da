//! The end of a run: everything is written, and every way of reading it leads to the same keys.

use std::sync::Arc;

use kv_server::{Keys, PROGRAM, Store};
use nexus_journal::{Disk, Durability, Reader};
use nexus_rt::World;

use super::live::START;
use super::{Outcome, Simulation};

impl Simulation {
    pub(super) fn finish(&mut self) -> Outcome {
        self.say(|| "the end".into());
        self.disk.mend();
        // A server that has failed in the meantime notices at its next commit, and is restarted.
        self.settle()?;
        self.is_armed = false;
        self.disk.mend();
        self.turn_over()?;
        self.settle()?;
        let Some(live) = &self.live else { return Ok(()) };
        if live.waiting() > 0 || live.recorder.journal().safe() != live.recorder.journal().last() {
            return Err(format!("{} replies still wait", live.waiting()));
        }
        let now_ms = live.now_ms();
        let all = word(&live.world, now_ms);
        let same = |words: (u64, u64, u64), by: &str| {
            if words == all { Ok(()) } else { Err(format!("{by} leads to {words:x?}, and it was {all:x?}")) }
        };
        same(self.replayed(now_ms)?, "a replay")?;
        self.compaction = None;
        self.begin_compaction()?;
        self.compact(false)?;
        same(self.replayed(now_ms)?, "a replay after compaction")?;
        self.end()
    }

    /// Makes everything safe.
    fn settle(&mut self) -> Outcome {
        if self.plan.options.durability == Durability::Behind {
            self.sync();
        }
        self.commit()?;
        if self.is_off() { self.crash() } else { Ok(()) }
    }

    /// Begins and commits a turn that only moves the time.
    fn turn_over(&mut self) -> Outcome {
        if let Some(live) = &mut self.live {
            live.begin(true);
        }
        self.commit()
    }

    /// Returns what a replay of the journal leads to.
    fn replayed(&mut self, now_ms: i64) -> Outcome<(u64, u64, u64)> {
        let disk: Arc<dyn Disk> = self.disk.kill().into();
        let (mut world, mut store, digests) = Store::detached_at(START);
        let mut reader = Reader::open(disk, Some(PROGRAM)).map_err(|error| error.to_string())?;
        let replayed =
            reader.replay(&mut world, &mut store, &digests, None).map_err(|error| format!("a replay: {error}"))?;
        self.counts.checks += replayed.checks;
        Ok(word(&world, now_ms))
    }

    /// Stops the server. Every flipped bit must be noticed then.
    fn end(&mut self) -> Outcome {
        let Some(live) = self.live.take() else { return Ok(()) };
        let last = live.last();
        live.recorder.close(&live.world).map_err(|error| format!("it does not end: {error}"))?;
        self.model.promise(last);
        for _ in 0..2 {
            self.flip(last)?;
        }
        self.kill()
    }
}

/// Returns the keys and their history.
fn word(world: &World, now_ms: i64) -> (u64, u64, u64) {
    let keys = world.resource::<Keys>();
    (keys.digest(now_ms), keys.trace(), keys.changes())
}
