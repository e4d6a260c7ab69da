//! Inputs that panic, first and last sequences, ends without a crash, readers beside a writer, and threads that end.

use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Dir, Durability, Options, Program, Reader, Recorder};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, Sequence};

use crate::program::{Call, Live, Sums, crash, make, newest_file, options};

/// Calls what panics, and goes on.
fn caught(panics: impl FnOnce()) {
    said(panics);
}

/// What it panics with.
fn said(panics: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The payloads of the inputs that a journal has.
fn payloads(disk: &FakeDisk) -> Vec<Vec<u8>> {
    let (mut reader, mut payloads) = (Reader::open(disk.clone().into(), None).unwrap(), Vec::new());
    while let Some(record) = reader.read().unwrap() {
        if record.is_input() {
            payloads.push(record.payload.to_vec());
        }
    }
    payloads
}

#[test]
fn an_input_whose_payload_panics_is_none_and_those_around_it_are_kept() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for half in [&b""[..], b"half of i"] {
        live.call(Call::Add(b"before"));
        let sequence = live.world.next_sequence();
        let journal = live.recorder().journal_mut();
        caught(|| {
            journal.append(1, sequence, Duration::ZERO, |out| {
                out.extend_from_slice(half);
                panic!("no payload");
            });
        });
        assert!(journal.last() < sequence);
        caught(|| journal.append(1, sequence, Duration::MAX, |_| {}));
        let last = live.call(Call::Add(b"afterwards"));
        assert_eq!(live.commit().unwrap(), last);
    }
    let sums = live.sums();
    crash(live.recorder.take());
    assert_eq!(payloads(&disk), [&b"before"[..], b"afterwards", b"before", b"afterwards"]);
    assert_eq!(Live::on(&disk.kill()).sums(), sums);
}

#[cfg(feature = "postcard")]
#[test]
fn a_value_that_serde_refuses_leaves_what_was_written_before_it() {
    use nexus_journal::{Payload, Postcard};
    let mut bytes = b"before".to_vec();
    let early = std::time::SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    caught(|| Postcard((7_u32, early)).encode(&mut bytes));
    assert!(bytes.starts_with(b"before"));
}

#[test]
fn the_event_that_a_world_or_its_startup_ends_with_may_be_an_input() {
    for startup in 0..3 {
        let disk = FakeDisk::new();
        let start = |disk: &FakeDisk| {
            let (mut world, mut adder, digests) = make();
            (0..startup).for_each(|_| _ = world.next_sequence());
            let clock = Clock::test(VirtualClock::new(), Duration::from_secs(1_000));
            let options = options(Durability::Disk);
            let opened = Recorder::open_by(clock, disk.clone(), options, (&mut world, &mut adder), digests);
            opened.map(|(recorder, replayed)| (world, adder, recorder, replayed.inputs))
        };
        let (mut world, mut adder, mut recorder, _) = start(&disk).unwrap();
        adder.apply(&mut world, Call::Expire);
        assert_eq!(recorder.append(&world, &Call::Expire), Sequence::new(1 + startup));
        recorder.commit(&world).unwrap();
        crash(recorder);
        let disk = disk.kill();
        let (mut world, mut adder, mut recorder, inputs) = start(&disk).unwrap();
        assert_eq!((inputs, world.current_sequence()), (1, Sequence::new(1 + startup)));
        recorder.input(&mut world, &mut adder, Call::Expire);
        recorder.close(&world).unwrap();
        assert_eq!(start(&disk).unwrap().3, 2);
    }
}

#[test]
fn an_event_has_one_input_and_begins_before_its_work() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for _ in 0..2 {
        live.world.next_sequence();
        live.adder.apply(&mut live.world, Call::Add(b"text"));
        let recorder = live.recorder.as_mut().unwrap();
        let sequence = recorder.append(&live.world, &Call::Add(b"text"));
        assert_eq!(live.world.changed_at::<Sums>(), sequence);
        recorder.check(&live.world);
        // Without `next_sequence`, this would be of the same event, and a replay would run it as one of its own.
        let text = said(|| _ = recorder.append(&live.world, &Call::Add(b"text")));
        assert_eq!(
            text,
            "the present event already has an input: begin an event, by `World::next_sequence`, before the work of the \
             next one"
        );
    }
    let sums = live.close();
    assert_eq!(Live::on(&disk).sums(), sums);
}

#[test]
fn what_is_watched_twice_under_one_name_is_refused() {
    let (world, _, mut digests) = make();
    let registry = world.registry();
    digests.watch_part(registry, "total", |sums: &Sums, digest| sums.total.hash(digest));
    let parts = said(|| _ = digests.watch_part(registry, "total", |_: &Sums, _| {}));
    assert_eq!(
        [
            said(|| _ = digests.watch_by(registry, |_: &Sums, _| {})),
            said(|| _ = digests.watch::<Sums>(registry)),
            parts
        ],
        ["", "", ".total"].map(|part| format!(
            "`it::program::Sums{part}` is already watched: watch each part under a name of its own, with `watch_part`"
        ))
    );
}

