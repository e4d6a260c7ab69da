//! The fake disk keeps what it promises, and nothing more: programs are proved against it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Disk, File};

const SECTOR: usize = 512;

/// A disk that has a file with so many bytes.
fn disk(name: &str, bytes: &[u8]) -> (FakeDisk, Arc<dyn File>) {
    let disk = FakeDisk::new();
    let file = disk.create(name).unwrap();
    file.write_at(0, bytes).unwrap();
    file.sync().unwrap();
    disk.sync().unwrap();
    (disk, file)
}

#[test]
fn a_crash_keeps_any_part_of_what_was_not_synced() {
    let (disk, file) = disk("old", &[1; 3 * SECTOR]);
    // Three sectors, of which the first and the last are written in part.
    file.write_at(500, &[2; 2 * SECTOR - 500 + 100]).unwrap();
    file.set_length(2_000).unwrap();
    disk.rename("old", "new").unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..2_000 {
        let crashed = disk.crash(seed);
        let names = crashed.names();
        let bytes = crashed.bytes(&names[0]).unwrap();
        assert_eq!((names.len(), &disk.crash(seed).bytes(&names[0]).unwrap()), (1, &bytes), "each seed is one crash");
        let parts = [500..SECTOR, SECTOR..2 * SECTOR, 2 * SECTOR..2 * SECTOR + 100];
        let torn = parts.map(|part| {
            assert!(bytes[part.clone()].iter().all(|byte| *byte == bytes[part.start]), "a sector is written at once");
            bytes[part.start]
        });
        assert!(bytes[..500].iter().chain(&bytes[2 * SECTOR + 100..3 * SECTOR]).all(|byte| *byte == 1));
        assert!(bytes[3 * SECTOR..].iter().all(|byte| *byte == 0));
        seen.insert((names[0].clone(), torn, bytes.len()));
    }
    assert_eq!(seen.len(), 2 * 8 * 2, "{seen:?}");
}

#[test]
fn some_crashes_keep_all_of_it_and_some_nothing() {
    let (disk, file) = disk("old", &[1; 40 * SECTOR]);
    file.write_at(0, &[2; 40 * SECTOR]).unwrap();
    file.set_length(50 * SECTOR as u64).unwrap();
    disk.rename("old", "file").unwrap();
    let kept = |seed| {
        let crashed = disk.crash(seed);
        let names = crashed.names();
        let bytes = crashed.bytes(&names[0]).unwrap();
        let kept = bytes.iter().filter(|byte| **byte == 2).count() / SECTOR;
        match kept {
            0 => assert_eq!((&*names[0], bytes.len()), ("old", 40 * SECTOR)),
            40 => assert_eq!((&*names[0], bytes.len()), ("file", 50 * SECTOR)),
            _ => {}
        }
        kept
    };
    let kept: Vec<_> = (0..1_000).map(kept).collect();
    for range in [0..=0, 1..=15, 16..=24, 25..=39, 40..=40] {
        let count = kept.iter().filter(|kept| range.contains(*kept)).count();
        assert!((100..300).contains(&count), "{range:?}: {count} of 1,000 crashes");
    }
    // What was synced is there each time, and a killed process leaves all that it has written.
    file.sync().unwrap();
    disk.sync().unwrap();
    assert!((0..100).all(|seed| disk.crash(seed).bytes("file") == disk.bytes("file")));
    assert_eq!((disk.operations() > 0, disk.crash(0).operations()), (true, 0));
    file.write_at(0, &[3; SECTOR]).unwrap();
    assert_eq!(disk.kill().bytes("file"), disk.bytes("file"));
    assert!((0..100).any(|seed| disk.kill().crash(seed).bytes("file") != disk.bytes("file")), "it is not yet safe");
}

#[test]
fn faults_hit_the_operation_that_they_are_for() {
    let act = |n: usize, disk: &FakeDisk, file: &dyn File| match n {
        0 => file.write_at(2, &[2; 8]),
        1 => file.write_at(10, &[2; 10]),
        2 => file.sync(),
        3 => file.set_length(30),
        4 => disk.create("other").map(drop),
        5 => disk.rename("other", "another"),
        6 => disk.remove("another"),
        7 => disk.sync(),
        _ => file.reserve(4_096),
    };
    for (at, fault) in (0..9).flat_map(|at| [Fault::Full, Fault::Broken, Fault::Off].map(|fault| (at, fault))) {
        let (disk, file) = disk("file", &[1; 10]);
        let before = disk.operations();
        disk.fail(at as u64, fault);
        for n in 0..9 {
            assert_eq!(disk.operations() - before, n as u64, "{fault:?} at {at}, before {n}");
            let failed = act(n, &disk, &*file).map_err(|error| error.kind());
            let fails = match fault {
                Fault::Full => n >= at && [1, 3, 8].contains(&n), // where it grows
                // The operation, and the next one if it is on the file that is not there then.
                Fault::Broken => n == at || n == at + 1 && [5, 6].contains(&n),
                Fault::Off => n >= at,
            };
            assert_eq!(failed.is_err(), fails, "{fault:?} at {at}, operation {n}: {failed:?}");
            if fault != Fault::Broken && fails {
                let kind = if fault == Fault::Full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
                assert_eq!(failed, Err(kind));
                let (there, mut byte) = (disk.list(), [0]);
                assert_eq!(there.is_err(), fault == Fault::Off);
                assert_eq!(
                    (file.length().is_err(), file.read_at(0, &mut byte).is_err()),
                    (there.is_err(), there.is_err())
                );
                break;
            }
            if failed.is_err() && n != at {
                break; // there is no such file, since its operation failed
            }
        }
    }
}

#[test]
fn a_write_that_fails_is_half_done_and_a_sync_that_fails_forgets() {
    for fault in [Fault::Full, Fault::Broken] {
        let (disk, file) = disk("file", &[1; 10]);
        disk.fail(0, fault);
        file.write_at(10, &[2; 10]).unwrap_err();
        assert_eq!(disk.bytes("file").unwrap(), [[1; 10].as_slice(), &[2; 5]].concat(), "{fault:?}");
        disk.mend();
        file.write_at(10, &[2; 10]).unwrap();
        assert_eq!(disk.bytes("file").unwrap().len(), 20);
    }
    let (disk, file) = disk("file", &[1; 10]);
    file.write_at(0, &[2; 10]).unwrap();
    disk.fail(0, Fault::Broken);
    file.sync().unwrap_err();
    file.sync().unwrap();
    assert_eq!(disk.bytes("file").unwrap(), [2; 10]);
    assert!((0..100).all(|seed| disk.crash(seed).bytes("file").unwrap() == [1; 10]), "no later sync brings it back");
}
