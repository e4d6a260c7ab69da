//! Version 1 of the format, for ever. The files in `version_1/` were written by the first release and are never
//! changed: every later one reads them, and one that writes other bytes for the same inputs is another version.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nexus_journal::{
    Digests, Dir, Options, Program, Reader, Record, Recorder, Replayed, Snapshot, Torn, compact, inputs,
};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, Sequence, World, WorldBuilder};
use tempfile::TempDir;

inputs! {
    /// One of each kind of payload that the journal itself writes.
    enum Call<'a> {
        1 = Text(&'a str),
        2 = Bytes(&'a [u8]),
        3 = Number(i64),
        4 = After(Duration),
        5 = Flag(bool),
        4_294_967_279 = Last,
    }
}

#[derive(Default, Hash)]
struct Sum(i64);

struct Adder;

impl Program for Adder {
    type Input<'a> = Call<'a>;

    fn apply(&mut self, world: &mut World, call: Call<'_>) {
        world.resource_mut::<Sum>().0 += match call {
            Call::Text(text) => text.len() as i64,
            Call::Bytes(bytes) => bytes.len() as i64,
            Call::Number(number) => number,
            Call::After(time) => time.as_millis() as i64,
            Call::Flag(flag) => i64::from(flag),
            Call::Last => 1,
        };
    }
}

fn make() -> (World, Adder, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Sum>();
    let world = builder.build();
    let mut digests = Digests::new();
    digests.watch::<Sum>(world.registry());
    digests.watch_part(world.registry(), "sign", |sum: &Sum, digest| std::hash::Hash::hash(&(sum.0 < 0), digest));
    (world, Adder, digests)
}

/// 2026-01-01 00:00:00 UTC, and some nanoseconds.
const START: Duration = Duration::new(1_767_225_600, 123_456_789);

/// What is written, each a millisecond after the one before, in the sequence that is given.
const CALLS: [(u64, Call<'static>); 6] = [
    (2, Call::Text("naïve")),
    (3, Call::Bytes(&[0, 1, 254, 255])),
    (5, Call::Number(-40)),
    (6, Call::After(Duration::new(1, 500_000_000))),
    (9, Call::Flag(true)),
    (10, Call::Last),
];

/// Sequence, time, kind and payload.
type Found = (u64, Duration, u32, Vec<u8>);

/// The records of the calls.
fn expected() -> Vec<Found> {
    let at = |n: u32| START + Duration::from_millis(1) * n;
    vec![
        (2, at(1), 1, "naïve".into()),
        (3, at(2), 2, vec![0, 1, 254, 255]),
        (5, at(3), 3, vec![216, 255, 255, 255, 255, 255, 255, 255]),
        (6, at(4), 4, vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 101, 205, 29]),
        (9, at(5), 5, vec![1]),
        (10, at(6), 4_294_967_279, vec![]),
    ]
}

/// Writes what the files have. They are those of the directory, `torn` those of a process that was killed.
fn write(which: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, mut adder, digests) = make();
    let time = VirtualClock::new();
    // With `reserve`, what is left of a process that is killed depends on the system.
    let options = Options { segment: 350, reserve: 1, check_every: 4, ..Options::new("version-1") };
    let (clock, disk) = (Clock::test(time.clone(), START), Dir::new(dir.path()));
    let (mut recorder, _) = Recorder::open_by(clock, disk, options, (&mut world, &mut adder), digests).unwrap();
    for (sequence, call) in CALLS {
        // Events that are no inputs take sequences too.
        world.advance_to(Sequence::new(sequence - 1));
        time.advance(Duration::from_millis(1));
        recorder.update(&mut world);
        assert_eq!(recorder.input(&mut world, &mut adder, call).get(), sequence);
        recorder.commit(&world).unwrap();
        if which == "snapshot" && sequence == 5 {
            recorder.journal_mut().rotate().unwrap();
            let emit = |world: &World, _: &Adder, snapshot: &mut Snapshot<'_>| {
                snapshot.input(&Call::Number(world.resource::<Sum>().0 - 1));
                snapshot.input(&Call::Flag(true));
            };
            compact(recorder.journal().disk(), "version-1", Sequence::new(5), make, emit).unwrap();
        }
    }
    if which != "torn" {
        recorder.close(&world).unwrap();
        return dir;
    }
    let copy = tempfile::tempdir().unwrap();
    for (name, mut bytes) in files(dir.path()) {
        if name == "00000000000000000007.journal" {
            // The mark at the end, and a part of the record before it.
            bytes.truncate(bytes.len() - 48 - 12);
        }
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

/// The files of a journal in a directory.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let names = paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    names.filter(|(name, _)| name != "lock").map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

fn kept(which: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_1").join(which)
}

/// The inputs of the files, how many checks there are, and what is torn; what a replay comes to, and its sum.
fn read(which: &str) -> (Vec<Found>, Replayed, i64) {
    let open = || Reader::open(Dir::new(kept(which)).into(), Some("version-1")).unwrap();
    let (mut reader, mut records) = (open(), Vec::new());
    while let Some(record) = reader.read().unwrap() {
        if record.is_input() {
            let Record { sequence, at, source, payload } = record;
            records.push((sequence, at, source, payload.to_vec()));
        }
    }
    let (mut world, mut adder, digests) = make();
    let replayed = open().replay(&mut world, &mut adder, &digests, None).unwrap();
    assert_eq!(replayed.torn.as_ref(), reader.torn());
    (records, replayed, world.resource::<Sum>().0)
}

#[test]
fn files_of_version_1_are_read() {
    let (records, replayed, sum) = read("segments");
    assert_eq!(records, expected());
    assert_eq!((replayed.inputs, replayed.checks, replayed.last, replayed.at), (6, 2, Sequence::new(10), records[5].1));
    assert_eq!((sum, replayed.torn), (6 + 4 - 40 + 1_500 + 1 + 1, None));

    let (records, replayed, sum) = read("snapshot");
    let at = START + Duration::from_millis(3);
    let mut inputs = vec![(5, at, 3, (-31_i64).to_le_bytes().to_vec()), (5, at, 5, vec![1])];
    inputs.extend_from_slice(&expected()[3..]);
    assert_eq!(records, inputs);
    assert_eq!((replayed.inputs, replayed.checks, sum, replayed.torn), (5, 2, 1_472, None));

    let (records, replayed, sum) = read("torn");
    assert_eq!(records, expected()[..5]);
    assert_eq!((replayed.inputs, replayed.checks, sum), (5, 1, 1_471));
    let path = kept("torn").join("00000000000000000007.journal");
    assert_eq!(replayed.torn, Some(Torn { path, offset: 144, bytes: 13, after: Sequence::new(9) }));
}

#[test]
fn the_same_inputs_are_the_same_bytes() {
    for which in ["segments", "snapshot", "torn"] {
        let (written, kept) = (files(write(which).path()), files(&kept(which)));
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&written), names(&kept), "{which}");
        for (name, bytes) in &kept {
            assert_eq!((&bytes[..8], &bytes[8..12]), (&b"NEXUSJNL"[..], &[1, 0, 0, 0][..]));
            let differs = bytes.iter().zip(&written[name]).position(|(kept, written)| kept != written);
            assert!(
                differs.is_none() && bytes.len() == written[name].len(),
                "{which}/{name} differs at {differs:?}: this is not version 1 any more, so raise `VERSION`, and go on \
                 reading version 1"
            );
        }
    }
}
