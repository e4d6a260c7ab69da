//! Every torn tail is cut off, and every flipped bit is found.

use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Durability, Error, FileInfo, Options, Reader};
use nexus_rt::Sequence;

use crate::program::{Call, Live, crash, newest_file, options};

/// Three commits of four inputs each. Returns the name and the bytes of the one file, and what was safe after how many
/// of them.
fn written(close: bool) -> (String, Vec<u8>, Vec<(usize, u64)>) {
    let disk = FakeDisk::new();
    let plain = Options { reserve: 1, segment: 1 << 20, ..options(Durability::Disk) };
    let mut live = Live::start(disk.clone(), plain).unwrap();
    let mut safe = vec![(0, 0)];
    let name = newest_file(&disk);
    for n in 1..=12_usize {
        live.call(Call::Add(&vec![n as u8; n]));
        if n.is_multiple_of(4) {
            let last = live.commit().unwrap();
            safe.push((disk.bytes(&name).unwrap().len(), last.get()));
        }
    }
    if close {
        live.close();
    } else {
        crash(live.recorder.take());
    }
    let bytes = disk.bytes(&name).unwrap();
    (name, bytes, safe)
}

fn read(name: &str, bytes: &[u8]) -> Result<u64, Error> {
    let disk = FakeDisk::new();
    disk.put(name, bytes);
    let mut reader = Reader::open(disk.clone().into(), Some("adder"))?;
    let mut next = 1;
    while let Some(record) = reader.read()? {
        if record.is_input() {
            assert_eq!(record.payload, &vec![next as u8; next][..]);
            next += 1;
        }
    }
    let last = reader.last().get();
    // A program finds the same, cuts the rest off, and goes on.
    let mut live = Live::start(disk.clone(), options(Durability::Disk))?;
    assert_eq!(live.replayed.last.get(), last);
    assert_eq!(live.replayed.torn.as_ref(), reader.torn());
    live.call(Call::Expire);
    live.commit().unwrap();
    drop(live);
    let again = Live::start(disk, options(Durability::Disk)).unwrap();
    assert!(again.replayed.torn.is_none() && again.replayed.last.get() > last);
    Ok(last)
}

#[test]
fn a_tail_that_is_torn_anywhere_loses_nothing_that_was_safe() {
    let (name, bytes, safe) = written(false);
    for cut in 0..=bytes.len() {
        let last = read(&name, &bytes[..cut]).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let (_, promised) = safe.iter().rev().find(|(length, _)| *length <= cut).unwrap();
        assert!(last >= *promised, "cut at {cut}: {last} < {promised}");
        // What room was taken in advance reads as zeros.
        let mut zeros = bytes[..cut].to_vec();
        zeros.resize(cut + 1_000, 0);
        assert_eq!(read(&name, &zeros).unwrap(), last, "cut at {cut}, and zeros");
    }
}

#[test]
fn a_bit_that_flips_in_what_was_safe_is_never_passed_over() {
    let (name, bytes, safe) = written(false);
    let (mut found, mut cut_off) = (0, 0);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match read(&name, &damaged) {
            Ok(last) if last == safe[3].1 => {} // in the padding, or in a mark
            // Nobody says later that the last commit was safe: it is not told from a tail that never was.
            Ok(last) => {
                assert!(last >= safe[2].1 && bit / 8 >= safe[2].0, "bit {bit}: {last}");
                cut_off += 1;
            }
            Err(_) => found += 1,
        }
    }
    assert!(found > 1_000 && cut_off > 100, "{found} {cut_off}");
}

#[test]
fn after_a_clean_end_every_bit_that_flips_is_found() {
    let (name, bytes, safe) = written(true);
    let end = safe[3].0;
    for bit in 0..end * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match read(&name, &damaged) {
            Ok(last) => assert_eq!(last, safe[3].1, "bit {bit}"),
            Err(Error::Damaged { after, .. }) => assert!(after < Sequence::new(safe[3].1 + 1)),
            Err(Error::Foreign(_) | Error::Newer { .. } | Error::OtherProgram { .. }) => assert!(bit / 8 < 64),
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
}

#[test]
fn after_an_end_at_the_start_of_a_file_every_bit_that_flips_is_found() {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { segment: 1, ..options(Durability::Disk) }).unwrap();
    for _ in 0..3 {
        live.call(Call::Add(b"text"));
        live.commit().unwrap();
    }
    live.recorder.take().unwrap().journal_mut().rotate().unwrap();
    let files = FileInfo::list(&disk).unwrap();
    let last = files.iter().rev().find(|file| file.length > 112).unwrap();
    let bytes = disk.bytes(&last.name).unwrap();
    // The record; the mark after it is no loss.
    for bit in 64 * 8..96 * 8 {
        let (disk, mut damaged) = (disk.kill(), bytes.clone());
        damaged[bit / 8] ^= 1 << (bit % 8);
        disk.put(&last.name, &damaged);
        assert!(matches!(Live::start(disk, options(Durability::Disk)), Err(Error::Damaged { .. })), "bit {bit}");
    }
}

