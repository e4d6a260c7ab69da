//! A compaction removes nothing but what its snapshot has.

use std::time::Duration;

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Durability, Error, Options, Reader, Snapshot, compact};
use nexus_rt::{Clock, Sequence, World};

use crate::program::{Adder, Call, Live, crash, emit, make, newest_file, options};

/// A program with one input, whose file has ended.
fn rotated(disk: &FakeDisk) -> (Live, Sequence) {
    let mut live = Live::on(disk);
    let upto = live.call(Call::Add(b"text"));
    live.recorder().journal_mut().rotate().unwrap();
    (live, upto)
}

#[test]
fn what_is_up_to_the_middle_of_a_file_is_not_compacted() {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { segment: 1 << 20, ..options(Durability::Disk) }).unwrap();
    for _ in 0..10 {
        live.call(Call::Add(b"text"));
    }
    let last = live.commit().unwrap();
    // The file goes on, now or later.
    for upto in [Sequence::new(5), last] {
        let error = compact(&disk.clone().into(), "adder", upto, make, emit).unwrap_err();
        assert!(matches!(error, Error::NoEnd { asked } if asked == upto), "{error}");
    }
    live.call(Call::Add(b"more"));
    let sums = live.close();
    assert_eq!(Live::on(&disk).sums(), sums);
}

#[test]
fn a_snapshot_that_takes_the_place_of_another_counts_that_as_removed() {
    let disk = FakeDisk::new();
    let (_live, upto) = rotated(&disk);
    let first = compact(&disk.clone().into(), "adder", upto, make, emit).unwrap();
    let again = compact(&disk.clone().into(), "adder", upto, make, emit).unwrap();
    assert_eq!((again.bytes, again.removed), (first.bytes, first.bytes));
}

#[test]
fn a_snapshot_of_the_middle_of_a_file_does_not_have_a_start_remove_the_file() {
    let [disk, twin] = [(); 2].map(|()| FakeDisk::new());
    let whole = Options { segment: 1 << 20, ..options(Durability::Disk) };
    let [mut live, mut other] = [&disk, &twin].map(|disk| Live::start(disk.clone(), whole.clone()).unwrap());
    let upto = (0..5).fold(Sequence::NEVER, |_, _| other.call(Call::Add(b"text")));
    other.recorder().journal_mut().rotate().unwrap();
    compact(&twin.clone().into(), "adder", upto, make, emit).unwrap();
    (0..10).for_each(|_| _ = live.call(Call::Add(b"text")));
    let sums = live.close();
    // Somebody has put it there, from another copy of the directory.
    let name = twin.names().into_iter().find(|name| name.ends_with("snapshot")).unwrap();
    disk.put(&name, &twin.bytes(&name).unwrap());
    for _ in 0..3 {
        let live = Live::start(disk.clone(), whole.clone()).unwrap();
        assert_eq!(live.sums(), sums);
    }
}

#[test]
fn a_compaction_does_not_read_the_file_that_is_being_written() {
    let disk = FakeDisk::new();
    let (mut live, upto) = rotated(&disk);
    for _ in 0..2 {
        live.call(Call::Add(b"more"));
        live.commit().unwrap();
    }
    crash(live.recorder.take());
    let name = newest_file(&disk);
    let mut bytes = disk.bytes(&name).unwrap();
    bytes[80] ^= 1;
    disk.put(&name, &bytes);
    assert_eq!(compact(&disk.clone().into(), "adder", upto, make, emit).unwrap().upto, upto);
    assert!(matches!(Live::start(disk.kill(), options(Durability::Disk)), Err(Error::Damaged { .. })));
}

#[test]
fn the_inputs_of_a_snapshot_are_applied_at_its_time() {
    let disk = FakeDisk::new();
    let (live, upto) = rotated(&disk);
    let sums = live.close();
    // The sum of that moment.
    let emit = |_: &World, _: &Adder, snapshot: &mut Snapshot<'_>| snapshot.input(&Call::Add(b"text"));
    compact(&disk.clone().into(), "adder", upto, make, emit).unwrap();
    assert_eq!(Live::on(&disk).sums(), sums);
}

#[test]
fn the_clock_does_not_go_back_after_a_snapshot_without_inputs() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    (0..5).for_each(|_| _ = live.call(Call::Expire));
    let (upto, at) = (live.recorder().journal().last(), live.world.resource::<Clock>().unix());
    live.recorder().journal_mut().rotate().unwrap();
    live.close();
    for _ in 0..2 {
        // The second one is of a snapshot, which keeps its time.
        compact(&disk.clone().into(), "adder", upto, make, |_: &World, _: &Adder, _: &mut Snapshot<'_>| {}).unwrap();
        let live = Live::on(&disk);
        assert_eq!((live.replayed.inputs, live.replayed.at, live.world.resource::<Clock>().unix()), (0, at, at));
    }
    // A clock that begins later stays there.
    let (mut world, mut adder, digests) = make();
    let late = at + Duration::from_secs(1);
    world.resource_mut::<Clock>().set_unix(late);
    let mut reader = Reader::open(disk.into(), None).unwrap();
    reader.replay(&mut world, &mut adder, &digests, None).unwrap();
    assert_eq!(world.resource::<Clock>().unix(), late);
}

#[test]
fn a_snapshot_without_inputs_is_gone_on_from() {
    let mut disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    (0..5).for_each(|_| _ = live.call(Call::Expire)); // nothing is left to be restored
    let upto = live.recorder().journal().last();
    live.recorder().journal_mut().rotate().unwrap();
    live.close();
    let done = compact(&disk.clone().into(), "adder", upto, make, |_: &World, _: &Adder, _: &mut Snapshot<'_>| {});
    assert_eq!(done.unwrap().inputs, 0);
    for text in ["one", "three"] {
        let mut live = Live::on(&disk);
        assert!(live.call(Call::Add(text.as_bytes())) > upto);
        live.commit().unwrap();
        crash(live.recorder.take());
        disk = disk.kill();
        let live = Live::on(&disk);
        assert_eq!(live.sums().total, if text == "one" { 3 } else { 8 });
    }
}
