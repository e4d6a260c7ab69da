//! `Log`: the journal of a running server, as a resource.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nexus_journal::{Compacted, Dir, Disk, Durability, Error, FileInfo, Kind, Options, Recorder, Replayed, compact};
use nexus_rt::connections::Connections;
use nexus_rt::{Clock, Key, MioDriver, Sequence, World};

use crate::changes::Changes;
use crate::keys::Keys;
use crate::session::Session;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::store::{Change, PROGRAM, Store, digests};

/// Where the journal is, and how it is kept.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The directory.
    pub directory: PathBuf,
    /// When a request is safe and its reply may leave.
    pub durability: Durability,
    /// The journal is compacted at this size in bytes, but not before it has doubled since the last compaction; 0 is
    /// never.
    pub compact: u64,
}

/// Records the changes of events. Without a journal it does nothing.
#[derive(Debug, Default)]
pub struct Log {
    live: Option<Box<Live>>,
}

#[derive(Debug)]
struct Live {
    recorder: Recorder,
    /// The size of the journal apart from what the recorder has written since it was opened, in bytes. Compaction
    /// lowers it, even below zero.
    others: i64,
    /// The size after the last compaction, successful or not: at the start, that of the snapshot.
    base: u64,
    compact: u64,
    compaction: Option<JoinHandle<Result<Compacted, Error>>>,
    /// Whether a client has asked for a compaction.
    asked: bool,
    /// Whether the last compaction failed.
    failed: bool,
    /// The number of compactions.
    compactions: u64,
}

/// The state that a journal leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The sequence of the last change.
    pub last: Sequence,
    /// The number of keys.
    pub keys: usize,
    /// The digest of the keys.
    pub digest: u64,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys at sequence {}, digest {:016x}", self.keys, self.last, self.digest)
    }
}

/// What INFO reports about a journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) bytes: u64,
    pub(crate) base: u64,
    pub(crate) last: Sequence,
    pub(crate) safe: Sequence,
    pub(crate) compacts: bool,
    pub(crate) failed: bool,
    pub(crate) compactions: u64,
}

impl Log {
    /// Replays a journal, and records changes from now on.
    ///
    /// # Errors
    /// If the journal is in use, damaged, or of another program or version, or if it cannot be written.
    pub(crate) fn open(options: &LogOptions, world: &mut World, store: &mut Store) -> Result<Replayed, Error> {
        let LogOptions { directory, durability, compact } = options.clone();
        // Inputs move this clock during the replay, and then the recorder once per turn.
        *world.resource_mut::<Clock>() = Clock::historical(Clock::realtime().unix());
        world.resource_mut::<Keys>().keep_trace(true);
        let digests = digests(world.registry());
        let options = Options { durability, ..Options::new(PROGRAM) };
        let (recorder, replayed) = Recorder::open(Dir::new(directory), options, (&mut *world, store), digests)?;
        if durability == Durability::Behind {
            let waker = world.resource::<MioDriver>().waker();
            recorder.journal().on_sync(move || _ = waker.wake());
        }
        let others = i64::try_from(replayed.bytes).unwrap_or(i64::MAX);
        // Not the whole journal: one that is never doubled by a single run would never be compacted.
        let files = FileInfo::list(&**recorder.journal().disk())?;
        let base = files.iter().filter(|file| file.kind == Kind::Snapshot).map(|file| file.length).sum();
        let live =
            Live { recorder, others, base, compact, compaction: None, asked: false, failed: false, compactions: 0 };
        world.resource_mut::<Self>().live = Some(Box::new(live));
        Changes::collect(world, true);
        // Replayed requests were not asked of this run of the server.
        *world.resource_mut::<Stats>() = Stats { watched: true, ..Stats::new() };
        // The last of them may be later than the machine's clock.
        world.resource_mut::<Settings>().started = world.resource::<Clock>().now();
        Ok(replayed)
    }

    /// Returns whether there is a journal.
    pub(crate) fn is_open(&self) -> bool {
        self.live.is_some()
    }

    /// Asks for a compaction as soon as possible. Returns whether one can start.
    pub(crate) fn ask_to_compact(&mut self) -> bool {
        self.live.as_mut().is_some_and(|live| {
            let idle = live.compaction.is_none();
            live.asked |= idle;
            idle
        })
    }

    pub(crate) fn status(&self) -> Option<Status> {
        let live = self.live.as_ref()?;
        let journal = live.recorder.journal();
        Some(Status {
            bytes: live.bytes(),
            base: live.base,
            last: journal.last(),
            safe: journal.safe(),
            compacts: live.compaction.is_some(),
            failed: live.failed,
            compactions: live.compactions,
        })
    }
}

/// The loop's access to the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logger {
    log: Key<Log>,
    changes: Key<Changes>,
    net: Key<Connections<Session>>,
    keys: Key<Keys>,
}