/// Inputs of 64 KiB in one commit: more than is read or written at once.
fn large(durability: Durability, count: usize) -> (FakeDisk, Live, String) {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { segment: 1 << 30, ..options(durability) }).unwrap();
    (0..count).for_each(|n| _ = live.call(Call::Add(&vec![n as u8; 1 << 16])));
    live.commit().unwrap();
    let name = newest_file(&disk);
    (disk, live, name)
}

#[test]
fn a_large_file_that_is_torn_anywhere_is_read_up_to_there() {
    let (disk, mut live, name) = large(Durability::Disk, 40);
    crash(live.recorder.take());
    let bytes = disk.bytes(&name).unwrap();
    let record = (1 << 16) + 32; // with four bytes of padding
    for (whole, rest) in [(15, 5), (16, 0), (16, 5), (16, 40), (16, 1 << 15), (33, 1), (39, record - 5), (40, 0)] {
        let disk = FakeDisk::new();
        disk.put(&name, &bytes[..64 + whole * record + rest]);
        let mut reader = Reader::open(disk.clone().into(), Some("adder")).unwrap();
        let mut inputs = 0;
        while let Some(record) = reader.read().unwrap() {
            inputs += usize::from(record.is_input());
        }
        assert_eq!((inputs, reader.torn().is_some()), (whole, rest > 0), "{whole} inputs and {rest} bytes");
        let live = Live::start(disk, options(Durability::Disk)).unwrap();
        assert_eq!(live.sums().total, (whole as u64) << 16);
    }
}

#[test]
fn damage_is_told_from_a_torn_tail_however_much_comes_after_it() {
    let (disk, mut live, name) = large(Durability::Disk, 40);
    live.call(Call::Add(b"text"));
    live.commit().unwrap(); // its mark says that the first commit was safe
    crash(live.recorder.take());
    let mut bytes = disk.bytes(&name).unwrap();
    bytes[1_000] ^= 1;
    disk.put(&name, &bytes);
    let error = Live::start(disk.kill(), options(Durability::Disk)).map(drop).unwrap_err();
    assert!(matches!(error, Error::Damaged { offset: 64, .. }), "{error:?}");
}

#[test]
fn what_a_start_has_found_is_safe_although_a_sync_had_failed() {
    let lost = (0..4).filter(|operation| {
        let disk = FakeDisk::new();
        let mut live = Live::on(&disk);
        live.call(Call::Add(&[7; 1_000]));
        live.commit().unwrap();
        live.call(Call::Add(&[8; 2_000]));
        disk.fail(*operation, Fault::Broken);
        let failed = live.commit().is_err();
        crash(live.recorder.take());
        // The system still shows what the disk forgot.
        let disk = disk.kill();
        let mut live = Live::on(&disk);
        let sums = live.sums();
        crash(live.recorder.take());
        (0..20).for_each(|seed| assert_eq!(Live::on(&disk.crash(seed)).sums(), sums, "operation {operation}"));
        failed && sums.total == 3_000
    });
    assert!(lost.count() > 0, "no sync failed");
}

#[test]
fn a_mark_that_vouches_for_more_than_there_is_is_no_reason_to_panic() {
    let (name, mut bytes, _) = written(false);
    // The last record: a header of 28 bytes, the file and the offset that it vouches for.
    let mark = bytes.len() - 48;
    assert_eq!(bytes[mark + 4..mark + 8], 16_u32.to_le_bytes());
    bytes[mark + 36..mark + 44].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let sum = crc32c::crc32c(&bytes[mark + 4..mark + 44]);
    bytes[mark..mark + 4].copy_from_slice(&sum.to_le_bytes());
    assert!(read(&name, &bytes).is_ok());
}

#[test]
fn room_is_reserved_before_it_is_needed() {
    let disk = FakeDisk::new();
    let mut live = Live::start(disk.clone(), Options { segment: 1 << 20, ..options(Durability::Disk) }).unwrap();
    let name = newest_file(&disk);
    for (length, reserved) in [(10, 4_096), (10, 4_096), (5_000, 8_192), (9_000, 16_384)] {
        live.call(Call::Add(&vec![1; length]));
        live.commit().unwrap();
        assert_eq!(disk.bytes(&name).unwrap().len(), reserved);
    }
}

#[test]
fn what_a_start_has_found_is_safe_from_then_on() {
    let (disk, mut live, _) = large(Durability::Process, 40);
    let sums = live.sums();
    crash(live.recorder.take());
    let disk = disk.kill();
    let mut live = Live::start(disk.clone(), options(Durability::Disk)).unwrap();
    assert_eq!(live.sums(), sums);
    crash(live.recorder.take());
    for seed in 0..20 {
        assert_eq!(Live::start(disk.crash(seed), options(Durability::Disk)).unwrap().sums(), sums, "seed {seed}");
    }
}
