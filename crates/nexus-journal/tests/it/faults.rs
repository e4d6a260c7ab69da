//! Crashes at any operation, disks that fail or are full, and what is there afterwards.

use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Durability, Error, Options, compact};
use nexus_rt::Sequence;
use proptest::prelude::*;

use crate::program::{Call, Live, Sums, crash, emit, make, options};

/// What happens next.
#[derive(Clone, Debug)]
enum Act {
    Add(usize),
    Expire,
    Commit,
    /// The thread behind the loop syncs.
    Sync,
    Compact,
    /// The process is killed, or the power fails, or it ends in order before that.
    Kill,
    Crash(u64),
    Close(u64),
    /// Something goes wrong so many operations later.
    Fault(u64, Fault),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (0..300_usize).prop_map(Act::Add),
        2 => Just(Act::Expire),
        8 => Just(Act::Commit),
        4 => Just(Act::Sync),
        1 => Just(Act::Compact),
        1 => Just(Act::Kill),
        2 => any::<u64>().prop_map(Act::Crash),
        1 => any::<u64>().prop_map(Act::Close),
        1 => (0..30_u64, prop_oneof![Just(Fault::Full), Just(Fault::Broken), Just(Fault::Off)])
            .prop_map(|(operations, fault)| Act::Fault(operations, fault)),
    ]
}

/// A program, its disk, and what it should have done.
struct Model {
    disk: FakeDisk,
    live: Option<Live>,
    options: Options,
    /// The state after each input.
    states: Vec<(Sequence, Sums)>,
    /// What was acknowledged.
    safe: Sequence,
    /// Whether the disk may have forgotten what it was told to sync.
    forgets: bool,
}

impl Model {
    fn start(&mut self) {
        self.disk.mend();
        let mut live = Live::start(self.disk.clone(), self.options.clone()).unwrap_or_else(|error| panic!("{error}"));
        live.recorder().journal_mut().without_thread();
        let last = live.replayed.last;
        assert!(last >= self.safe, "{last} is there, and {} was acknowledged", self.safe);
        self.states.retain(|(sequence, _)| *sequence <= last);
        let (known, state) = self.states.last().cloned().unwrap_or_default();
        assert_eq!((last, live.sums()), (known, state));
        self.safe = last;
        self.live = Some(live);
    }

    fn stop(&mut self) {
        if let Some(mut live) = self.live.take() {
            crash(live.recorder.take());
        }
    }