#[test]
fn no_input_has_a_sequence_that_nothing_can_follow() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for last in [Sequence::MAX, Sequence::new(u64::MAX)] {
        caught(|| live.recorder().journal_mut().append(1, last, Duration::ZERO, |_| {}));
    }
    live.call(Call::Expire);
    live.close();
    assert_eq!(Live::on(&disk.kill()).replayed.inputs, 1);
}

#[test]
fn what_was_closed_survives_the_machine_whatever_the_durability() {
    for durability in [Durability::Process, Durability::Disk, Durability::Behind] {
        let disk = FakeDisk::new();
        let mut live = Live::start(disk.clone(), options(durability)).unwrap();
        for length in 0..100 {
            live.call(Call::Add(&vec![7; length]));
            live.commit().unwrap();
        }
        assert!(disk.names().len() > 3, "there are earlier files");
        let sums = live.close();
        (0..50).for_each(|seed| assert_eq!(Live::on(&disk.crash(seed)).sums(), sums, "{durability:?}"));
    }
}

#[test]
fn a_journal_is_read_while_it_is_written() {
    for commits in 1..4 {
        let disk = FakeDisk::new();
        let mut live = Live::on(&disk);
        live.call(Call::Add(b"first"));
        live.commit().unwrap();
        let mut reader = Reader::open(disk.clone().into(), None).unwrap();
        assert!(reader.read().unwrap().is_some());
        // The reader has read ahead, to where nothing was yet.
        for _ in 0..commits {
            live.call(Call::Add(b"later"));
            live.commit().unwrap();
        }
        let mut later = 0;
        while let Some(record) = reader.read().unwrap() {
            later += u64::from(record.is_input());
        }
        assert_eq!((later, reader.torn()), (commits, None));
    }
}

#[test]
fn a_journal_that_grows_beyond_its_reserved_room_is_read_while_it_is_written() {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { segment: 1 << 20, ..options(Durability::Disk) }).unwrap();
    live.call(Call::Add(b"first"));
    live.commit().unwrap();
    let mut reader = Reader::open(disk.clone().into(), None).unwrap();
    assert!(reader.read().unwrap().is_some());
    for _ in 0..10 {
        live.call(Call::Add(&[7; 1_000]));
        live.commit().unwrap();
    }
    let mut later = 0;
    while let Some(record) = reader.read().unwrap() {
        later += u64::from(record.is_input());
    }
    assert_eq!((later, reader.torn()), (10, None));
}

#[test]
fn a_file_that_is_created_while_it_is_listed_is_read() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    (0..3).for_each(|_| _ = live.call(Call::Expire));
    live.close();
    let (name, other) = (newest_file(&disk), FakeDisk::new());
    // Its header is not written yet.
    other.put(&name, b"");
    let mut reader = Reader::open(other.clone().into(), None).unwrap();
    other.put(&name, &disk.bytes(&name).unwrap());
    let mut inputs = 0;
    while let Some(record) = reader.read().unwrap() {
        inputs += u64::from(record.is_input());
    }
    assert_eq!((inputs, reader.torn()), (3, None));
}

#[test]
fn a_directory_is_created_with_those_above_it() {
    let root = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let dir = Dir::new(root.path().join("several/that are/new"));
        let mut live = Live::start(dir, options(Durability::Disk)).unwrap();
        live.call(Call::Expire);
        live.close();
    }
    // A path that comes back to what it creates.
    Live::start(Dir::new(root.path().join("fresh/../journal")), options(Durability::Disk)).unwrap().close();
    std::fs::write(root.path().join("file"), "no directory").unwrap();
    let error = Live::start(Dir::new(root.path().join("file/in it")), options(Durability::Disk)).err().unwrap();
    assert!(error.to_string().contains("file/in it"), "{error}");
}

#[test]
fn a_thread_that_panics_is_noticed() {
    let mut live = Live::start(FakeDisk::new(), options(Durability::Behind)).unwrap();
    live.recorder().journal().on_sync(|| panic!("no bell"));
    let error = loop {
        live.call(Call::Expire);
        match live.commit() {
            Ok(_) => std::thread::yield_now(),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("panicked on the thread that syncs"), "{error}");
}

#[test]
fn a_check_after_each_turn_is_none_after_a_turn_without_inputs() {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { check_every: 0, ..options(Durability::Disk) }).unwrap();
    for _ in 0..3 {
        live.call(Call::Expire);
        live.commit().unwrap();
        let length = disk.bytes(&newest_file(&disk)).unwrap().len();
        (0..100).for_each(|_| _ = live.commit().unwrap());
        assert_eq!(disk.bytes(&newest_file(&disk)).unwrap().len(), length);
    }
    live.close();
    assert_eq!(Live::on(&disk.kill()).replayed.checks, 4);
}
