//! `Behind`: a thread that syncs what was written.

use std::fmt;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::disk::{Disk, File};
use crate::format::Place;

/// The state that the loop and the thread share.
pub(crate) struct Shared {
    disk: Arc<dyn Disk>,
    jobs: Mutex<Jobs>,
    arrived: Condvar,
    /// The last sequence that the disk has.
    safe: AtomicU64,
    /// The function to call after each sync.
    wake: Mutex<Wake>,
}

type Wake = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct Jobs {
    /// Files that were written since the last sync, in order.
    files: Vec<Arc<dyn File>>,
    /// Whether there is a file whose name the disk may not have yet.
    is_new: bool,
    /// The last sequence in these files, and where they end.
    upto: Option<(u64, Place)>,
    /// Up to where the disk has everything.
    place: Place,
    failed: Option<String>,
    ends: bool,
}

impl Shared {
    pub(crate) fn new(disk: Arc<dyn Disk>, safe: u64, place: Place) -> Arc<Self> {
        let jobs = Mutex::new(Jobs { place, ..Jobs::default() });
        let (safe, wake) = (AtomicU64::new(safe), Mutex::new(Box::new(|| {}) as Wake));
        Arc::new(Self { disk, jobs, arrived: Condvar::new(), safe, wake })
    }

    pub(crate) fn wakes(&self, wake: Wake) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = wake;
    }

    /// The last sequence that is safe.
    #[inline]
    pub(crate) fn safe(&self) -> u64 {
        self.safe.load(Ordering::Acquire)
    }

    /// Returns up to where everything is safe, or why nothing more will be.
    pub(crate) fn place(&self) -> Result<Place, String> {
        let jobs = self.jobs();
        jobs.failed.clone().map_or(Ok(jobs.place), Err)
    }

    /// Records that a file was written and needs a sync.
    pub(crate) fn written(&self, file: &Arc<dyn File>, is_new: bool, upto: (u64, Place)) {
        let mut jobs = self.jobs();
        if !jobs.files.last().is_some_and(|last| Arc::ptr_eq(last, file)) {
            jobs.files.push(file.clone());
        }
        jobs.is_new |= is_new;
        jobs.upto = Some(upto);
        self.arrived.notify_one();
    }

    /// Records that everything is safe up to here.
    pub(crate) fn is_safe(&self, (sequence, place): (u64, Place)) {
        self.jobs().place = place;
        self.safe.store(sequence, Ordering::Release);
    }

    /// Records that nothing more will be safe.
    pub(crate) fn fail(&self, why: impl fmt::Display) {
        self.jobs().failed.get_or_insert_with(|| why.to_string());
    }

    /// Syncs what was written. Returns `false` if there was nothing to sync.
    pub(crate) fn sync(&self) -> bool {
        let mut jobs = self.jobs();
        let Some(upto) = jobs.upto.take().filter(|_| jobs.failed.is_none()) else { return false };
        let (files, is_new) = (mem::take(&mut jobs.files), mem::take(&mut jobs.is_new));
        drop(jobs);
        // In the order in which they were written: a later file is useless without the earlier ones.
        let synced = files.iter().try_for_each(|file| file.sync());
        let synced = synced.and_then(|()| if is_new { self.disk.sync() } else { Ok(()) });
        match synced {
            Ok(()) => self.is_safe(upto),
            Err(error) => self.fail(format_args!("cannot sync {}: {error}", self.disk.path("").display())),
        }
        true
    }

    /// Waits until there is something to sync. Returns `false` if nothing more will come.
    fn wait(&self) -> bool {
        let mut jobs = self.jobs();
        while jobs.upto.is_none() && !jobs.ends {
            jobs = self.arrived.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
        jobs.upto.is_some()
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that syncs. Dropping it waits for the last sync.
pub(crate) struct Behind {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Behind {
    /// Starts the thread.
    pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let own = Ends(shared.clone());
        let thread = thread::Builder::new().name("journal".into()).spawn(move || {
            let own = &own.0;
            while own.wait() {
                // A sync that fails is the last one.
                if !own.sync() {
                    break;
                }
                own.wake.lock().unwrap_or_else(PoisonError::into_inner)();
            }
        })?;
        Ok(Self { shared: shared.clone(), thread: Some(thread) })
    }
}

/// The end of the thread: if it panics, the next commit reports that no sync will come.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail("the function of `on_sync` or the disk panicked on the thread that syncs");
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.shared.jobs().ends = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}
