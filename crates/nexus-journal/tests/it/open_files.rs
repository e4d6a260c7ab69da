//! How many files a compaction keeps open.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use nexus_journal::{Dir, Disk, Durability, compact};
use nexus_rt::Sequence;

use crate::program::{Bug, Call, Live, emit, make, options};

/// The program beside it may need every file that the process may open.
#[test]
fn a_compaction_keeps_no_file_open_that_it_does_not_read() {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    static MOST: AtomicUsize = AtomicUsize::new(0);

    /// Counts the files of the journal that are open while an input is applied.
    fn count() -> u64 {
        let place = PLACE.get().unwrap();
        // One that another thread has just closed has no link.
        let link = |file: io::Result<fs::DirEntry>| fs::read_link(file.ok()?.path()).ok();
        let open = fs::read_dir("/proc/self/fd").unwrap().filter_map(link).filter(|file| file.starts_with(place));
        MOST.fetch_max(open.count(), Ordering::Relaxed);
        0
    }

    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Dir::new(PLACE.get_or_init(|| folder.path().canonicalize().unwrap())).into();
    let mut live = Live::start(disk.clone(), options(Durability::Process)).unwrap();
    let upto = (0..10).fold(Sequence::NEVER, |_, _| {
        let last = live.call(Call::Add(b"text"));
        live.recorder().journal_mut().rotate().unwrap();
        last
    });
    live.close();
    let make = || {
        let (mut world, adder, digests) = make();
        world.resource_mut::<Bug>().0 = Some(count);
        (world, adder, digests)
    };
    compact(&disk, "adder", upto, make, emit).unwrap();
    assert_eq!(MOST.load(Ordering::Relaxed), 1);
}
