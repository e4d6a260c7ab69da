//! A journal of whatever bytes: reading it, starting from it and cutting it never panic, and take no more memory than
//! it has. What a start accepts, the next one accepts too, with the same inputs.
//!
//! `fuzz/seeds/journal` is where to start from, the files of version 1:
//! `cargo +nightly fuzz run journal fuzz/corpus/journal fuzz/seeds/journal`.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nexus_journal::testing::FakeDisk;
use nexus_journal::{Cut, Digests, Durability, Error, Input, Options, Program, Reader, Recorder, Replayed};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, Sequence, World, WorldBuilder};

/// The lengths of the headers of a file and of a record.
const FILE_HEADER: usize = 64;
const HEADER: usize = 28;

/// An input of any kind.
struct Any<'a>(u32, &'a [u8]);

impl<'a> Input<'a> for Any<'a> {
    fn source(&self) -> u32 {
        self.0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.1);
    }

    fn decode(source: u32, bytes: &'a [u8]) -> Option<Self> {
        Some(Self(source, bytes))
    }
}

/// Counts inputs and their bytes.
struct Counter;

impl Program for Counter {
    type Input<'a> = Any<'a>;

    fn apply(&mut self, world: &mut World, Any(_, bytes): Any<'_>) {
        let mut sum = world.resource_mut::<u64>();
        *sum = sum.wrapping_mul(31).wrapping_add(bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() + 1);
    }
}

fn make() -> (World, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register(0_u64);
    let world = builder.build();
    let mut digests = Digests::new();
    digests.watch::<u64>(world.registry());
    (world, digests)
}

// A byte of flags, and then up to three files: a kind, a number, a length of two bytes, and so many bytes.
fuzz_target!(|bytes: &[u8]| {
    let Some((flags, mut rest)) = bytes.split_first() else { return };
    let disk = FakeDisk::new();
    for _ in 0..3 {
        let Some((kind, after)) = rest.split_first() else { break };
        let Some((number, after)) = after.split_first_chunk::<8>() else { break };
        let Some((length, after)) = after.split_first_chunk::<2>() else { break };
        let (file, after) = after.split_at(after.len().min(usize::from(u16::from_le_bytes(*length))));
        let mut file = file.to_vec();
        if flags & 1 == 0 {
            seal(&mut file);
        }
        disk.put(&name(*kind, u64::from_le_bytes(*number), *number), &file);
        rest = after;
    }
    let all: usize = disk.names().iter().filter_map(|name| disk.bytes(name)).map(|bytes| bytes.len()).sum();
    let last = read(&disk, all);
    for after in [Sequence::new(u64::from(flags >> 2)), last] {
        cut(&disk.kill(), after);
    }
    start(&disk, flags & 2 != 0);
});

fn name(kind: u8, number: u64, bytes: [u8; 8]) -> String {
    match kind % 8 {
        0..3 => format!("{number:020}.journal"),
        3 => format!("{number:020}.snapshot"),
        4 => format!("{number:020}.partial"),
        5 => format!("{number:020}.journal.lost"),
        6 => format!("{}.journal", String::from_utf8_lossy(&bytes.repeat(3)[..20])),
        _ => format!("{}partial", String::from_utf8_lossy(&bytes)),
    }
}

/// Has checksums be right, without which little is read at all.
fn seal(file: &mut [u8]) {
    let Some((header, mut records)) = file.split_at_mut_checked(FILE_HEADER) else { return };
    let crc = crc32c::crc32c(&header[..60]);
    header[60..].copy_from_slice(&crc.to_le_bytes());
    while records.len() >= HEADER {
        let length = u32::from_le_bytes(records[4..8].try_into().expect("4 bytes")) as usize;
        let Some(record) = records.get_mut(..HEADER + length) else { return };
        let crc = crc32c::crc32c(&record[4..]);
        record[..4].copy_from_slice(&crc.to_le_bytes());
        let padded = (HEADER + length).next_multiple_of(8).min(records.len());
        records = &mut records[padded..];
    }
}

/// Reads all that can be read. Returns the last sequence.
fn read(disk: &FakeDisk, all: usize) -> Sequence {
    let Ok(mut reader) = Reader::open(Arc::new(disk.clone()), None) else { return Sequence::NEVER };
    let mut bytes = 0;
    while let Ok(Some(record)) = reader.read() {
        bytes += record.payload.len() + HEADER;
    }
    assert!(bytes <= all);
    reader.last()
}

fn open(disk: &FakeDisk) -> Result<(World, Recorder, Replayed), Error> {
    let (mut world, digests) = make();
    let options = Options { durability: Durability::Disk, reserve: 1, segment: 256, ..Options::new("fuzz") };
    // Any program's journal, but for the name.
    let options = Options { program: program(disk).unwrap_or(options.program), ..options };
    let clock = Clock::test(VirtualClock::new(), Duration::from_secs(1_000));
    let (recorder, replayed) = Recorder::open_by(clock, disk.clone(), options, (&mut world, &mut Counter), digests)?;
    Ok((world, recorder, replayed))
}

fn program(disk: &FakeDisk) -> Option<String> {
    nexus_journal::FileInfo::list(disk).ok()?.into_iter().find_map(|file| Some(file.program?.0))
}

/// Starts, goes on, and starts again.
fn start(disk: &FakeDisk, goes_on: bool) {
    let before = contents(disk);
    let Ok((mut world, mut recorder, first)) = open(disk) else {
        assert_eq!(contents(disk), before, "what cannot be started from stays as it was");
        return;
    };
    if goes_on {
        recorder.input(&mut world, &mut Counter, Any(7, b"more"));
        recorder.commit(&world).expect("the disk works");
    }
    let (last, sum) = (recorder.journal().last(), *world.resource::<u64>());
    recorder.close(&world).expect("the disk works");
    let (world, recorder, second) = open(disk).expect("it was accepted before");
    assert_eq!((second.inputs, second.last), (first.inputs + u64::from(goes_on), last));
    assert_eq!(*world.resource::<u64>(), sum);
    assert_eq!(second.torn, None);
    drop(recorder);
}

/// Cuts after a sequence. What is left can be read.
fn cut(disk: &FakeDisk, after: Sequence) {
    let before = contents(disk);
    let Ok(mut cut) = Cut::find(disk.clone(), after, |_, _| {}) else {
        assert_eq!(contents(disk), before, "nothing is cut before `apply`");
        return;
    };
    // A file that a snapshot has taken the place of, and that was not removed, may come to light.
    for _ in disk.names() {
        let last = cut.last;
        cut.apply().expect("the disk works");
        cut = Cut::find(disk.clone(), last, |_, _| {}).expect("it ends there");
        assert_eq!(cut.last, last);
    }
    assert!(cut.files.is_empty(), "{cut:?}");
}

fn contents(disk: &FakeDisk) -> Vec<(String, Option<Vec<u8>>)> {
    disk.names().into_iter().map(|name| (name.clone(), disk.bytes(&name))).collect()
}
