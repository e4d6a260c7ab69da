//! A simulation of kv-server with its journal on a disk that fails. The same seed always leads to the same run.

mod clients;
mod counts;
mod damage;
mod finish;
mod live;
mod model;
mod plan;
pub(crate) mod random;
mod restart;
mod starts;
pub(crate) mod traffic;

use std::io::{self, Write};
use std::sync::Arc;

use kv_server::{PROGRAM, Store};
use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Disk, Durability, Error, Snapshot, compact};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Sequence, World};

use clients::Clients;
pub(crate) use counts::Counts;
use live::{Live, START};
use model::Model;
use plan::Plan;
use random::Random;

/// Everything is right, or an error that says what is not.
type Outcome<T = ()> = Result<T, String>;

/// Runs a seed, or only its run with a fault at one operation. Prints the steps if `verbose` is set.
pub(crate) fn run(seed: u64, only: Option<u64>, verbose: bool) -> Result<Counts, String> {
    let mut counts = Counts { seeds: 1, ..Counts::default() };
    if !plan::is_thorough(seed) {
        return script(seed, None, verbose, &mut counts).map(|_| counts);
    }
    let operations = match only {
        Some(operation) => operation..operation + 1,
        None => 0..script(seed, None, verbose, &mut counts)?,
    };
    for operation in operations {
        let ran = script(seed, Some(operation), verbose, &mut counts);
        ran.map_err(|why| format!("{why} (add --operation {operation} for this run alone)"))?;
    }
    Ok(counts)
}

/// Runs the script of a seed, and returns the number of operations that changed its first disk.
fn script(seed: u64, at: Option<u64>, verbose: bool, counts: &mut Counts) -> Result<u64, String> {
    let mut simulation = Simulation::new(seed, verbose);
    if let Some(operation) = at {
        simulation.fault(operation, plan::fault(seed));
    }
    let disk = simulation.disk.clone();
    let outcome = simulation.run();
    simulation.counts.clients = simulation.clients.count;
    counts.add(&simulation.counts);
    outcome.map(|()| disk.operations())
}

/// Returns whether a disk has lost its power.
fn is_off(disk: &FakeDisk) -> bool {
    disk.list().is_err()
}

/// A server, its clients and its disk, and a model of what they should have done.
struct Simulation {
    random: Random,
    plan: Plan,
    time: VirtualClock,
    disk: FakeDisk,
    /// Whether a fault of the disk is set.
    is_armed: bool,
    live: Option<Live>,
    model: Model,
    clients: Clients,
    /// The sequence up to which the running compaction goes.
    compaction: Option<Sequence>,
    /// Whether the run is over: the fault it is about has happened, or nothing is promised from here on.
    is_over: bool,
    counts: Counts,
    verbose: bool,
}

