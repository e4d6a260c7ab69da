//! The time until an input is on the disk: the journal, compared with a file that is written and synced by hand.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use bench::harness::{Measured, Timed, quantile};
use nexus_journal::{Durability, Recorder};
use nexus_rt::World;

use crate::program::{Adder, Call, bytes, recorder};

/// The number of commits in a round.
const COMMITS: usize = 10;

/// A program that records, and the number of its next input.
struct Live {
    world: World,
    adder: Adder,
    recorder: Recorder,
    next: u64,
    synced: mpsc::Receiver<()>,
}

impl Live {
    fn new(directory: &Path, durability: Durability) -> Self {
        let (world, adder, recorder) = recorder(directory, durability);
        let (sender, synced) = mpsc::channel();
        recorder.journal().on_sync(move || _ = sender.send(()));
        Self { world, adder, recorder, next: 0, synced }
    }

    /// Records `inputs` and commits them, without waiting for [`Durability::Behind`].
    fn commit(&mut self, inputs: u64) {
        self.recorder.update(&mut self.world);
        for n in self.next..self.next + inputs {
            self.recorder.input(&mut self.world, &mut self.adder, Call::Add(&bytes(n)));
        }
        self.next += inputs;
        self.recorder.commit(&self.world).expect("the disk has room");
    }

    /// Waits until everything is safe.
    fn wait(&self) {
        while self.recorder.journal().safe() < self.recorder.journal().last() {
            self.synced.recv().expect("the thread syncs");
        }
    }
}

pub(crate) fn compare(directory: &Path, rounds: usize) -> (Vec<Measured>, String) {
    let mut more =
        String::from("\n| until an input is safe, µs | p50 | p99 | inputs per second |\n|---|--:|--:|--:|\n");
    let rows = [1, 16, 64].map(|commit| row(&directory.join(commit.to_string()), rounds, commit, &mut more));
    more += "\nInputs per second of `Behind` are without a wait for each commit: what is written during a sync shares the \
             next. Those of the others wait for each.\n\n";
    (rows.into(), more)
}

fn row(directory: &Path, rounds: usize, commit: u64, more: &mut String) -> Measured {
    let mut disk = Live::new(&directory.join("disk"), Durability::Disk);
    let mut behind = Live::new(&directory.join("behind"), Durability::Behind);
    let mut file = File::create(directory.join("by_hand")).expect("the directory was made");
    // As long as a record with its header.
    let by_hand = vec![7; 96 * commit as usize];
    let mut ns = [const { Vec::new() }; 3];
    let mut streamed = Vec::new();
    for _ in 0..rounds * COMMITS {
        let started = Instant::now();
        disk.commit(commit);
        ns[0].push(started.elapsed().as_nanos() as f64);
        let started = Instant::now();
        file.write_all(&by_hand).and_then(|()| file.sync_data()).expect("the disk has room");
        ns[1].push(started.elapsed().as_nanos() as f64);
        let started = Instant::now();
        behind.commit(commit);
        behind.wait();
        ns[2].push(started.elapsed().as_nanos() as f64);
    }
    for _ in 0..rounds {
        let started = Instant::now();
        (0..COMMITS * 10).for_each(|_| behind.commit(commit));
        behind.wait();
        streamed.push(started.elapsed().as_secs_f64() / (COMMITS * 10) as f64);
    }
    let middle = |values: &[f64]| quantile(values, 0.5);
    let seconds = [middle(&ns[0]) / 1e9, middle(&ns[2]) / 1e9, middle(&streamed)];
    let names = ["`Disk`", "`Behind`, waiting for each", "`Behind`"];
    for ((name, seconds), ns) in names.into_iter().zip(seconds).zip([&ns[0], &ns[2], &ns[2]]) {
        let [p50, p99] = [0.5, 0.99].map(|part| quantile(ns, part) / 1e3);
        let _ =
            writeln!(more, "| {name}, commits of {commit} | {p50:.0} | {p99:.0} | {:.0} |", commit as f64 / seconds);
    }
    let [disk, by_hand, behind] = ns;
    Measured {
        group: "a commit, until the disk has it".into(),
        row: format!("commits of {commit}"),
        timed: vec![Timed::new("Disk", disk), Timed::new("by hand", by_hand), Timed::new("Behind", behind)],
        budgets: vec![],
    }
}