impl Logger {
    pub(crate) fn new(world: &World) -> Self {
        Self { log: world.key(), changes: world.key(), net: world.key(), keys: world.key() }
    }

    /// Moves the clock of a world that has a journal. Called once per turn.
    #[inline]
    pub(crate) fn begin(self, world: &mut World) {
        self.with(world, |live, world| _ = live.recorder.update(world));
    }

    /// Records what the current event has changed, and holds what is sent from now on until that is safe.
    #[inline]
    pub(crate) fn note(self, world: &mut World) {
        if !self.changes.get(world).is_empty() {
            self.write_down(world);
        }
    }

    fn write_down(self, world: &mut World) {
        let requests = self.changes.get_mut(world).take();
        let noted = self.with(world, |live, world| live.recorder.append(world, &Change::Requests(&requests)));
        self.changes.get_mut(world).give_back(requests);
        if let Some(sequence) = noted {
            self.net.get_mut(world).hold(sequence.get());
        }
    }

    /// Makes the turn safe, as far as the loop does that, and sends what waited for it.
    ///
    /// # Errors
    /// If the disk is full or fails.
    #[inline]
    pub(crate) fn commit(self, world: &mut World) -> Result<(), Error> {
        let safe = self.with(world, |live, world| {
            let safe = live.recorder.commit(world)?;
            live.tend(world)?;
            Ok(safe)
        });
        if let Some(safe) = safe.transpose()? {
            self.net.get_mut(world).release(safe.get());
        }
        Ok(())
    }

    /// Closes the journal.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub(crate) fn close(self, world: &mut World) -> Result<Option<Kept>, Error> {
        let Some(live) = self.log.get_mut(world).live.take() else { return Ok(None) };
        let last = live.recorder.journal().last();
        live.recorder.close(world)?;
        let keys = self.keys.get(world);
        Ok(Some(Kept { last, keys: keys.iter().count(), digest: keys.digest(keys.now_ms) }))
    }

    #[inline]
    fn with<T>(self, world: &mut World, act: impl FnOnce(&mut Live, &mut World) -> T) -> Option<T> {
        // Take it out during the call, since `act` needs the world too.
        let mut live = self.log.get_mut(world).live.take()?;
        let result = act(&mut live, world);
        self.log.get_mut(world).live = Some(live);
        Some(result)
    }
}

impl Live {
    fn bytes(&self) -> u64 {
        let written = i64::try_from(self.recorder.journal().written()).unwrap_or(i64::MAX);
        u64::try_from(self.others.saturating_add(written)).unwrap_or(0)
    }

    /// Starts a compaction if one is due, and finishes one whose thread has ended.
    fn tend(&mut self, world: &World) -> Result<(), Error> {
        if self.compaction.as_ref().is_some_and(JoinHandle::is_finished) {
            self.end_compaction();
        }
        let is_due = self.compact > 0 && self.bytes() >= self.compact.max(self.base.saturating_mul(2));
        if self.compaction.is_none() && (self.asked || is_due) {
            self.asked = false;
            let (journal, waker) = (self.recorder.journal_mut(), world.resource::<MioDriver>().waker());
            journal.rotate()?;
            let (disk, upto) = (journal.disk().clone(), journal.last());
            let run = move || {
                let result = compacted(&disk, upto);
                _ = waker.wake();
                result
            };
            match thread::Builder::new().name("compaction".into()).spawn(run) {
                Ok(thread) => self.compaction = Some(thread),
                Err(error) => self.is_not_compacted(&error),
            }
        }
        Ok(())
    }

    fn end_compaction(&mut self) {
        let Some(thread) = self.compaction.take() else { return };
        match thread.join() {
            Ok(Ok(done)) => {
                let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
                self.others = self.others.saturating_add(signed(done.bytes)).saturating_sub(signed(done.removed));
                (self.base, self.failed) = (self.bytes(), false);
                self.compactions += 1;
            }
            Ok(Err(error)) => self.is_not_compacted(&error),
            Err(_) => self.is_not_compacted(&"the thread panicked"),
        }
    }

    /// Keeps the journal as it is. Compaction is tried again at twice the size, or when a client asks for it.
    fn is_not_compacted(&mut self, why: &dyn fmt::Display) {
        (self.base, self.failed) = (self.bytes(), true);
        eprintln!("kv-server: compaction failed, and the journal is unchanged: {why}");
    }
}

/// Replaces the journal up to a sequence by a snapshot.
fn compacted(disk: &Arc<dyn Disk>, upto: Sequence) -> Result<Compacted, Error> {
    if upto == Sequence::NEVER {
        return Ok(Compacted { upto, inputs: 0, bytes: 0, removed: 0, digest: 0 });
    }
    compact(disk, PROGRAM, upto, Store::detached, Store::emit)
}