impl Simulation {
    fn new(seed: u64, verbose: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(&mut random, plan::is_thorough(seed));
        let simulation = Self {
            random,
            plan,
            time: VirtualClock::new(),
            disk: FakeDisk::new(),
            is_armed: false,
            live: None,
            model: Model::default(),
            clients: Clients::default(),
            compaction: None,
            is_over: false,
            counts: Counts { scripts: 1, ..Counts::default() },
            verbose,
        };
        let Plan { options, turns, .. } = &simulation.plan;
        simulation.say(|| format!("seed {seed}, {turns} turns: {options:?}"));
        simulation
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            // The reader may close the pipe early.
            let _ = writeln!(io::stdout(), "{}", what());
        }
    }

    fn run(&mut self) -> Outcome {
        self.start()?;
        for _ in 0..self.plan.turns {
            if self.is_over {
                return Ok(());
            }
            self.turn()?;
            self.act()?;
        }
        if self.is_over { Ok(()) } else { self.finish() }
    }

    fn is_off(&self) -> bool {
        is_off(&self.disk)
    }

    /// Runs a turn of the server: requests of clients and a commit, unless the server stops before.
    fn turn(&mut self) -> Outcome {
        let pause = plan::pause(&mut self.random);
        self.time.advance(pause);
        self.counts.turns += 1;
        let removes = self.random.one_in(2);
        let Some(live) = &mut self.live else { return Ok(()) };
        let before = live.now();
        live.begin(removes);
        if live.now() < before {
            return Err(format!("the clock goes back from {before:?} to {:?}", live.now()));
        }
        let now = live.now();
        self.say(|| format!("turn {}, {pause:?} later, at {now:?}", self.counts.turns));
        self.clients.connect(self.plan.clients);
        for _ in 0..self.random.below(self.plan.requests + 1) {
            self.request()?;
        }
        if !self.plan.is_calm && self.random.one_in(50) {
            return if self.random.one_in(2) { self.kill() } else { self.crash() };
        }
        self.commit()
    }

    fn request(&mut self) -> Outcome {
        let Self { live: Some(live), clients, random, .. } = self else { return Ok(()) };
        let (client, words, number) = clients.next(random, live.now_ms());
        let ran = live.run(client, &traffic::encode(&words))?;
        self.counts.requests += 1;
        self.say(|| {
            let sequence = ran.state.as_ref().map_or(String::new(), |state| format!(", input {}", state.sequence));
            let reply = ran.reply[..ran.reply.len().min(40)].escape_ascii();
            format!("  client {number}: {} -> {reply}{sequence}", traffic::shown(&words))
        });
        if let Some(state) = ran.state {
            self.counts.inputs += 1;
            self.counts.transactions += u64::from(words[0] == b"EXEC");
            self.model.did(state)?;
        }
        Ok(())
    }

    /// Ends the turn.
    fn commit(&mut self) -> Outcome {
        let Some(live) = &mut self.live else { return Ok(()) };
        let journal = live.recorder.journal();
        let (vouched, written) = (journal.safe().get(), journal.written());
        match live.commit() {
            Ok((safe, released, shown)) => {
                self.model.promise(safe);
                self.model.show(shown);
                self.counts.replies += released;
                if live.recorder.journal().written() != written {
                    self.model.mark(live.last(), vouched);
                }
                let last = live.last();
                self.say(|| format!("  {released} replies released, safe up to {safe} of {last}"));
                Ok(())
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Does what happens between two turns.
    fn act(&mut self) -> Outcome {
        let what = self.random.below(100);
        match what {
            0..=29 => self.sync(),
            30..=39 => self.begin_compaction()?,
            40..=52 => self.compact(true)?,
            _ if self.plan.is_calm => {}
            53..=55 => self.kill()?,
            56..=60 => self.crash()?,
            61..=63 => self.close()?,
            64..=70 => self.some_fault(),
            71..=75 => self.flip(self.model.vouched())?,
            _ => {}
        }
        if self.is_off() { self.crash() } else { Ok(()) }
    }

    /// Syncs, as the thread behind the loop does. The next commit reports what has become safe.
    fn sync(&mut self) {
        let Some(live) = &self.live else { return };
        let synced = self.plan.options.durability == Durability::Behind && live.recorder.journal().sync_now();
        self.say(|| format!("sync: {synced}"));
    }

    fn some_fault(&mut self) {
        let fault = self.random.pick(&[Fault::Full, Fault::Broken, Fault::Off, Fault::Off]);
        let operations = self.random.below(30);
        self.fault(operations, fault);
    }

    /// Sets a fault of the disk, after this many operations.
    fn fault(&mut self, operations: u64, fault: Fault) {
        self.say(|| format!("{fault:?} in {operations} operations"));
        self.disk.fail(operations, fault);
        self.is_armed = true;
        *(match fault {
            Fault::Full => &mut self.counts.full,
            Fault::Broken => &mut self.counts.broken,
            Fault::Off => &mut self.counts.off,
        }) += 1;
    }

    /// Begins a compaction as the loop does. It ends some turns later.
    fn begin_compaction(&mut self) -> Outcome {
        let Some(live) = &mut self.live else { return Ok(()) };
        if self.compaction.is_some() {
            return Ok(());
        }
        let rotated = live.recorder.journal_mut().rotate();
        let upto = live.recorder.journal().last();
        self.compaction = Some(upto).filter(|upto| *upto > Sequence::NEVER);
        self.say(|| format!("a compaction begins, up to {upto}: {rotated:?}"));
        rotated.or_else(|error| self.failed(&error))
    }

    /// Compacts, alone or with a turn of the loop in the middle.
    fn compact(&mut self, is_beside: bool) -> Outcome {
        let Some(upto) = self.compaction.take() else { return Ok(()) };
        let disk: Arc<dyn Disk> = self.disk.clone().into();
        let (starts, mut beside) = (self.counts.restarts, Ok(()));
        let emit = |world: &World, store: &Store, snapshot: &mut Snapshot<'_>| {
            if is_beside {
                beside = self.turn();
            }
            Store::emit(world, store, snapshot);
        };
        let done = compact(&disk, PROGRAM, upto, || Store::detached_at(START), emit);
        beside?;
        self.say(|| format!("the compaction up to {upto}: {done:?}"));
        match done {
            // It ended with its process, during the turn.
            _ if self.counts.restarts > starts || self.is_over => {}
            Ok(_) => self.counts.compactions += 1,
            Err(Error::Io { .. }) if self.is_armed => self.counts.uncompacted += 1,
            Err(error) => return Err(format!("the compaction failed: {error}")),
        }
        Ok(())
    }
}
