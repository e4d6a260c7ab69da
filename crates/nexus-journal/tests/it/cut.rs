//! What comes after a sequence is given up, also on a damaged disk and across crashes, and nothing else is.

use nexus_journal::testing::{FakeDisk, Fault};
use nexus_journal::{Cut, Durability, Error, FileInfo, Kind, Reader, compact};
use nexus_rt::Sequence;

use crate::program::{Call, Live, Sums, emit, make, options};

/// A snapshot and some segments, and the state after each input that comes after it.
fn written() -> (FakeDisk, Vec<(Sequence, Sums)>) {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    let mut states = Vec::new();
    for n in 0..60_usize {
        let sequence = live.call(Call::Add(&[n as u8; 150]));
        live.commit().unwrap();
        if n == 19 {
            live.recorder().journal_mut().rotate().unwrap();
            compact(&disk.clone().into(), "adder", sequence, make, emit).unwrap();
            states.clear();
        }
        states.push((sequence, live.sums()));
    }
    live.close();
    (disk, states)
}

fn find(disk: &FakeDisk, after: Sequence) -> Result<Cut, Error> {
    Cut::find(disk.clone(), after, |_, _| {})
}

fn read(disk: &FakeDisk) -> Result<Sequence, Error> {
    let mut reader = Reader::open(disk.clone().into(), None)?;
    while reader.read()?.is_some() {}
    Ok(reader.last())
}

/// Starts a program, which should be as it was after this sequence, and can go on.
fn goes_on(disk: &FakeDisk, last: Sequence, states: &[(Sequence, Sums)]) {
    let mut live = Live::on(disk);
    assert_eq!((live.replayed.last, live.replayed.torn.as_ref()), (last, None));
    assert!(states.contains(&(last, live.sums())));
    live.call(Call::Add(b"more"));
    let sums = live.close();
    assert_eq!(Live::on(disk).sums(), sums);
}

#[test]
fn a_journal_can_be_cut_after_any_sequence() {
    let (disk, states) = written();
    let before: Vec<_> = disk.names().into_iter().map(|name| (disk.bytes(&name), name)).collect();
    for (lost, (after, _)) in (0..).zip(states.iter().rev()) {
        let disk = disk.kill();
        let cut = find(&disk, *after).unwrap();
        assert_eq!((cut.last, cut.inputs, cut.unreadable), (*after, lost, 0));
        let files = cut.files.clone();
        cut.apply().unwrap();
        for file in &files {
            let original = before.iter().find(|(_, name)| *name == file.name).unwrap();
            assert_eq!(disk.bytes(&file.copy), original.0);
            assert_eq!(disk.bytes(&file.name).map(|bytes| bytes.len() as u64), file.at);
        }
        assert!(find(&disk, *after).unwrap().files.is_empty(), "it is done");
        goes_on(&disk, *after, &states);
    }
    // Copies of an earlier cut stay.
    let twice = states.iter().rev().skip(1).step_by(2).take(2).map(|(after, _)| find(&disk, *after).unwrap());
    twice.for_each(|cut| cut.apply().unwrap());
    assert!(disk.names().iter().any(|name| name.ends_with(".2.cut")), "{:?}", disk.names());
}

#[test]
fn what_is_not_there_cannot_be_cut_at() {
    let (disk, states) = written();
    let (first, last) = (states[0].0, states.last().unwrap().0);
    let says = |after: u64| find(&disk, Sequence::new(after)).unwrap_err().to_string();
    let (early, late) = (first.get() - 1, last.get() + 1);
    assert_eq!(says(early), format!("the state at sequence {early} was compacted away: the journal begins at 21"));
    assert_eq!(says(late), format!("the journal has no sequence {late}: it ends at {last}"));
    let live = Live::on(&disk);
    assert!(matches!(find(&disk, last), Err(Error::Locked(_))));
    drop(live);
    let snapshot = FileInfo::list(&disk).unwrap().into_iter().find(|file| file.kind == Kind::Snapshot).unwrap();
    let mut bytes = disk.bytes(&snapshot.name).unwrap();
    bytes[100] ^= 1;
    disk.put(&snapshot.name, &bytes);
    let path = format!("fake/{}", snapshot.name);
    assert_eq!(
        find(&disk, last).unwrap_err().to_string(),
        format!("{path} is damaged at byte 64, and every later file builds on it: restore the file")
    );
}

#[test]
fn after_damage_anywhere_the_rest_goes_on() {
    let (disk, states) = written();
    let mut damaged = 0;
    for file in FileInfo::list(&disk).unwrap().iter().filter(|file| file.kind == Kind::Segment) {
        for at in (0..file.length as usize).step_by(37) {
            let disk = disk.kill();
            let mut bytes = disk.bytes(&file.name).unwrap();
            bytes[at] ^= 0x10;
            disk.put(&file.name, &bytes);
            let Err(Error::Damaged { after, .. }) = read(&disk) else { continue };
            damaged += 1;
            let after = after.max(states[0].0);
            find(&disk, after).unwrap().apply().unwrap_or_else(|error| panic!("{} {at}: {error}", file.name));
            goes_on(&disk, after, &states);
        }
        // A file that is missing.
        let (disk, has) = (disk.kill(), file.after.max(states[0].0));
        nexus_journal::Disk::remove(&disk, &file.name).unwrap();
        find(&disk, has).unwrap().apply().unwrap();
        goes_on(&disk, has, &states);
    }
    assert!(damaged > 100, "{damaged}");
}

