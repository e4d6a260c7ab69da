//! Files that a compaction removes while another process reads them.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Disk, Durability, File, FileInfo, Reader, compact};
use nexus_rt::Sequence;

use crate::program::{Call, Live, Sums, emit, make, options};

/// An operation of a [`Beside`] disk, before which a compaction runs.
#[derive(Clone, Copy, PartialEq, Debug)]
enum When {
    /// Opens a file to be read.
    Read,
    /// Opens a file to be written.
    Write,
    Remove,
}

/// A disk on which another process does something, once, before an operation.
struct Beside {
    disk: FakeDisk,
    other: Mutex<Option<Other>>,
}

/// What the other process does, when, and after how many operations of that kind.
type Other = (When, u64, Box<dyn FnOnce() + Send>);

impl Beside {
    fn before(&self, now: When) {
        let mut other = self.other.lock().unwrap();
        if let Some((_, left, _)) = other.as_mut().filter(|(when, ..)| *when == now) {
            if *left > 0 {
                *left -= 1;
            } else if let Some((.., act)) = other.take() {
                drop(other);
                act();
            }
        }
    }

    /// Returns whether the other process has acted.
    fn is_done(&self) -> bool {
        self.other.lock().unwrap().is_none()
    }
}

impl Disk for Beside {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn File>> {
        self.before(if write { When::Write } else { When::Read });
        self.disk.open(name, write)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.disk.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.before(When::Remove);
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        self.disk.lock()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }
}

/// A journal of a snapshot and of several files, the sums it leads to, its last sequence, and where a file ends.
fn journal() -> (FakeDisk, Sums, Sequence, Sequence) {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    let mut upto = Sequence::NEVER;
    for part in 0..4 {
        (0..10).for_each(|_| _ = live.call(Call::Add(b"text")));
        upto = live.recorder().journal().last();
        live.recorder().journal_mut().rotate().unwrap();
        if part == 0 {
            compact(&disk.clone().into(), "adder", upto, make, emit).unwrap();
        }
    }
    let last = live.call(Call::Add(b"last"));
    (disk, live.close(), last, upto)
}

/// Another process compacts the journal before an operation on the disk.
fn compacted(disk: &FakeDisk, upto: Sequence, when: When, after: u64) -> Arc<Beside> {
    let other = disk.clone();
    let act = move || _ = compact(&other.into(), "adder", upto, make, emit).unwrap();
    Arc::new(Beside { disk: disk.clone(), other: Mutex::new(Some((when, after, Box::new(act)))) })
}

#[test]
fn a_reader_reads_a_journal_that_is_compacted_meanwhile() {
    for after in 0.. {
        let (disk, _, last, upto) = journal();
        let beside = compacted(&disk, upto, When::Read, after);
        assert!(FileInfo::list(&*beside).unwrap().len() > 1);
        let mut reader = Reader::open(beside.clone(), Some("adder")).unwrap();
        while reader.read().unwrap_or_else(|error| panic!("before read {after}: {error}")).is_some() {}
        assert_eq!((reader.last(), reader.torn()), (last, None));
        if !beside.is_done() {
            assert!(after > 5);
            break;
        }
    }
}

#[test]
fn a_reader_goes_on_with_files_that_a_compaction_removes() {
    let (disk, _, last, upto) = journal();
    let mut reader = Reader::open(disk.clone().into(), Some("adder")).unwrap();
    reader.read().unwrap();
    compact(&disk.into(), "adder", upto, make, emit).unwrap();
    let mut inputs = 0;
    while let Some(record) = reader.read().unwrap() {
        inputs += u64::from(record.is_input() && record.sequence > 10);
    }
    assert!(inputs > 20 && reader.last() == last, "{inputs} inputs");
}

#[test]
fn a_program_starts_while_its_journal_is_compacted() {
    for when in [When::Read, When::Write, When::Remove] {
        for after in 0.. {
            let (disk, sums, last, upto) = journal();
            if when == When::Remove {
                // What the program would remove, too.
                disk.put("00000000000000000001.journal", &disk.bytes(&disk.names()[0]).unwrap());
            }
            let beside = compacted(&disk, upto, when, after);
            let start = |disk: Arc<dyn Disk>| {
                let live = Live::start(disk, options(Durability::Disk));
                live.unwrap_or_else(|error| panic!("before {when:?} {after}: {error}"))
            };
            let mut live = start(beside.clone());
            assert_eq!((live.sums(), live.replayed.last), (sums, last));
            live.call(Call::Add(b"more"));
            let sums = live.close();
            assert_eq!(start(disk.into()).sums(), sums);
            if !beside.is_done() {
                break;
            }
        }
    }
}
