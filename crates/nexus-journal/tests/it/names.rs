//! What else is in the directory stays there, and is in nobody's way.

use std::fs;

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Dir, Durability, Error, FileInfo, Reader};
use nexus_rt::Sequence;

use crate::program::{Call, Live, options};

/// A journal, and the bytes of its file.
fn written() -> (FakeDisk, Vec<u8>) {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"text"));
    live.close();
    let bytes = disk.bytes("00000000000000000001.journal").unwrap();
    (disk, bytes)
}

#[test]
fn a_start_removes_nothing_that_the_journal_has_not_written() {
    let (disk, _) = written();
    let others = ["impartial", "plan.partial", "0001.partial", "+0000000000000000001.partial"];
    others.iter().for_each(|name| disk.put(name, b"mine"));
    let own = ["00000000000000000007.partial", "00000000000000000001.journal.2.cut.partial"];
    own.iter().for_each(|name| disk.put(name, b"half"));
    drop(Live::on(&disk));
    assert!(others.iter().all(|name| disk.bytes(name).as_deref() == Some(b"mine")), "{:?}", disk.names());
    assert!(own.iter().all(|name| disk.bytes(name).is_none()));
}

#[cfg(unix)]
#[test]
fn a_directory_and_an_unreadable_name_do_not_keep_a_program_from_starting() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("notes.partial")).unwrap();
    fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"\xff.partial")), b"mine").unwrap();
    for _ in 0..2 {
        let mut live = Live::start(Dir::new(directory.path()), options(Durability::Disk)).unwrap();
        live.call(Call::Add(b"text"));
        live.close();
    }
}

#[test]
fn a_number_has_twenty_digits_and_one_after_it() {
    let (disk, bytes) = written();
    for name in [
        "+0000000000000000001.journal",
        "18446744073709551615.snapshot",
        "09223372036854775807.snapshot",
        "00000000000000000000.journal",
    ] {
        disk.put(name, &bytes);
    }
    assert_eq!(FileInfo::list(&disk).unwrap().len(), 1);
}

#[test]
fn a_record_of_the_last_sequence_or_a_later_one_is_damaged_since_no_event_could_come_after_it() {
    for number in [u64::MAX, Sequence::MAX.get()] {
        let (disk, mut bytes) = written();
        bytes[64 + 12..64 + 20].copy_from_slice(&number.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[64 + 4..64 + 28 + 4]);
        bytes[64..68].copy_from_slice(&crc.to_le_bytes());
        disk.put("00000000000000000001.journal", &bytes);
        let mut reader = Reader::open(disk.clone().into(), None).unwrap();
        assert!(matches!(reader.read(), Err(Error::Damaged { .. })));
        assert!(Live::start(disk, options(Durability::Disk)).is_err());
    }
}

#[test]
fn what_is_lost_takes_the_place_of_nothing_that_was_lost_before() {
    let (disk, bytes) = written();
    // A header of a file that goes on after what is not there, whose records no mark vouches for.
    let mut later = bytes[..64 + 32].to_vec();
    later[16..24].copy_from_slice(&99_u64.to_le_bytes());
    let crc = crc32c::crc32c(&later[..60]);
    later[60..64].copy_from_slice(&crc.to_le_bytes());
    disk.put("00000000000000000100.journal.lost", b"of another day");
    disk.put("00000000000000000100.journal", &later);
    let live = Live::on(&disk);
    assert!(live.replayed.torn.is_some());
    assert_eq!(disk.bytes("00000000000000000100.journal.lost").unwrap(), b"of another day");
    assert_eq!(disk.bytes("00000000000000000100.journal.2.lost").unwrap(), later);
}