#[test]
fn a_cut_that_is_interrupted_can_be_done_again() {
    let (disk, states) = written();
    let name = FileInfo::list(&disk).unwrap()[2].name.clone();
    let mut bytes = disk.bytes(&name).unwrap();
    bytes[700] ^= 1;
    disk.put(&name, &bytes);
    let Err(Error::Damaged { after, .. }) = read(&disk) else { panic!("it is damaged") };
    let whole = disk.bytes(&name);
    for operation in 0.. {
        for (seed, fault) in [Fault::Off, Fault::Full, Fault::Broken].into_iter().cycle().take(12).enumerate() {
            let disk = disk.crash(1);
            let cut = find(&disk, after).unwrap();
            disk.fail(operation, fault);
            let applied = cut.apply();
            let disk = disk.crash(seed as u64);
            if applied.is_ok() && fault != Fault::Full {
                return assert!(operation > 8, "{operation}");
            }
            let again = find(&disk, after).unwrap();
            assert_eq!(again.last, after);
            again.apply().unwrap();
            let copies: Vec<_> = disk.names().into_iter().filter(|copy| copy.starts_with(&name)).collect();
            assert!(copies.iter().any(|copy| disk.bytes(copy) == whole), "{operation} {fault:?}: {copies:?}");
            goes_on(&disk, after, &states);
        }
    }
}

#[test]
fn a_file_that_repeats_another_is_put_aside() {
    let (disk, states) = written();
    let other = FakeDisk::new();
    let mut live = Live::on(&other);
    for _ in 0..60 {
        live.call(Call::Add(&[1; 170]));
        live.commit().unwrap();
    }
    live.close();
    let after = |disk: &FakeDisk| FileInfo::list(disk).unwrap().into_iter().map(|file| file.after).collect::<Vec<_>>();
    let (known, last) = (after(&disk), states.last().unwrap().0);
    let strange = FileInfo::list(&other).unwrap().into_iter().rev();
    let mut strange =
        strange.filter(|file| !known.contains(&file.after) && file.after > states[9].0 && file.after < last);
    let strange = strange.next().unwrap();
    disk.put(&strange.name, &other.bytes(&strange.name).unwrap());
    let Err(Error::Damaged { after, .. }) = read(&disk) else { panic!("it repeats") };
    find(&disk, after).unwrap().apply().unwrap();
    assert!(!disk.names().contains(&strange.name), "{:?}", disk.names());
    goes_on(&disk, after, &states);
}

#[test]
fn a_check_that_changed_places_with_an_input_is_damage_and_no_alarm() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for _ in 0..6 {
        live.call(Call::Add(b"text"));
    }
    let seventh = live.call(Call::Add(b"text"));
    live.commit().unwrap();
    live.call(Call::Add(b"text"));
    live.close();
    let name = "00000000000000000001.journal";
    let bytes = disk.bytes(name).unwrap();
    // Seven inputs of 32 bytes, a check of one resource, a mark, and an input.
    let [check, mark, input, rest] = [64 + 7 * 32, 64 + 7 * 32 + 56, 64 + 7 * 32 + 56 + 48, 64 + 8 * 32 + 56 + 48];
    let parts = [&bytes[..check], &bytes[input..rest], &bytes[check..mark], &bytes[mark..input], &bytes[rest..]];
    let damaged = FakeDisk::new();
    damaged.put(name, &parts.concat());
    let error = Live::start(damaged.clone(), options(Durability::Disk)).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Damaged { offset, .. } if offset == check as u64 + 32), "{error}");
    find(&damaged, seventh).unwrap().apply().unwrap();
    assert_eq!(Live::on(&damaged).replayed.last, seventh);
}

#[test]
fn what_is_accepted_goes_on_after_a_check_that_is_later_than_the_last_input() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"text"));
    let sums = live.close();
    let name = "00000000000000000001.journal";
    let mut bytes = disk.bytes(name).unwrap();
    let check = 64 + 32;
    bytes[check + 12] += 100;
    let crc = crc32c::crc32c(&bytes[check + 4..check + 28 + 24]);
    bytes[check..check + 4].copy_from_slice(&crc.to_le_bytes());
    disk.put(name, &bytes);
    let mut live = Live::on(&disk);
    assert_eq!(live.sums(), sums);
    live.call(Call::Add(b"more"));
    let sums = live.close();
    assert_eq!(Live::on(&disk).sums(), sums);
}

#[test]
fn records_that_changed_places_are_found_where_they_lie_and_can_be_cut_off() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    let sequences = [(); 4].map(|()| live.call(Call::Add(b"text")));
    live.close();
    let (name, second, third, end) = ("00000000000000000001.journal", 64 + 32, 64 + 64, 64 + 96);
    let bytes = disk.bytes(name).unwrap();
    let moved = [&bytes[..second], &bytes[third..end], &bytes[second..third], &bytes[end..]].concat();
    let twice = [&bytes[..third], &bytes[second..third], &bytes[end..]].concat();
    for (bytes, last) in [(moved, sequences[2]), (twice, sequences[1])] {
        let disk = FakeDisk::new();
        disk.put(name, &bytes);
        let error = read(&disk).unwrap_err();
        assert!(matches!(error, Error::Damaged { offset, after, .. } if (offset, after) == (third as u64, last)));
        find(&disk, last).unwrap().apply().unwrap();
        assert_eq!(read(&disk).unwrap(), last);
        assert_eq!(Live::on(&disk).replayed.last, last);
    }
}