    fn act(&mut self, act: &Act) {
        let Some(live) = &mut self.live else { return };
        match *act {
            Act::Add(length) => {
                let sequence = live.call(Call::Add(&vec![7; length]));
                self.states.push((sequence, live.sums()));
            }
            Act::Expire => {
                let sequence = live.call(Call::Expire);
                self.states.push((sequence, live.sums()));
            }
            Act::Commit => match live.commit() {
                Ok(safe) => self.safe = self.safe.max(safe),
                Err(error) => self.fails(&error),
            },
            Act::Sync => {
                live.recorder().journal().sync_now();
                self.safe = self.safe.max(live.recorder().journal().safe());
            }
            Act::Compact => {
                let rotated = live.recorder().journal_mut().rotate();
                let upto = live.recorder().journal().last();
                let all_safe = live.recorder().journal().safe() == upto || live.recorder().journal().sync_now();
                if let Err(error) = rotated {
                    return self.fails(&error);
                }
                self.safe = self.safe.max(live.recorder().journal().safe());
                if upto > Sequence::NEVER && all_safe {
                    let disk = self.disk.clone().into();
                    match compact(&disk, "adder", upto, make, emit) {
                        Ok(done) => assert_eq!(done.upto, upto),
                        Err(Error::Io { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Act::Kill => {
                self.stop();
                self.disk = self.disk.kill();
                self.start();
            }
            Act::Crash(seed) => {
                self.stop();
                // Without a sync nothing is promised of the machine.
                self.disk = if self.options.durability == Durability::Process {
                    self.disk.kill()
                } else {
                    self.disk.crash(seed)
                };
                self.start();
            }
            Act::Close(seed) => {
                let Some(mut live) = self.live.take() else { return };
                let closed = live.recorder.take().map(|recorder| recorder.close(&live.world));
                self.disk = match closed {
                    Some(Ok(())) => {
                        self.safe = self.states.last().map_or(self.safe, |(last, _)| *last);
                        if self.forgets { self.disk.kill() } else { self.disk.crash(seed) }
                    }
                    _ => {
                        // Its marks count as safe what the OS has, so the next start does not write that again.
                        self.forgets |= self.options.durability == Durability::Process;
                        self.disk.kill()
                    }
                };
                self.start();
            }
            Act::Fault(operations, fault) => self.disk.fail(operations, fault),
        }
    }

    /// The program stops, as it cannot promise anything any more, and is started again by its operator.
    fn fails(&mut self, error: &Error) {
        assert!(matches!(error, Error::Io { .. } | Error::Failed(_)), "{error}");
        let again = self.live.as_mut().map(Live::commit);
        assert!(matches!(again, Some(Err(Error::Failed(_)))), "it takes nothing more: {again:?}");
        self.stop();
        self.disk = self.disk.kill();
        self.start();
    }
}

#[test]
fn a_tail_whose_cut_the_disk_forgot_is_cut_by_the_next_start() {
    for (seed, operation) in (0..60).flat_map(|seed| (0..6).map(move |operation| (seed, operation))) {
        let disk = FakeDisk::new();
        let mut live = Live::on(&disk);
        live.call(Call::Add(&[7; 100]));
        live.commit().unwrap();
        live.call(Call::Add(&[8; 900]));
        disk.fail(0, Fault::Off);
        live.commit().unwrap_err();
        drop(live);
        let disk = disk.crash(seed);

        disk.fail(operation, Fault::Broken);
        _ = Live::start(disk.clone(), options(Durability::Disk)).map(|mut live| crash(live.recorder.take()));
        let disk = disk.kill();
        let mut live = Live::on(&disk);
        live.call(Call::Add(&[9; 10]));
        live.commit().unwrap();
        let sums = live.sums();
        drop(live);
        let again = Live::start(disk.crash(seed), options(Durability::Disk));
        let again = again.unwrap_or_else(|error| panic!("seed {seed}, operation {operation}: {error}"));
        assert_eq!(again.sums(), sums);
    }
}

#[test]
fn the_end_reports_what_it_could_not_write() {
    for (operation, fault) in [(0, Fault::Broken), (1, Fault::Broken), (0, Fault::Off)] {
        let disk = FakeDisk::new();
        let mut live = Live::start(disk.clone(), Options { reserve: 1, ..options(Durability::Process) }).unwrap();
        live.call(Call::Add(b"text"));
        disk.fail(operation, fault);
        let error = live.recorder.take().unwrap().close(&live.world).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "operation {operation}: {error}");
    }
}

#[test]
fn a_journal_without_its_thread_syncs_when_it_is_told_to() {
    let mut live = Live::start(FakeDisk::new(), options(Durability::Behind)).unwrap();
    live.recorder().journal_mut().without_thread();
    for _ in 0..50 {
        let (before, last) = (live.recorder().journal().safe(), live.call(Call::Expire));
        assert_eq!(live.commit().unwrap(), before);
        assert!(live.recorder().journal().sync_now(), "nothing else has synced it");
        assert_eq!((live.recorder().journal().safe(), live.recorder().journal().sync_now()), (last, false));
    }
}

/// 2,000 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 2_000 };
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn what_was_acknowledged_is_there_and_nothing_is_half_done(
        which in 0..3_usize,
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let durability = [Durability::Process, Durability::Disk, Durability::Behind][which];
        let options = options(durability);
        let disk = FakeDisk::new();
        let mut model = Model { disk, live: None, options, states: Vec::new(), safe: Sequence::NEVER, forgets: false };
        model.start();
        acts.iter().for_each(|act| model.act(act));
        model.act(&Act::Crash(1));
    }
}
