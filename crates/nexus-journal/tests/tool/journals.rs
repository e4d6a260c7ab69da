//! Journals of a small program, by a clock of their own, so that they are the same each time.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nexus_journal::{Digests, Dir, Options, Program, Recorder, Snapshot, compact, inputs};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World, WorldBuilder};
use tempfile::TempDir;

inputs! {
    /// What reaches the ledger.
    pub enum Entry<'a> {
        /// A line of a client.
        1 = Line(&'a str),
        /// A message of another system.
        2 = Message(&'a [u8]),
        /// The day ends.
        40 = Close,
    }
}

#[derive(Default, Hash)]
struct Bytes(u64);

pub(crate) struct Ledger;

impl Program for Ledger {
    type Input<'a> = Entry<'a>;

    fn apply(&mut self, world: &mut World, entry: Entry<'_>) {
        let length = match entry {
            Entry::Line(line) => line.len(),
            Entry::Message(message) => message.len(),
            Entry::Close => 0,
        };
        world.resource_mut::<Bytes>().0 += length as u64;
    }
}

fn make() -> (World, Ledger, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Bytes>();
    let world = builder.build();
    let mut digests = Digests::new();
    digests.watch_by(world.registry(), |bytes: &Bytes, digest| std::hash::Hash::hash(bytes, digest));
    (world, Ledger, digests)
}

/// A ledger that runs.
pub(crate) struct Live {
    world: World,
    recorder: Option<Recorder>,
    time: VirtualClock,
}

impl Live {
    /// Starts it at 2026-01-31 12:00:00 UTC, on what is in `journal` of this directory.
    pub(crate) fn start(dir: &TempDir) -> Self {
        let (mut world, mut ledger, digests) = make();
        let time = VirtualClock::new();
        let clock = Clock::test(time.clone(), Duration::from_secs(1_769_860_800));
        let options = Options { segment: 400, reserve: 1_024, ..Options::new("ledger") };
        let disk = Dir::new(dir.path().join("journal"));
        let (recorder, _) = Recorder::open_by(clock, disk, options, (&mut world, &mut ledger), digests).unwrap();
        Self { world, recorder: Some(recorder), time }
    }

    /// Commits these entries, each a second and some after the one before.
    pub(crate) fn enter(&mut self, entries: &[Entry<'_>]) {
        let recorder = self.recorder.as_mut().unwrap();
        for entry in entries {
            self.time.advance(Duration::from_micros(1_000_001));
            recorder.update(&mut self.world);
            let entry = match entry {
                Entry::Line(line) => Entry::Line(line),
                Entry::Message(message) => Entry::Message(message),
                Entry::Close => Entry::Close,
            };
            recorder.input(&mut self.world, &mut Ledger, entry);
            recorder.commit(&self.world).unwrap();
        }
    }

    /// Puts a snapshot in the place of what there is.
    pub(crate) fn compact(&mut self) {
        let journal = self.recorder.as_mut().unwrap().journal_mut();
        journal.rotate().unwrap();
        let emit = |world: &World, _: &Ledger, snapshot: &mut Snapshot<'_>| {
            let bytes = vec![b'.'; world.resource::<Bytes>().0 as usize];
            snapshot.input(&Entry::Message(&bytes));
        };
        compact(journal.disk(), "ledger", journal.last(), make, emit).unwrap();
    }

    pub(crate) fn close(mut self) {
        self.recorder.take().unwrap().close(&self.world).unwrap();
    }

    /// Returns what another process would find if this one was killed now.
    pub(crate) fn killed(self, dir: &TempDir) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("journal")).unwrap();
        for entry in fs::read_dir(dir.path().join("journal")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.path().join("journal").join(path.file_name().unwrap())).unwrap();
        }
        self.close();
        copy
    }
}

/// Three segments, of which the last is closed in order.
pub(crate) fn three() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut live = Live::start(&dir);
    live.enter(&[Entry::Line("BUY 7\r\n"), Entry::Message(&[0, 159, 255]), Entry::Line("naïve \"Ω\""), Entry::Close]);
    live.enter(&[Entry::Line("SELL 9\n"), Entry::Close, Entry::Line(""), Entry::Message(&[7; 90])]);
    live.enter(&[Entry::Line("the last"), Entry::Line("word")]);
    live.close();
    dir
}

/// A file of the journal in a directory, by its place in the order of names.
pub(crate) fn file(dir: &TempDir, number: usize) -> PathBuf {
    let entries = fs::read_dir(dir.path().join("journal")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "journal" || kind == "snapshot"));
    paths.sort();
    paths[number].clone()
}

/// Flips a bit.
pub(crate) fn damage(dir: &TempDir, number: usize, at: usize) {
    let path = file(dir, number);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}
